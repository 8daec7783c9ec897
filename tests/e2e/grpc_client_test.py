#!/usr/bin/python3
"""Calls every rpc of the real program with grpcio, a gRPC client that is none of ours.

usage: grpc_client_test.py PROGRAM PROTO_FOLDER

Starts PROGRAM on free ports over a store in a temporary folder, makes stubs of PROTO_FOLDER there, and exits with 1
unless all passed. With TOLLGATE_E2E_STORE=mongodb in the environment the store is a database of a MongoDB engine
instead, one for each folder.
"""

import concurrent.futures
import contextlib
import json
import os
import re
import socket
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

import program
from engine import Engine
from suite import run_tests

try:
    import grpc
    from grpc_tools import protoc
except ImportError as missing:
    sys.exit(f"grpc_client_test: {missing}; install python3-grpcio and python3-grpc-tools")

# Notes want a key, which is not the subject here.
os.environ["TOLLGATE_NO_KEYS"] = "true"

CALL_S_MAX = 30
IDLE_STOP_S_MAX = 4  # longer than without clients; C-core by itself waits 5 s for the idle one, 20 s for the frozen one
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
UUID_V7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

program_path = ""
stubs = None
mongodb = None  # the server, where the tests run on one


def store_of(folder):
    """What --store takes for the store that belongs to the folder."""
    if mongodb is None:
        return f"sqlite:{folder}/store.db"
    return f"{mongodb}/{os.path.basename(folder)}"


class Stubs:
    """The message and stub modules made from the protos."""

    def __init__(self, proto_folder, out_folder):
        protos = []
        for folder, _, names in os.walk(proto_folder):
            protos += [os.path.join(folder, name) for name in names if name.endswith(".proto")]
        status = protoc.main(["protoc", f"-I{proto_folder}", "-I/usr/include",
                              f"--python_out={out_folder}", f"--grpc_python_out={out_folder}"]
                             + protos)
        if status != 0:
            sys.exit("grpc_client_test: protoc failed")
        sys.path.insert(0, out_folder)
        from google.protobuf import field_mask_pb2
        from google.rpc import error_details_pb2, status_pb2
        from library.v1 import library_pb2, library_pb2_grpc
        from notes.v1 import notes_pb2, notes_pb2_grpc
        self.field_mask = field_mask_pb2
        self.details = error_details_pb2
        self.status = status_pb2
        self.library = library_pb2
        self.library_grpc = library_pb2_grpc
        self.notes = notes_pb2
        self.notes_grpc = notes_pb2_grpc


class Program(program.Program):
    """The program, over the store of the folder."""

    def __init__(self, folder, subcommand="serve"):
        args = [program_path, subcommand, "--grpc", "127.0.0.1:0", "--store", store_of(folder)]
        if subcommand == "serve":
            args += ["--listen", "127.0.0.1:0"]
        super().__init__(args, os.path.join(folder, "log"))
        self.grpc_port = self.port("grpc")

    def channel(self, options=()):
        return grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}", options=options)


class GrpcTest(unittest.TestCase):
    """Each test has a program and a store of its own."""

    subcommand = "serve"

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="tollgate-grpc-")
        self.addCleanup(self.folder.cleanup)
        self.program = Program(self.folder.name, self.subcommand)
        self.addCleanup(self.program.kill)
        self.connect()

    def connect(self):
        self.channel = self.program.channel(
            [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)])
        self.addCleanup(self.channel.close)
        self.library = stubs.library_grpc.LibraryStub(self.channel)
        self.notes = stubs.notes_grpc.NotesStub(self.channel)

    def tearDown(self):
        self.channel.close()
        if self.program.process.poll() is None:
            self.program.stop()

    def refused(self, code, message, call, *args, **kwargs):
        """Calls and expects `code` and exactly `message` (a pattern where it is compiled)."""
        with self.assertRaises(grpc.RpcError) as caught:
            call(*args, timeout=kwargs.pop("timeout", CALL_S_MAX), **kwargs)
        error = caught.exception
        self.assertEqual(error.code(), code, error)
        if isinstance(message, re.Pattern):
            self.assertRegex(error.details(), message)
        elif message is not None:
            self.assertEqual(error.details(), message)
        return error

    def violations(self, error):
        """The fields and descriptions of the error's BadRequest."""
        packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
        status = stubs.status.Status.FromString(packed)
        self.assertEqual(status.code, error.code().value[0])
        self.assertEqual(status.message, error.details())
        self.assertEqual(len(status.details), 1)
        detail = stubs.details.BadRequest()
        self.assertTrue(status.details[0].Unpack(detail))
        return [(each.field, each.description) for each in detail.field_violations]

    def new_note(self, title="Title", content="Content"):
        note = stubs.notes.Note(title=title, content=content)
        return self.notes.CreateNote(stubs.notes.CreateNoteRequest(note=note), timeout=CALL_S_MAX)

    def new_user(self, name="Alice"):
        request = stubs.library.CreateUserRequest(name=name)
        return self.library.CreateUser(request, timeout=CALL_S_MAX).id


class Calls(GrpcTest):
    """Every rpc."""

    def test_library(self):
        pb = stubs.library
        self.assertEqual(len(self.library.ListUsers(pb.ListUsersRequest()).users), 0)
        self.assertEqual(self.new_user("Alice"), 0)
        self.assertEqual(self.new_user("Bob"), 1)
        book = pb.AddBookRequest(id=0, isbn="1234567", name="A new book", author="It's me")
        self.assertTrue(self.library.AddBook(book).success)
        alice = self.library.GetUser(pb.GetUserRequest(id=0))
        self.assertEqual(alice, pb.User(name="Alice", books=[
            pb.Book(isbn="1234567", name="A new book", author="It's me")]))
        users = self.library.ListUsers(pb.ListUsersRequest()).users
        self.assertEqual({key: user.name for key, user in users.items()}, {0: "Alice", 1: "Bob"})
        self.assertTrue(self.library.DeleteUser(pb.DeleteUserRequest(id=1)).success)
        self.refused(grpc.StatusCode.NOT_FOUND, "user 1 not found",
                     self.library.GetUser, pb.GetUserRequest(id=1))
        self.assertEqual(self.new_user("Carol"), 2)

    def test_notes(self):
        pb = stubs.notes
        before = time.time()
        note = self.new_note("First", "one")
        self.assertRegex(note.note_id, UUID_V7)
        self.assertEqual((note.title, note.content), ("First", "one"))
        self.assertLess(abs(note.timestamp.ToMicroseconds() / 1e6 - before), 60)
        self.assertEqual(note.timestamp.nanos % 1_000_000, 0)
        get = pb.GetNoteRequest(note_id=note.note_id)
        self.assertEqual(self.notes.GetNote(get), note)
        self.assertEqual(list(self.notes.ListNotes(pb.ListNotesRequest()).notes), [note])
        replaced = self.notes.ReplaceNote(pb.ReplaceNoteRequest(
            note_id=note.note_id, note=pb.Note(title="Second")))
        self.assertEqual((replaced.title, replaced.content), ("Second", ""))
        self.assertGreaterEqual(replaced.timestamp.ToMilliseconds(),
                                note.timestamp.ToMilliseconds())
        mask = stubs.field_mask.FieldMask(paths=["content"])
        updated = self.notes.UpdateNote(pb.UpdateNoteRequest(
            note_id=note.note_id, note=pb.Note(title="ignored", content="two"), update_mask=mask))
        self.assertEqual((updated.title, updated.content), ("Second", "two"))
        updated = self.notes.UpdateNote(pb.UpdateNoteRequest(
            note=pb.Note(note_id=note.note_id, title="Third", content="three")))
        self.assertEqual((updated.title, updated.content), ("Third", "three"))
        self.assertEqual(self.notes.GetNote(get), updated)
        self.notes.DeleteNote(pb.DeleteNoteRequest(note=pb.Note(note_id=note.note_id)))
        self.refused(grpc.StatusCode.NOT_FOUND, f"note {note.note_id} not found",
                     self.notes.GetNote, get)

    def test_pages(self):
        notes = [self.new_note(f"note {number}") for number in range(5)]
        got, token = [], ""
        while True:
            page = self.notes.ListNotes(stubs.notes.ListNotesRequest(page_size=2, page_token=token))
            self.assertLessEqual(len(page.notes), 2)
            got += page.notes
            token = page.next_page_token
            if not token:
                break
        self.assertEqual(got, notes)

    def test_documents_are_the_same_over_rest(self):
        if self.subcommand != "serve":
            self.skipTest("no REST here")
        rest = f"http://127.0.0.1:{self.program.port('http')}"
        note = self.new_note("From gRPC")
        with urllib.request.urlopen(f"{rest}/notes/{note.note_id}", timeout=CALL_S_MAX) as answer:
            seen = json.load(answer)
        self.assertEqual((seen["noteId"], seen["title"]), (note.note_id, "From gRPC"))
        post = urllib.request.Request(f"{rest}/users", b'{"name":"From REST"}',
                                      {"Content-Type": "application/json"})
        with urllib.request.urlopen(post, timeout=CALL_S_MAX) as answer:
            self.assertEqual((answer.status, json.load(answer)), (201, {"id": 0}))
        user = self.library.GetUser(stubs.library.GetUserRequest(id=0))
        self.assertEqual(user.name, "From REST")


class ServerCalls(Calls):
    """The same of `tollgate server`."""

    subcommand = "server"


class Refusals(GrpcTest):
    """What goes wrong, and how the client is told."""

    def test_every_violated_field(self):
        pb = stubs.library
        error = self.refused(grpc.StatusCode.INVALID_ARGUMENT,
                             "isbn is required; name is required",
                             self.library.AddBook, pb.AddBookRequest(id=0))
        self.assertEqual(self.violations(error), [("isbn", "isbn is required"),
                                                  ("name", "name is required")])

    def test_note_limits(self):
        pb = stubs.notes
        note = pb.Note(title="x" * 257, content="y" * (1024 * 1024 + 1))
        error = self.refused(grpc.StatusCode.INVALID_ARGUMENT, None,
                             self.notes.CreateNote, pb.CreateNoteRequest(note=note))
        self.assertEqual([field for field, _ in self.violations(error)],
                         ["note.title", "note.content"])
        note = self.new_note("x" * 256, "y" * (1024 * 1024))
        self.assertEqual(len(note.content), 1024 * 1024)

    def test_5_mib_message(self):
        note = stubs.notes.Note(title="large", content="x" * (5 * 1024 * 1024))
        self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, re.compile("larger than max"),
                     self.notes.CreateNote, stubs.notes.CreateNoteRequest(note=note))
        self.assertEqual(self.new_user(), 0)

    def test_unknown_method(self):
        for path in ("/notes.v1.Notes/NoSuchMethod", "/no.such.Service/Method"):
            call = self.channel.unary_unary(path)
            self.refused(grpc.StatusCode.UNIMPLEMENTED, None, call, b"")

    def test_damaged_message(self):
        call = self.channel.unary_unary("/library.v1.Library/CreateUser")
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, None, call, b"\x0a\x05Al")
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, re.compile("name"), call, b"\x0a\x02\xc3(")
        self.assertEqual(self.new_user(), 0)

    def test_deadline(self):
        request = stubs.library.CreateUserRequest(name="Late")
        for timeout in (0.000001, 0.0005, 0.001, 0.002):
            try:
                self.library.CreateUser(request, timeout=timeout)
            except grpc.RpcError as error:
                self.assertEqual(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED, error)
        self.refused(grpc.StatusCode.DEADLINE_EXCEEDED, None, self.library.CreateUser, request,
                     timeout=0.000001)
        self.new_user("In time")

    def test_cancellation(self):
        request = stubs.library.CreateUserRequest(name="Never mind")
        cancelled = 0
        for _ in range(200):
            future = self.library.CreateUser.future(request, timeout=CALL_S_MAX)
            cancelled += future.cancel()
        self.assertGreater(cancelled, 0)
        self.new_user("Wanted")

    def test_dropped_connection(self):
        """A client that goes away with calls in flight leaves the server well."""
        request = stubs.library.CreateUserRequest(name="Gone")
        channel = self.program.channel()
        library = stubs.library_grpc.LibraryStub(channel)
        futures = [library.CreateUser.future(request) for _ in range(100)]
        channel.close()
        del futures
        self.new_user("Still here")


class Stopping(GrpcTest):
    """Clients that do not react do not hold up the end."""

    def test_idle_and_frozen_clients(self):
        self.new_user("Idle")  # its connection stays, and is not read while it is idle
        frozen = socket.create_connection(("127.0.0.1", self.program.grpc_port))
        self.addCleanup(frozen.close)
        settings = b"\0\0\0\4\0\0\0\0\0"
        frozen.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings)
        frozen.recv(1)
        beside_clients = self.program.stop()
        alone = Program(self.folder.name)
        self.addCleanup(alone.kill)
        self.assertLess(beside_clients - alone.stop(), IDLE_STOP_S_MAX)


class Metadata(GrpcTest):
    """Metadata travels in both directions."""

    def test_answered_header(self):
        self.new_user("Alice")
        self.new_user("Bob")
        pb = stubs.library
        _, call = self.library.ListUsers.with_call(pb.ListUsersRequest(page_size=1))
        token = dict(call.initial_metadata())["x-next-page-token"]
        self.assertTrue(token)
        page, call = self.library.ListUsers.with_call(pb.ListUsersRequest(page_token=token))
        self.assertEqual([user.name for user in page.users.values()], ["Bob"])
        self.assertNotIn("x-next-page-token", dict(call.initial_metadata()))

    def test_sent_metadata(self):
        request = stubs.library.CreateUserRequest(name="Alice")
        metadata = (("x-trace", "abc"), ("x-trace", "twice"), ("x-raw-bin", bytes(range(256))))
        self.assertEqual(self.library.CreateUser(request, metadata=metadata).id, 0)

    def test_too_much_metadata(self):
        request = stubs.library.CreateUserRequest(name="Alice")
        for metadata, message in (
                ((("x-large", "v" * 70_000),), "metadata has more than 65536 bytes"),
                (tuple((f"x-{number}", "v") for number in range(200)),
                 "metadata has more than 128 pairs")):
            self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, message,
                         self.library.CreateUser, request, metadata=metadata)
        self.assertEqual(self.new_user(), 0)


class Load(GrpcTest):
    """Many calls at once."""

    def test_concurrent_creates(self):
        count, threads = 2000, 32
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            ids = list(pool.map(lambda number: self.new_user(f"user {number}"), range(count)))
        self.assertEqual(sorted(ids), list(range(count)))
        pb = stubs.library
        for number in range(0, count, 97):
            user = self.library.GetUser(pb.GetUserRequest(id=ids[number]))
            self.assertEqual(user.name, f"user {number}")

    def test_drain(self):
        """SIGTERM: what was answered is kept, what was not answered was not done."""
        answered, lost = {}, []
        lock = threading.Lock()
        running = threading.Event()

        def create(writer):
            for number in range(100_000):
                name = f"user {writer}-{number}"
                try:
                    created = self.new_user(name)
                except grpc.RpcError as error:
                    with lock:
                        lost.append((name, error.code(), error.details()))
                    return
                with lock:
                    answered[created] = name
                    if len(answered) > 100:
                        running.set()

        threads = [threading.Thread(target=create, args=(writer,)) for writer in range(16)]
        for thread in threads:
            thread.start()
        self.assertTrue(running.wait(CALL_S_MAX))
        self.program.stop()
        for thread in threads:
            thread.join(CALL_S_MAX)
        # C-core resets the calls that reach a server which has begun to shut down: CANCELLED.
        told = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
        self.assertLessEqual({code for _, code, _ in lost}, told, lost)
        self.channel.close()
        self.program = Program(self.folder.name)
        self.addCleanup(self.program.kill)
        self.connect()
        kept, token = {}, ""
        while True:
            page, call = self.library.ListUsers.with_call(
                stubs.library.ListUsersRequest(page_token=token))
            kept.update({key: user.name for key, user in page.users.items()})
            token = dict(call.initial_metadata()).get("x-next-page-token", "")
            if not token:
                break
        self.assertEqual(kept, answered)


def open_mongodb(opened):
    """The server to run on, or None for the embedded store; `opened` closes it."""
    kind = os.environ.get("TOLLGATE_E2E_STORE", "sqlite")
    if kind not in ("sqlite", "mongodb"):
        sys.exit(f"TOLLGATE_E2E_STORE: expected sqlite or mongodb, found {kind}")
    return opened.enter_context(Engine()).server if kind == "mongodb" else None


def main():
    global program_path, stubs, mongodb
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program_path = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="tollgate-stubs-") as folder, contextlib.ExitStack() as opened:
        mongodb = open_mongodb(opened)
        stubs = Stubs(sys.argv[2], folder)
        return run_tests()


if __name__ == "__main__":
    sys.exit(main())
