"""Modules for buckets, queues, roles, records and secrets, each told by its story."""

from __future__ import annotations

import datetime
import json

import pytest
from account_in_memory import Account
from ansible_collections.steadyfront.fleet.plugins.modules import (
    iam_roles,
    logs_groups,
    route53_records,
    s3_buckets,
    secretsmanager_json,
    sqs_queues,
)
from aws_in_memory import SECRET, error

PRIVATE = {
    "block_public_acls": True,
    "ignore_public_acls": True,
    "block_public_policy": True,
    "restrict_public_buckets": True,
}
AES = {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": ["sts:AssumeRole"]}],
}
OTHER_TRUST = json.loads(json.dumps(TRUST).replace("lambda", "firehose"))
CLOUDFRONT = {"dns_name": "d1.cloudfront.net", "hosted_zone_id": "Z2FDTNDATAQYW2"}
ELSEWHERE = {"dns_name": "d2.cloudfront.net.", "hosted_zone_id": "Z2FDTNDATAQYW2"}
QUEUE = "arn:aws:sqs:eu-central-1:111122223333"
API = {"name": "api.example.com", "type": "A"}


def allow(*actions):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "arn:aws:s3:::logs/*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def expire(id, days):
    return {"id": id, "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": days}}


def lifecycle(*rules):
    return {"buckets": [{"name": "logs", "lifecycle": {"rules": list(rules)}}]}


STORIES = {
    "buckets": (
        s3_buckets,
        {},
        [
            {"buckets": [{"name": "access", "ownership": {"object_ownership": "BucketOwnerPreferred"}}]},
            {
                "buckets": [
                    {
                        "name": "access",
                        "public_access_block": PRIVATE,
                        "ownership": {"object_ownership": "ObjectWriter"},
                    },
                    {
                        "name": "logs",
                        "ownership": {"object_ownership": "BucketOwnerEnforced"},
                        "public_access_block": PRIVATE,
                        "encryption": AES,
                        "logging": {"logging_enabled": {"target_bucket": "access", "target_prefix": "logs/"}},
                        "lifecycle": {"rules": [expire("old", 90)]},
                        "policy": allow("s3:PutObject"),
                        "tags": {"a": 1},
                    },
                ]
            },
            {"buckets": [{"name": "logs", "public_access_block": {"block_public_policy": False}}]},
            {"buckets": [{"name": "logs", "encryption": {"bucket_key_enabled": True}}]},
            {"buckets": [{"name": "logs", "logging": {"logging_enabled": {"target_prefix": "other/"}}}]},
            {"buckets": [{"name": "logs", "logging": {"logging_enabled": None}}]},
            lifecycle(expire("old", 30), expire("older", 60)),
            lifecycle(expire("older", 60)),
            lifecycle(),
            {"buckets": [{"name": "logs", "policy": allow("s3:PutObject", "s3:GetObject"), "tags": {"b": "2"}}]},
            {"buckets": [{"name": "logs", "policy": {}, "tags": {}}]},
        ],
    ),
    "roles": (
        iam_roles,
        {},
        [
            {"roles": [{"name": "a", "trust_policy": TRUST}]},
            {
                "roles": [
                    {"name": "a", "policies": {"one": allow("s3:PutObject")}},
                    {
                        "name": "b",
                        "description": "for b",
                        "trust_policy": TRUST,
                        "policies": {"one": allow("s3:GetObject", "s3:PutObject"), "two": allow("s3:ListBucket")},
                        "tags": {"a": 1},
                    },
                ]
            },
            {"roles": [{"name": "b", "trust_policy": OTHER_TRUST, "description": "for nobody"}]},
            {"roles": [{"name": "b", "policies": {"one": {}}, "tags": {"b": "2"}}]},
            {"roles": [{"name": "b", "policies": {"two": allow("s3:GetObject")}}]},
            {"roles": [{"name": "a"}, {"name": "b"}], "state": "absent"},
        ],
    ),
    "records": (
        route53_records,
        {"zone": "example.com"},
        [
            {
                "records": [
                    {**API, "alias": CLOUDFRONT},
                    {"name": "api.example.com.", "type": "AAAA", "alias": CLOUDFRONT},
                ]
            },
            {"records": [{**API, "alias": ELSEWHERE}]},
            {"records": [{"name": "*.Example.com", "type": "CNAME", "value": ["api.example.com."]}]},
            {"records": [{**API, "value": ["192.0.2.1", "192.0.2.2"], "ttl": 60}], "wait": True},
            {"records": [{**API, "value": ["192.0.2.2", "192.0.2.1"]}]},
            {"records": [{"name": "_acme-challenge.example.com", "type": "TXT", "value": ["one", '"two"']}]},
            {
                "records": [
                    API,
                    {**API, "type": "AAAA"},
                    {"name": "*.example.com", "type": "CNAME"},
                    {"name": "_acme-challenge.example.com", "type": "TXT"},
                ],
                "state": "absent",
            },
        ],
    ),
    "queues": (
        sqs_queues,
        {},
        [
            {"queues": [{"name": "dead"}]},
            {
                "queues": [
                    {"name": "late", "attributes": {"message_retention_period": 3600}},
                    {
                        "name": "notes",
                        "attributes": {
                            "visibility_timeout": 180,
                            "redrive_policy": {"deadLetterTargetArn": f"{QUEUE}:late", "maxReceiveCount": "100"},
                        },
                    },
                ]
            },
            {"queues": [{"name": "notes", "attributes": {"visibility_timeout": "60"}}]},
            {
                "queues": [
                    {
                        "name": "notes",
                        "attributes": {
                            "redrive_policy": {"maxReceiveCount": 100, "deadLetterTargetArn": f"{QUEUE}:dead"}
                        },
                    }
                ]
            },
        ],
    ),
    "log groups": (
        logs_groups,
        {},
        [
            {"groups": [{"name": "/fleet"}]},
            {"groups": [{"name": "/fleet/requests", "retention_days": 400, "tags": {"a": 1}}, {"name": "/fleet"}]},
            {"groups": [{"name": "/fleet/requests", "retention_days": 30}]},
            {"groups": [{"name": "/fleet/requests", "retention_days": 0, "tags": {"b": "2"}}]},
            {"groups": [{"name": "/fleet/requests", "tags": {}}, {"name": "/fleet", "retention_days": 1}]},
        ],
    ),
    "a secret": (
        secretsmanager_json,
        {"name": "api"},
        [{"value": {"user": "a", "password": SECRET}}, {"value": {"user": "b", "password": SECRET}}],
    ),
}


@pytest.fixture
def memory():
    return Account()


@pytest.mark.parametrize("story", STORIES)
def test_each_step_is_first_checked_then_done_then_left_alone(aws, story):
    module, known, steps = STORIES[story]
    for options in steps:
        checked = aws.run(module.main, check=True, **known, **options)
        assert checked["changed"], checked
        assert aws.writes() == []
        done = aws.run(module.main, **known, **options)
        assert done.get("changed"), done
        if story != "a secret":
            assert done["diff"] == checked["diff"]
        again = aws.run(module.main, **known, **options)
        assert not again["changed"], again["diff"]
        assert aws.writes() == []
        assert again["diff"]["before"] == again["diff"]["after"]


def test_stories_end_where_nothing_is_left_that_they_took_away(aws):
    for module, known, steps in STORIES.values():
        for options in steps:
            aws.run(module.main, **known, **options)
    assert aws.roles == aws.policies == aws.records == {}
    assert aws.log_groups == {"/fleet": {"retentionInDays": 1, "tags": {}}, "/fleet/requests": {"tags": {}}}
    assert not {"lifecycle", "policy", "tags"} & aws.buckets["logs"].keys()
    assert aws.buckets["logs"]["logging"] == {}
    # What S3 has filled in, nobody mentioned.
    [rule] = aws.buckets["logs"]["encryption"]["Rules"]
    assert rule["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}


def test_a_bucket_of_the_first_region_names_none(aws):
    aws.run(s3_buckets.main, region="us-east-1", buckets=[{"name": "logs"}])
    assert ("CreateBucket", {"Bucket": "logs"}) in aws.calls


def test_a_bucket_of_another_account_is_not_taken_for_none(aws):
    def refuse(operation, parameters):
        raise error("403", operation, 403)

    aws.interfere = refuse
    assert aws.run(s3_buckets.main, buckets=[{"name": "logs"}])["failed"]


def test_only_what_is_given_is_asked_for(aws):
    aws.run(s3_buckets.main, buckets=[{"name": "logs"}])
    aws.run(s3_buckets.main, buckets=[{"name": "logs", "encryption": AES}])
    assert [name for name, _ in aws.calls] == ["HeadBucket", "GetBucketEncryption"]


def test_dates_are_times_in_utc_whoever_wrote_them(aws):
    dates = [datetime.datetime(2030, month, 1, tzinfo=datetime.UTC) for month in (1, 6)]
    moved = [
        {"Date": date, "StorageClass": name} for date, name in zip(dates, ("GLACIER", "DEEP_ARCHIVE"), strict=True)
    ]
    rule = {"ID": "by hand", "Status": "Enabled", "Filter": {"Prefix": ""}, "Transitions": moved}
    aws.buckets["logs"] = {"lifecycle": [rule]}
    by_hand = {
        "id": "by hand",
        "transitions": [
            {"date": "2030-06-01T02:00:00+02:00", "storage_class": "DEEP_ARCHIVE"},
            {"date": "2030-01-01T00:00:00Z", "storage_class": "GLACIER"},
        ],
    }
    given = lifecycle(by_hand, {**expire("old", 1), "expiration": {"date": "2030-01-01"}})
    assert aws.run(s3_buckets.main, **given)["changed"]
    (old,) = [rule for rule in aws.buckets["logs"]["lifecycle"] if rule["ID"] == "old"]
    assert old["Expiration"]["Date"] == dates[0]
    again = aws.run(s3_buckets.main, **given)
    assert not again["changed"], again["diff"]
    kept = again["buckets"]["logs"]["lifecycle"]
    assert aws.run(s3_buckets.main, buckets=[{"name": "logs", "lifecycle": kept}])["changed"] is False


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"id": "old", "state": "Enabled"}, "buckets[0].lifecycle.rules[0].state is unknown: did you mean status?"),
        ({"id": "old", "status": "on"}, 'buckets[0].lifecycle.rules[0].status is "on": allowed are Enabled, Disabled'),
        ({"id": "old"}, "buckets[0].lifecycle.rules[0].status is missing"),
        ({"status": "Enabled"}, "buckets[0].lifecycle.rules[0].id is missing"),
        (
            {**expire("old", 1), "expiration": {"date": "soon"}},
            'buckets[0].lifecycle.rules[0].expiration.date is "soon": allowed is a time,',
        ),
    ],
)
def test_a_rule_that_cannot_work_is_refused_before_anything_is_changed(aws, rule, words):
    message = aws.run(s3_buckets.main, **lifecycle(rule))["msg"]
    assert message.startswith(words)
    assert aws.writes() == []


@pytest.mark.parametrize(
    ("module", "options", "words"),
    [
        (s3_buckets, {"buckets": [{"name": "a"}, {"name": "a"}]}, "buckets[1].name is a, as that of another is"),
        (
            sqs_queues,
            {"queues": [{"name": "a", "attributes": {"visibility": 1}}]},
            "queues[0].attributes.visibility is unknown: allowed are ",
        ),
        (logs_groups, {"groups": [{"name": "a"}, {"name": "a"}]}, "groups[1].name is a, as that of another is"),
        (iam_roles, {"roles": [{"name": "a"}]}, "roles[0].trust_policy is missing: there is no role a yet"),
        (
            iam_roles,
            {"roles": [{"name": "a", "trust_policy": TRUST}, {"name": "a", "trust_policy": TRUST}]},
            "roles[1].name is a, as that of another is",
        ),
        (
            route53_records,
            {"zone": "example.com", "records": [API]},
            "records[0] has both or none of value and alias: allowed is one of them",
        ),
        (
            route53_records,
            {"zone": "example.com", "records": [{**API, "value": ["192.0.2.1"]}] * 2},
            "records[1] is api.example.com. A, as another one is",
        ),
        (
            route53_records,
            {"zone": "example.org", "records": [{**API, "value": ["192.0.2.1"]}]},
            "zone is example.org: there is no public hosted zone of that name in the account",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_changed(aws, module, options, words):
    assert aws.run(module.main, **options)["msg"].startswith(words)
    assert aws.writes() == []


def test_records_that_share_a_name_are_left_to_their_owner(aws):
    aws.records["api.example.com.", "A"] = {
        "Name": "api.example.com.", "Type": "A", "SetIdentifier": "one", "Weight": 1, "TTL": 60,
        "ResourceRecords": [{"Value": "192.0.2.1"}],
    }  # fmt: skip
    given = {"zone": "example.com", "records": [{**API, "alias": CLOUDFRONT}]}
    assert "api.example.com. A has a SetIdentifier" in aws.run(route53_records.main, **given)["msg"]
    assert aws.writes() == []


def test_a_text_is_put_in_quotation_marks_once(aws):
    records = [{"name": "example.com", "type": "TXT", "value": ["one", '"two"', 'th"ree']}]
    aws.run(route53_records.main, zone="example.com", records=records)
    kept = aws.records["example.com.", "TXT"]["ResourceRecords"]
    assert [value["Value"] for value in kept] == ['"one"', '"two"', '"th\\"ree"']


def test_all_records_are_one_change(aws):
    records = [{**API, "alias": CLOUDFRONT}, {**API, "type": "AAAA", "alias": CLOUDFRONT}]
    aws.run(route53_records.main, zone="example.com", records=records)
    assert aws.writes() == ["ChangeResourceRecordSets"]


def test_policies_that_are_not_named_stay(aws):
    aws.run(iam_roles.main, roles=[{"name": "a", "trust_policy": TRUST, "policies": {"one": allow("s3:GetObject")}}])
    aws.run(iam_roles.main, roles=[{"name": "a", "policies": {"two": allow("s3:PutObject")}}])
    assert {policy for _, policy in aws.policies} == {"one", "two"}


def test_a_log_group_that_another_makes_meanwhile_gets_what_is_given(aws):
    def make_it_first(operation, parameters):
        if operation == "CreateLogGroup":
            aws.log_groups.setdefault("/fleet", {"tags": {}})

    aws.interfere = make_it_first
    done = aws.run(logs_groups.main, groups=[{"name": "/fleet", "retention_days": 400, "tags": {"a": "1"}}])
    assert done["changed"]
    assert aws.log_groups == {"/fleet": {"retentionInDays": 400, "tags": {"a": "1"}}}


def test_a_secret_that_waits_for_its_deletion_is_restored_with_the_new_value(aws):
    aws.secrets["api"] = {"text": "{}", "deleted": True}
    assert aws.run(secretsmanager_json.main, name="api", value={"password": SECRET})["changed"]
    assert aws.secrets == {"api": {"text": json.dumps({"password": SECRET})}}


@pytest.mark.parametrize("kept", [{}, {"text": "no JSON"}])
def test_a_secret_without_a_value_or_of_another_kind_gets_the_value(aws, kept):
    aws.secrets["api"] = dict(kept)
    assert aws.run(secretsmanager_json.main, name="api", value={"password": SECRET})["changed"]
    assert not aws.run(secretsmanager_json.main, name="api", value={"password": SECRET})["changed"]
