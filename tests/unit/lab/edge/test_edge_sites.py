"""What distributions ask for, and what of it the edge refuses."""

from __future__ import annotations

import pytest
from edge.sites import Refused, origin_names
from edge_documents import ALL_VIEWER, behaviour, distribution, items, origin, plan

CERTIFICATE = {"ACMCertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/1"}


def site(**settings):
    sites, problems = plan(distribution(**settings))
    assert problems == []
    return sites[0]


def test_what_the_api_leaves_out_is_what_cloudfront_takes():
    found = site()
    assert (found.names, found.http2, found.tls13_only) == (("d1.cloudfront.net",), True, False)
    default = found.behaviours[-1]
    assert (default.expression, default.methods) == ("", ("GET", "HEAD"))
    assert default.forwarding.everything is False
    asked = default.target.primary
    assert (asked.attempts, asked.connect_timeout, asked.read_timeout, asked.keepalive_timeout) == (3, 10, 30, 5)
    assert (asked.path, asked.headers) == ("", {})


def test_behaviours_keep_their_order_and_the_default_one_is_last():
    listed = [behaviour(PathPattern=pattern) for pattern in ("/b/*", "/a/*", "*")]
    expressions = [found.expression for found in site(CacheBehaviors=items(*listed)).behaviours]
    assert expressions == [r"(?s)^/b/.*\z", r"(?s)^/a/.*\z", r"(?s)^.*\z", ""]


@pytest.mark.parametrize(
    ("protocol", "servers"),
    [
        ("http-only", {"http": ("198.18.0.5:80", "198.18.0.6:80")}),
        ("https-only", {"https": ("198.18.0.5:8443", "198.18.0.6:8443")}),
        (
            "match-viewer",
            {"http": ("198.18.0.5:80", "198.18.0.6:80"), "https": ("198.18.0.5:8443", "198.18.0.6:8443")},
        ),
    ],
)
def test_where_an_origin_is_asked(protocol, servers):
    custom = {"HTTPPort": 80, "HTTPSPort": 8443, "OriginProtocolPolicy": protocol}
    found = site(Origins=items(origin(CustomOriginConfig=custom)))
    assert found.behaviours[-1].target.primary.servers == servers


def test_a_function_url_leads_to_where_aws_is_and_its_name_is_not_looked_up():
    config = distribution(Origins=items(origin("abc123.lambda-url.eu-central-1.on.aws"), origin(Id="other")))
    sites, problems = plan(config)
    assert problems == []
    assert sites[0].behaviours[-1].target.primary.servers == {"http": ("198.18.0.5:4566",)}
    assert origin_names([config]) == {"origin.example.test"}


def test_a_disabled_distribution_and_one_for_staging_are_not_served():
    assert plan(distribution(Enabled=False), distribution(Staging=True)) == ([], [])


@pytest.mark.parametrize(
    ("version", "http2"), [("http1.1", False), ("http2", True), ("http3", False), ("http2and3", True)]
)
def test_http_2_is_as_the_distribution_says(version, http2):
    assert site(HttpVersion=version).http2 is http2


@pytest.mark.parametrize(
    ("certificate", "tls13_only"),
    [
        ({**CERTIFICATE, "MinimumProtocolVersion": "TLSv1.2_2021"}, False),
        ({**CERTIFICATE, "MinimumProtocolVersion": "TLSv1.3_2025"}, True),
        ({"CloudFrontDefaultCertificate": True, "MinimumProtocolVersion": "TLSv1"}, False),
    ],
)
def test_the_least_version_of_tls(certificate, tls13_only):
    assert site(ViewerCertificate=certificate).tls13_only is tls13_only


def test_aliases_are_served_with_a_certificate_and_by_one_distribution():
    first = distribution(Aliases=items("A.example.test", "*.example.test"), ViewerCertificate=CERTIFICATE)
    second = distribution(
        Id="E2", DomainName="d2.cloudfront.net", Aliases=items("a.example.test"), ViewerCertificate=CERTIFICATE
    )
    third = distribution(Id="E3", DomainName="d3.cloudfront.net", Aliases=items("b.example.test"))
    sites, problems = plan(first, second, third)
    assert [found.names for found in sites] == [
        ("d1.cloudfront.net", "a.example.test", "*.example.test"),
        ("d2.cloudfront.net",),
        ("d3.cloudfront.net",),
    ]
    assert problems == [
        "alias a.example.test belongs to E1, and is not served",
        "alias b.example.test has no certificate, and is not served",
    ]


def test_an_alias_that_is_no_host_name_is_not_served():
    sites, problems = plan(distribution(Aliases=items("a b; }"), ViewerCertificate=CERTIFICATE))
    assert sites[0].names == ("d1.cloudfront.net",)
    assert problems == ["alias 'a b; }' is not a host name, and is not served"]


def test_an_origin_group_has_two_members_and_statuses():
    group = {
        "Id": "both",
        "FailoverCriteria": {"StatusCodes": items(503, 500)},
        "Members": items({"OriginId": "api"}, {"OriginId": "other"}),
    }
    found = site(
        Origins=items(origin(), origin(Id="other")),
        OriginGroups=items(group),
        DefaultCacheBehavior=behaviour("both"),
    )
    target = found.behaviours[-1].target
    assert (target.primary.key, target.secondary.key, target.statuses) == ("e1-0", "e1-1", (500, 503))
    assert found.origins == [target.primary, target.secondary]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"TargetOriginId": "none"}, "there is no origin none"),
        ({"OriginRequestPolicyId": "p"}, "origin request policy p is not known"),
        ({"ResponseHeadersPolicyId": "p"}, "response headers policy p does not exist"),
        ({"CachePolicyId": ""}, "ForwardedValues is not done by the edge"),
        ({"TrustedKeyGroups": items("k")}, "TrustedKeyGroups is not done by the edge"),
        ({"FunctionAssociations": items({"EventType": "viewer-request"})}, "FunctionAssociations is not done"),
    ],
)
def test_a_behaviour_that_cannot_be_served_is_refused_and_the_others_are_served(settings, words):
    refused = behaviour(PathPattern="/a/*", **settings)
    sites, problems = plan(distribution(CacheBehaviors=items(refused, behaviour(PathPattern="/b/*"))))
    assert sites[0].behaviours[0] == Refused(r"(?s)^/a/.*\z")
    assert all(not isinstance(served, Refused) for served in sites[0].behaviours[1:])
    assert len(problems) == 1
    assert problems[0].startswith("behaviour /a/* answers 502: ")
    assert words in problems[0]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"CustomOriginConfig": None, "S3OriginConfig": {}}, "origin api is not a custom origin"),
        ({"CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443}}, "not whole: KeyError('OriginProtocolPolicy')"),
        (
            {"CustomHeaders": items({"HeaderName": "X-S", "HeaderValue": "a\nb"})},
            "header X-S: its value has characters",
        ),
    ],
)
def test_an_origin_that_cannot_be_asked_is_refused(wrong, words):
    sites, problems = plan(distribution(Origins=items(origin(**wrong))))
    assert sites[0].behaviours == (Refused(""),)
    assert words in problems[0]


def test_a_group_of_one_is_refused():
    group = {"Id": "one", "Members": items({"OriginId": "api"}), "FailoverCriteria": {"StatusCodes": items(500)}}
    sites, problems = plan(distribution(OriginGroups=items(group), DefaultCacheBehavior=behaviour("one")))
    assert sites[0].behaviours == (Refused(""),)
    assert "its settings are not whole: " in problems[0]


def test_an_origin_whose_name_leads_nowhere_has_no_servers_and_is_told_of_once():
    config = distribution(Origins=items(origin("gone.example.test")), CacheBehaviors=items(behaviour(PathPattern="/a")))
    sites, problems = plan(config)
    assert sites[0].origins[0].servers == {"https": ()}
    assert problems == ["origin gone.example.test cannot be resolved, and is answered for with 502: no such name"]


def test_settings_that_are_left_out_are_told():
    config = distribution(
        DefaultRootObject="index.html",
        CustomErrorResponses=items({"ErrorCode": 502, "ErrorCachingMinTTL": 0}),
        DefaultCacheBehavior=behaviour(OriginRequestPolicyId=ALL_VIEWER, ResponseHeadersPolicyId="p"),
    )
    _, problems = plan(config, policies={"p": {"CorsConfig": {"OriginOverride": True}}})
    assert problems == [
        "DefaultRootObject is not done by the edge, and left out",
        "behaviour (default): CorsConfig of its response headers policy is not done by the edge, and left out",
    ]
