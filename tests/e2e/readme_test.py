#!/usr/bin/python3
"""Runs the curl examples of the README against a fresh `tollgate serve --demo`.

usage: readme_test.py PROGRAM README

In blocks fenced as ```console, a line that starts with "$ " is a command (it goes on in the next
line after a backslash), and the lines behind it are what it prints. All commands that name the
served address run in order in one bash, which keeps their variables. Ids and times are compared by
their place: the same id must stand wherever the README shows the same one. Prints
"N passed, N failed" and exits with 1 unless all passed.
"""

import ctypes
import re
import signal
import subprocess
import sys
import tempfile
import time

START_S_MAX = 30
COMMAND_S_MAX = 30
PR_SET_PDEATHSIG = 1
REST_ADDRESS = re.compile(r"(127\.0\.0\.1|localhost):8080")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DATE = re.compile(r"(?im)^date: .*$")


def examples(readme):
    """The commands and the output printed behind each."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", readme, re.MULTILINE | re.DOTALL):
        for part in re.split(r"(?m)^\$ ", block)[1:]:
            command = re.match(r"(?:.*\\\n)*.*\n?", part).group(0)
            if REST_ADDRESS.search(command):
                found.append((command.rstrip("\n"), part[len(command):]))
    return found


def start(program, folder):
    """The running program and its REST port."""
    log_path = f"{folder}/log"
    libc = ctypes.CDLL(None)
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            [program, "serve", "--demo", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0",
             "--store", f"sqlite:{folder}/store.db"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
    give_up = time.monotonic() + START_S_MAX
    while True:
        with open(log_path, encoding="utf-8", errors="replace") as log:
            text = log.read()
        for line in text.splitlines():
            found = re.search(r"event=listening.* address=\S*:(\d+)", line)
            if found and re.search(r" protocol=http\b", line):
                return process, int(found.group(1))
        if process.poll() is not None or time.monotonic() > give_up:
            process.kill()
            sys.exit("readme_test: the program does not listen:\n" + text)
        time.sleep(0.02)


class Shell:
    """One bash that runs command after command."""

    END = "--- end of command ---"

    def __init__(self):
        self.process = subprocess.Popen(["/bin/bash"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, command):
        """What the command prints."""
        limited = command.replace("curl ", f"curl --max-time {COMMAND_S_MAX} ", 1)
        self.process.stdin.write(f"{limited}\nprintf '\\n%s\\n' '{self.END}'\n".encode())
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.decode().rstrip("\n") == self.END:
                break
            lines.append(line.decode().replace("\r", ""))
        return "".join(lines)


def generic(text, names):
    """The text with ids named in the order of their first appearance, and times blotted out."""
    text = UUID.sub(lambda found: names.setdefault(found.group(0), f"<id {len(names)}>"), text)
    return DATE.sub("date: <date>", TIME.sub("<time>", text)).strip()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], encoding="utf-8") as file:
        found = examples(file.read())
    if not found:
        sys.exit("readme_test: the README has no examples")
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="tollgate-readme-") as folder:
        process, port = start(sys.argv[1], folder)
        shell, shown_names, real_names = Shell(), {}, {}
        for command, shown in found:
            real_command = REST_ADDRESS.sub(f"127.0.0.1:{port}", command)
            for shown_id, name in shown_names.items():
                for real_id, real_name in real_names.items():
                    if name == real_name:
                        real_command = real_command.replace(shown_id, real_id)
            real = shell.run(real_command)
            expected, got = generic(shown, shown_names), generic(real, real_names)
            passed, failed = passed + (expected == got), failed + (expected != got)
            if expected != got:
                print(f"$ {command}\n--- README says:\n{expected}\n--- it prints:\n{got}\n")
        process.terminate()
        if process.wait(COMMAND_S_MAX) != 0:
            with open(f"{folder}/log", encoding="utf-8", errors="replace") as log:
                print(log.read()[-4000:])
            failed += 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
