"""Rows about templates and routes: what parses, which route a request reaches, and at what cost."""

import os
import tempfile
import urllib.parse

from vector_messages import Rules, call, from_hex, message_json, to_bytes, to_hex
from vectors_different import COLLIDE_IN_THEIR_API, NEVER_REACHED


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
    if "variables" in row:
        end_of = lambda v: v["end"] if v["end"] >= 0 else len(segments) + 1 + v["end"]
        # Their multi is a "**" inside; ours, http.proto's, is that or several segments.
        want = [(v["field"], v["start"], end_of(v), v.get("multi", False)) for v in row["variables"]]
        found = [v[:3] + (v[3] and w[3],) for v, w in zip(variables, want)]
        if found != want or len(variables) != len(want):
            return f"variables {variables}, want {want}"
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


def bindings_problem(expect, words):
    """Compares "NAME=VALUE" words with what a row says of its bindings."""
    found = [(w.split("=")[0], from_hex(w.split("=")[1])) for w in words]
    if "bindings" in expect:
        wanted = [(name, to_bytes(value)) for name, value in expect["bindings"]]
        return None if found == wanted else f"bindings {found}, want {wanted}"
    if "binding_values" in expect:
        values = [value for _, value in found]
        wanted = [to_bytes(value) for value in expect["binding_values"]]
        return None if values == wanted and len(found) == expect["binding_count"] else f"values {values}"
    return None


def query_problem(testee, row, routes, protos):
    """A row with a query is sent to rules over a message that has every name of the rows."""
    rules = Rules(testee, protos, "queries", "message Row { string x = 1; string y = 2; string z = 3; string t = 4; }")
    for route in routes:
        rules.add("Row", route["method"], route["template"])
    answer = rules.load()
    if answer != "ok":
        return answer
    got = call(testee, row["request"]["method"], row["request"]["path"] + "?" + row["request"]["query"], "")
    if isinstance(got, str):
        return got
    fields, wanted = message_json(testee, "queries.Row", got), dict(row["expect"]["bindings"])
    return None if fields == wanted else f"got {fields}, want {wanted}"


def body_problem(testee, route, want, protos):
    """Whether the route's body is the row's: a rule with it loads, over a message with its first name."""
    rules = Rules(testee, protos, "bodies", f"message Row {{ string {want.split('.')[0]} = 1; }}")
    rules.add("Row", route["method"], route["template"], want)
    answer = rules.load()
    return None if answer == "ok" else answer


# What our answer's status is: an unknown path 404, a method that the path has not 405, a bad path 400.
STATUS = {"matched": 200, "none": 404, "method": 405, "bad": 400}


def outcome_problem(row, words, got):
    """Compares the route, and the status where the row has one, with what was answered."""
    expect = row["expect"]
    name = got["name"] if got else None
    if "route_not" in expect:
        return None if name and name != expect["route_not"] else f"got {name}"
    if name != expect["route"]:
        return f"got {name}, want {expect['route']}"
    # grpc-gateway answers 501 where HTTP has 405 for it (RFC 9110 section 15.5.6).
    status = {501: 405}.get(expect.get("status"), expect.get("status"))
    return None if status in (None, STATUS[words[0]]) else f"{words[0]}, want {status}"


def check_matching(testee, row, data):
    named = isinstance(row["routes"], str)
    routes = data["route_sets"][row["routes"][1:]] if named else row["routes"]
    if "query" in row["request"] and row["expect"].get("bindings"):
        return query_problem(testee, row, routes, data["protos"])
    taken = add_routes(testee, [(r["method"], r["template"]) for r in routes])
    words = testee.ask("match", row["request"].get("method") or "GET", to_hex(path_of(row["request"]))).split(" ")
    got = routes[taken[int(words[1])]] if words[0] == "matched" else None
    problem = outcome_problem(row, words, got)
    if problem is None and got:
        problem = bindings_problem(row["expect"], words[2:])
    if problem is None and "body" in row["expect"]:
        problem = body_problem(testee, got, row["expect"]["body"], data["protos"])
    return problem


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
    """The text unescaped, and what a client would write for it, too."""
    for text in (row["input"], row["re_escaped"]):
        got = from_hex(testee.ask("unescape", row["mode"], to_hex(text))[3:])
        if got != to_bytes(row["unescaped"]):
            return f"{text} becomes {got}"
    return None


# ---- every rule of Google's public APIs ----


def shape_of(template):
    return sample_path(template, "*", "**")


def repeats(rules):
    """The indexes of the rules whose method and shape stand before."""
    first, found = {}, []
    for i, (method, template) in enumerate(rules):
        if first.setdefault((method, shape_of(template)), i) != i:
            found.append(i)
    return found


def check_apis_alone(testee, rows):
    """Each package of Google's by itself is a table that loads whole, but for one API's collisions."""
    packages = {}
    for row in rows:
        packages.setdefault(row[3].rsplit(".", 1)[0], []).append(row)
    refused = set()
    for mine in packages.values():
        taken = add_routes(testee, [(row[0], row[1]) for row in mine])
        refused |= {row[3] for i, row in enumerate(mine) if i not in set(taken)}
    print(f"googleapis: {len(packages)} APIs, each a table of its own: {len(refused)} rules collide")
    return [] if refused == COLLIDE_IN_THEIR_API else [f"collisions inside an API: {sorted(refused)}"]


def check_reached(testee, rules, taken):
    """A path made of each rule finds that rule."""
    problems = []
    for at, i in enumerate(taken):
        words = testee.ask("match", rules[i][0], to_hex(sample_path(rules[i][1]))).split(" ")
        if (words[:2] == ["matched", str(at)]) == (rules[i][0] == "GET" and rules[i][1] in NEVER_REACHED):
            problems.append(f"{rules[i]}: {words[:2]}")
    return problems


class Stopwatch:
    """Tables and the time of their matches; rules and paths go through files."""

    def __init__(self, testee, folder):
        self.testee, self.folder = testee, folder

    def file(self, name, pairs):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(f"{method} {text}\n" for method, text in pairs)
        return path

    def build(self, rules):
        """Loads a table; returns how many rules were taken and the milliseconds it took."""
        _, taken, took = self.testee.ask("build", self.file("rules", rules)).split(" ")
        return int(taken), int(took) / 1e6

    def match_ns(self, rules, rounds):
        """Nanoseconds of one match, the best of five times over a path of each rule."""
        name = self.file("paths", [(method, sample_path(template)) for method, template in rules])
        return min(float(self.testee.ask("time", name, str(rounds))[3:]) for _ in range(5))


def tell_scale(testee, rules):
    """Tells how long all rules take to load, and a match among them beside one among ten; judges nothing, since the
    machine may be busy with something else."""
    step = len(rules) // 10
    tens = [rules[first::step][:10] for first in range(0, step, step // 10)]
    with tempfile.TemporaryDirectory() as folder:
        watch = Stopwatch(testee, folder)
        few_ns = []
        for ten in tens:
            watch.build(ten)
            few_ns.append(watch.match_ns(ten, 200))
        taken, load_ms = watch.build(rules)
        same_ns = [watch.match_ns(ten, 200) for ten in tens]
        all_ns = watch.match_ns(rules, 1)
    few, same = sum(few_ns) / len(few_ns), sum(same_ns) / len(same_ns)
    print(f"googleapis: {taken} rules load in {load_ms:.0f} ms")
    print(f"googleapis: a match among 10 rules {few:.0f} ns; of the same paths among {taken} rules {same:.0f} ns "
          f"({same / few:.2f} times); of each rule's path in turn, with cold caches, {all_ns:.0f} ns "
          f"({all_ns / few:.2f} times)")


def check_googleapis(testee, data):
    rows = data["vectors"]
    rules = [(row[0], row[1]) for row in rows]
    problems = [f"{rule} does not parse" for rule in rules
                if not testee.ask("template", to_hex(rule[1])).startswith("ok")]
    taken = add_routes(testee, rules)
    again = repeats(rules)
    if set(taken) | set(again) != set(range(len(rules))) or len(taken) + len(again) != len(rules):
        problems.append(f"taken and refused rules are not as their shapes say: {len(taken)}")
    problems += check_reached(testee, rules, taken)
    print(f"googleapis: {len(rules)} rules parse, {len(taken)} are routed in one table; {len(again)} repeat a method "
          f"and shape: {len(again) - len(COLLIDE_IN_THEIR_API)} of other APIs, which have hosts of their own, and "
          f"{len(COLLIDE_IN_THEIR_API)} inside BigQuery Storage")
    problems += check_apis_alone(testee, rows)
    tell_scale(testee, [rules[i] for i in taken])
    return problems
