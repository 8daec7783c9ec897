"""The MongoDB that the Python tests run against: engine.h's rules, for Python.

    with engine.Engine() as mongodb:
        mongodb.server  # "mongodb://HOST:PORT", without a database
"""

import os
import subprocess
import tempfile

# What a command starts with whose process must not outlive ours. It needs no code in a forked child, so Python can use
# vfork: a real fork runs the handlers of gRPC's C-core, which deadlock or abort beside a channel that is just closing.
ENDS_WITH_ITS_PARENT = ("setpriv", "--pdeathsig", "KILL")
STOP_S_MAX = 30
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "engine.sh")


class Engine:
    """One that TOLLGATE_TEST_MONGODB_URI names, or one that engine.sh starts on an empty folder; always the latter on a
    port that is asked for."""

    def __init__(self, port=0):
        self.port = port

    def __enter__(self):
        self.process = None
        self.server = os.environ.get("TOLLGATE_TEST_MONGODB_URI") if self.port == 0 else None
        if self.server is None:
            self.start()
        return self

    def start(self):
        self.folder = tempfile.TemporaryDirectory(prefix="tollgate-mongo-")
        self.process = subprocess.Popen([*ENDS_WITH_ITS_PARENT, SCRIPT, self.folder.name, str(self.port)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("listening "):
                self.server = f"mongodb://127.0.0.1:{int(line.split()[1])}"
                return
        raise SystemExit("no MongoDB engine could be started; see above")

    def __exit__(self, *_):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(STOP_S_MAX)
            self.process.stdout.close()
            self.folder.cleanup()
