"""Options onto what AWS has, for distributions of real shapes and for whatever botocore's model allows."""

from __future__ import annotations

import functools
import json
import random
from typing import Any

import botocore.session
import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import (
    Customs,
    Settings,
    SettingsError,
)
from ansible_collections.steadyfront.fleet.plugins.module_utils.cloudfront import CUSTOMS, choose_certificate, faults
from aws_in_memory import as_read_back
from botocore import xform_name
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

SHAPE = botocore.session.get_session().get_service_model("cloudfront").shape_for("DistributionConfig")
SETTINGS = Settings(SHAPE, CUSTOMS, xform_name)
POLICY = {"cache_policy_id": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"}
CUSTOM = {"id": "o", "domain_name": "o.example", "custom_origin_config": {"origin_protocol_policy": "match-viewer"}}
BUCKET = {"id": "b", "domain_name": "b.s3.amazonaws.com", "s3_origin_config": {}}
TO_O = {"target_origin_id": "o", "viewer_protocol_policy": "allow-all"}
OLD = {"forwarded_values": {"query_string": False, "cookies": {"forward": "none"}}, "min_ttl": 0}
PLAIN = {"origins": [CUSTOM], "default_cache_behavior": {**TO_O, **POLICY}}
ASSOCIATION = {"lambda_function_arn": "arn:aws:lambda:us-east-1:1:function:f:1", "event_type": "origin-request"}
GROUP = {
    "id": "g",
    "failover_criteria": {"status_codes": [502, 500, 503]},
    "members": [{"origin_id": "o"}, {"origin_id": "b"}],
}


def behavior(**options: Any) -> dict[str, Any]:
    return {**PLAIN, "default_cache_behavior": {**TO_O, **POLICY, **options}}


def origin(**options: Any) -> dict[str, Any]:
    return {**PLAIN, "origins": [{**CUSTOM, **options}]}


REAL: dict[str, dict[str, Any]] = {
    "plain": PLAIN,
    "disabled, with a comment": {**PLAIN, "enabled": False, "comment": "off"},
    "a bucket": {"origins": [BUCKET], "default_cache_behavior": {**TO_O, **POLICY, "target_origin_id": "b"}},
    "a bucket by its identity": {
        "origins": [{**BUCKET, "s3_origin_config": {"origin_access_identity": "origin-access-identity/cloudfront/E1"}}],
        "default_cache_behavior": {**TO_O, **OLD, "target_origin_id": "b"},
    },
    "a bucket by access control": {
        "origins": [{**BUCKET, "origin_access_control_id": "E2"}],
        "default_cache_behavior": {**TO_O, **POLICY, "target_origin_id": "b"},
    },
    "all methods": behavior(
        allowed_methods={
            "items": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
            "cached_methods": ["GET", "HEAD"],
        }
    ),
    "old settings of the cache": {
        **PLAIN,
        "default_cache_behavior": {
            **TO_O,
            "forwarded_values": {
                "query_string": True,
                "cookies": {"forward": "whitelist", "whitelisted_names": ["session", "a"]},
                "headers": ["Host", "Authorization"],
                "query_string_cache_keys": ["page", "b"],
            },
            "min_ttl": 0,
            "default_ttl": 86400,
            "max_ttl": 31536000,
        },
    },
    "compressed, with policies": behavior(compress=True, origin_request_policy_id="p", response_headers_policy_id="r"),
    "functions": behavior(function_associations=[{"function_arn": "arn:f", "event_type": "viewer-request"}]),
    "functions at the edge": behavior(
        lambda_function_associations=[
            {**ASSOCIATION, "include_body": True},
            {**ASSOCIATION, "event_type": "viewer-request"},
        ]
    ),
    "signed by key groups": behavior(trusted_key_groups={"items": ["k2", "k1"]}),
    "signed by accounts": behavior(trusted_signers={"enabled": True, "items": ["self", "111122223333"]}),
    "gRPC": behavior(grpc_config={"enabled": True}),
    "origin's headers and limits": origin(
        custom_headers=[{"header_name": "X-B", "header_value": "2"}, {"header_name": "x-a", "header_value": "1"}],
        connection_attempts=1,
        connection_timeout=4,
        origin_path="/v1",
    ),
    "origin's TLS": origin(
        custom_origin_config={
            "origin_protocol_policy": "https-only",
            "https_port": 8443,
            "origin_ssl_protocols": ["TLSv1.2"],
            "origin_read_timeout": 60,
            "origin_keepalive_timeout": 60,
        }
    ),
    "origin's shield": origin(origin_shield={"enabled": True, "origin_shield_region": "eu-central-1"}),
    "in a VPC": {**PLAIN, "origins": [{"id": "o", "domain_name": "x", "vpc_origin_config": {"vpc_origin_id": "vo_1"}}]},
    "a group of origins": {
        "origins": [CUSTOM, BUCKET],
        "origin_groups": [GROUP],
        "default_cache_behavior": {**TO_O, **POLICY, "target_origin_id": "g"},
    },
    "behaviours in their order": {
        **PLAIN,
        "cache_behaviors": [{**TO_O, **POLICY, "path_pattern": pattern} for pattern in ("/z/*", "/a/*", "/m/?")],
    },
    "pages for errors": {
        **PLAIN,
        "custom_error_responses": [
            {"error_code": 404, "response_page_path": "/404.html", "response_code": 200, "error_caching_min_ttl": 0},
            {"error_code": 500, "error_caching_min_ttl": 0},
        ],
    },
    "domains of one's own": {
        **PLAIN,
        "aliases": ["b.example.com", "a.example.com"],
        "viewer_certificate": {
            "acm_certificate_arn": "arn:aws:acm:us-east-1:1:certificate/1",
            "ssl_support_method": "sni-only",
            "minimum_protocol_version": "TLSv1.2_2021",
        },
    },
    "a certificate of IAM's": {**PLAIN, "viewer_certificate": {"iam_certificate_id": "ASCA1"}},
    "logged": {**PLAIN, "logging": {"enabled": True, "bucket": "l.s3.amazonaws.com", "prefix": "cf/"}},
    "restricted": {
        **PLAIN,
        "restrictions": {"geo_restriction": {"restriction_type": "whitelist", "items": ["DE", "CH"]}},
    },
    "everything else": {
        **PLAIN,
        "price_class": "PriceClass_100",
        "http_version": "http2and3",
        "is_ipv6_enabled": True,
        "web_acl_id": "arn:aws:wafv2:us-east-1:1:global/webacl/a/1",
        "default_root_object": "index.html",
    },
}


def created(options: dict[str, Any]) -> dict[str, Any]:
    wanted = choose_certificate({}, SETTINGS.parse(options, "config"))
    return SETTINGS.overlay({"CallerReference": "name"}, wanted)


def again(options: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    return SETTINGS.overlay(there, choose_certificate(there, SETTINGS.parse(options, "config")))


@pytest.mark.parametrize("name", REAL)
def test_a_distribution_of_a_real_shape_is_valid_and_made_once(name):
    sent = created(REAL[name])
    assert not SETTINGS.missing(sent, "config")
    assert faults(sent, "config") == []
    assert not ParamValidator().validate(sent, SHAPE).has_errors()
    for seed in range(5):
        there = as_read_back(sent, SHAPE, random.Random(seed))
        wanted = again(REAL[name], there)
        assert SETTINGS.canonical(wanted) == SETTINGS.canonical(there)
        assert not ParamValidator().validate(wanted, SHAPE).has_errors()


@pytest.mark.parametrize("name", [name for name in REAL if name != "plain"])
def test_any_other_shape_onto_a_plain_one_is_a_change_that_settles(name):
    there = as_read_back(created(PLAIN), SHAPE, random.Random(1))
    sent = again(REAL[name], there)
    assert SETTINGS.canonical(sent) != SETTINGS.canonical(there)
    assert faults(sent, "config") == []
    there = as_read_back(sent, SHAPE, random.Random(2))
    assert SETTINGS.canonical(again(REAL[name], there)) == SETTINGS.canonical(there)


# --- whatever the model allows

SCALARS = {
    "string": st.text("abcxyz./-", min_size=1, max_size=8),
    "integer": st.integers(0, 900),
    "long": st.integers(0, 10**6),
    "boolean": st.booleans(),
}


@functools.cache
def options_of(shape: Any) -> st.SearchStrategy[Any]:
    """Any options of a shape, the required ones among them, at most one of alternatives."""
    if shape.type_name == "list":
        key = CUSTOMS.keys.get(shape.name)
        unique = (lambda item: str(item[xform_name(key)]).lower()) if key else json.dumps
        return st.lists(options_of(shape.member), max_size=3, unique_by=unique)
    if shape.type_name != "structure":
        allowed = getattr(shape, "enum", None)
        return st.sampled_from(list(allowed)) if allowed else SCALARS[shape.type_name]
    members = {name: member for name, member in shape.members.items() if name != "Quantity"}
    if set(members) == {"Items"}:
        return options_of(members["Items"])
    dropped = {name for group in CUSTOMS.alternatives.get(shape.name, ())[1:] for name in group}
    dropped |= {*CUSTOMS.derived.get(shape.name, ()), "CallerReference"}
    strategies = {xform_name(name): options_of(member) for name, member in members.items() if name not in dropped}
    required = [xform_name(name) for name in shape.required_members if xform_name(name) in strategies]
    key = next((xform_name(CUSTOMS.keys[name]) for name in CUSTOMS.keys if name.startswith(shape.name)), None)
    required += [key] if key in strategies and key not in required else []
    optional = {name: strategy for name, strategy in strategies.items() if name not in required}
    return st.fixed_dictionaries({name: strategies[name] for name in required}, optional=optional)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, derandomize=True)
@given(options=options_of(SHAPE), more=options_of(SHAPE), seed=st.integers(0, 99))
def test_whatever_is_wanted_is_made_once(options, more, seed):
    for wanted in (options, more):
        wanted.pop("viewer_certificate", None)
    there = as_read_back(created(options), SHAPE, random.Random(seed))
    assert SETTINGS.canonical(again(options, there)) == SETTINGS.canonical(there)
    there = as_read_back(again(more, there), SHAPE, random.Random(seed))
    assert SETTINGS.canonical(again(more, there)) == SETTINGS.canonical(there)
    # What is shown of it are options that make it.
    assert SETTINGS.canonical(again(SETTINGS.options(there, str), there)) == SETTINGS.canonical(there)


# --- an API that keeps what it is not told

FUNCTION = Settings(
    botocore.session.get_session().get_service_model("lambda").shape_for("UpdateFunctionConfigurationRequest"),
    Customs(withheld={"UpdateFunctionConfigurationRequest": ("FunctionName", "Environment")}),
    xform_name,
)
THERE = {
    "FunctionName": "f",
    "MemorySize": 128,
    "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-central-1:1:dead"},
    "Layers": ["a"],
    "VpcConfig": {"SubnetIds": ["b", "a"], "SecurityGroupIds": ["c"], "VpcId": "answered only"},
    "Description": "d",
}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, {}),
        ({"memory_size": 128, "vpc_config": {"subnet_ids": ["a", "b"]}}, {}),
        ({"memory_size": 256}, {"MemorySize": 256}),
        ({"timeout": 0}, {"Timeout": 0}),
        ({"dead_letter_config": None}, {"DeadLetterConfig": {"TargetArn": ""}}),
        ({"layers": []}, {"Layers": []}),
        ({"description": None}, {"Description": ""}),
        (
            {"vpc_config": None},
            {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "Ipv6AllowedForDualStack": False}},
        ),
    ],
)
def test_it_is_told_what_differs_and_what_is_taken_away(options, told):
    wanted = FUNCTION.overlay(THERE, FUNCTION.parse(options, "config"))
    assert FUNCTION.changes(THERE, wanted) == told


@pytest.mark.parametrize("option", ["memory_size", "ephemeral_storage", "tracing_config"])
def test_a_number_or_a_choice_cannot_be_taken_away(option):
    there = {**THERE, "EphemeralStorage": {"Size": 512}, "TracingConfig": {"Mode": "Active"}}
    wanted = FUNCTION.overlay(there, FUNCTION.parse({option: None}, "config"))
    assert FUNCTION.lasting(there, wanted, "config") == [f"config.{option} cannot be taken away, only changed"]


def test_what_is_withheld_is_no_option_and_never_missing():
    with pytest.raises(SettingsError, match=r"config\.function_name is unknown"):
        FUNCTION.parse({"function_name": "f"}, "config")
    assert FUNCTION.missing({}, "config") == []
    assert "FunctionName" not in FUNCTION.canonical(THERE)


def test_the_values_of_a_mapping_are_secrets_one_by_one():
    assert FUNCTION.secrets({"environment": {"variables": {"A": "a-secret", "B": 1}}}) == {"a-secret", "1"}


# --- what is refused


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ([], "config is a list: allowed is a mapping"),
        ({"enabled": "maybe"}, 'config.enabled is "maybe": allowed are true and false'),
        ({"aliases": "a.example.com"}, 'config.aliases is "a.example.com": allowed is a list'),
        ({"aliases": [["a"]]}, "config.aliases[0] is a list: allowed is a text"),
        ({"origins": [{"connection_attempts": True}]}, "config.origins[0].connection_attempts is true: allowed is a"),
        ({"origins": {"quantity": 1, "items": []}}, "config.origins is"),
        ({"http_version": "http9"}, 'config.http_version is "http9": allowed are http1.1, http2, http3, http2and3'),
        ({"price": "x"}, "config.price is unknown: did you mean price_class?"),
        ({"zzz": "x"}, "config.zzz is unknown: allowed are aliases, "),
        (
            {"custom_error_responses": [{"error_code": 500}, {"error_code": "500"}]},
            "config.custom_error_responses[1].error_code is 500, as that of config.custom_error_responses[0] is",
        ),
    ],
)
def test_a_fault_names_the_option_and_what_is_allowed(options, fault):
    with pytest.raises(SettingsError) as raised:
        SETTINGS.parse(options, "config")
    assert str(raised.value).startswith(fault)


def test_all_faults_are_told_at_once_and_no_secret_is():
    header = {"header_name": {}, "header_value": ["a-secret"]}
    with pytest.raises(SettingsError) as raised:
        SETTINGS.parse({"origins": [{"custom_headers": [header], "port": 1}], "zzz": 1}, "config")
    assert len(raised.value.faults) == 4
    assert "a-secret" not in str(raised.value)


HEADER = {"header_name": "X-A", "header_value": 'a-"secret"'}


@pytest.mark.parametrize(
    "origins",
    [
        [{"custom_headers": [HEADER], "zzz": 1}],
        [[{"custom_headers": [HEADER]}]],
        [{"custom_headers": HEADER}],
        {"custom_headers": [HEADER]},
        {"custom_headers": HEADER},
        [{"custom_header": [HEADER]}],
        [{"custom_headers": [{"header_name": "X-A", "value": HEADER["header_value"]}]}],
        [{"custom_headers": {"X-A": HEADER["header_value"]}}],
        [{"custom_headers": [{"X-A": [HEADER["header_value"]]}]}],
        [{"custom_headers": [HEADER["header_value"]]}],
        [{"custom_headers": HEADER["header_value"]}],
        [{"custom_headers": [{"header_value": {"secret": HEADER["header_value"], "is": True}}]}],
    ],
    ids=json.dumps,
)
def test_secrets_are_found_in_options_that_are_wrong(origins):
    options = {"origins": origins, "comment": "public", "price": 1}
    assert SETTINGS.secrets(options) - {"X-A"} == {HEADER["header_value"]}
    with pytest.raises(SettingsError) as raised:
        SETTINGS.parse(options, "config")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("origins", ["a text", ["a text"]])
def test_a_text_in_the_place_of_what_holds_a_secret_is_one(origins):
    assert SETTINGS.secrets({"origins": origins}) == {"a text"}


@pytest.mark.parametrize(
    "options", [{"enviroment": {"variables": {"A": "a-secret"}}}, {"environment": {"A": "a-secret"}}]
)
def test_what_stands_beside_the_mapping_of_secrets_is_one(options):
    assert FUNCTION.secrets(options) == {"a-secret"}


ATHENA = botocore.session.get_session().get_service_model("athena")
WORKGROUP = Settings(ATHENA.shape_for("WorkGroupConfiguration"), Customs(), xform_name)


def test_a_mapping_with_keys_of_ones_own_is_owned_whole():
    catalog = Settings(ATHENA.shape_for("DataCatalog"), Customs(), xform_name)
    current = {"Name": "a", "Type": "LAMBDA", "Parameters": {"function": "x"}}
    wanted = catalog.parse({"parameters": {"metadata-function": "y", "n": 1}}, "")
    assert catalog.overlay(current, wanted)["Parameters"] == {"metadata-function": "y", "n": "1"}
    assert catalog.options(current, str)["parameters"] == {"function": "x"}
    with pytest.raises(SettingsError, match=r"parameters is \"x\": allowed is a mapping"):
        catalog.parse({"parameters": "x"}, "")


def test_an_api_that_keeps_what_it_is_not_told_is_told_what_to_remove():
    result = {"OutputLocation": "s3://a/", "ExpectedBucketOwner": "1"}
    before = {"ResultConfiguration": result, "BytesScannedCutoffPerQuery": 10**7, "RequesterPaysEnabled": False}
    after = {"ResultConfiguration": {"OutputLocation": "s3://b/"}, "RequesterPaysEnabled": False}
    shape = ATHENA.shape_for("WorkGroupConfigurationUpdates")
    assert WORKGROUP.updates(before, after, shape, "") == {
        "ResultConfigurationUpdates": {"OutputLocation": "s3://b/", "RemoveExpectedBucketOwner": True},
        "RemoveBytesScannedCutoffPerQuery": True,
    }
    with pytest.raises(SettingsError, match=r"^a\.requester_pays_enabled cannot be taken away, only changed"):
        WORKGROUP.updates(before, {}, shape, "a")
