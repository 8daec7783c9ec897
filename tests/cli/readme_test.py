"""Runs what a page says can be pasted, on a fresh demo store, and compares what it says comes out.

readme_test.py TOLLGATE PAGE: in ```console blocks a line after "$ " is a command, the lines that follow are its
output, in which "..." stands for anything. The blocks run in order, in one shell in the project's folder,
against a server on free ports; what they write to /tmp goes to a folder of the test's own.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAM, README = sys.argv[1:3]
SHOWN_ADDRESSES = {"http": "127.0.0.1:8080", "grpc": "127.0.0.1:50051", "admin": "127.0.0.1:9901"}
SHOWN_FREE = "127.0.0.1:8090"  # of what the examples start themselves
PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
MARK = "--- end of output ---"


def examples(text):
    """Yields (command, expected output)."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            yield command, expected.rstrip("\n")


def free_address():
    with socket.socket() as unbound:
        unbound.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{unbound.getsockname()[1]}"


def start(directory):
    """Starts the program; returns it and its addresses by protocol."""
    log = os.path.join(directory, "log")
    flags = ["--demo", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--store", f"sqlite:{directory}/store.db",
             "--cors-origin", "https://app.example.com"]
    with open(log, "w") as out:
        program = subprocess.Popen([PROGRAM, "serve", "--admin", "127.0.0.1:0", *flags], stdout=subprocess.DEVNULL,
                                   stderr=out)
    for _ in range(600):
        found = dict(re.findall(r"address=(\S+) protocol=(\w+)\n", open(log).read()))
        addresses = {protocol: address for address, protocol in found.items()}
        if addresses.keys() >= SHOWN_ADDRESSES.keys():
            return program, addresses
        assert program.poll() is None, open(log).read()
        time.sleep(0.05)
    raise AssertionError("the program does not listen:\n" + open(log).read())


def environment(directory, addresses):
    """The program is on the path, the AWS CLI has credentials that nobody checks."""
    return {**os.environ, "no_proxy": "*", "HOME": directory, "PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}",
            "TOLLGATE_ADMIN_URL": f"http://{addresses['admin']}", "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": ""}


def outputs(commands, directory, addresses):
    """Runs the commands in one shell and returns what each printed."""
    script = "".join(f"{command}\nprintf '%s\\n' '\n{MARK}'\n" for command in commands)
    script = script.replace("/tmp/", f"{directory}/").replace(SHOWN_FREE, free_address())
    for protocol, shown in SHOWN_ADDRESSES.items():
        script = script.replace(shown, addresses[protocol])
    shell = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=100,
                           env=environment(directory, addresses), cwd=PROJECT)
    return [part.strip("\n") for part in shell.stdout.split(MARK)[:-1]]


def matches(expected, got):
    return re.fullmatch(".*?".join(map(re.escape, expected.split("..."))), got, re.S) is not None


def main():
    rows = list(examples(open(README).read()))
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        program, addresses = start(directory)
        try:
            got = outputs([command for command, _ in rows], directory, addresses)
        finally:
            program.send_signal(signal.SIGTERM)
            status = program.wait(60)
    for (command, expected), output in zip(rows, got, strict=True):
        if not matches(expected, output):
            failed += 1
            print(f"$ {command}\nexpected: {expected}\n     got: {output}\n")
    if status != 0:
        failed += 1
        print(f"exit status {status} after SIGTERM")
    print(f"{len(rows)} commands of {os.path.basename(README)}, {failed} failed")
    return 1 if failed or not rows else 0


sys.exit(main())
