#!/usr/bin/python3
"""Starts the program before its MongoDB, and with one that it can never have.

usage: store_wait_test.py PROGRAM
"""

import http.client
import itertools
import os
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../mongodb"))
from engine import Engine  # noqa: E402
from program import Program, dead_port  # noqa: E402
from refusing_mongodb import Server as RefusingMongodb  # noqa: E402
from suite import run_tests  # noqa: E402

WAIT_S_MAX = 30

# A question to a database that is not there takes a second at most; the rest is for a machine that is busy.
STOP_S_MAX = 12

FREE = "127.0.0.1:0"

program_path = sys.argv[1]
log_numbers = itertools.count()
folder = tempfile.TemporaryDirectory(prefix="tollgate-store-wait-")


class StoreWait(unittest.TestCase):
    def start(self, *args):
        program = Program([program_path, *args], os.path.join(folder.name, f"log-{next(log_numbers)}"))
        self.addCleanup(program.kill)
        return program

    def start_all(self, store):
        """One of each kind that needs the store, and what it listens for when it has it."""
        return [(self.start("serve", "--listen", FREE, "--grpc", FREE, "--admin", FREE, "--store", store), "http"),
                (self.start("server", "--grpc", FREE, "--store", store), "grpc"),
                (self.start("gateway", "--listen", FREE, "--upstream", "127.0.0.1:1", "--store", store), "http")]

    def test_waits_and_starts(self):
        port = dead_port(self)
        programs = self.start_all(f"mongodb://127.0.0.1:{port}/wait?connectTimeoutMS=500")
        for program, _ in programs:
            program.wait_for_log(rf'level=warn event="waiting for the store" address=127\.0\.0\.1:{port} '
                                 r'reason="the database cannot be reached"\n')
        time.sleep(3)  # and does not give up
        for program, _ in programs:
            self.assertIsNone(program.process.poll())
            self.assertNotIn("event=listening", program.log())
            self.assertEqual(program.log().count("waiting for the store"), 1)
        with Engine(port):
            for program, protocol in programs:
                program.address(protocol)
            connection = http.client.HTTPConnection(programs[0][0].address("http"), timeout=WAIT_S_MAX)
            connection.request("GET", "/users")
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()
            for program, _ in programs:
                program.stop()

    def test_ends_when_told(self):
        for program, _ in self.start_all(f"mongodb://127.0.0.1:{dead_port(self)}/wait"):
            program.wait_for_log("waiting for the store")
            self.assertLess(program.stop(), STOP_S_MAX)
            self.assertIn("event=stopping signal=SIGTERM", program.log())

    def test_waits_for_so_long(self):
        port = dead_port(self)
        program = self.start("serve", "--listen", FREE, "--grpc", FREE, "--store-wait", "1", "--store",
                             f"mongodb://user:secret?s@cret@127.0.0.1:{port}/wait?appname=a@b")
        self.assertEqual(program.process.wait(WAIT_S_MAX), 1)
        self.assertTrue(program.log().endswith(
            "tollgate serve: cannot open the store: the database cannot be reached\n"), program.log())
        self.assertIn(f" address=127.0.0.1:{port} ", program.log())
        self.assertNotIn("secret", program.log())

    # On a machine that is busy the first answer may be too late, and is waited for.
    def assert_fails_at_once(self, store, words):
        begin = time.monotonic()
        program = self.start("serve", "--listen", FREE, "--grpc", FREE, "--store", store)
        self.assertNotEqual(program.process.wait(WAIT_S_MAX), 0)
        self.assertLess(time.monotonic() - begin, 2 * STOP_S_MAX)
        self.assertIn(f"tollgate serve: cannot open the store: {words}", program.log())
        self.assertNotIn("secret", program.log())

    def test_fails_at_once_with_what_will_not_pass(self):
        self.assert_fails_at_once("mongodb://user:secret@127.0.0.1:port/x", "the MongoDB URI cannot be understood")
        refusing = RefusingMongodb()
        self.addCleanup(refusing.stop)
        self.assert_fails_at_once(f"mongodb://user:secret@127.0.0.1:{refusing.port}/x",
                                  "the database refused the credentials\n")
        self.assertGreater(refusing.logins, 0)


if __name__ == "__main__":
    sys.exit(run_tests())
