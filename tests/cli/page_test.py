"""Runs what a page says can be pasted, on a fresh demo store, and compares what it says comes out.

usage: page_test.py TOLLGATE PAGE
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from page import differences  # noqa: E402
from program import Program  # noqa: E402

PROGRAM, PAGE = sys.argv[1:]
SHOWN_ADDRESSES = {"http": "127.0.0.1:8080", "grpc": "127.0.0.1:50051", "admin": "127.0.0.1:9901"}


def serve(directory):
    """Starts what the pages say is running."""
    return Program([PROGRAM, "serve", "--demo", "--store", f"sqlite:{directory}/store.db", "--listen", "127.0.0.1:0",
                    "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--cors-origin", "https://app.example.com"],
                   os.path.join(directory, "log"))


def environment(addresses):
    """The program is on the path, the AWS CLI has credentials that nobody checks."""
    return {"PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}",
            "TOLLGATE_ADMIN_URL": f"http://{addresses[SHOWN_ADDRESSES['admin']]}", "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": ""}


def main():
    with tempfile.TemporaryDirectory() as directory:
        program = serve(directory)
        try:
            addresses = {shown: program.address(protocol) for protocol, shown in SHOWN_ADDRESSES.items()}
            count, found = differences(PAGE, directory, addresses, environment(addresses))
        finally:
            program.stop()
    print(*found, sep="\n")
    print(f"{count} commands of {os.path.basename(PAGE)}, {len(found)} failed")
    return 1 if found or count == 0 else 0


sys.exit(main())
