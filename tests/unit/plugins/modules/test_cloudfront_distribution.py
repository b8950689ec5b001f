"""The module as Ansible runs it, with real botocore clients, before a CloudFront in memory."""

from __future__ import annotations

import copy
import functools
import json
from typing import Any

import pytest
from ansible_collections.steadyfront.fleet.plugins.modules import cloudfront_distribution
from aws_in_memory import SECRET, error

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/1"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def api(**settings: Any) -> dict[str, Any]:
    """The settings of an API's distribution."""
    return {
        "comment": "Before the API",
        "aliases": ["api.example.com", "www.example.com"],
        "viewer_certificate": {"acm_certificate_arn": CERTIFICATE},
        "origins": [
            {
                "id": "api",
                "domain_name": "origin.example.com",
                "connection_attempts": 1,
                "custom_origin_config": {"origin_protocol_policy": "https-only", "origin_ssl_protocols": ["TLSv1.2"]},
                "custom_headers": [{"header_name": "X-Origin-Secret", "header_value": SECRET}],
            },
            {"id": "pages", "domain_name": "pages.s3.amazonaws.com", "s3_origin_config": {}},
        ],
        "default_cache_behavior": {
            "target_origin_id": "api",
            "viewer_protocol_policy": "https-only",
            "cache_policy_id": CACHING_DISABLED,
            "allowed_methods": {"items": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]},
        },
        "cache_behaviors": [
            {
                "path_pattern": f"/pages/{name}",
                "target_origin_id": "pages",
                "viewer_protocol_policy": "redirect-to-https",
                "cache_policy_id": CACHING_DISABLED,
            }
            for name in ("z*", "a*")
        ],
        "custom_error_responses": [{"error_code": code, "error_caching_min_ttl": 0} for code in (502, 500)],
        **settings,
    }


@pytest.fixture
def aws(aws):
    aws.run = functools.partial(aws.run, cloudfront_distribution.main)
    aws.has_certificate(CERTIFICATE, "example.com", "*.example.com", Status="ISSUED")
    return aws


class TestStory:
    def test_created_once_and_then_left_alone(self, aws):
        first = aws.run(name="api", config=api(), tags={"service": "api"})
        assert first["changed"]
        assert first["distribution"]["domain_name"] == "edist0.cloudfront.net"
        assert aws.writes() == ["CreateDistributionWithTags"]
        again = aws.run(name="api", config=api(), tags={"service": "api"})
        assert not again["changed"]
        assert aws.writes() == []
        assert again["diff"]["before"] == again["diff"]["after"]

    def test_a_check_says_what_the_run_then_does(self, aws):
        for options in (
            {"config": api()},
            {"config": {"price_class": "PriceClass_100"}},
            {"config": {"origins": [*api()["origins"], {**api()["origins"][1], "id": "more"}]}},
            {"config": {"origins": api()["origins"]}},
            {"config": {"cache_behaviors": api()["cache_behaviors"][:1]}},
            {"config": {"aliases": ["api.example.com"]}},
            {"config": {"comment": "Another"}, "tags": {"a": "b"}},
            {"state": "absent"},
        ):
            checked = aws.run(check=True, name="api", **options)
            assert checked["changed"]
            assert aws.writes() == []
            done = aws.run(name="api", **options)
            assert done["changed"]
            assert done["diff"]["after"] == self.plain(checked["diff"]["after"], done["diff"]["after"])
        assert aws.distributions == {}

    @staticmethod
    def plain(checked: dict[str, Any], done: dict[str, Any]) -> dict[str, Any]:
        """Secrets are shown as another word in every run."""
        text = json.dumps(checked)
        for word in {part[:15] for part in text.split('"') if part.startswith("hidden-")}:
            theirs = next(part[:15] for part in json.dumps(done).split('"') if part.startswith("hidden-"))
            text = text.replace(word, theirs)
        return json.loads(text)

    def test_one_changed_field_is_all_that_changes(self, aws):
        aws.run(name="api", config=api())
        before = copy.deepcopy(aws.distributions["EDIST0"]["config"])
        result = aws.run(name="api", config={"origins": [{"id": "api", "connection_timeout": 4}, {"id": "pages"}]})
        assert result["changed"]
        after = aws.distributions["EDIST0"]["config"]
        timeouts = {origin["Id"]: origin["ConnectionTimeout"] for origin in after["Origins"]["Items"]}
        assert timeouts == {"api": 4, "pages": 10}
        assert {name for name in after if canonical(after[name]) != canonical(before[name])} == {"Origins"}

    def test_order_matters_for_behaviours_only(self, aws):
        aws.run(name="api", config=api())
        other = api()
        for name in ("aliases", "origins", "custom_error_responses"):
            other[name].reverse()
        other["default_cache_behavior"]["allowed_methods"]["items"].reverse()
        assert not aws.run(name="api", config=other)["changed"]
        other["cache_behaviors"].reverse()
        assert aws.run(name="api", config=other)["changed"]

    def test_null_takes_a_setting_away(self, aws):
        aws.run(name="api", config=api(web_acl_id="arn:aws:wafv2:us-east-1:1:global/webacl/x/1"))
        assert aws.run(name="api", config={"web_acl_id": None})["changed"]
        assert "WebACLId" not in aws.calls[-2][1].get("DistributionConfig", {})

    def test_a_changed_secret_is_sent_and_not_shown(self, aws):
        aws.run(name="api", config=api())
        config = api()
        config["origins"][0]["custom_headers"][0]["header_value"] = SECRET[::-1]
        result = aws.run(name="api", config=config)
        assert result["changed"]
        assert SECRET[::-1] not in json.dumps(result)
        (sent,) = [given for name, given in aws.calls if name == "UpdateDistribution"]
        assert SECRET[::-1] in json.dumps(sent)

    @pytest.mark.parametrize(
        "headers", [{"X-Secret": SECRET}, [f"X-Secret: {SECRET}"], [{"header_name": "X-Secret", "value": SECRET}]]
    )
    def test_a_secret_in_the_wrong_form_is_not_shown(self, aws, headers):
        config = api()
        config["origins"][0]["custom_headers"] = headers
        assert "config.origins[0].custom_headers" in aws.run(name="api", config=config)["msg"]

    def test_a_certificate_of_ones_own_is_never_served_from_an_address_of_ones_own_unasked(self, aws):
        plain = api(aliases=[], viewer_certificate={"cloud_front_default_certificate": True})
        aws.run(name="api", config=plain)
        assert not aws.run(name="api", config=plain)["changed"]
        aws.run(name="api", config=api())
        kept = aws.distributions["EDIST0"]["config"]["ViewerCertificate"]
        assert (kept["SSLSupportMethod"], kept["MinimumProtocolVersion"]) == ("sni-only", "TLSv1.2_2021")
        assert not kept["CloudFrontDefaultCertificate"]
        assert aws.run(name="api", config=plain)["changed"]
        assert not aws.run(name="api", config=plain)["changed"]

    def test_tags_are_owned_whole_where_they_are_given(self, aws):
        aws.run(name="api", config=api(), tags={"a": "1", "b": "2"})
        aws.distributions["EDIST0"]["tags"].append({"Key": "aws:made-by", "Value": "x"})
        assert not aws.run(name="api", config=api())["changed"]
        assert aws.run(name="api", config=api(), tags={"a": 1})["changed"]
        assert aws.writes() == ["UntagResource"]
        assert {tag["Key"] for tag in aws.distributions["EDIST0"]["tags"]} == {"a", "aws:made-by"}

    def test_it_is_found_among_others_and_by_its_identifier(self, aws):
        aws.run(name="other", config=api(aliases=[]))
        aws.run(name="api", config=api())
        assert len(aws.distributions) == 2
        assert not aws.run(name="api", config=api())["changed"]
        assert not aws.run(distribution_id="EDIST1", config=api())["changed"]

    def test_absent_disables_waits_and_deletes(self, aws):
        aws.run(name="api", config=api())
        assert aws.run(name="api", state="absent")["changed"]
        assert aws.writes() == ["UpdateDistribution", "DeleteDistribution"]
        assert not aws.run(name="api", state="absent")["changed"]


class TestTrouble:
    def test_a_change_of_somebody_else_is_kept(self, aws):
        aws.run(name="api", config=api())

        def another(operation: str, given: dict[str, Any]) -> None:
            if operation == "UpdateDistribution" and aws.calls.count((operation, given)) == 1:
                aws.interfere = lambda operation, given: None
                aws.distributions["EDIST0"]["etag"] = "another"
                aws.distributions["EDIST0"]["config"]["DefaultRootObject"] = "theirs.html"

        aws.interfere = another
        assert aws.run(name="api", config={"comment": "ours"})["changed"]
        kept = aws.distributions["EDIST0"]["config"]
        assert (kept["Comment"], kept["DefaultRootObject"]) == ("ours", "theirs.html")

    def test_somebody_who_never_stops_is_given_up_on(self, aws):
        aws.run(name="api", config=api())

        def always(operation: str, given: dict[str, Any]) -> None:
            if operation == "UpdateDistribution":
                raise error("PreconditionFailed", operation, 412)

        aws.interfere = always
        result = aws.run(name="api", config={"comment": "ours"})
        assert result["failed"]
        assert "somebody else changed EDIST0 5 times" in result["msg"]

    def test_throttling_is_waited_out(self, aws):
        left = [3, 3]

        def throttle(operation: str, given: dict[str, Any]) -> None:
            for n, name in enumerate(("CreateDistributionWithTags", "GetDistribution")):
                if operation == name and left[n]:
                    left[n] -= 1
                    raise error("Throttling", operation, 400)

        aws.interfere = throttle
        assert aws.run(name="api", config=api())["changed"]
        assert left == [0, 0]

    def test_what_a_failure_left_half_done_the_next_run_completes(self, aws):
        def fail_tags(operation: str, given: dict[str, Any]) -> None:
            if operation == "TagResource":
                raise error("AccessDenied", operation, 403)

        aws.run(name="api", config=api())
        aws.interfere = fail_tags
        wanted = {"config": api(comment="more"), "tags": {"a": "b"}}
        assert aws.run(name="api", **wanted)["failed"]
        aws.interfere = lambda operation, given: None
        assert aws.run(name="api", **wanted)["changed"]
        assert aws.writes() == ["TagResource"]
        assert not aws.run(name="api", **wanted)["changed"]

    def test_a_wait_that_is_too_short_says_so(self, aws):
        aws.run(name="api", config=api())
        aws.interfere = lambda operation, given: aws.distributions["EDIST0"].update(status="InProgress")
        result = aws.run(name="api", config=api(), wait=True, wait_timeout_seconds=30)
        assert result["failed"]
        assert "EDIST0 has not reached every edge within wait_timeout_seconds (30)" in result["msg"]

    def test_credentials_that_are_missing_are_named(self, run, monkeypatch):
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name, raising=False)
        result = run(cloudfront_distribution.main, name="api", config=api())
        assert result["failed"]
        assert "Unable to locate credentials" in result["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"config": {"origin": []}}, "config.origin is unknown: did you mean origins?"),
        ({"config": api(price_class="cheap")}, 'config.price_class is "cheap": allowed are PriceClass_100'),
        ({"config": api(origins=[])}, "config.origins is empty"),
        ({"config": api(origins=[{"id": "api"}])}, "config.origins[0].domain_name is missing"),
        (
            {"config": api(cache_behaviors=api()["cache_behaviors"][:1] * 2)},
            "config.cache_behaviors[1].path_pattern is /pages/z*, as that of config.cache_behaviors[0] is",
        ),
        (
            {"config": api(default_cache_behavior={**api()["default_cache_behavior"], "target_origin_id": "none"})},
            "config.default_cache_behavior.target_origin_id is none, which is no origin: allowed are api, pages",
        ),
        (
            {"config": api(default_cache_behavior={**api()["default_cache_behavior"], "min_ttl": 1})},
            "config.default_cache_behavior has cache_policy_id and min_ttl: only one may be set",
        ),
        ({"config": api(viewer_certificate=None)}, "viewer_certificate has no certificate that covers it"),
        (
            {"config": api(viewer_certificate={"acm_certificate_arn": CERTIFICATE.replace("us-east-1", "eu-west-1")})},
            "CloudFront takes certificates from us-east-1 only",
        ),
        (
            {"config": api(viewer_certificate={"acm_certificate_arn": CERTIFICATE + "1"})},
            "there is no such certificate",
        ),
        ({"config": api(aliases=["a.b.example.com"])}, "covers *.example.com, example.com"),
        ({"config": {"caller_reference": "x"}}, "config.caller_reference is what name is"),
        ({"distribution_id": "ENONE", "config": api()}, "distribution_id is ENONE: there is no such distribution"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_changes(aws, options, words):
    result = aws.run(**({} if "distribution_id" in options else {"name": "api"}), **options)
    assert result["failed"]
    assert words in result["msg"]
    assert aws.writes() == []


def canonical(value: Any) -> str:
    """Whatever the order of lists."""
    if isinstance(value, dict):
        return json.dumps({name: canonical(member) for name, member in value.items()}, sort_keys=True)
    return json.dumps(sorted(map(canonical, value)) if isinstance(value, list) else value)
