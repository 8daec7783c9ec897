#!/usr/bin/python3
"""Runs `tollgate keys` and `tollgate plans`, as a script would and as a person at a terminal would.

usage: manage_test.py PROGRAM

Exits with 1 unless all passed.
"""

import datetime
import http.client
import json
import os
import pty
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
import admin_program  # noqa: E402
from suite import run_tests  # noqa: E402

CALL_S_MAX = 60
CHANGE_S_MAX = 20  # in which a change holds everywhere, on a machine that is busy
TOKEN = "a-bearer-token-of-the-test"

program = None


def environment(**changes):
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TOLLGATE_")}
    return {**plain, "TOLLGATE_ADMIN_URL": program.admin, "TOLLGATE_ADMIN_TOKEN": TOKEN, **changes}


def run(*args, **changes):
    """Returns the exit status, what was printed and what was said of errors."""
    done = subprocess.run([program.path, *args], capture_output=True, text=True, timeout=CALL_S_MAX,
                          env=environment(**changes))
    return done.returncode, done.stdout, done.stderr


def call(*args):
    status, out, errors = run(*args)
    assert status == 0, f"tollgate {' '.join(args)}: {errors}"
    return json.loads(out) if out else None


def utc_today():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def on_terminal(*args):
    """The lines that a terminal shows."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([program.path, *args], stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL,
                          env=environment()) as child:
        os.close(theirs)
        text = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # how Linux says that nobody has the other end any more
                break
            if not piece:
                break
            text += piece
        os.close(ours)
        assert child.wait(CALL_S_MAX) == 0, text.decode()
    return text.decode().splitlines()


class Manage(unittest.TestCase):
    def test_keys(self):
        made = call("keys", "create", "First", "--plan", "standard", "--customer", "c1", "--description", "for a test")
        self.assertEqual((made["name"], made["customerId"], made["enabled"]), ("First", "c1", True))
        self.assertEqual(len(made["value"]), 40)
        self.assertNotIn("value", call("keys", "show", made["id"]))
        self.assertFalse(call("keys", "disable", made["id"])["enabled"])
        self.assertTrue(call("keys", "enable", made["id"])["enabled"])
        self.assertEqual([key["id"] for key in call("keys", "list", "--name", "Fir", "--customer", "c1")], [made["id"]])
        self.assertEqual(call("keys", "list", "--name", "nobody"), [])
        self.assertEqual([plan["id"] for plan in self.plans_of(made["id"])], ["standard"])
        call("plans", "remove-key", "standard", made["id"])
        call("plans", "add-key", "premium", made["id"])
        self.assertIn((made["id"], "First"), [(key["id"], key["name"]) for key in call("plans", "keys", "premium")])
        self.assertEqual([plan["id"] for plan in self.plans_of(made["id"])], ["premium"])
        call("keys", "delete", made["id"])
        status, out, errors = run("keys", "show", made["id"])
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(errors, f'tollgate keys show: there is no API key with the id "{made["id"]}"\n')

    def plans_of(self, key_id):
        plans = call("plans", "list")
        today = utc_today()
        usage = {plan["id"]: call("plans", "usage", plan["id"], "--from", today)[0]["values"] for plan in plans}
        return [plan for plan in plans if key_id in usage[plan["id"]]]

    def test_a_key_that_cannot_join_its_plan_is_shown_all_the_same(self):
        status, out, errors = run("keys", "create", "Torn", "--plan", "standard", "--plan", "premium")
        self.assertEqual(status, 1)
        made = json.loads(out)
        self.assertEqual(len(made["value"]), 40)
        self.assertIn(f"key {made['id']} was made, but is not in plan premium: ", errors)

    def test_a_plan_that_is_not_there_leaves_no_key_behind(self):
        status, out, errors = run("keys", "create", "Lost", "--plan", "standard", "--plan", "gold")
        self.assertEqual((status, out), (1, ""))
        self.assertIn('plan gold (`tollgate plans list` shows the ids): there is no usage plan with the id "gold"',
                      errors)
        self.assertNotIn("Lost", [key["name"] for key in call("keys", "list")])

    def test_plans(self):
        made = call("plans", "create", "gold", "--rate", "1.5", "--burst", "3", "--quota", "10", "--period", "week",
                    "--offset", "6", "--for-stage", "gold", "--for-stage", "other:x")
        self.assertEqual(made["throttle"], {"rateLimit": 1.5, "burstLimit": 3})
        self.assertEqual(made["quota"], {"limit": 10, "offset": 6, "period": "WEEK"})
        self.assertEqual([(stage["apiId"], stage["stage"]) for stage in made["apiStages"]],
                         [("tollgate", "gold"), ("other", "x")])
        changed = call("plans", "update", made["id"], "--name", "silver", "--no-throttle", "--quota", "5",
                       "--not-for-stage", "other:x", "--for-stage", "silver")
        self.assertEqual(changed["name"], "silver")
        self.assertNotIn("throttle", changed)
        self.assertEqual(changed["quota"], {"limit": 5, "offset": 6, "period": "WEEK"})
        self.assertEqual([stage["stage"] for stage in changed["apiStages"]], ["gold", "silver"])
        changed = call("plans", "update", made["id"], "--offset", "0", "--period", "day")
        self.assertEqual(changed["quota"], {"limit": 5, "offset": 0, "period": "DAY"})
        changed["warnings"] = []
        self.assertIn(changed, call("plans", "list"))
        self.assertEqual(call("plans", "show", made["id"]), changed)
        long_text = "What it is for. " * 64
        self.assertEqual(call("plans", "update", made["id"], "--description", long_text)["description"], long_text)
        call("plans", "delete", made["id"])
        self.assertNotIn(made["id"], [plan["id"] for plan in call("plans", "list")])

    def test_a_rate_alone_has_a_burst(self):
        made = call("plans", "create", "rated", "--rate", "2.5")
        self.assertEqual(made["throttle"], {"rateLimit": 2.5, "burstLimit": 3})
        bare = call("plans", "create", "bare", "--quota", "5", "--period", "day")
        refused = run("plans", "update", bare["id"], "--burst", "4")
        self.assertEqual(refused, (2, "", "tollgate plans update: --burst needs a --rate: the plan has none\n"))
        self.assertEqual(call("plans", "update", bare["id"], "--rate", "0.1")["throttle"],
                         {"rateLimit": 0.1, "burstLimit": 1})
        self.assertEqual(call("plans", "update", bare["id"], "--burst", "4")["throttle"],
                         {"rateLimit": 0.1, "burstLimit": 4})
        for plan in made, bare:
            call("plans", "delete", plan["id"])

    def test_a_stage_that_is_not_served_is_warned_of(self):
        warning = "stage gold is not served here, so the plan holds for it at other gateways alone"
        status, out, errors = run("plans", "create", "x", "--for-stage", "gold", "--for-stage", "$default")
        self.assertEqual((status, errors), (0, f"warning: {warning}\n"))
        made = json.loads(out)
        self.assertEqual(made["warnings"], [warning])
        status, out, errors = run("plans", "update", made["id"], "--not-for-stage", "gold")
        self.assertEqual((status, errors, json.loads(out)["warnings"]), (0, "", []))
        call("plans", "delete", made["id"])

    def test_a_plan_for_no_stage_is_warned_of(self):
        warning = "the plan is for no stage, so its keys open nothing; stage $default is one served here"
        status, out, errors = run("plans", "create", "x", "--rate", "1")
        self.assertEqual((status, errors), (0, f"warning: {warning}\n"))
        made = json.loads(out)
        self.assertEqual(made["warnings"], [warning])
        status, out, errors = run("plans", "update", made["id"], "--for-stage", "$default")
        self.assertEqual((status, errors, json.loads(out)["warnings"]), (0, "", []))
        call("plans", "delete", made["id"])

    def test_import(self):
        lines = 'Name,Key,enabled,UsagePlanIds\nimported,{0}-1,true,"standard"\nlost,short,true,\nother,{0}-2,,\n'
        path = os.path.join(program.folder.name, "keys.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(lines.format("imported-0123456789"))
        warning = "line 3: an API key's value has from 20 to 128 characters, this one has 5"
        status, out, errors = run("keys", "import", path, "--fail-on-warnings")
        self.assertEqual((status, out, errors), (2, "", f"tollgate keys import: {warning}\n"))
        self.assertEqual(call("keys", "list", "--name", "imported"), [])
        status, out, errors = run("keys", "import", path)
        self.assertEqual((status, errors), (0, f"warning: {warning}\n"))
        answer = json.loads(out)
        self.assertEqual((len(answer["ids"]), answer["warnings"]), (2, [warning]))
        self.assertEqual(call("keys", "list", "--name", "imported")[0]["id"], answer["ids"][0])
        self.assertEqual([plan["id"] for plan in self.plans_of(answer["ids"][0])], ["standard"])
        for key_id in answer["ids"]:
            call("keys", "delete", key_id)
        piped = subprocess.run([program.path, "keys", "import", "-"], capture_output=True, text=True,
                               input="name,key\nfrom a pipe,imported-0123456789-3\n", timeout=CALL_S_MAX,
                               env=environment(), check=True)
        shown = call("keys", "show", json.loads(piped.stdout)["ids"][0])
        self.assertEqual((shown["name"], shown["enabled"]), ("from a pipe", False))
        call("keys", "delete", shown["id"])
        again = on_terminal("keys", "import", path)
        self.assertEqual((again[0], again[1].rstrip(), again[-1]), ("warning: " + warning, "ID", "2 imported"))
        self.assertEqual(again[2:-1], answer["ids"])
        for key_id in answer["ids"]:
            call("keys", "delete", key_id)

    def test_imports_that_cannot_be(self):
        missing = os.path.join(program.folder.name, "missing.csv")
        large = os.path.join(program.folder.name, "large.csv")
        with open(large, "w", encoding="utf-8") as file:
            file.write("x" * (4 * 1024 * 1024 + 1))
        for path, words in [(missing, f"cannot read {missing}: No such file or directory"),
                            (large, f"{large} has more than 4194304 bytes"),
                            ("/dev/null", "/dev/null is empty"),
                            ("-", "standard input is empty")]:
            done = subprocess.run([program.path, "keys", "import", path], capture_output=True, text=True, input="",
                                  timeout=CALL_S_MAX, env=environment())
            self.assertEqual((done.returncode, done.stdout, done.stderr), (2, "", f"tollgate keys import: {words}\n"))

    def test_a_rate_is_shown_with_all_its_digits(self):
        for rate in "1234567", "0.001", "12345.678":
            plan = call("plans", "create", "rated", "--rate", rate)
            self.assertIn(f"rated  {rate} a second", on_terminal("plans", "show", plan["id"])[1])
            call("plans", "delete", plan["id"])

    def test_names_cannot_move_the_cursor(self):
        name = "evil\x1b[2J \u202etxt\u202c \x9b31m"
        made = call("keys", "create", name)
        self.assertEqual(made["name"], name)
        visible = r"evil\u001b[2J \u202etxt\u202c \u009b31m"
        self.assertIn(visible, on_terminal("keys", "list", "--name", "evil")[1])
        self.assertIn("name         " + visible, on_terminal("keys", "show", made["id"]))
        call("keys", "delete", made["id"])

    def test_on_a_terminal(self):
        lines = on_terminal("plans", "list")
        self.assertEqual(lines[0].split(), ["ID", "NAME", "RATE", "BURST", "QUOTA", "STAGES"])
        self.assertIn("standard  standard-plan               100 a minute  $default",
                      [line.rstrip() for line in lines])
        shown = on_terminal("keys", "create", "Seen", "--plan", "standard")
        self.assertEqual([line.split()[0] for line in shown], ["id", "value", "name", "enabled", "created"])
        key_id = shown[0].split()[1]
        self.assertEqual(on_terminal("keys", "list", "--name", "Seen")[1].split()[:3], [key_id, "Seen", "yes"])
        today = utc_today()
        self.assertEqual(on_terminal("plans", "usage", "standard", "--key", key_id, "--from", today)[1].split(),
                         [key_id, today, "0", "100"])
        self.assertEqual(json.loads("".join(on_terminal("keys", "show", key_id, "--json")))["id"], key_id)
        self.assertEqual(on_terminal("plans", "keys", "standard")[0].split(), ["ID", "NAME"])
        self.assertIn([key_id, "Seen"], [line.split() for line in on_terminal("plans", "keys", "standard")])
        self.assertEqual(on_terminal("plans", "show", "standard")[1].split()[:2], ["standard", "standard-plan"])
        self.assertEqual(on_terminal("keys", "delete", key_id), ["deleted"])

    def test_help(self):
        for args, expected in [
                (("keys", "--help"), "tollgate keys disable    makes a key no good, until it is enabled\n"),
                (("plans", "-h"), "tollgate plans add-key    puts a key into a plan\n"),
                (("keys", "create", "--help"), "tollgate keys create NAME [FLAG...] makes a key"),
                (("plans", "update", "--help"), "--not-for-stage STAGE\n"),
                (("--help",), "tollgate keys     makes and changes API keys\n"),
        ]:
            status, out, errors = run(*args)
            self.assertEqual((status, errors), (0, ""))
            self.assertIn(expected, out)

    def test_refusals(self):
        for args, status, message in [
                (("keys",), 2, "tollgate keys VERB makes and changes API keys.\n"),
                (("keys", "lst"), 2, 'tollgate keys: there is no verb "lst"; did you mean list?\n'),
                (("plans", "conquer"), 2, 'tollgate plans: there is no verb "conquer"; tollgate plans --help lists them\n'),
                (("key",), 2, 'tollgate: there is no subcommand "key"; did you mean keys?\n'),
                (("keys", "show"), 2, "tollgate keys show: KEY is missing\n"),
                (("keys", "create", "x", "--value", "short"), 2, "tollgate keys create: an API key's value has from "
                 "20 to 128 characters, this one has 5\n"),
                (("plans", "create", "x", "--quota", "1"), 2, "tollgate plans create: --quota and --period belong "
                 "together\n"),
                (("plans", "create", "x", "--quota", "1", "--period", "year"), 2, "tollgate plans create: --period: "
                 'expected minute, hour, day, week or month, found "year"\n'),
                (("plans", "create", "x", "--rate", "fast", "--burst", "1"), 2, "tollgate plans create: --rate: "
                 'expected a number of at least 0, found "fast"\n'),
                (("plans", "create", "x", "--rate", "0x10"), 2, "tollgate plans create: --rate: "
                 'expected a number of at least 0, found "0x10"\n'),
                (("plans", "create", "x", "--burst", "1"), 2, "tollgate plans create: --burst needs a --rate\n"),
                (("plans", "create", "x", "--offset", "1"), 2, "tollgate plans create: --offset needs a --quota\n"),
                (("plans", "update", "standard"), 2, "tollgate plans update: no flag says what shall change\n"),
        ]:
            got, out, errors = run(*args)
            self.assertEqual((got, out), (status, ""))
            self.assertTrue(errors.startswith(message), errors)

    def test_a_listener_that_is_not_there_or_says_no(self):
        for args in ("keys", "list"), ("keys", "create", "x", "--plan", "standard"):
            status, _, errors = run(*args, TOLLGATE_ADMIN_URL="http://127.0.0.1:1")
            self.assertEqual(status, 1)
            self.assertTrue(errors.startswith(f"tollgate keys {args[1]}: no answer from the admin listener at "
                                              "http://127.0.0.1:1; is tollgate serve running"), errors)
        status, _, errors = run("keys", "list", TOLLGATE_ADMIN_TOKEN="another")
        self.assertEqual((status, errors), (1, "tollgate keys list: the bearer token is not the right one\n"))


class OwnErrors(unittest.TestCase):
    """What the listener answers before anything has looked at a request speaks as all its errors do."""

    def answer(self, head, body=b""):
        host, port = program.admin.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), CALL_S_MAX) as connection:
            connection.sendall(head.encode() + body)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response.status, response.headers["x-amzn-ErrorType"], json.loads(response.read())

    def test_they_speak_the_dialect(self):
        large = 4 * 1024 * 1024 + 1
        for head, body, status, kind, message in [
                (f"POST /apikeys HTTP/1.1\r\nHost: x\r\nContent-Length: {large}\r\n\r\n", b"x" * large, 413,
                 "LimitExceededException", "request body is larger than 4194304 bytes"),
                ("GET /apikeys HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", b"", 400, "BadRequestException", None),
                ("GET /apikeys HTTP/1.1\nHost: x\n\n", b"", 400, "BadRequestException", None),
        ]:
            got, got_kind, answer = self.answer(head, body)
            self.assertEqual((got, got_kind, list(answer)), (status, kind, ["message"]))
            if message is not None:
                self.assertEqual(answer["message"], message)


class Gateways(unittest.TestCase):
    """Two gateways over the store of the program that they call."""

    def serve(self):
        return admin_program.Program(program.path, signed=False, store=program.store,
                                     upstream=program.running.address("grpc"))

    def status(self, gateway, value):
        request = urllib.request.Request(gateway.http + "/notes?page_size=1", headers={"x-api-key": value})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=CALL_S_MAX) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code

    def becomes(self, gateway, value, expected):
        give_up = time.monotonic() + CHANGE_S_MAX
        while (status := self.status(gateway, value)) != expected:
            self.assertLess(time.monotonic(), give_up, f"status {status}, expected {expected}")
            time.sleep(0.05)

    def test_a_change_through_one_holds_at_the_other(self):
        with self.serve() as changed, self.serve() as other:
            there = {"TOLLGATE_ADMIN_URL": changed.admin}
            made = json.loads(run("keys", "create", "Shared", "--plan", "standard", **there)[1])
            self.becomes(other, made["value"], 200)
            self.assertEqual(run("keys", "disable", made["id"], **there)[0], 0)
            self.becomes(other, made["value"], 403)
            self.assertEqual(run("keys", "delete", made["id"], **there)[0], 0)


class Secrets(unittest.TestCase):
    """What --key-secret-file and --recoverable-keys do, each test on a store of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tollgate-secrets-")
        self.addCleanup(folder.cleanup)
        self.store = f"sqlite:{folder.name}/store.db"
        self.secret = os.path.join(folder.name, "secret")
        with open(self.secret, "w") as file:
            file.write("a secret of the operator\n")

    def serve(self, *flags):
        return admin_program.Program(program.path, *flags, signed=False, store=self.store)

    def refused(self, *flags):
        status, _, errors = run("serve", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--admin", "none",
                                "--store", self.store, *flags)
        self.assertNotEqual(status, 0)
        return errors

    def test_values_can_be_shown_again(self):
        with self.serve("--key-secret-file", self.secret, "--recoverable-keys") as serving:
            there = {"TOLLGATE_ADMIN_URL": serving.admin}
            made = json.loads(run("keys", "create", "kept", **there)[1])
            self.assertNotIn("value", json.loads(run("keys", "show", made["id"], **there)[1]))
            self.assertEqual(json.loads(run("keys", "show", made["id"], "--reveal", **there)[1])["value"],
                             made["value"])
        with self.serve("--key-secret-file", self.secret) as serving:
            there = {"TOLLGATE_ADMIN_URL": serving.admin}
            self.assertNotIn("value", json.loads(run("keys", "show", made["id"], "--reveal", **there)[1]))

    def test_the_secret_stays_the_same(self):
        with self.serve("--key-secret-file", self.secret):
            pass
        self.assertIn("hashed under another secret than none, as is given now", self.refused())
        with open(self.secret, "w") as file:
            file.write("another secret of the operator\n")
        self.assertIn("hashed under another secret than the one given",
                      self.refused("--key-secret-file", self.secret))

    def test_secrets_that_are_none(self):
        self.assertIn("recoverable keys need an operator's secret", self.refused("--recoverable-keys"))
        self.assertIn("--key-secret-file: cannot read /nonexistent",
                      self.refused("--key-secret-file", "/nonexistent"))
        with open(self.secret, "w") as file:
            file.write("short\n")
        self.assertIn("holds less than the 16 bytes that a secret has", self.refused("--key-secret-file", self.secret))


def main():
    global program
    os.environ["TOLLGATE_ADMIN_TOKEN"] = TOKEN
    with admin_program.Program(sys.argv[1], signed=False) as program:
        return run_tests()


if __name__ == "__main__":
    sys.exit(main())
