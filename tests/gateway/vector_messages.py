"""What the vectors' tests stand on: the testee, and .proto files made of the vectors' schemas."""

import json
import os
import subprocess
import sys
import tempfile


class Testee:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *words):
        self.process.stdin.write((" ".join(words) + "\n").encode())
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode()
        if not line:
            sys.exit(f"the testee died on: {' '.join(words)[:300]}")
        return line.rstrip("\n")

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            sys.exit("the testee failed at its end")


def to_bytes(text):
    """The files write bytes that are no UTF-8 as latin-1."""
    return text.encode("latin-1" if all(ord(c) < 256 for c in text) else "utf-8")


def to_hex(text):
    return to_bytes(text).hex() or "-"


def from_hex(word):
    return b"" if word == "-" else bytes.fromhex(word)


def message_json(testee, message, wire, flags="-"):
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


BOOKSTORE = """
message Shelf { enum Type { CLASSIC = 0; MODERN = 1; } string name = 1; string theme = 2; Type type = 3; }
message Biography { int64 year_born = 1; int64 year_died = 2; string text = 3; }
message AuthorInfo { string first_name = 1; string last_name = 2; Biography bio = 3; }
message Book { string author = 1; string name = 2; string title = 3; AuthorInfo author_info = 4; }
message CreateBookRequest { int64 shelf = 1; Book book = 2; }
message GetShelfRequest { int64 shelf = 1; }
message ListShelvesResponse { repeated Shelf shelves = 1; }
"""

EXAMPLES = """
message Sub { string subfield = 1; }
message Message { string text = 1; }
message Request {
  string name = 1; string message_id = 2; int64 revision = 3; Sub sub = 4; Message message = 5;
  string text = 6; string user_id = 7; string body = 8; string body1 = 9;
}
"""

MASKED = """
message Nested { string name = 1; uint32 amount = 2; string ok = 3; }
enum Number { ZERO = 0; ONE = 1; }
message ABitOfEverything {
  Nested single_nested = 25; string uuid = 1; repeated Nested nested = 2; float float_value = 3;
  double double_value = 4; int64 int64_value = 5; int64 int64_override_type = 37; uint64 uint64_value = 6;
  int32 int32_value = 7; fixed64 fixed64_value = 8; fixed32 fixed32_value = 9; bool bool_value = 10;
  string string_value = 11; bytes bytes_value = 29; uint32 uint32_value = 13; Number enum_value = 14;
  sfixed32 sfixed32_value = 17; sfixed64 sfixed64_value = 18; sint32 sint32_value = 19; sint64 sint64_value = 20;
  oneof oneof_value { google.protobuf.Empty oneof_empty = 21; string oneof_string = 22; }
  map<string, string> mapped_string_value = 24; string nonConventionalNameValue = 26;
  google.protobuf.Timestamp timestamp_value = 27; Number enum_value_annotation = 30; Nested nested_annotation = 36;
  google.protobuf.Any anytype = 50; repeated google.protobuf.Any repeated_anytype = 51;
}
message NestedOuter { message One { message Two { message Three { bool a = 1; bool b = 2; } Three three = 1; } Two two = 1; }
  One one = 1; }
message Thing { message SubThing { string sub_value = 1; } SubThing subThing = 1; }
message NonStandardMessage { string id = 1; int64 line_num = 2; Thing thing = 5; google.protobuf.Struct struct_field = 8;
  google.protobuf.Value value_field = 9; }
message RenamedThing { message SubThing { string sub_value = 1 [json_name = "sub_Value"]; }
  SubThing subThing = 1 [json_name = "SubThing"]; }
message NonStandardMessageWithJSONNames { string id = 1 [json_name = "ID"]; RenamedThing thing = 5 [json_name = "Thingy"]; }
"""

IMPORTS = ["google/api/annotations.proto"] + [
    f"google/protobuf/{name}.proto"
    for name in ("any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers")
]


def proto_fields(name, fields, schema):
    """The fields of one message, as .proto text."""
    out, oneofs = [], {}
    for field in fields:
        kind = field["type"]
        label = "repeated " if field.get("repeated") else ""
        entry = schema.get(kind[1:]) if kind.endswith("Entry") else None
        if entry:
            label, kind = "", f"map<{entry[0]['type']}, {entry[1]['type']}>"
        oneof = field.get("oneof", "")
        if oneof.startswith("_"):
            label, oneof = "optional ", ""
        line = f"{label}{kind} {field['name']} = {field['n']} [json_name = \"{field['json']}\"];"
        (oneofs.setdefault(oneof, []) if oneof else out).append(line)
    return out + [f"oneof {oneof} {{ {' '.join(lines)} }}" for oneof, lines in oneofs.items()]


def proto_type(name, schema):
    """One message or enum with what is declared inside it, as .proto text."""
    short = name.rsplit(".", 1)[-1]
    if isinstance(schema[name], dict):
        values = sorted(schema[name].items(), key=lambda value: value[1])
        return f"enum {short} {{ {' '.join(f'{v} = {n};' for v, n in values)} }}"
    inner = [n for n in schema if n.rsplit(".", 1)[0] == name and not n.endswith("Entry")]
    parts = [proto_type(n, schema) for n in inner] + proto_fields(name, schema[name], schema)
    return f"message {short} {{ " + "\n".join(parts) + " }"


def proto_of_schema(schema):
    tops = [n for n in schema if n.rsplit(".", 1)[0] not in schema]
    return "\n".join(proto_type(name, schema) for name in tops)


def rule_text(method, template, body="", more=()):
    pattern = f'custom: {{kind: "{method}" path: "{template}"}}'
    if method in ("GET", "PUT", "POST", "DELETE", "PATCH"):
        pattern = f'{method.lower()}: "{template}"'
    bindings = "".join(" additional_bindings {" + rule_text(*rule) + "}" for rule in more)
    return pattern + (f' body: "{body}"' if body else "") + bindings


class Rules:
    """A package of messages and rules that reach them, loaded into the testee."""

    def __init__(self, testee, protos, package, messages):
        self.testee, self.protos, self.package, self.messages = testee, protos, package, messages
        self.methods = []

    def add(self, message, *rule):
        self.methods.append(
            f"rpc M{len(self.methods)}({message}) returns ({message}) "
            f"{{ option (google.api.http) = {{{rule_text(*rule)}}}; }}"
        )

    def load(self):
        """Returns the testee's answer."""
        lines = ['syntax = "proto3";', f"package {self.package};"]
        lines += [f'import "{name}";' for name in IMPORTS]
        lines += [self.messages, "service Service {"] + self.methods + ["}"]
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "vectors.proto"), "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
            output = os.path.join(folder, "vectors.binpb")
            made = subprocess.run(
                ["protoc", "-I", folder, "-I", self.protos, "--include_imports",
                 "--descriptor_set_out=" + output, "vectors.proto"],
                capture_output=True, text=True, check=False,
            )
            if made.returncode != 0:
                return made.stderr
            answer = self.testee.ask("load", output)
        return "ok" if answer == "ok" else from_hex(answer.split(" ")[1]).decode()


METHODS = {"get": "GET", "put": "PUT", "post": "POST", "delete": "DELETE", "patch": "PATCH"}


def rule_of(rule):
    """A google.api.http rule of the files, as rule_text takes it."""
    body = rule.get("body", "")
    more = [rule_of(r)[:3] for r in rule.get("additional_bindings", [])]
    if "custom" in rule:
        return rule["custom"]["kind"], rule["custom"]["path"], body, more
    verb = next(v for v in METHODS if v in rule)
    return METHODS[verb], rule[verb], body, more
