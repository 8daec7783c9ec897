"""The examples of a page of documentation, and running them.

In ```console blocks a line after "$ " is a command; the lines that follow are its output, in which "..." stands for
anything. The commands of a page run in order, in one shell in the project's folder; what they write to /tmp goes to a
folder of the test's own, and what they start themselves listens on a free port.
"""
import os
import re
import socket
import subprocess

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
SHOWN_FREE = "127.0.0.1:8090"  # of what the examples start themselves
MARK = "--- end of output ---"
SECONDS_MAX = 250


def examples(path):
    """The page's (command, expected output)."""
    found = []
    with open(path, encoding="utf-8") as page:
        text = page.read()
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            found.append((command, expected.rstrip("\n")))
    return found


def free_address():
    with socket.socket() as unbound:
        unbound.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{unbound.getsockname()[1]}"


def patience():
    """How many times longer than a page says one has to wait on this machine, as busy as it is."""
    return 1 + min(10, int(os.getloadavg()[0] / os.cpu_count()))


def outputs(commands, directory, addresses, environment):
    """Runs the commands and returns what each printed; `addresses` says where what they name really is.

    A page sleeps for whole seconds."""
    script = f'sleep() {{ command sleep $(($1 * {patience()})); }}\n'
    script += "".join(f"{command}\nprintf '%s\\n' '\n{MARK}'\n" for command in commands)
    script = script.replace("/tmp/", f"{directory}/").replace(SHOWN_FREE, free_address())
    for shown, address in addresses.items():
        script = script.replace(shown, address)
    shell = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=SECONDS_MAX,
                           env={**os.environ, "no_proxy": "*", "HOME": directory, **environment}, cwd=PROJECT)
    return [part.strip("\n") for part in shell.stdout.split(MARK)[:-1]]


def matches(expected, got):
    return re.fullmatch(".*?".join(map(re.escape, expected.split("..."))), got, re.S) is not None


def differences(path, directory, addresses, environment):
    """Runs the page's examples; returns how many there are, and a text for each that printed something else."""
    rows = examples(path)
    got = outputs([command for command, _ in rows], directory, addresses, environment)
    return len(rows), [f"$ {command}\nexpected: {expected}\n     got: {output}\n"
                       for (command, expected), output in zip(rows, got, strict=True) if not matches(expected, output)]
