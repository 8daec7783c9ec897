#!/usr/bin/python3
"""Fronts a service that Tollgate does not know, in every way it can be told of, and explains requests to it.

usage: any_api_test.py PROGRAM PROTO_FOLDER

The same rows of requests run through a gateway that has a descriptor set, one that has a set without annotations and
rules, and one that asks the server's reflection; and each runs through `tollgate explain`, which must say beforehand
what then happens.
"""
import concurrent.futures
import http.client
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = HERE, os.path.join(HERE, "..")

from program import Program, dead_port  # noqa: E402
from suite import run_tests  # noqa: E402
from rows import REFUSED, SERVED  # noqa: E402
from shop_server import PROTOS, Reflection, Schema, ShopServer, compile_set  # noqa: E402

WAIT_S_MAX = 30

# Less than the ten seconds that the gateway gives its upstream for an answer.
STOP_S_MAX = 8
RULES = os.path.join(HERE, "shop.yaml")

program_path, proto_folder = sys.argv[1:3]
log_numbers = itertools.count()
folder = tempfile.TemporaryDirectory(prefix="tollgate-any-api-")


def in_folder(name):
    return os.path.join(folder.name, name)


def compile_variant(name, edit):
    """The set of a shop whose .proto has been edited."""
    variant = in_folder(name)
    os.makedirs(f"{variant}/shop/v1")
    with open(f"{HERE}/shop/v1/shop.proto", encoding="utf-8") as source:
        text = edit(source.read())
    with open(f"{variant}/shop/v1/shop.proto", "w", encoding="utf-8") as copy:
        copy.write(text)
    return compile_set(in_folder(f"{name}.binpb"), proto_folder, ["shop/v1/shop.proto"], variant)


def without_annotations(text):
    text = text.replace('import "google/api/annotations.proto";\n', "")
    return re.sub(r" \{\n    option \(google\.api\.http\) = .*?;\n  \}", ";", text, flags=re.S)


shop_set = compile_set(in_folder("shop.binpb"), proto_folder, ["shop/v1/shop.proto"])
bare_set = compile_variant("bare", without_annotations)
moved_set = compile_variant("moved", lambda text: text.replace('"/v1/', '"/v2/'))
schema = Schema(compile_set(in_folder("all.binpb"), proto_folder, PROTOS))


class Gateway(Program):
    """`tollgate gateway` before a server of the shop. With `waits_for` it is not listening yet, but has this in its
    log."""

    def __init__(self, upstream_port, *flags, waits_for=None):
        super().__init__([program_path, "gateway", "--listen", "127.0.0.1:0", "--threads", "2",
                          "--upstream", f"127.0.0.1:{upstream_port}", *flags], in_folder(f"log-{next(log_numbers)}"))
        if waits_for is None:
            self.wait_to_listen()
        else:
            self.wait_for_log(waits_for)

    def wait_to_listen(self):
        self.http_port = self.port("http")

    def ask(self, method, path, body=None, headers=()):
        """The status and the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=WAIT_S_MAX)
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text


def explain(flags, method, path, body=None, headers=()):
    """The exit status, and what was printed as {name: text}."""
    command = [program_path, "explain", method, path, *flags]
    if body is not None:
        command += ["--body", body]
    for name, value in dict(headers).items():
        command += ["--header", f"{name}: {value}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S_MAX, check=False)
    if done.stderr:
        raise AssertionError(f"{command}: {done.stderr}")
    lines = {}
    for line in done.stdout.splitlines():
        lines.setdefault(line[:10].strip(), line[10:])
    return done.returncode, lines


class ShopTest(unittest.TestCase):
    """A server of the shop, and gateways before it."""

    reflection = None

    def setUp(self):
        server = ShopServer(schema, self.reflection)
        self.addCleanup(server.stop)
        self.port = server.port

    def open_gateway(self, *flags, **how):
        gateway = Gateway(self.port, *flags, **how)
        self.addCleanup(gateway.stop)
        return gateway

    def check_rows(self, gateway):
        """Every row is answered as it must be."""
        for name, request, rpc, order in SERVED:
            with self.subTest(name):
                status, text = gateway.ask(*request)
                self.assertEqual(status, 200, text)
                expected = schema.of_json("shop.v1.Receipt", {"rpc": rpc, "order": order})
                answer = json.loads(text)
                if rpc == "GetItem":  # its response_body
                    answer = {"rpc": rpc, "order": answer}
                self.assertEqual(schema.of_json("shop.v1.Receipt", answer), expected)
        for name, request, status, message in REFUSED:
            with self.subTest(name):
                got_status, text = gateway.ask(*request)
                self.assertEqual((got_status, json.loads(text)["message"]), (status, message))

    def check_explained(self, gateway, *flags, served=SERVED, refused=REFUSED):
        """What explain says of the rows is what happens."""
        for name, request, rpc, order in served:
            with self.subTest(f"explain: {name}"):
                status, lines = explain(flags, *request)
                self.assertEqual(status, 0, lines)
                self.assertEqual(lines["rpc"], f"shop.v1.Shop.{rpc}")
                self.assertEqual(schema.of_json("shop.v1.Order", json.loads(lines["message"])),
                                 schema.of_json("shop.v1.Order", order))
        for name, request, _, _ in refused:
            with self.subTest(f"explain: {name}"):
                status, lines = explain(flags, *request)
                got_status, text = gateway.ask(*request)
                self.assertEqual((status, int(lines["status"].split()[0]), lines["body"]), (1, got_status, text))


class FromFiles(ShopTest):
    def test_a_descriptor_set(self):
        gateway = self.open_gateway("--proto-set", shop_set)
        self.check_rows(gateway)
        self.check_explained(gateway, "--proto-set", shop_set)

    def test_rules_without_annotations(self):
        flags = ["--proto-set", bare_set, "--rules", RULES]
        gateway = self.open_gateway(*flags)
        self.check_rows(gateway)
        self.check_explained(gateway, *flags, served=SERVED[:4], refused=REFUSED[:4])

    def test_two_sets(self):
        library = compile_set(in_folder("library.binpb"), proto_folder, ["library/v1/library.proto"])
        gateway = self.open_gateway("--proto-set", shop_set, "--proto-set", library)
        self.check_rows(gateway)
        self.assertEqual(gateway.ask("GET", "/users")[0], 501)  # the server has no Library

    def test_what_is_compiled_in_is_not_served(self):
        gateway = self.open_gateway("--proto-set", shop_set)
        self.assertEqual(gateway.ask("GET", "/notes")[0], 404)

    def test_error_details_of_the_api_are_typed(self):
        gateway = self.open_gateway("--proto-set", shop_set)
        status, text = gateway.ask("POST", "/v1/orders:fail", '{"item":{"title":"Milk","size":"LARGE"}}')
        detail = {"@type": "type.googleapis.com/shop.v1.Item", "title": "Milk", "size": "LARGE",
                  "picture": "", "parts": []}
        self.assertEqual((status, json.loads(text)), (400, {"code": 9, "message": "sold out", "details": [detail]}))

    def test_keys_before_an_api_that_speaks_of_none(self):
        gateway = self.open_gateway("--proto-set", shop_set, "--require-keys", "--admin", "127.0.0.1:0",
                                    "--store", f"sqlite:{in_folder('keys.db')}")
        made = subprocess.run([program_path, "keys", "create", "mine", "--plan", "standard",
                               "--admin-url", f"http://{gateway.address('admin')}"],
                              check=True, stdout=subprocess.PIPE, timeout=WAIT_S_MAX).stdout
        key = {"x-api-key": json.loads(made)["value"]}
        self.assertEqual(gateway.ask("GET", "/v1/orders"), (403, '{"message":"Forbidden"}'))
        give_up = time.monotonic() + WAIT_S_MAX
        while gateway.ask("GET", "/v1/orders", headers=key)[0] != 200:
            self.assertLess(time.monotonic(), give_up)
            time.sleep(0.05)

    def test_a_reload(self):
        served = in_folder("served.binpb")
        gateway = self.open_gateway("--proto-set", served_copy(shop_set, served))
        self.assertEqual(gateway.ask("GET", "/v1/orders")[0], 200)
        served_copy(moved_set, served)
        gateway.reload()
        gateway.wait_for_log(r"event=reloaded routes=10\n")
        self.assertEqual([gateway.ask("GET", path)[0] for path in ("/v1/orders", "/v2/orders")], [404, 200])

    def test_a_reload_that_is_refused(self):
        served = in_folder("served.binpb")
        rules = in_folder("rules.yaml")
        gateway = self.open_gateway("--proto-set", served_copy(bare_set, served),
                                    "--rules", served_copy(RULES, rules))
        with open(shop_set, "rb") as file:
            cut = file.read()[:-100]
        for path, content, reason in (
                (served, cut, f"{served}: not a google.protobuf.FileDescriptorSet: "),
                (served, b"", f"{rules}:7: there is no method "),
                (rules, b"http: {rules: [{selector: shop.v1.Shop.Sell, get: /}]}",
                 f'{rules}:1: there is no method \\"shop.v1.Shop.Sell\\"'),
                (rules, b"http: [", f"{rules}:2: ")):
            kept = served_copy(path, in_folder("kept"))
            with open(path, "wb") as file:
                file.write(content)
            refusals = gateway.log().count("reload refused")
            gateway.reload()
            reason_logged = gateway.wait_for_log(r'event="reload refused" reason="(.*)"', refusals + 1)[-1]
            self.assertTrue(reason_logged.startswith(reason), reason_logged)
            self.assertEqual(gateway.ask("GET", "/v1/orders")[0], 200)
            served_copy(kept, path)
        gateway.reload()
        gateway.wait_for_log("event=reloaded")
        self.check_rows(gateway)


def served_copy(source, target):
    with open(source, "rb") as file, open(target, "wb") as copy:
        copy.write(file.read())
    return target


class ByReflection(ShopTest):
    def setUp(self):
        self.reflection = Reflection(schema, shop_set)
        super().setUp()

    def test_rows(self):
        self.check_rows(self.open_gateway("--reflect"))
        symbols = [text for kind, text in self.reflection.asked if kind == "file_containing_symbol"]
        self.assertEqual(symbols, ["shop.v1.Shop"])  # not those that every server has

    def test_rules(self):
        self.reflection.load(bare_set)
        self.check_rows(self.open_gateway("--reflect", "--rules", RULES))

    def test_a_reload(self):
        gateway = self.open_gateway("--reflect")
        self.reflection.fault = "a damaged file"
        gateway.reload()
        gateway.wait_for_log('event="reload refused" reason="--reflect: server reflection: service shop.v1.Shop: ')
        self.assertEqual(gateway.ask("GET", "/v1/orders")[0], 200)
        self.reflection.fault = None
        self.reflection.load(moved_set)
        gateway.reload()
        gateway.wait_for_log("event=reloaded")
        self.assertEqual([gateway.ask("GET", path)[0] for path in ("/v1/orders", "/v2/orders")], [404, 200])

    def test_services_that_share_files(self):
        self.reflection.fault = "two services"
        self.check_rows(self.open_gateway("--reflect"))
        asked = [text for kind, text in self.reflection.asked if kind == "file_by_filename"]
        self.assertEqual(len(asked), len(set(asked)), asked)
        self.assertNotIn("shop/v1/item.proto", asked)  # came along, twice

    def test_a_reload_that_waits(self):
        """The old set serves meanwhile, and a second SIGHUP is not lost."""
        gateway = self.open_gateway("--reflect")
        self.reflection.fault = "silence"
        asked = self.reflection.calls
        gateway.reload()
        self.wait_until(lambda: self.reflection.calls > asked)
        self.assertEqual(gateway.ask("GET", "/v1/orders")[0], 200)
        gateway.reload()
        self.reflection.load(moved_set)
        self.reflection.fault = None
        gateway.wait_for_log("event=reloaded", 2)
        self.assertEqual([gateway.ask("GET", path)[0] for path in ("/v1/orders", "/v2/orders")], [404, 200])

    def test_a_reload_does_not_hold_up_the_end(self):
        gateway = self.open_gateway("--reflect")
        self.reflection.fault = "silence"
        asked = self.reflection.calls
        gateway.reload()
        self.wait_until(lambda: self.reflection.calls > asked)
        self.assertLess(gateway.stop(), STOP_S_MAX)
        self.assertIn('event="reload given up"', gateway.log())

    def wait_until(self, condition):
        give_up = time.monotonic() + WAIT_S_MAX
        while not condition():
            self.assertLess(time.monotonic(), give_up)
            time.sleep(0.01)

    def test_faults(self):
        faults = (
            ("no services", "list of services: the server has no services"),
            ("too many services", "list of services: more than 2000 services"),
            ("an error", 'service shop.v1.Shop: the server answers "no such symbol"'),
            ("another answer", "service shop.v1.Shop: the answer has no files"),
            ("a damaged file", "service shop.v1.Shop: not a google.protobuf.FileDescriptorProto: "),
            ("a file without a name", "service shop.v1.Shop: the answer has a file without a name"),
            ("a missing file", "file shop/v1/item.proto, which shop/v1/shop.proto imports: "
                               'the server answers "File not found: shop/v1/item.proto"'),
            ("another file", "file google/api/annotations.proto, which shop/v1/shop.proto imports: "
                             "the answer is another file"),
            ("endless imports", "file google/"),
            ("huge files", "file google/"),
            ("two answers", "list of services: deadline exceeded"),
            ("silence", "list of services: deadline exceeded"))
        with concurrent.futures.ThreadPoolExecutor(len(faults)) as pool:  # some take as long as a gateway waits
            reasons = pool.map(reason_of_fault, [fault for fault, _ in faults])
        for (fault, message), reason in zip(faults, reasons, strict=True):
            with self.subTest(fault):
                self.assertTrue(reason.startswith(f"--reflect: server reflection: {message}"), reason)

    def test_either_or(self):
        self.assertEqual(reason_of(self.port, "--proto-set", shop_set),
                         "expected either --proto-set or --reflect, found both\n")


def reason_of(port, *flags):
    """Why a gateway with --reflect does not start."""
    done = subprocess.run([program_path, "gateway", "--listen", "127.0.0.1:0", "--reflect", "--reflect-wait", "0", *flags,
                           "--upstream", f"127.0.0.1:{port}"],
                          capture_output=True, text=True, timeout=WAIT_S_MAX, check=False)
    prefix = "tollgate gateway: "
    assert done.returncode != 0 and done.stderr.startswith(prefix), done.stderr
    return done.stderr[len(prefix):]


def reason_of_fault(fault):
    reflection = Reflection(schema, shop_set)
    reflection.fault = fault
    server = ShopServer(schema, reflection)
    try:
        return reason_of(server.port)
    finally:
        server.stop()


class BeforeItsUpstream(unittest.TestCase):
    """A gateway with --reflect that was started first."""

    def setUp(self):
        self.port = dead_port(self)

    def open_gateway(self, *flags):
        waits_for = rf'event="waiting for the upstream" address=127.0.0.1:{self.port} reason="server reflection: ' \
                    r'list of services: the upstream is not reachable: connection refused"'
        gateway = Gateway(self.port, "--reflect", *flags, waits_for=waits_for)
        self.addCleanup(gateway.process.wait)
        self.addCleanup(gateway.process.kill)
        return gateway

    def test_waits(self):
        gateway = self.open_gateway()
        self.assertNotIn("event=listening", gateway.log())
        reflection = Reflection(schema, shop_set)
        reflection.fault = "silence"  # on its way up
        server = ShopServer(schema, reflection, self.port)
        self.addCleanup(server.stop)
        gateway.wait_for_log("event=.waiting for the upstream. .*: deadline exceeded")
        self.assertNotIn("event=listening", gateway.log())
        reflection.fault = None
        gateway.wait_to_listen()
        self.assertEqual(gateway.ask("GET", "/v1/orders")[0], 200)
        gateway.stop()

    def test_ends_when_told(self):
        gateway = self.open_gateway()
        self.assertLess(gateway.stop(), STOP_S_MAX)
        self.assertIn("event=stopping signal=SIGTERM", gateway.log())

    def test_ends_while_it_asks(self):
        gateway = self.open_gateway()
        reflection = Reflection(schema, shop_set)
        reflection.fault = "silence"
        server = ShopServer(schema, reflection, self.port)
        self.addCleanup(server.stop)
        while reflection.calls == 0:
            time.sleep(0.01)
        self.assertLess(gateway.stop(), STOP_S_MAX)

    def test_waits_for_so_long(self):
        gateway = self.open_gateway("--reflect-wait", "1")
        self.assertEqual(gateway.process.wait(WAIT_S_MAX), 1)
        self.assertIn("tollgate gateway: --reflect: server reflection: list of services: the upstream is not reachable",
                      gateway.log())


class ByOlderReflection(ShopTest):
    reflection = Reflection(schema, shop_set, version="v1alpha")

    def test_rows(self):
        self.check_rows(self.open_gateway("--reflect"))


class WithoutReflection(ShopTest):
    def test_refused(self):
        self.assertEqual(reason_of(self.port),
                         "--reflect: server reflection: list of services: Method not found!\n")


class ByReflectionOfNode(ShopTest):
    """A server of grpc-js, which has nothing in common with ours or with C-core."""

    def setUp(self):
        modules = subprocess.run([os.path.join(HERE, "../../npm_modules.sh"), HERE], check=True,
                                 stdout=subprocess.PIPE, text=True).stdout.strip()
        self.node = subprocess.Popen(["node", f"{HERE}/node_server.mjs", modules, in_folder("bare"), HERE,
                                      "/usr/include"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.node.stdout.close)
        self.addCleanup(self.node.wait, WAIT_S_MAX)
        self.addCleanup(self.node.kill)
        self.port = int(self.node.stdout.readline().split()[1])

    def test_rows(self):
        self.check_rows(self.open_gateway("--reflect", "--rules", RULES))


if __name__ == "__main__":
    sys.exit(run_tests())
