#!/usr/bin/env -S python3 -B
"""Runs facts drawn from other gateways' own tests, where their folder stands beside the project.

vectors_test.py TESTEE VECTORS PROTO_FOLDER

Every row of every file is run. Where one follows another dialect than ours, DIFFERENT names it and why.
"""

import json
import os
import sys

from vector_messages import Testee
from vectors_different import DIFFERENT
from vectors_requests import (
    check_body, check_encoding, check_header, check_mask, check_param, check_query, check_response, check_rule,
    check_scalar, prepare_bodies, prepare_encoding, prepare_masks, prepare_params, prepare_query, prepare_scalars,
)
from vectors_routes import (
    check_googleapis, check_matching, check_precedence, check_template, check_unescaping,
)

FILES = [
    ("templates", None, check_template),
    ("matching", None, check_matching),
    ("precedence", None, check_precedence),
    ("unescaping", None, check_unescaping),
    ("httprule", None, check_rule),
    ("query", prepare_query, check_query),
    ("params", prepare_params, check_param),
    ("scalars", prepare_scalars, check_scalar),
    ("request_bodies", prepare_bodies, check_body),
    ("response_bodies", None, check_response),
    ("fieldmask_from_body", prepare_masks, check_mask),
    ("encoding_message_to_url", prepare_encoding, check_encoding),
    ("headers", None, check_header),
]


def read_rows(name, protos):
    with open(os.path.join(sys.argv[2], name + ".json"), encoding="utf-8") as file:
        data = json.load(file)
    if len(data["vectors"]) != data["count"]:
        sys.exit(f"{name}.json says it has {data['count']} rows and has {len(data['vectors'])}")
    data["protos"] = protos
    return data


def run_file(testee, protos, name, prepare, check):
    """Runs one file of rows; returns its problems and the rows of another dialect it met."""
    data = read_rows(name, protos)
    answer = prepare(testee, data, protos) if prepare else "ok"
    if answer != "ok":
        return [f"{name}: {answer}"], set()
    problems, different = [], set()
    for row in data["vectors"]:
        problem = check(testee, row, data)
        if row["id"] in DIFFERENT:
            different.add(row["id"])
            if problem is None:
                problems.append(f"{row['id']} agrees with us, but is listed as different")
        elif problem is not None:
            problems.append(f"{row['id']} {row.get('test', '')}: {problem}")
    print(f"{name}: {len(data['vectors'])} rows, {len(different)} of another dialect")
    return problems, different


def main():
    testee_program, folder, protos = sys.argv[1:]
    if not os.path.isdir(folder):
        print(f"SKIPPED: {folder} is not there; the tables of the C tests cover the same ground")
        return
    testee = Testee(testee_program)
    problems, met = [], set()
    for name, prepare, check in FILES:
        more, different = run_file(testee, protos, name, prepare, check)
        problems += more
        met |= different
    problems += [f"{row} is listed as different and stands in no file" for row in DIFFERENT if row not in met]
    problems += check_googleapis(testee, read_rows("googleapis_httprules", protos))
    testee.close()
    for problem in problems:
        print("FAILED", problem)
    sys.exit(1 if problems else 0)


main()
