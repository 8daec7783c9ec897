#!/usr/bin/python3
"""Drives the admin listener with Debian's AWS CLI, unchanged but for --endpoint-url, every request signed.

usage: aws_cli_test.py PROGRAM

Exits with 1 unless all passed.
"""

import json
import os
import re
import subprocess
import sys
import unittest

import admin_program
from suite import run_tests

AWS = "/usr/bin/aws"
CALL_S_MAX = 60
VALUE = "an-imported-value-0123456789"
VALUE_MADE = re.compile(r"[0-9A-Za-z]{40}")

program = None


def run(*args, **environment):
    """Runs `aws apigateway`; returns its exit status, the JSON it printed (None for nothing) and its errors."""
    done = subprocess.run(
        [AWS, "apigateway", *args, "--endpoint-url", program.admin], capture_output=True, text=True,
        timeout=CALL_S_MAX, env={**admin_program.client_environment(program.folder.name), **environment})
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr.strip()


def aws(*args):
    status, answer, errors = run(*args)
    assert status == 0, f"aws {' '.join(args)}: {errors}"
    return answer


class AwsCli(unittest.TestCase):
    def refused(self, expected, *args, **environment):
        status, answer, errors = run(*args, **environment)
        self.assertNotEqual(status, 0)
        self.assertIsNone(answer)
        self.assertRegex(errors, expected)

    def test_a_plan_and_a_key_from_birth_to_death(self):
        plan = aws("create-usage-plan", "--name", "gold", "--description", "for the best",
                   "--throttle", "rateLimit=10.5,burstLimit=20", "--quota", "limit=1000,period=MONTH,offset=2",
                   "--tags", "team=a")
        self.assertEqual(plan["name"], "gold")
        self.assertEqual(plan["throttle"], {"rateLimit": 10.5, "burstLimit": 20})
        self.assertEqual(plan["quota"], {"limit": 1000, "offset": 2, "period": "MONTH"})
        self.assertEqual(plan["tags"], {"team": "a"})
        self.assertEqual(aws("get-usage-plan", "--usage-plan-id", plan["id"]), plan)

        patched = aws("update-usage-plan", "--usage-plan-id", plan["id"], "--patch-operations",
                      "op=add,path=/apiStages,value=tollgate:silver", "op=replace,path=/quota/limit,value=50",
                      "op=replace,path=/apiStages/tollgate:silver/throttle/~1notes/GET/rateLimit,value=1",
                      "op=replace,path=/name,value=silver")
        self.assertEqual(patched["name"], "silver")
        self.assertEqual(patched["quota"]["limit"], 50)
        self.assertEqual(patched["apiStages"], [
            {"apiId": "tollgate", "stage": "silver", "throttle": {"/notes/GET": {"rateLimit": 1, "burstLimit": 20}}}])

        key = aws("create-api-key", "--name", "first", "--enabled", "--customer-id", "c1")
        self.assertRegex(key["value"], VALUE_MADE)
        self.assertTrue(key["enabled"])
        self.assertRegex(key["createdDate"], "^20[0-9][0-9]-")

        added = aws("create-usage-plan-key", "--usage-plan-id", plan["id"], "--key-id", key["id"],
                    "--key-type", "API_KEY")
        self.assertEqual(added, {"id": key["id"], "type": "API_KEY", "name": "first"})
        self.assertEqual(aws("get-usage-plan-keys", "--usage-plan-id", plan["id"]), {"items": [added]})
        self.assertEqual(
            [one["id"] for one in aws("get-usage-plans", "--key-id", key["id"])["items"]], [plan["id"]])
        self.refused(r"\(ConflictException\).*is in usage plan", "create-usage-plan-key", "--usage-plan-id",
                     plan["id"], "--key-id", key["id"], "--key-type", "API_KEY")

        off = aws("update-api-key", "--api-key", key["id"], "--patch-operations",
                  "op=replace,path=/enabled,value=false", "op=replace,path=/description,value=tired")
        self.assertEqual((off["enabled"], off["description"]), (False, "tired"))
        self.assertNotIn("value", off)
        self.assertNotIn("value", aws("get-api-key", "--api-key", key["id"], "--include-value"))

        usage = aws("get-usage", "--usage-plan-id", plan["id"], "--start-date", "2026-01-01", "--end-date",
                    "2026-01-03")
        self.assertEqual(usage["items"], {key["id"]: [[0, 50], [0, 50], [0, 50]]})
        today = aws("update-usage", "--usage-plan-id", plan["id"], "--key-id", key["id"], "--patch-operations",
                    "op=replace,path=/remaining,value=7")
        self.assertEqual(today["items"], {key["id"]: [[0, 7]]})

        aws("delete-usage-plan-key", "--usage-plan-id", plan["id"], "--key-id", key["id"])
        aws("delete-usage-plan", "--usage-plan-id", plan["id"])
        aws("delete-api-key", "--api-key", key["id"])
        self.refused(r"\(NotFoundException\).*there is no API key", "get-api-key", "--api-key", key["id"])

    def test_import(self):
        path = os.path.join(program.folder.name, "keys.csv")
        with open(path, "w") as file:
            file.write(f'Name,key,description,Enabled,usageplanIds\nimported,{VALUE},"with, comma",TRUE,"premium"\n'
                       "bad,short,,,\n")
        answer = aws("import-api-keys", "--body", f"fileb://{path}", "--format", "csv")
        self.assertEqual(len(answer["ids"]), 1)
        self.assertEqual(len(answer["warnings"]), 1)
        self.assertRegex(answer["warnings"][0], "^line 3: an API key's value has from 20 to 128 characters")
        key = aws("get-api-keys", "--name-query", "impor")["items"][0]
        self.assertEqual((key["name"], key["description"], key["enabled"]), ("imported", "with, comma", True))
        self.refused(r"\(ConflictException\)", "create-api-key", "--value", VALUE)

    def test_refusals(self):
        self.refused(r"\(BadRequestException\).*20 to 128", "create-api-key", "--value", "short")
        self.refused(r"\(BadRequestException\).*offset", "create-usage-plan", "--name", "x",
                     "--quota", "limit=1,period=DAY,offset=1")
        self.refused(r"\(ForbiddenException\).*signature", "get-api-keys", AWS_SECRET_ACCESS_KEY="another")
        self.refused(r"\(UnauthorizedException\)", "get-api-keys", AWS_ACCESS_KEY_ID="another")


def main():
    global program
    with admin_program.Program(sys.argv[1]) as program:
        return run_tests()


if __name__ == "__main__":
    sys.exit(main())
