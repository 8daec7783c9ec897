"""`tollgate serve`, or a gateway, with an admin listener that asks for credentials, for the tests with AWS's own clients.

    with admin_program.Program(path) as program:
        program.admin   # "http://127.0.0.1:PORT"
        program.http
"""

import os
import tempfile

import program
from engine import Engine

KEY_ID = "AKIDTOLLGATETEST"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class Program:
    """On free ports, over a new store: SQLite, or MongoDB with TOLLGATE_E2E_STORE=mongodb. With an upstream it is a
    gateway."""

    def __init__(self, path, *flags, signed=True, store=None, upstream=None):
        self.path = path
        self.flags = flags
        self.signed = signed
        self.store = store
        self.upstream = upstream

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="tollgate-admin-")
        self.engine = None
        if self.store is None:
            self.store = self.make_store()
        environment = {**os.environ, "TOLLGATE_ADMIN": "127.0.0.1:0"}
        if self.signed:
            environment.update(TOLLGATE_ADMIN_KEY_ID=KEY_ID, TOLLGATE_ADMIN_SECRET=SECRET)
        role = ["gateway", "--upstream", self.upstream] if self.upstream else ["serve", "--grpc", "127.0.0.1:0"]
        self.running = program.Program(
            [self.path, *role, "--listen", "127.0.0.1:0", "--store", self.store, *self.flags],
            os.path.join(self.folder.name, "log"), env=environment)
        self.admin = "http://" + self.running.address("admin")
        self.http = "http://" + self.running.address("http")
        return self

    def make_store(self):
        if os.environ.get("TOLLGATE_E2E_STORE") != "mongodb":
            return f"sqlite:{self.folder.name}/store.db"
        self.engine = Engine()
        self.engine.__enter__()
        return f"{self.engine.server}/{os.path.basename(self.folder.name)}"

    def __exit__(self, *_):
        self.running.stop()
        if self.engine is not None:
            self.engine.__exit__()
        self.folder.cleanup()


def client_environment(folder):
    """What an AWS client needs, without what the person who runs the tests has configured."""
    return {"PATH": os.environ["PATH"], "HOME": folder, "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
            "AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_MAX_ATTEMPTS": "1", "no_proxy": "*"}
