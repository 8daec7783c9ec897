#!/usr/bin/python3
"""Fronts a gRPC server that is none of ours, by its descriptor set: raw bodies, metadata, trailers, errors.

usage: files_test.py PROGRAM PROTO_FOLDER FILES_FOLDER

The server is grpcio's and serves test.files.Files (FILES_FOLDER/files.proto). Exits with 1 unless all passed.
"""
import base64
import concurrent.futures
import http.client
import json
import sys
import tempfile
import unittest

from program import Program
from suite import run_tests

try:
    import grpc
    from grpc_tools import protoc
except ImportError as missing:
    sys.exit(f"files_test: {missing}; install python3-grpcio and python3-grpc-tools")

WAIT_S_MAX = 30
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
EVERY_BYTE = bytes(range(256)) * 4

# A type that the gateway is not told of.
ELSEWHERE = 'syntax = "proto3"; package elsewhere; message Hint { string text = 1; }'

program_path, proto_folder, files_folder = sys.argv[1:4]
work = tempfile.TemporaryDirectory(prefix="tollgate-files-")


# Of its two rules one takes what the other could match.
SHADOWED = """syntax = "proto3"; package shadowed; import "google/api/annotations.proto";
message Name { string a = 1; string b = 2; }
service Names {
  rpc Get(Name) returns (Name) { option (google.api.http) = {get: "/v/{a=d/*/**}"}; }
  rpc List(Name) returns (Name) { option (google.api.http) = {get: "/v/{a=d/**}/{b}"}; }
}
"""


def compile_protos():
    """Makes Python's message modules, and the descriptor sets that gateways are given."""
    for name, text in (("elsewhere", ELSEWHERE), ("shadowed", SHADOWED)):
        with open(f"{work.name}/{name}.proto", "w", encoding="utf-8") as file:
            file.write(text)
    include = [f"-I{folder}" for folder in (work.name, files_folder, proto_folder, "/usr/include")]
    googles = ("api/annotations", "api/http", "api/httpbody", "rpc/status", "rpc/error_details")
    protos = ["files.proto", "elsewhere.proto"] + [f"google/{name}.proto" for name in googles]
    made = protoc.main(["protoc", *include, f"--python_out={work.name}", *protos])
    for name in ("files", "shadowed"):
        made |= protoc.main(["protoc", *include, "--include_imports",
                             f"--descriptor_set_out={work.name}/{name}.binpb", f"{name}.proto"])
    if made != 0:
        sys.exit("files_test: protoc failed")
    sys.path.insert(0, work.name)


compile_protos()

import elsewhere_pb2  # noqa: E402
import files_pb2  # noqa: E402
from google.api import httpbody_pb2  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402


class Server:
    """test.files.Files, answering as `answer`, a function of the method's name, the request and the context."""

    def __init__(self):
        self.answer = None
        self.grpc = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        body = httpbody_pb2.HttpBody
        types = {"Put": files_pb2.PutRequest, "Get": files_pb2.GetRequest, "Stat": files_pb2.GetRequest, "Echo": body}
        handlers = {name: self.handler(name, request) for name, request in types.items()}
        self.grpc.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.files.Files", handlers)])
        self.port = self.grpc.add_insecure_port("127.0.0.1:0")
        self.grpc.start()

    def handler(self, name, request_type):
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self.answer(name, request, context),
            request_deserializer=request_type.FromString,
            response_serializer=lambda message: message.SerializeToString())


class Gateway(Program):
    """`tollgate gateway` before the server."""

    def __init__(self, upstream_port, name, *flags):
        super().__init__([program_path, "gateway", "--listen", "127.0.0.1:0", "--upstream",
                          f"127.0.0.1:{upstream_port}", "--proto-set", f"{work.name}/{name}.binpb", *flags],
                         f"{work.name}/{name}{''.join(flags)}.log")
        self.http_port = self.port("http")


server = Server()


class FilesTest(unittest.TestCase):
    def ask(self, method, path, body=None, headers=(), port=None):
        """The response, with its body in `body`; headers are pairs, so that one may stand twice."""
        connection = http.client.HTTPConnection("127.0.0.1", port or gateway.http_port, timeout=WAIT_S_MAX)
        self.addCleanup(connection.close)
        connection.putrequest(method, path)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        response.body = response.read()
        return response


class Bodies(FilesTest):
    """What google.api.HttpBody carries."""

    def test_a_field_takes_the_raw_body(self):
        seen = []

        def answer(name, request, _context):
            seen.append((name, request))
            return files_pb2.Receipt(name=request.name, size=len(request.file.data))

        server.answer = answer
        response = self.ask("PUT", "/files/a/b%20c?overwrite=true", EVERY_BYTE, [("Content-Type", "image/png")])
        self.assertEqual(json.loads(response.body), {"name": "a/b c", "contentType": "", "size": "1024"})
        file = httpbody_pb2.HttpBody(content_type="image/png", data=EVERY_BYTE)
        self.assertEqual(seen, [("Put", files_pb2.PutRequest(name="a/b c", overwrite=True, file=file))])

    def test_the_answer_is_raw(self):
        server.answer = lambda _name, _request, _context: httpbody_pb2.HttpBody(content_type="a/b", data=EVERY_BYTE)
        for method, body in (("GET", EVERY_BYTE), ("HEAD", b"")):
            response = self.ask(method, "/files/x")
            self.assertEqual((response.status, response.body), (200, body))
            self.assertEqual(response.headers["content-type"], "a/b")
            self.assertEqual(response.headers["content-length"], "1024")

    def test_a_field_of_the_answer_is_raw(self):
        file = httpbody_pb2.HttpBody(data=b"\x00\xff")
        server.answer = lambda _name, _request, _context: files_pb2.Stored(file=file, size=2)
        response = self.ask("GET", "/stored/x")
        self.assertEqual(response.body, b"\x00\xff")
        self.assertEqual(response.headers["content-type"], "application/octet-stream")

    def test_the_largest_message(self):
        server.answer = lambda _name, request, _context: httpbody_pb2.HttpBody(
            content_type=request.content_type, data=str(request.ByteSize()).encode())
        nearly = httpbody_pb2.HttpBody(content_type="a/b", data=bytes(MESSAGE_BYTES_MAX - 64))
        largest = MESSAGE_BYTES_MAX - (nearly.ByteSize() - len(nearly.data))
        for size, status in ((largest, 200), (largest + 1, 413)):
            response = self.ask("POST", "/echo", bytes(size), [("Content-Type", "a/b")])
            self.assertEqual(response.status, status, response.body)
            if status == 200:
                self.assertEqual(response.body, str(MESSAGE_BYTES_MAX).encode())


class Metadata(FilesTest):
    """Headers, and what calls carry."""

    def test_headers_become_metadata(self):
        seen = []

        def answer(_name, request, context):
            seen.extend((pair.key, pair.value) for pair in context.invocation_metadata())
            return request

        server.answer = answer
        sent = [("Authorization", "Bearer abc"), ("Grpc-Metadata-Color", "blue"), ("Grpc-Metadata-Color", "red"),
                ("Grpc-Metadata-Trace-Bin", "AP8=,_-A"), ("Accept", "text/plain"), ("X-Custom", "dropped"),
                ("X-Forwarded-For", "203.0.113.9"), ("Connection", "close"), ("Content-Type", "a/b")]
        self.assertEqual(self.ask("POST", "/echo", b"x", sent).body, b"x")
        for pair in (("authorization", "Bearer abc"), ("color", "blue"), ("color", "red"), ("trace-bin", b"\x00\xff"),
                     ("trace-bin", b"\xff\xe0"), ("tollgate-accept", "text/plain"), ("tollgate-content-type", "a/b"),
                     ("x-forwarded-for", "203.0.113.9, 127.0.0.1"), ("x-forwarded-host", f"127.0.0.1:{gateway.http_port}")):
            self.assertIn(pair, seen)
        keys = {key for key, _ in seen}
        self.assertFalse(keys & {"x-custom", "connection", "tollgate-connection", "grpc-metadata-color"}, keys)

    def test_metadata_becomes_headers(self):
        def answer(_name, request, context):
            context.send_initial_metadata([("x-page", "7"), ("color", "blue"), ("trace-bin", b"\x00\xff")])
            context.set_trailing_metadata([("x-sum", "9"), ("took", "1ms"), ("mark-bin", b"\xff")])
            return request

        server.answer = answer
        for headers in ([], [("TE", "trailers")]):
            response = self.ask("POST", "/echo", b"x", headers)
            got = {name: response.headers[name] for name in response.headers if name.startswith(("x-", "grpc-"))}
            self.assertEqual(got, {
                "x-page": "7", "grpc-metadata-color": "blue", "grpc-metadata-trace-bin": "AP8=",
                "grpc-trailer-x-sum": "9", "grpc-trailer-took": "1ms", "grpc-trailer-mark-bin": "/w=="})
            self.assertIsNone(response.headers["trailer"])

    def test_the_id_of_a_request_is_the_gateways(self):
        def answer(_name, request, context):
            context.send_initial_metadata([("x-request-id", "theirs")])
            return request

        server.answer = answer
        logging = Gateway(server.port, "files", "--access-log")
        self.addCleanup(logging.stop)
        response = self.ask("POST", "/echo", b"x", [("X-Request-Id", "mine")], logging.http_port)
        self.assertEqual(response.headers.get_all("x-request-id"), ["mine"])
        response = self.ask("POST", "/echo", b"x")  # a gateway that gives none
        self.assertEqual(response.headers.get_all("x-request-id"), ["theirs"])

    def test_binary_metadata_must_be_base64(self):
        response = self.ask("POST", "/echo", b"x", [("Grpc-Metadata-Trace-Bin", "a%b")])
        self.assertEqual(response.status, 400)
        self.assertEqual(json.loads(response.body)["message"],
                         'header grpc-metadata-trace-bin: expected base64, found "a%b"')


class Errors(FilesTest):
    """google.rpc.Status, as JSON."""

    def fail(self, code, message, details=(), trailers=()):
        """Asks for a call that ends so."""
        def answer(_name, _request, context):
            packed = status_pb2.Status(code=code.value[0], message=message)
            for detail in details:
                packed.details.add().Pack(detail)
            more = [("grpc-status-details-bin", packed.SerializeToString())] if details else []
            context.set_trailing_metadata(more + list(trailers))
            context.abort(code, message)

        server.answer = answer
        return self.ask("GET", "/files/x")

    def test_every_code(self):
        statuses = {1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501,
                    13: 500, 14: 503, 15: 500, 16: 401}
        for code in grpc.StatusCode:
            number = code.value[0]
            if number == 0:
                continue
            with self.subTest(code):
                response = self.fail(code, "caf\u00e9 \u20ac \u4e16")
                self.assertEqual(response.status, statuses[number])
                self.assertEqual(json.loads(response.body),
                                 {"code": number, "message": "caf\u00e9 \u20ac \u4e16", "details": []})
                self.assertEqual(response.headers["content-type"], "application/json")

    def test_details_are_typed(self):
        info = error_details_pb2.ErrorInfo(reason="SOLD_OUT", domain="shop")
        own = files_pb2.Receipt(name="x", size=7)
        hint = elsewhere_pb2.Hint(text="try again")
        response = self.fail(grpc.StatusCode.FAILED_PRECONDITION, "no", [info, own, hint], [("x-sum", "9")])
        self.assertEqual(json.loads(response.body), {"code": 9, "message": "no", "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SOLD_OUT", "domain": "shop",
             "metadata": {}},
            {"@type": "type.googleapis.com/test.files.Receipt", "name": "x", "contentType": "", "size": "7"},
            {"@type": "type.googleapis.com/elsewhere.Hint",
             "value": base64.b64encode(hint.SerializeToString()).decode()}]})
        self.assertEqual(response.headers["grpc-trailer-x-sum"], "9")
        self.assertIsNone(response.headers["grpc-trailer-grpc-status-details-bin"])

    def test_damaged_details_lose_nothing_else(self):
        response = self.fail(grpc.StatusCode.NOT_FOUND, "gone", (), [("grpc-status-details-bin", b"\xff\xff\xff")])
        self.assertEqual(json.loads(response.body), {"code": 5, "message": "gone", "details": []})

    def test_a_401_has_a_challenge(self):
        response = self.fail(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
        self.assertEqual(response.headers["www-authenticate"], "Bearer")
        own = [("www-authenticate", 'Basic realm="files"')]
        response = self.fail(grpc.StatusCode.UNAUTHENTICATED, "who are you?", (), own)
        self.assertEqual(response.headers.get_all("www-authenticate"), ['Basic realm="files"'])


class Routes(unittest.TestCase):
    def test_a_rule_that_is_never_reached_is_warned_of(self):
        other = Gateway(server.port, "shadowed")
        other.stop()
        self.assertIn('level=warn event="route is never reached" route="GET /v/{a=d/**}/{b}" '
                      "method=/shadowed.Names/List taken_by=/shadowed.Names/Get", other.log())
        self.assertNotIn("never reached", gateway.log())


gateway = Gateway(server.port, "files")


def main():
    status = run_tests()
    gateway.stop()
    server.grpc.stop(0)
    sys.exit(status)


main()
