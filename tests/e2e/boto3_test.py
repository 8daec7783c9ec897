#!/usr/bin/python3
"""Manages keys and plans with Debian's boto3, every request signed, with its paginators.

usage: boto3_test.py PROGRAM

With TOLLGATE_E2E_STORE=mongodb in the environment the store is MongoDB. Exits with 1 unless all passed.
"""

import datetime
import os
import sys
import unittest
import urllib.error
import urllib.request

import admin_program
from suite import run_tests

try:
    import boto3
    import botocore
except ImportError as missing:
    sys.exit(f"boto3_test: {missing}; install python3-boto3")

program = None
client = None


def make_client(**changes):
    settings = {"endpoint_url": program.admin, "region_name": "eu-central-1", "aws_access_key_id": admin_program.KEY_ID,
                "aws_secret_access_key": admin_program.SECRET,
                "config": botocore.config.Config(retries={"max_attempts": 0}, proxies={})}
    return boto3.client("apigateway", **{**settings, **changes})


class Boto3(unittest.TestCase):
    def test_the_two_plans(self):
        plans = {plan["name"]: plan for plan in client.get_usage_plans()["items"]}
        self.assertEqual(plans["standard-plan"]["quota"], {"limit": 100, "offset": 0, "period": "MINUTE"})
        self.assertEqual(plans["premium-plan"]["quota"], {"limit": 500, "offset": 0, "period": "MINUTE"})

    def test_pages_of_keys(self):
        made = {client.create_api_key(name=f"paged-{i}", enabled=i % 2 == 0)["id"] for i in range(23)}
        pages = list(client.get_paginator("get_api_keys").paginate(
            nameQuery="paged-", PaginationConfig={"PageSize": 5}))
        self.assertEqual([len(page["items"]) for page in pages], [5, 5, 5, 5, 3])
        self.assertEqual({key["id"] for page in pages for key in page["items"]}, made)
        for key in pages[0]["items"]:
            self.assertIsInstance(key["createdDate"], datetime.datetime)
            self.assertEqual(key["enabled"], int(key["name"].split("-")[1]) % 2 == 0)
        for key_id in made:
            self.assertEqual(client.delete_api_key(apiKey=key_id)["ResponseMetadata"]["HTTPStatusCode"], 202)

    def test_pages_of_a_plan(self):
        plan = client.create_usage_plan(name="paged", quota={"limit": 9, "period": "DAY"})
        self.assertEqual(plan["ResponseMetadata"]["HTTPStatusCode"], 201)
        made = [client.create_api_key(name=f"member-{i}")["id"] for i in range(7)]
        for key_id in made:
            client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key_id, keyType="API_KEY")
        keys = client.get_paginator("get_usage_plan_keys").paginate(
            usagePlanId=plan["id"], PaginationConfig={"PageSize": 3}).build_full_result()
        self.assertEqual(sorted(key["id"] for key in keys["items"]), sorted(made))
        usage = client.get_paginator("get_usage").paginate(
            usagePlanId=plan["id"], startDate="2026-01-01", endDate="2026-01-02", PaginationConfig={"PageSize": 2})
        items = {key_id: days for page in usage for key_id, days in page["items"].items()}
        self.assertEqual(items, {key_id: [[0, 9], [0, 9]] for key_id in made})
        plans = client.get_paginator("get_usage_plans").paginate(PaginationConfig={"PageSize": 1}).build_full_result()
        self.assertIn(plan["id"], [one["id"] for one in plans["items"]])
        client.delete_usage_plan(usagePlanId=plan["id"])
        self.assertEqual(client.get_usage_plans(keyId=made[0])["items"], [])

    def test_ten_plans_and_one_a_stage(self):
        key = client.create_api_key(name="busy")["id"]
        plans = [client.create_usage_plan(name="of many", apiStages=[{"apiId": "many", "stage": f"s{i}"}])["id"]
                 for i in range(11)]
        for plan in plans[:10]:
            client.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
        with self.assertRaises(client.exceptions.LimitExceededException):
            client.create_usage_plan_key(usagePlanId=plans[10], keyId=key, keyType="API_KEY")
        client.delete_usage_plan(usagePlanId=plans[9])
        client.create_usage_plan_key(usagePlanId=plans[10], keyId=key, keyType="API_KEY")
        other = client.create_usage_plan(name="same", apiStages=[{"apiId": "many", "stage": "s0"}])["id"]
        client.delete_usage_plan_key(usagePlanId=plans[1], keyId=key)
        with self.assertRaisesRegex(client.exceptions.ConflictException, "both hold for stage s0"):
            client.create_usage_plan_key(usagePlanId=other, keyId=key, keyType="API_KEY")
        with self.assertRaisesRegex(client.exceptions.ConflictException, "holds for the stage"):
            client.update_usage_plan(usagePlanId=plans[2], patchOperations=[
                {"op": "add", "path": "/apiStages", "value": "many:s3"}])
        client.update_usage_plan(usagePlanId=plans[2], patchOperations=[
            {"op": "add", "path": "/apiStages", "value": "many:s1"}])

    def test_import_all_or_none(self):
        rows = b"Name,Key\na,0123456789012345678901234567890a\nb,0123456789012345678901234567890a\n"
        with self.assertRaisesRegex(client.exceptions.ConflictException, "^.*line 3: there is an API key"):
            client.import_api_keys(body=rows, format="csv", failOnWarnings=True)
        self.assertEqual(client.get_api_keys(nameQuery="a")["items"], [])
        answer = client.import_api_keys(body=rows, format="csv")
        self.assertEqual((len(answer["ids"]), len(answer["warnings"])), (1, 1))

    def test_errors(self):
        exceptions = client.exceptions
        for expected, call in [
                (exceptions.NotFoundException, lambda: client.get_api_key(apiKey="none")),
                (exceptions.NotFoundException, lambda: client.get_usage_plan(usagePlanId="none")),
                (exceptions.NotFoundException, lambda: client.delete_usage_plan(usagePlanId="none")),
                (exceptions.BadRequestException, lambda: client.create_api_key(value="!" * 30)),
                (exceptions.BadRequestException, lambda: client.create_usage_plan(name="")),
                (exceptions.BadRequestException, lambda: client.get_api_keys(position="???")),
                (exceptions.BadRequestException, lambda: client.update_usage_plan(
                    usagePlanId="premium", patchOperations=[{"op": "replace", "path": "/id", "value": "x"}])),
        ]:
            with self.assertRaises(expected) as caught:
                call()
            self.assertTrue(caught.exception.response["Error"]["Message"])

    def test_credentials(self):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            make_client(aws_secret_access_key="another").get_api_keys()
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 403)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(program.admin + "/apikeys")
        self.assertEqual(refused.exception.code, 401)
        self.assertEqual(refused.exception.headers["x-amzn-ErrorType"], "UnauthorizedException")


def main():
    global program, client
    os.environ.update(AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null", no_proxy="*")
    with admin_program.Program(sys.argv[1]) as program:
        client = make_client()
        return run_tests()


if __name__ == "__main__":
    sys.exit(main())
