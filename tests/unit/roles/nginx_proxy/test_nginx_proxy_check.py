"""What the role refuses before it does anything: each fault alone, by one run of the role's own check."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from role_checks import check

pytestmark = pytest.mark.slow

SECRET = "a-secret-that-nobody-may-see"
UPSTREAM = {"nginx_proxy_upstream_url": "http://192.0.2.1"}
GOOD = [
    UPSTREAM,
    {**UPSTREAM, "debian": "12", "nginx_proxy_origin_secrets": [SECRET + "-1234", SECRET + "-5678"]},
    {"nginx_proxy_upstream_url": "http://localhost", "nginx_proxy_workers": "2"},
    {**UPSTREAM, "nginx_proxy_certificate_path": "/a.pem", "nginx_proxy_certificate_key_path": "/a.key"},
]
BAD = [
    (
        {**UPSTREAM, "nginx_proxy_retry_policy": {"attempts": 0}},
        "nginx_proxy_retry_policy.attempts is 0: allowed is a whole number of tries from 1 to 5",
    ),
    (
        {"nginx_proxy_upstream_url": "http://no-such-name.invalid"},
        "nginx_proxy_upstream_url is http://no-such-name.invalid, whose name",
    ),
    ({**UPSTREAM, "debian": "11"}, "runs Debian 11: allowed are Debian 12, Debian 13"),
    ({**UPSTREAM, "user": "nobody"}, "is reached as nobody: allowed is root"),
    ({**UPSTREAM, "nginx_proxy_workers": "many"}, "nginx_proxy_workers is many: allowed are auto"),
    ({**UPSTREAM, "nginx_proxy_origin_secrets": [SECRET]}, "of the lengths 28: allowed are at most two"),
    ({**UPSTREAM, "nginx_proxy_origin_secrets": [SECRET * 2] * 3}, "nginx_proxy_origin_secrets has 3 values"),
    ({**UPSTREAM, "nginx_proxy_origin_header": "a b"}, "nginx_proxy_origin_header is a b: allowed are letters"),
    (
        {**UPSTREAM, "nginx_proxy_certificate_path": "/a.pem"},
        "nginx_proxy_certificate_path is '/a.pem' and nginx_proxy_certificate_key_path is '': allowed are both",
    ),
    (
        {**UPSTREAM, "nginx_proxy_certificate_key_path": "/a.key"},
        "nginx_proxy_certificate_path is '' and nginx_proxy_certificate_key_path is '/a.key': allowed are both",
    ),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    return check("nginx_proxy", tmp_path_factory.mktemp("said"), GOOD, [case for case, _ in BAD], SECRET)


@pytest.mark.parametrize("n", range(len(GOOD)))
def test_what_can_be_served_is_let_through(said, n):
    assert said(f"good{n}") == ""


@pytest.mark.parametrize("n", range(len(BAD)), ids=[words.partition(" is ")[0] for _, words in BAD])
def test_a_fault_is_refused_with_variable_value_and_what_is_allowed(said, n):
    assert BAD[n][1] in said(f"bad{n}")
