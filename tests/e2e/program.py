"""A program under test: started, waited for, asked to stop.

    program = Program([path, "serve", "--listen", "127.0.0.1:0"], log_path)
    program.port("http")
    program.stop()
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../mongodb"))
from engine import ENDS_WITH_ITS_PARENT  # noqa: E402

START_S_MAX = 30
STOP_S_MAX = 30
POLL_S = 0.01
LOG_TAIL_BYTES = 6000


def dead_port(test):
    """A port of 127.0.0.1 on which nobody listens. Until the test ends nobody is given it; only who asks for it may
    listen there."""
    taken = socket.socket()
    test.addCleanup(taken.close)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", 0))
    return taken.getsockname()[1]


class Program:
    """A process whose output goes to a log file, running until stop() or kill()."""

    def __init__(self, command, log_path, **popen):
        self.log_path = log_path
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen([*ENDS_WITH_ITS_PARENT, *command], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, **popen)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_for_log(self, pattern, count=1):
        """What `pattern` captures, once the log has it `count` times."""
        give_up = time.monotonic() + START_S_MAX
        while True:
            found = re.findall(pattern, self.log())
            if len(found) >= count:
                return found
            if self.process.poll() is not None or time.monotonic() > give_up:
                self.kill()
                raise AssertionError(f"no {pattern} in the log:\n{self.log()[-LOG_TAIL_BYTES:]}")
            time.sleep(POLL_S)

    def address(self, protocol):
        """HOST:PORT of the listener, once it listens."""
        return self.wait_for_log(rf"event=listening.* address=(\S+) protocol={protocol}\n")[0]

    def port(self, protocol):
        return int(self.address(protocol).rpartition(":")[2])

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def terminate(self):
        self.process.terminate()

    def wait(self):
        """Until it has ended, as it should: with status 0."""
        try:
            status = self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            status = None
        if status != 0:
            raise AssertionError(f"exit status {status}:\n{self.log()[-LOG_TAIL_BYTES:]}")

    def stop(self):
        """Returns how many seconds it took."""
        begin = time.monotonic()
        self.terminate()
        self.wait()
        return time.monotonic() - begin

    def kill(self):
        self.process.kill()
        self.process.wait()
