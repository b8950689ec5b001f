"""Path patterns match what CloudFront says they match."""

import re

import pytest
from edge.patterns import expression


def matches(pattern: str, path: str) -> bool:
    # The end of the text, which Python 3.13 spells as PCRE does not.
    return re.match(expression(pattern).replace(r"\z", r"\Z"), path) is not None


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/patients/*/screen", "/patients/1/screen"),
        ("/patients/*/screen", "/patients/1/2/screen"),
        ("/patients/*/screen", "/patients//screen"),
        ("patients/*", "/patients/1"),
        ("*.jpg", "/images/a.jpg"),
        ("*", "/"),
        ("*", "/a\nb"),
        ("/a?c", "/abc"),
        ("/a??c*", "/abbc"),
        ("/audit*", "/audit"),
        ("/a.b", "/a.b"),
        ("/a$b~'\"@:+&", "/a$b~'\"@:+&"),
    ],
)
def test_what_a_pattern_matches(pattern, path):
    assert matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/patients/*/screen", "/patients/1/screen/"),
        ("/patients/*/screen", "/patients/screen"),
        ("/Patients/*", "/patients/1"),
        ("/a?c", "/ac"),
        ("/a?c", "/abbc"),
        ("/a.b", "/axb"),
        ("/a", "/a/"),
        ("/a", "/a\n"),
        ("/a", "/b/a"),
        ("a", "a"),
        ("*.jpg", "/a.jpgx"),
    ],
)
def test_what_a_pattern_does_not_match(pattern, path):
    assert not matches(pattern, path)
