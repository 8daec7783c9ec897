"""Runs what README.md says can be pasted, on a fresh demo store, and compares what it says comes out.

readme_test.py TOLLGATE README: in ```console blocks a line after "$ " is a command, the lines that follow are its
output, in which "..." stands for anything. The blocks run in order, in one shell, against a server on a free port.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM, README = sys.argv[1:3]
SHOWN_ADDRESS = "127.0.0.1:8080"
MARK = "--- end of output ---"


def examples(text):
    """Yields (command, expected output)."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            yield command, expected.rstrip("\n")


def start(directory):
    """Starts the program; returns it and its address."""
    log = os.path.join(directory, "log")
    flags = ["--demo", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--store", f"sqlite:{directory}/store.db",
             "--cors-origin", "https://app.example.com"]
    with open(log, "w") as out:
        program = subprocess.Popen([PROGRAM, "serve", *flags], stdout=subprocess.DEVNULL, stderr=out)
    for _ in range(600):
        found = re.search(r"address=(\S+) protocol=http", open(log).read())
        if found:
            return program, found.group(1)
        assert program.poll() is None, open(log).read()
        time.sleep(0.05)
    raise AssertionError("the program does not listen:\n" + open(log).read())


def outputs(commands, address):
    """Runs the commands in one shell and returns what each printed."""
    script = "".join(f"{command}\nprintf '%s\\n' '\n{MARK}'\n" for command in commands)
    script = script.replace(SHOWN_ADDRESS, address)
    shell = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60,
                           env={**os.environ, "no_proxy": "*"})
    return [part.strip("\n") for part in shell.stdout.split(MARK)[:-1]]


def matches(expected, got):
    return re.fullmatch(".*?".join(map(re.escape, expected.split("..."))), got, re.S) is not None


def main():
    rows = list(examples(open(README).read()))
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        program, address = start(directory)
        try:
            got = outputs([command for command, _ in rows], address)
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
