"""What stands in NGINX's configuration. Whether NGINX does it, tests/e2e/test_edge.py shows."""

from __future__ import annotations

import re

import pytest
from edge.configuration import Trust, escaped, render
from edge_documents import ALL_VIEWER, behaviour, distribution, items, origin, plan

TRUST = Trust("/etc/c.pem", "/etc/k.pem", "/etc/ca.pem", "mark-1")


def rendered(policies=None, **settings) -> str:
    sites, _ = plan(distribution(**settings), policies=policies)
    return render(sites, TRUST)


def block(text: str, opening: str) -> str:
    """The lines between an opening line and the brace that closes it."""
    indent, found = re.search(rf"^( *){re.escape(opening)} \{{\n(.*?)^\1\}}", text, re.MULTILINE | re.DOTALL).groups()
    return re.sub(rf"^{indent} {{4}}", "", found, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "escapes"),
    [
        ("plain", "plain"),
        ('a"b', r"a\"b"),
        (r"a\nb", r"a\\nb"),
        ("a$b", "a${edge_dollar}b"),
        (r"\$", r"\\${edge_dollar}"),
    ],
)
def test_text_keeps_its_meaning(text, escapes):
    assert escaped(text) == escapes


def test_without_distributions_every_name_is_refused():
    text = render([], TRUST)
    assert text.count("listen 443 ssl") == 1
    assert block(text, "location /") == "return 403;\n"
    assert "mark-1" in text


def test_an_origin_is_listed_once_for_each_attempt():
    text = rendered(Origins=items(origin(ConnectionAttempts=2)))
    servers = re.findall(r"server (\S+) max_fails=0;", block(text, "upstream e1-0-https"))
    assert servers == ["198.18.0.5:8443", "198.18.0.6:8443"] * 2
    assert "proxy_next_upstream_tries 2;" in text


def test_an_origin_that_leads_nowhere_is_down():
    assert "server 0.0.0.0:1 down;" in block(
        rendered(Origins=items(origin("gone.example.test"))), "upstream e1-0-https"
    )


def test_all_of_the_viewers_request_reaches_the_origin_where_the_policy_says_so():
    location = block(
        rendered(DefaultCacheBehavior=behaviour(OriginRequestPolicyId=ALL_VIEWER)).split("# --- E1")[1], "location /"
    )
    assert 'proxy_pass "https://e1-0-https$edge_once$request_uri";' in location
    assert "proxy_set_header Host $http_host;" in location
    assert "proxy_pass_request_headers off;" not in location


def test_nothing_but_the_path_and_what_describes_the_body_does_otherwise():
    location = block(rendered(Origins=items(origin(OriginPath="/v$1"))).split("# --- E1")[1], "location /")
    assert 'proxy_pass "https://e1-0-https$edge_once/v${edge_dollar}1$edge_path";' in location
    assert "proxy_set_header Host origin.example.test;" in location
    assert "proxy_pass_request_headers off;" in location


def test_a_headers_precedence_is_as_the_policy_says():
    headers = [("X-A", "ours", True), ("X-B", "ours $x", False)]
    custom = [{"Header": name, "Value": value, "Override": override} for name, value, override in headers]
    policies = {"p": {"CustomHeadersConfig": items(*custom), "RemoveHeadersConfig": items({"Header": "X-C"})}}
    text = rendered(policies, DefaultCacheBehavior=behaviour(ResponseHeadersPolicyId="p"))
    assert block(text, "map $upstream_http_x_b $edge_own_0") == '"" "ours ${edge_dollar}x";\ndefault "";\n'
    location = block(text.split("# --- E1")[1], "location /")
    assert 'proxy_hide_header X-A;\nadd_header X-A "ours" always;' in location
    assert "add_header X-B $edge_own_0 always;" in location
    assert "proxy_hide_header X-B;" not in location
    assert "proxy_hide_header X-C;" in location


def test_a_name_that_wants_tls_1_3_has_no_cipher_of_tls_1_2():
    certificate = {"ACMCertificateArn": "arn", "MinimumProtocolVersion": "TLSv1.3_2025"}
    assert "ssl_ciphers PSK-" in rendered(ViewerCertificate=certificate)
    assert "ssl_ciphers PSK-" not in rendered()
