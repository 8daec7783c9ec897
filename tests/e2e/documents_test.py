#!/usr/bin/python3
"""Reads with pymongo what the real program writes, and writes by hand what it must live with.

usage: documents_test.py PROGRAM

Starts a MongoDB engine and `PROGRAM serve` over it, on free ports. Exits with 1 unless all passed.
"""

import datetime
import json
import os
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

from program import Program
from engine import Engine
from suite import run_tests

try:
    import bson
    import pymongo
except ImportError as missing:
    sys.exit(f"documents_test: {missing}; install python3-pymongo")

CALL_S_MAX = 30
JANUARY = datetime.datetime(2026, 1, 2, 3, 4, 5, 678000)

# Notes want a key, which is not the subject here.
os.environ["TOLLGATE_NO_KEYS"] = "true"

program_path = ""
server = ""


class DocumentsTest(unittest.TestCase):
    """Each test has a program and a database of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tollgate-documents-")
        self.addCleanup(folder.cleanup)
        name = os.path.basename(folder.name)
        client = pymongo.MongoClient(server, tz_aware=False)
        self.addCleanup(client.close)
        self.database = client[name]
        self.addCleanup(client.drop_database, name)
        self.start(f"{server}/{name}", os.path.join(folder.name, "log"))

    def start(self, store, log_path):
        program = Program([program_path, "serve", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--store", store],
                          log_path)
        self.addCleanup(program.stop)
        self.address = program.address("http")

    def call(self, method, path, body=None):
        """Returns the status and the decoded answer."""
        request = urllib.request.Request(
            f"http://{self.address}{path}", None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=CALL_S_MAX) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def raw(self, collection, key):
        """The document with its BSON types as they stand: int64 apart from int32."""
        found = self.database.get_collection(
            collection, codec_options=bson.codec_options.CodecOptions(document_class=bson.son.SON)).find_one({"_id": key})
        self.assertIsNotNone(found)
        return found

    def check(self, document, expected):
        """Names in this order, values and exact types."""
        self.assertEqual(list(document.items()), list(expected.items()))
        self.assertEqual([type(value) for value in document.values()], [type(value) for value in expected.values()])


class Written(DocumentsTest):
    """What the program writes looks as a person would expect."""

    def test_note(self):
        status, note = self.call("POST", "/notes", {"title": "Milk", "content": "Two bottles. \u20ac\U0001f95b"})
        self.assertEqual(status, 201)
        document = self.raw("notes", note["noteId"])
        timestamp = document["timestamp"]
        self.assertLess(abs(timestamp - datetime.datetime.utcnow()), datetime.timedelta(seconds=60))
        text = note["timestamp"].rstrip("Z")
        self.assertEqual(timestamp, datetime.datetime.fromisoformat(text))
        self.check(document, {"_id": note["noteId"], "noteId": note["noteId"], "title": "Milk",
                              "content": "Two bottles. \u20ac\U0001f95b", "timestamp": timestamp,
                              "_version": document["_version"]})
        self.assertIsInstance(document["_version"], bson.ObjectId)

    def test_update_renews_the_version(self):
        note = self.call("POST", "/notes", {"title": "Milk"})[1]
        versions = {self.raw("notes", note["noteId"])["_version"]}
        for content in ("two", "three"):
            self.assertEqual(self.call("PATCH", f"/notes/{note['noteId']}", {"content": content})[0], 200)
            document = self.raw("notes", note["noteId"])
            self.assertEqual(document["content"], content)
            versions.add(document["_version"])
        self.assertEqual({type(version) for version in versions}, {bson.ObjectId})
        self.assertEqual(len(versions), 3)

    def test_user(self):
        self.assertEqual(self.call("POST", "/users", {"name": "Alice"}), (201, {"id": 0}))
        book = {"isbn": "1234567", "name": "A new book", "author": "It's me"}
        self.assertEqual(self.call("POST", "/users/0/books", book)[0], 201)
        document = self.raw("users", 0)
        self.check(document, {"_id": bson.Int64(0), "name": "Alice", "books": [bson.son.SON(book)],
                              "_version": document["_version"]})

    def test_user_without_books(self):
        self.call("POST", "/users", {"name": "Bob"})
        document = self.raw("users", 0)
        self.check(document, {"_id": bson.Int64(0), "name": "Bob", "books": [], "_version": document["_version"]})

    def test_counter(self):
        for number in range(3):
            self.assertEqual(self.call("POST", "/users", {"name": "Alice"}), (201, {"id": number}))
        counters = list(self.database.counters.find())
        self.assertEqual(len(counters), 1)
        self.assertIsInstance(counters[0]["_id"], str)
        numbers = {name: value for name, value in counters[0].items() if name != "_id"}
        self.assertEqual(len(numbers), 1)
        self.assertTrue(all(isinstance(value, bson.Int64) for value in numbers.values()), numbers)
        self.assertIn(list(numbers.values())[0], (2, 3))

    def test_collections(self):
        self.call("POST", "/users", {"name": "Alice"})
        self.call("POST", "/notes", {"title": "Milk"})
        self.assertEqual(sorted(self.database.list_collection_names()),
                         ["access", "counters", "notes", "usage_plans", "users"])

    def test_removed(self):
        note = self.call("POST", "/notes", {"title": "Milk"})[1]
        self.assertEqual(self.call("DELETE", f"/notes/{note['noteId']}"), (200, {}))
        self.assertEqual(self.database.notes.count_documents({}), 0)

    def test_ids_are_not_used_again(self):
        self.call("POST", "/users", {"name": "Alice"})
        self.call("DELETE", "/users/0")
        self.database.users.delete_many({})
        self.assertEqual(self.call("POST", "/users", {"name": "Bob"}), (201, {"id": 1}))

    def test_queries_by_hand(self):
        """What one would type into mongosh finds what it should."""
        for title in ("Milk", "Bread", "Butter"):
            self.call("POST", "/notes", {"title": title})
        notes = self.database.notes
        hour_ago = datetime.datetime.utcnow() - datetime.timedelta(hours=1)
        self.assertEqual(notes.count_documents({"timestamp": {"$gt": hour_ago}}), 3)
        self.assertEqual(notes.count_documents({"timestamp": {"$type": "date"}}), 3)
        self.assertEqual([each["title"] for each in notes.find({"title": {"$regex": "^B"}}).sort("title", 1)],
                         ["Bread", "Butter"])


class ByHand(DocumentsTest):
    """What a person wrote into the database is read, and left alone by updates."""

    def test_added_fields_survive(self):
        note = self.call("POST", "/notes", {"title": "Milk", "content": "one"})[1]
        added = {"tags": ["shop", "daily"], "review": {"by": "Kim", "at": JANUARY, "score": 4.5},
                 "views": bson.Int64(2**40), "blob": b"\x00\xff", "flag": None}
        self.database.notes.update_one({"_id": note["noteId"]}, {"$set": added})
        path = f"/notes/{note['noteId']}"
        self.assertEqual(self.call("GET", path), (200, note))
        self.assertEqual(self.call("PATCH", path, {"content": "two"})[0], 200)
        status, replaced = self.call("PUT", path, {"title": "Bread", "content": "three"})
        self.assertEqual(status, 200)
        self.assertEqual(sorted(replaced), ["content", "noteId", "timestamp", "title"])
        document = self.raw("notes", note["noteId"])
        self.assertEqual({name: document[name] for name in added}, added)
        self.assertEqual((document["title"], document["content"]), ("Bread", "three"))
        self.assertEqual(self.call("GET", path), (200, replaced))

    def test_changed_field_is_read(self):
        note = self.call("POST", "/notes", {"title": "Milk"})[1]
        self.database.notes.update_one({"_id": note["noteId"]}, {"$set": {"title": "Oats", "timestamp": JANUARY}})
        self.assertEqual(self.call("GET", f"/notes/{note['noteId']}"), (200, {
            "noteId": note["noteId"], "title": "Oats", "content": "", "timestamp": "2026-01-02T03:04:05.678Z"}))

    def test_document_without_version(self):
        key = "0193a5f0-0000-7000-8000-000000000001"
        self.database.notes.insert_one({"_id": key, "noteId": key, "title": "By hand", "timestamp": JANUARY})
        path = f"/notes/{key}"
        expected = {"noteId": key, "title": "By hand", "content": "", "timestamp": "2026-01-02T03:04:05.678Z"}
        self.assertEqual(self.call("GET", path), (200, expected))
        self.assertEqual(self.call("GET", "/notes"), (200, {"notes": [expected], "nextPageToken": ""}))
        self.assertEqual(self.call("PATCH", path, {"content": "and by REST"})[0], 200)
        document = self.raw("notes", key)
        self.assertEqual((document["title"], document["content"]), ("By hand", "and by REST"))
        self.assertIsInstance(document["_version"], bson.ObjectId)
        self.assertEqual(self.call("DELETE", path), (200, {}))

    def test_user_by_mongosh(self):
        """mongosh writes numbers as doubles or int32: both are ids."""
        self.database.users.insert_many([{"_id": 0.0, "name": "Double"}, {"_id": 1, "name": "Int32"}])
        for number, name in enumerate(("Double", "Int32")):
            self.assertEqual(self.call("GET", f"/users/{number}"), (200, {"name": name, "books": []}))
        book = {"isbn": "1", "name": "B", "author": "C"}
        self.assertEqual(self.call("POST", "/users/0/books", book), (201, {"success": True}))
        self.assertEqual(self.call("GET", "/users"), (200, {"0": {"name": "Double", "books": [book]},
                                                           "1": {"name": "Int32", "books": []}}))

    def test_document_that_does_not_fit(self):
        """Is an error that names neither the database nor its contents, and harms no other document."""
        note = self.call("POST", "/notes", {"title": "Milk"})[1]
        path = f"/notes/{note['noteId']}"
        self.database.notes.update_one({"_id": note["noteId"]}, {"$set": {"title": ["secret"]}})
        status, error = self.call("GET", path)
        self.assertEqual((status, error["code"]), (500, 15))
        self.assertNotIn("secret", error["message"])
        self.assertEqual(self.call("POST", "/notes", {"title": "Bread"})[0], 201)
        self.assertEqual(self.call("DELETE", path), (200, {}))


def main():
    global program_path, server
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program_path = sys.argv[1]
    with Engine() as engine:
        server = engine.server
        return run_tests()


if __name__ == "__main__":
    sys.exit(main())
