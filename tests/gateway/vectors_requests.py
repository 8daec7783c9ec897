"""Rows about requests and answers: the files' schemas become .proto files, with rules made for the rows."""

import json
import os
import sys
import urllib.parse

from vector_messages import (
    BOOKSTORE, EXAMPLES, MASKED, Rules, call, from_hex, message_json, proto_of_schema, rule_of, to_hex,
)


def message_problem(testee, message, got, row, want):
    """Compares what a call gave with what a row wants."""
    if "error" in row:
        return f"accepted {got.hex()}" if isinstance(got, bytes) else None
    if isinstance(got, str):
        return got
    # With defaults, because a zero that stands on the wire is none to one who reads the message.
    got, wanted = (message_json(testee, message, wire, "d") for wire in (got, bytes.fromhex(want["wire_hex"])))
    return None if got == wanted else f"got {got}, want {wanted}"


def query_of(pairs):
    return "&".join(f"{urllib.parse.quote(k, safe='.')}={urllib.parse.quote_plus(v)}" for k, v in pairs)


def refusal(testee, protos, package, messages, message, *rule):
    """What loading one rule is refused with; None when it loads."""
    rules = Rules(testee, protos, package, messages)
    rules.add(message, *rule)
    answer = rules.load()
    return None if answer == "ok" else answer


# ---- query.json, params.json, scalars.json ----


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
    if text is None:  # a message that their client refuses to write as text; ours is the number
        text = str(next(iter(row["message_value"]["json"].values())))
    pairs = [(row["field"], str(v)) for v in next(iter(row["initial"]["json"].values()))] if "initial" in row else []
    got = call(testee, "GET", "/p?" + query_of(pairs + [(row["field"], text)]), "")
    return message_problem(testee, row["message"], got, row, row.get("want") or row.get("message_value"))


SCALARS = """
enum Letter { A = 0; B = 1; C = 2; }
message Scalars {
  google.protobuf.Timestamp Timestamp = 1; google.protobuf.Duration Duration = 2; repeated string StringSlice = 3;
  repeated bool BoolSlice = 4; repeated double Float64Slice = 5; repeated float Float32Slice = 6;
  repeated int64 Int64Slice = 7; repeated int32 Int32Slice = 8; repeated uint64 Uint64Slice = 9;
  repeated uint32 Uint32Slice = 10; repeated bytes BytesSlice = 11; repeated Letter EnumSlice = 12;
}
"""


def prepare_scalars(testee, _data, protos):
    rules = Rules(testee, protos, "scalars", SCALARS)
    rules.add("Scalars", "GET", "/s")
    return rules.load()


def scalar_in_json(kind, want):
    """A value of a row as ProtoJSON has it."""
    if kind == "Timestamp":
        return "2016-05-10T10:19:13.123Z" if want["seconds"] == 1462875553 else None
    if kind == "Duration":
        return f"{want['seconds']}.{want['nanos'] // 1000000:03d}s"
    if kind in ("Int64Slice", "Uint64Slice"):
        return [str(v) for v in want]
    if kind == "BytesSlice":
        return ["Zm9v" if v == "foo" else "YmFy" for v in want]
    return ["ABC"[v] for v in want] if kind == "EnumSlice" else want


def check_scalar(testee, row, _data):
    """A list of theirs in one parameter is ours in several."""
    values = row["input"].split(row["sep"]) if "sep" in row else [row["input"]]
    got = call(testee, "GET", "/s?" + query_of((row["kind"], v) for v in values), "")
    if "error" in row:
        return "accepted" if isinstance(got, bytes) else None
    if isinstance(got, str):
        return got
    fields = message_json(testee, "scalars.Scalars", got)
    wanted = {row["kind"]: scalar_in_json(row["kind"], row["want"])}
    return None if fields == wanted else f"got {fields}, want {wanted}"


# ---- request_bodies.json, response_bodies.json ----


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
        if "." not in body:  # the others are refused, each alone in check_body
            rules.add("." + row["message"], "POST", template, body)
            rules.add("." + row["message"], "POST", "/more/" + row["id"], body)
    return rules.load()


def streamed_problem(testee, row, path, messages):
    """Each message of a body; of a stream's, only the first has the bindings."""
    for at, message in enumerate(messages):
        got = call(testee, "POST", path if at == 0 else "/more/" + row["id"], message["json"])
        if not message["strict_json"]:
            if isinstance(got, bytes):
                return "accepted what is no JSON"
            continue
        problem = message_problem(testee, row["message"], got, row, message["want"])
        if problem:
            return problem
    return None


def check_body(testee, row, data):
    template, path, body_field = body_route(row)
    if "." in body_field:
        answer = refusal(testee, data["protos"], "google.grpc.transcoding", BOOKSTORE,
                         "." + row["message"], "POST", template, body_field)
        prepare_bodies(testee, data, data["protos"])
        return answer
    if "error" in row:
        return message_problem(testee, row["message"], call(testee, "POST", path, row["body"]), row, None)
    return streamed_problem(testee, row, path, row["messages"])


def check_response(testee, row, _data):
    """Each message; how a stream's stand in one body is no matter of these rows' JSON."""
    flags = "d" if row["options"].get("emit_defaults") else "-"
    for message in row["messages"]:
        got = message_json(testee, row["message"], bytes.fromhex(message["message_value"]["wire_hex"]), flags)
        if got != message["want_json"]:
            return f"got {got}, want {message['want_json']}"
    return None


# ---- fieldmask_from_body.json ----


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


# ---- encoding_message_to_url.json: the other direction ----


def parameter_messages():
    with open(os.path.join(sys.argv[2], "params.json"), encoding="utf-8") as file:
        return proto_of_schema(json.load(file)["schema"])


def prepare_encoding(testee, data, protos):
    rules = Rules(testee, protos, "vanguard.test.v1", parameter_messages())
    for row in data["vectors"]:
        if "path" in row:
            rules.add("ParameterValues", "POST", row["template"].replace("/v", "/" + row["id"] + "/v", 1),
                      row["request_field"])
    rules.add("ParameterValues", "GET", "/refused")
    return rules.load()


def check_not_encoded(testee, row, data):
    """What their client refuses to write, because a rule cannot express it: nor do we read it."""
    if "{double_list" in row["template"] or row["request_field"].startswith("unknown"):
        answer = refusal(testee, data["protos"], "vanguard.test.v1", parameter_messages(), "ParameterValues",
                         "POST", row["template"], row["request_field"])
        prepare_encoding(testee, data, data["protos"])
        return None if answer else "the rule loads"
    name = row["error"].split(" ")[2].rstrip(":")
    got = call(testee, "GET", f"/refused?{name}=x", "")
    return f"accepted {got.hex()}" if isinstance(got, bytes) else None


def check_encoding(testee, row, data):
    """What a client made of a message becomes that message."""
    if "path" not in row:
        return check_not_encoded(testee, row, data)
    fields = row["message_value"]["json"]
    body = json.dumps(fields[row["request_field"]]) if row["request_field"] else ""
    got = call(testee, "POST", "/" + row["id"] + row["path"], body)
    return message_problem(testee, row["message_value"]["type"], got, row, row["message_value"])


# ---- httprule.json, headers.json ----


def check_rule(testee, row, data):
    rules = Rules(testee, data["protos"], "examples", EXAMPLES)
    rules.add("Request", *rule_of(row["rule"]))
    answer = rules.load()
    if answer != "ok":
        return answer
    for method, path, body in row.get("expands_to", []):
        got = call(testee, method, path, '"x"' if body else "")
        want = {body: "x"} if body else {}
        if isinstance(got, str) or message_json(testee, "examples.Request", got) != want:
            return f"{method} {path}: {got}"
    if "request" in row:
        method, url, body = row["request"]
        got = call(testee, method, url, body or "")
        if isinstance(got, str) or message_json(testee, "examples.Request", got) != row["want"]:
            return f"got {got}"
    return None


def check_header(testee, row, _data):
    """Their prefix is ours under another name, and metadata is lower-case (gRPC over HTTP/2)."""
    words = testee.ask("header", to_hex(row["header"].lower()), to_hex("value")).split(" ")
    got = words[1] if words[0] == "ok" else None
    want = row["metadata"] and row["metadata"].lower().replace("grpcgateway-", "tollgate-", 1)
    return None if got == want and (got is None or from_hex(words[2]) == b"value") else f"got {got}, want {want}"
