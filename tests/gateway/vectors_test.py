#!/usr/bin/env -S python3 -B
"""Runs facts drawn from other gateways' own tests, where their folder stands beside the project.

vectors_test.py TESTEE VECTORS PROTO_FOLDER

Where a row follows another dialect than ours, DIFFERENT names the row and why. A row in that table
that agrees with us after all is a failure, too, so the table stays true.
"""

import json
import os
import sys
import urllib.parse

from vector_messages import (
    BOOKSTORE, EXAMPLES, MASKED, Rules, Testee, from_hex, proto_of_schema, rule_of, to_bytes, to_hex,
)


# ---- where we follow another dialect ----

NO_NESTING = "variables do not nest"
EMPTY_VERB = "an empty verb is refused"
COLON = "a colon elsewhere than before the verb belongs to its literal"
STAR_ONCE = '"**" may stand anywhere, once'
NEEDS_SEGMENT = "http.proto wants a segment before the verb"
EXCEPT_SLASH = "captures of several segments decode all but %2F, whatever the mode, and leave it as written"
RAW_SPLIT = "the path is split raw; %2F never separates, and nothing is decoded twice"
ZERO = '"**" takes zero segments, too'
DUPLICATE = "two rules of one shape and method are an error at load; the testee goes on with the first"
NO_FORM = "a form POST does not become a GET, and no header overrides a method"
NO_JSON_TEXT = "Struct and Value do not stand in a query"
NO_BRACKETS = "maps do not stand in a query; map[key]= is grpc-gateway's own"
GO_TEXT = "durations are ProtoJSON's, 13h0m0s is Go's; and " + NO_BRACKETS
NOT_PASSED_OVER = "a parameter for what the body or the path binds is refused or must agree, not passed over"
LIST_PART = "one parameter is one element; the row's message has two"
LEAF = "Struct and Value end a mask's path: their insides are data"

DIFFERENT = {
    "tpl-0062": COLON,
    "tpl-0096": STAR_ONCE,
    "tpl-0097": STAR_ONCE,
    "tpl-0101": NEEDS_SEGMENT,
    "tpl-0113": EMPTY_VERB,
    "tpl-0164": NO_NESTING,
    "tpl-0174": COLON,
    "tpl-0179": '"*" is a character of a literal (RFC 3986 pchar) unless it begins it',
    "tpl-0181": STAR_ONCE,
    "tpl-0197": NO_NESTING,
    "tpl-0198": NO_NESTING,
    "tpl-0270": COLON,
    "tpl-0293": STAR_ONCE,
    "match-0281": EXCEPT_SLASH,
    "match-0282": EXCEPT_SLASH,
    "match-0284": EXCEPT_SLASH,
    "match-0304": "a verb that no rule has is part of the value, without an option",
    "match-0356": DUPLICATE,
    "match-0357": DUPLICATE,
    "match-0373": "a path has at most 256 segments",
    "match-0375": DUPLICATE,
    "match-0376": DUPLICATE,
    "match-0442": EXCEPT_SLASH,
    "match-0450": NO_FORM,
    "match-0453": NO_FORM,
    "match-0454": NO_FORM,
    "match-0466": RAW_SPLIT,
    "match-0467": RAW_SPLIT,
    "match-0469": RAW_SPLIT,
    "match-0471": RAW_SPLIT,
    "match-0524": NO_NESTING,
    "match-0525": NO_NESTING,
    "match-0532": NO_NESTING,
    "match-0533": NO_NESTING,
    "match-0536": ZERO,
    "match-0537": ZERO,
    "match-0552": EXCEPT_SLASH,
    "match-0553": EXCEPT_SLASH,
    "match-0556": NO_NESTING,
    "match-0557": NO_NESTING,
    "unesc-0005": EXCEPT_SLASH,
    "query-0001": GO_TEXT,
    "query-0002": GO_TEXT,
    "query-0003": NO_JSON_TEXT,
    "query-0004": NO_JSON_TEXT,
    "query-0005": NO_JSON_TEXT,
    "query-0006": NO_JSON_TEXT,
    "query-0009": NO_BRACKETS,
    "query-0022": NOT_PASSED_OVER,
    "query-0023": NOT_PASSED_OVER,
    "query-0024": NOT_PASSED_OVER,
    "query-0025": NOT_PASSED_OVER,
    "param-0044": "a string wrapper's text is the string, quotes and all",
    "param-0048": '"null" is text, not null',
    "param-0050": LIST_PART,
    "param-0100": LIST_PART,
    "body-0011": "unknown fields are refused",
    "mask-0006": LEAF,
    "mask-0007": LEAF,
    "mask-0008": LEAF,
    "enc-0011": EXCEPT_SLASH,
}

# Rules of Google's that are never reached, because one of the same API with more segments behind the
# "**" matches all that they match: Firestore's GetDocument, beside its ListDocuments.
NEVER_REACHED = {
    "/v1/{name=projects/*/databases/*/documents/*/**}",
    "/v1beta1/{name=projects/*/databases/*/documents/*/**}",
}


# ---- templates ----


def describe_template(answer):
    """Takes "ok SEGMENTS;VARIABLES;VERB" apart."""
    segments, variables, verb = answer[3:].split(";")
    found = []
    for variable in variables.split(",") if variables else []:
        name, start, end, multi = variable.split(":")
        found.append((name, int(start), int(end), multi == "1"))
    wildcards = ("*", "**")
    segments = [s if s in wildcards else from_hex(s) for s in segments.split(",")] if segments else []
    return segments, found, from_hex(verb)


def template_problem(row, answer):
    """What is wrong about a parsed template, or None."""
    segments, variables, verb = describe_template(answer)
    if "segments" in row:
        want = [s if s in ("*", "**") else urllib.parse.unquote_to_bytes(s) for s in row["segments"]]
        if segments != want:
            return f"segments {segments}, want {want}"
    if "verb" in row and verb != urllib.parse.unquote_to_bytes(row["verb"]):
        return f"verb {verb}, want {row['verb']}"
    for want, found in zip(row.get("variables", []), variables):
        end = want["end"] if want["end"] >= 0 else len(segments) + 1 + want["end"]
        if (want["field"], want["start"], end) != found[:3]:
            return f"variable {found}, want {want}"
    if "fields" in row and [v[0] for v in variables] != row["fields"]:
        return f"variables {variables}, want {row['fields']}"
    return None


def check_template(testee, row, _data):
    answer = testee.ask("template", to_hex(row["template"]))
    if answer.startswith("ok") != row["valid"]:
        return answer[:60]
    return template_problem(row, answer) if row["valid"] else None


# ---- matching ----


def path_of(request):
    if "path_repeat" in request:
        first, (part, count), last = request["path_repeat"]
        return first + part * count + last
    return request["path"].split("?")[0]


def add_routes(testee, routes):
    """Adds (method, template) pairs; returns the indexes of those that were taken."""
    testee.ask("reset")
    return [i for i, (method, text) in enumerate(routes) if testee.ask("add", method, to_hex(text)) == "ok"]


def binding_problem(row, template, words):
    wanted = row["expect"].get("bindings")
    if wanted is None:
        return None
    # Those of the query stand behind those of the path, and are none of the router's.
    wanted = [(name, to_bytes(value)) for name, value in wanted if "{" + name in template]
    found = [(w.split("=")[0], from_hex(w.split("=")[1])) for w in words]
    return None if found == wanted else f"bindings {found}, want {wanted}"


def check_matching(testee, row, data):
    named = isinstance(row["routes"], str)
    routes = data["route_sets"][row["routes"][1:]] if named else row["routes"]
    taken = add_routes(testee, [(r["method"], r["template"]) for r in routes])
    words = testee.ask("match", row["request"].get("method") or "GET", to_hex(path_of(row["request"]))).split(" ")
    got = routes[taken[int(words[1])]] if words[0] == "matched" else None
    want = row["expect"].get("route", "an error")
    if (got and got["name"]) != want:
        return f"got {got and got['name']}, want {want}"
    return binding_problem(row, got["template"], words[2:]) if got else None


def sample_path(template, star="zz9", double_star="yy8/yy9"):
    """A path that the template matches."""
    out, at = "", 0
    while at < len(template):
        if template[at] == "{":
            end = template.index("}", at)
            inner = template[at + 1 : end]
            out += inner.split("=", 1)[1] if "=" in inner else "*"
            at = end + 1
        else:
            out += template[at]
            at += 1
    return out.replace("**", double_star).replace("*", star)


def check_precedence(testee, row, _data):
    routes = [tuple(r.split(" ")) for r in row["routes"]]
    taken = add_routes(testee, routes)
    if "error" in row:
        return None if len(taken) < len(routes) else "no rule is refused"
    order = [tuple(r.split(" ")) for r in row["most_specific_first"]]
    normal = lambda route: (route[0], route[1].replace("=*}", "}"))
    order = [normal(r) for r in order]
    for method, template in routes:
        asked = "LOCK" if method == "*" else method
        words = testee.ask("match", asked, to_hex(sample_path(template))).split(" ")
        if words[0] != "matched":
            return f"{template} matches nothing"
        got = normal(routes[taken[int(words[1])]])
        if order.index(got) > order.index(normal((method, template))):
            return f"{sample_path(template)} reaches {got}, not {template}"
    return None


def check_unescaping(testee, row, _data):
    got = from_hex(testee.ask("unescape", row["mode"], to_hex(row["input"]))[3:])
    return None if got == to_bytes(row["unescaped"]) else f"got {got}"


# ---- every rule of Google's public APIs ----


def shape_of(template):
    return sample_path(template, "*", "**")


def nanoseconds(testee, method, path):
    return min(int(testee.ask("time", method, to_hex(path), "2000")[3:]) for _ in range(5))


def check_googleapis(testee, data):
    rules = [(row[0], row[1]) for row in data["vectors"]]
    taken = add_routes(testee, rules)
    problems = [f"{rule} does not parse" for rule in rules
                if not testee.ask("template", to_hex(rule[1])).startswith("ok")]
    first = {}
    for i, (method, template) in enumerate(rules):
        first.setdefault((method, shape_of(template)), i)
    if set(first.values()) != set(taken):
        problems.append(f"taken and refused rules are not as their shapes say: {len(taken)}")
    for at, i in enumerate(taken):
        words = testee.ask("match", rules[i][0], to_hex(sample_path(rules[i][1]))).split(" ")
        if (words[:2] == ["matched", str(at)]) == (rules[i][0] == "GET" and rules[i][1] in NEVER_REACHED):
            problems.append(f"{rules[i]}: {words[:2]}")
    method, path = rules[taken[9]][0], sample_path(rules[taken[9]][1])
    many_ns = nanoseconds(testee, method, path)
    add_routes(testee, [rules[i] for i in taken[:10]])
    few_ns = nanoseconds(testee, method, path)
    print(f"one match among 10 rules {few_ns} ns, among {len(taken)} rules {many_ns} ns")
    if many_ns > 20 * few_ns:  # a scan would be a thousand times slower; a busy machine is not
        problems.append("a match takes longer among more rules")
    print(f"googleapis: {len(rules)} rules parse, {len(taken)} are routed, "
          f"{len(rules) - len(taken)} of other services repeat a shape and method")
    return problems


# ---- requests: the files' schemas become .proto files, with rules made for the rows ----


def as_json(testee, message, wire, flags="-"):
    """The message as Python values, so that two encodings of one message are equal."""
    kind, text = testee.ask("json", message, wire.hex() or "-", flags).split(" ")
    text = from_hex(text).decode()
    return json.loads(text) if kind == "json" else text


def call(testee, method, url, body):
    """The request message's wire bytes, or the error as text."""
    path, _, query = url.partition("?")
    answer = testee.ask("call", method, to_hex(path), to_hex(query), body.encode().hex() or "-").split(" ")
    return from_hex(answer[1]) if answer[0] == "wire" else answer[0] + " " + (
        from_hex(answer[1]).decode() if answer[0] == "error" else "")


def message_problem(testee, message, got, row, want):
    """Compares what a call gave with what a row wants."""
    if "error" in row:
        return f"accepted {got.hex()}" if isinstance(got, bytes) else None
    if isinstance(got, str):
        return got
    # With defaults, because a zero that stands on the wire is none to one who reads the message.
    got, wanted = (as_json(testee, message, wire, "d") for wire in (got, bytes.fromhex(want["wire_hex"])))
    return None if got == wanted else f"got {got}, want {wanted}"


def query_of(pairs):
    return "&".join(f"{urllib.parse.quote(k, safe='.')}={urllib.parse.quote_plus(v)}" for k, v in pairs)


def prepare_query(testee, data, protos):
    rules = Rules(testee, protos, "grpc.gateway.runtime.internal.examplepb", proto_of_schema(data["schema"]))
    rules.add("Proto3Message", "GET", "/Proto3Message")
    rules.add("Proto2Message", "GET", "/Proto2Message")
    rules.add("Proto3Message", "PUT", "/nested", "nested")
    rules.add("Proto3Message", "GET", "/bool/{bool_value}")
    rules.add("Proto3Message", "GET", "/path/{nested.nested.string_value}")
    return rules.load()


def check_query(testee, row, _data):
    query = query_of((key, value) for key, values in row["values"] for value in values)
    bound = row["bound_fields"]
    path = "/" + row["message"].rsplit(".", 1)[-1]
    if bound:
        path = {"nested": "/nested", "bool_value": "/bool/true"}.get(bound[0], "/path/str")
    got = call(testee, "PUT" if path == "/nested" else "GET", path + "?" + query, "")
    return message_problem(testee, row["message"], got, row, row.get("want"))


def prepare_params(testee, data, protos):
    rules = Rules(testee, protos, "vanguard.test.v1", proto_of_schema(data["schema"]))
    rules.add("ParameterValues", "GET", "/p")
    return rules.load()


def check_param(testee, row, _data):
    text = row.get("text", row.get("value"))
    if text is None:
        return None  # a message that has no text at all, which only a client can ask for
    got = call(testee, "GET", "/p?" + query_of([(row["field"], text)]), "")
    return message_problem(testee, row["message"], got, row, row.get("want") or row.get("message_value"))


def body_route(row):
    """The template and the path that set a row's bindings, and the rule's body."""
    template, path = "/" + row["id"], "/" + row["id"]
    for name, value in row["bindings"]:
        template += "/{" + name + "}"
        path += "/" + urllib.parse.quote(value, safe="")
    return template, path, row["body_field"] or "*"


def prepare_bodies(testee, data, protos):
    rules = Rules(testee, protos, "google.grpc.transcoding", BOOKSTORE)
    for row in data["vectors"]:
        template, _, body = body_route(row)
        if "." not in body:  # http.proto: a field of the request message itself
            rules.add("." + row["message"], "POST", template, body)
    return rules.load()


def check_body(testee, row, _data):
    _, path, body_field = body_route(row)
    if "." in body_field:
        return None if call(testee, "POST", path, "{}") == "none " else "a rule that was not added"
    if "error" in row:
        return message_problem(testee, row["message"], call(testee, "POST", path, row["body"]), row, None)
    for message in row["messages"][:1]:  # the others of a stream have no bindings
        got = call(testee, "POST", path, message["json"])
        if not message["strict_json"]:
            return "accepted what is no JSON" if isinstance(got, bytes) else None
        problem = message_problem(testee, row["message"], got, row, message["want"])
        if problem:
            return problem
    return None


def check_response(testee, row, _data):
    flags = "d" if row["options"].get("emit_defaults") else "-"
    for message in row["messages"]:
        got = as_json(testee, row["message"], bytes.fromhex(message["message_value"]["wire_hex"]), flags)
        if got != message["want_json"]:
            return f"got {got}, want {message['want_json']}"
    return None


def prepare_masks(testee, _data, protos):
    package = "grpc.gateway.runtime.internal.examplepb"
    names = ("ABitOfEverything", "NonStandardMessage", "NonStandardMessageWithJSONNames", "NestedOuter")
    wrappers = "\n".join(
        f"message Patch{n} {{ {n} body = 1; google.protobuf.FieldMask mask = 2; }}" for n in names
    )
    rules = Rules(testee, protos, package, MASKED + wrappers)
    for name in names:
        rules.add("Patch" + name, "PATCH", "/" + name, "body")
    return rules.load()


def mask_paths(wire):
    """The paths of field 2, a FieldMask, in the wire bytes of a request."""
    def records(data):
        at = 0
        while at < len(data):
            number, size, at = data[at] >> 3, 0, at + 1
            shift = 0
            while True:
                byte = data[at]
                at += 1
                size |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            yield number, data[at : at + size]
            at += size

    return [path.decode() for number, mask in records(wire) if number == 2 for _, path in records(mask)]


def check_mask(testee, row, _data):
    body = row["body"].replace("xx.xx/examplepb.", "xx.xx/grpc.gateway.runtime.internal.examplepb.")
    got = call(testee, "PATCH", "/" + row["message"].rsplit(".", 1)[-1], body)
    if isinstance(got, str):
        return got
    paths = mask_paths(got)
    return None if paths == sorted(row["want_paths"]) else f"got {paths}"


def prepare_encoding(testee, data, protos):
    with open(os.path.join(sys.argv[2], "params.json"), encoding="utf-8") as file:
        messages = proto_of_schema(json.load(file)["schema"])
    rules = Rules(testee, protos, "vanguard.test.v1", messages)
    for row in data["vectors"]:
        if "path" in row:
            rules.add("ParameterValues", "POST", row["template"].replace("/v", "/" + row["id"] + "/v", 1),
                      row["request_field"])
    return rules.load()


def check_encoding(testee, row, _data):
    """The other direction: what a client made of a message becomes that message."""
    if "path" not in row:
        return None  # the client refuses to write it; nothing reaches a server
    fields = row["message_value"]["json"]
    body = json.dumps(fields[row["request_field"]]) if row["request_field"] else ""
    got = call(testee, "POST", "/" + row["id"] + row["path"], body)
    return message_problem(testee, row["message_value"]["type"], got, row, row["message_value"])


def check_rule(testee, row, data):
    rules = Rules(testee, data["protos"], "examples", EXAMPLES)
    rules.add("Request", *rule_of(row["rule"]))
    answer = rules.load()
    if answer != "ok":
        return answer
    for method, path, body in row.get("expands_to", []):
        got = call(testee, method, path, '"x"' if body else "")
        want = {body: "x"} if body else {}
        if isinstance(got, str) or as_json(testee, "examples.Request", got) != want:
            return f"{method} {path}: {got}"
    if "request" in row:
        method, url, body = row["request"]
        got = call(testee, method, url, body or "")
        if isinstance(got, str) or as_json(testee, "examples.Request", got) != row["want"]:
            return f"got {got}"
    return None


FILES = [
    ("templates", None, check_template),
    ("matching", None, check_matching),
    ("precedence", None, check_precedence),
    ("unescaping", None, check_unescaping),
    ("httprule", None, check_rule),
    ("query", prepare_query, check_query),
    ("params", prepare_params, check_param),
    ("request_bodies", prepare_bodies, check_body),
    ("response_bodies", None, check_response),
    ("fieldmask_from_body", prepare_masks, check_mask),
    ("encoding_message_to_url", prepare_encoding, check_encoding),
]


def run_file(testee, protos, name, prepare, check):
    """Runs one file of rows; returns its problems."""
    with open(os.path.join(sys.argv[2], name + ".json"), encoding="utf-8") as file:
        data = json.load(file)
    data["protos"] = protos
    answer = prepare(testee, data, protos) if prepare else "ok"
    if answer != "ok":
        return [f"{name}: {answer}"]
    problems, different = [], 0
    for row in data["vectors"]:
        problem = check(testee, row, data)
        if row["id"] in DIFFERENT:
            different += 1
            if problem is None:
                problems.append(f"{row['id']} agrees with us, but is listed as different")
        elif problem is not None:
            problems.append(f"{row['id']} {row.get('test', '')}: {problem}")
    print(f"{name}: {len(data['vectors'])} rows, {different} of another dialect")
    return problems


def main():
    testee_program, folder, protos = sys.argv[1:]
    if not os.path.isdir(folder):
        print(f"SKIPPED: {folder} is not there; the tables of the C tests cover the same ground")
        return
    testee = Testee(testee_program)
    problems = []
    for name, prepare, check in FILES:
        problems += run_file(testee, protos, name, prepare, check)
    with open(os.path.join(folder, "googleapis_httprules.json"), encoding="utf-8") as file:
        problems += check_googleapis(testee, json.load(file))
    testee.close()
    for problem in problems:
        print("FAILED", problem)
    sys.exit(1 if problems else 0)


main()
