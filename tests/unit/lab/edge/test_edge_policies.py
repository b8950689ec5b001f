"""What policies of the API mean for headers."""

import pytest
from edge.policies import Answer, Header, RefusedError, answer, check_header, forwarding


@pytest.mark.parametrize(
    ("policy_id", "everything", "viewers_host"),
    [
        (None, False, False),
        ("216adef6-5c7f-47e4-b989-5492eafa07d3", True, True),
        ("b689b0a8-53d0-40ab-baf2-68738e2966ac", True, False),
    ],
)
def test_what_an_origin_gets_of_the_viewers_request(policy_id, everything, viewers_host):
    found = forwarding(policy_id)
    assert (found.everything, found.viewers_host) == (everything, viewers_host)


def test_an_origin_request_policy_that_the_edge_does_not_know_is_refused():
    with pytest.raises(RefusedError, match="33f36d7e is not known; the edge knows AllViewer and AllViewerExceptHost"):
        forwarding("33f36d7e")


@pytest.mark.parametrize(
    ("key", "config", "name", "value"),
    [
        (
            "StrictTransportSecurity",
            {"AccessControlMaxAgeSec": 300},
            "Strict-Transport-Security",
            "max-age=300",
        ),
        (
            "StrictTransportSecurity",
            {"AccessControlMaxAgeSec": 63072000, "IncludeSubdomains": True, "Preload": True},
            "Strict-Transport-Security",
            "max-age=63072000; includeSubDomains; preload",
        ),
        ("ContentTypeOptions", {}, "X-Content-Type-Options", "nosniff"),
        ("FrameOptions", {"FrameOption": "DENY"}, "X-Frame-Options", "DENY"),
        ("ReferrerPolicy", {"ReferrerPolicy": "no-referrer"}, "Referrer-Policy", "no-referrer"),
        (
            "ContentSecurityPolicy",
            {"ContentSecurityPolicy": "default-src 'self'"},
            "Content-Security-Policy",
            "default-src 'self'",
        ),
        ("XSSProtection", {"Protection": False}, "X-XSS-Protection", "0"),
        ("XSSProtection", {"Protection": True}, "X-XSS-Protection", "1"),
        ("XSSProtection", {"Protection": True, "ModeBlock": True}, "X-XSS-Protection", "1; mode=block"),
        ("XSSProtection", {"Protection": True, "ReportUri": "/r"}, "X-XSS-Protection", "1; report=/r"),
    ],
)
def test_security_headers(key, config, name, value):
    policies = {"p": {"SecurityHeadersConfig": {key: {**config, "Override": True}}}}
    assert answer("p", policies) == Answer(headers=(Header(name, value, True),))


def test_custom_headers_removed_headers_and_what_is_left_out():
    policy = {
        "CustomHeadersConfig": {"Quantity": 1, "Items": [{"Header": "X-A", "Value": "a b", "Override": False}]},
        "RemoveHeadersConfig": {"Quantity": 1, "Items": [{"Header": "X-Powered-By"}]},
        "CorsConfig": {"OriginOverride": True},
    }
    assert answer("p", {"p": policy}) == Answer((Header("X-A", "a b", False),), ("X-Powered-By",), ("CorsConfig",))


def test_no_policy_does_nothing_and_an_unknown_one_is_refused():
    assert answer(None, {}) == Answer()
    with pytest.raises(RefusedError, match="response headers policy p does not exist"):
        answer("p", {})


@pytest.mark.parametrize("name", ["", "A B", "A;", 'A"', "A\n"])
def test_a_header_that_no_request_could_carry_is_refused(name):
    with pytest.raises(RefusedError, match="allowed are letters, digits, hyphens and underscores"):
        check_header(name, "value")


@pytest.mark.parametrize("value", ["secret\n", "secret\0", "sécret"])
def test_a_value_that_could_not_stand_in_a_header_is_refused_and_not_shown(value):
    with pytest.raises(RefusedError, match="header X-A: its value has characters") as refused:
        check_header("X-A", value)
    assert value not in str(refused.value)
