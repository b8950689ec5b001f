"""The pages, as a browser without scripts and a screen reader meet them."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from audit_events import ADDRESS, DAY, DAY_MS, basic, event, line
from audit_trail.columns import COLUMNS
from audit_trail.handler import handle

VOID = {"meta", "input", "br", "link"}


class Page(HTMLParser):
    """A document: its elements with their attributes, and its text. Fails where they are not nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def browse(front, context):
    """Opens a page as an administrator: its status, headers and document."""

    def browse(path="/audit", **changes):
        answer = handle(event(path, **changes), context)
        assert answer["headers"]["content-type"] == "text/html; charset=utf-8"
        return answer["statusCode"], answer["headers"], Page(answer["body"])

    return browse


@pytest.fixture
def pages(browse, cloud):
    """One of each kind, by name."""
    cloud.lines.append((DAY_MS + 2000, line()))
    found = {"form": browse(), "waiting": browse(ADDRESS, query=DAY)}
    found["ready"] = browse(found["waiting"][1]["location"])
    found["wrong"] = browse(ADDRESS, query={"from": "x", "to": "2026-11-26", "user": '"><b>', "outcome": "failed"})
    found["nothing"] = browse("/audit/nothing")
    found["refused"] = browse(headers=basic("nurse"))
    found["unknown"] = browse(headers=basic("nobody"))
    return found


KINDS = {"form": 200, "waiting": 202, "ready": 200, "wrong": 400, "nothing": 404, "refused": 403, "unknown": 401}


@pytest.mark.parametrize(("kind", "status"), KINDS.items())
def test_every_page_is_whole_and_runs_nothing(pages, kind, status):
    given, headers, page = pages[kind]
    assert given == status
    [html], [title], [heading] = page.all("html"), page.all("title"), page.all("h1")
    assert (html["lang"], title, heading) == ("en", {}, {})
    assert page.all("main") == [{}]
    assert page.all("script") == []
    assert not any(name.startswith("on") or name == "style" for _, given in page.elements for name in given)
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} < {*policy}
    ids = [given["id"] for _, given in page.elements if "id" in given]
    assert len(ids) == len(set(ids))


def test_the_policy_lets_in_the_pages_own_style_alone(front, context):
    answer = handle(event(), context)
    [style] = re.findall(r"<style>(.*?)</style>", answer["body"], re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in answer["headers"]["content-security-policy"]


@pytest.mark.parametrize("kind", ["form", "wrong"])
def test_every_field_has_a_label_and_says_what_it_takes(pages, kind):
    page = pages[kind][2]
    labels = {label.get("for") for label in page.all("label")}
    ids = {given.get("id") for _, given in page.elements}
    fields = [field for field in page.all("input") if field.get("type") != "checkbox"]
    assert {field["name"] for field in fields} == {"from", "to", "user", "patient"}
    for field in fields:
        assert field["id"] in labels
        assert {*(field["aria-describedby"] or "").split()} <= ids
    assert len(page.all("fieldset")) == len(page.all("legend")) == 2
    assert page.all("form") == [{"action": ADDRESS}]


def test_the_form_asks_for_today_and_is_understood(browse):
    _, _, page = browse()
    fields = {field["name"]: field.get("value") for field in page.all("input") if field.get("type") != "checkbox"}
    assert browse(ADDRESS, query=urlencode(fields))[0] == 202


def test_a_wrong_form_keeps_what_was_given_and_says_what_is_wrong(pages):
    page = pages["wrong"][2]
    fields = {field["id"]: field for field in page.all("input") if "id" in field}
    assert fields["from"]["aria-invalid"] == "true"
    assert "from-wrong" in fields["from"]["aria-describedby"]
    assert "aria-invalid" not in fields["to"]
    assert fields["user"]["value"] == '"><b>'
    assert [box["value"] for box in page.all("input") if "checked" in box] == ["failed"]
    assert {"href": "#from"} in page.all("a")
    assert page.all("b") == []


def test_a_page_that_waits_looks_again_by_itself(pages):
    _, headers, page = pages["waiting"]
    [refresh] = [meta for meta in page.all("meta") if meta.get("http-equiv") == "refresh"]
    assert refresh["content"] == f"{headers['retry-after']}; url={headers['location']}"
    assert {"href": headers["location"]} in page.all("a")
    assert page.all("progress")


def test_the_page_with_the_link_says_what_is_in_the_file(pages):
    _, _, page = pages["ready"]
    [link] = [given["href"] for given in page.all("a") if given.get("class") == "button"]
    assert link.startswith("https://audit-results.s3.eu-central-1.amazonaws.com/results/")
    assert re.search(r"Rows\s*1", page.text)
    assert "Copies of lines that were left out" in page.text


def test_the_columns_are_explained(pages):
    for name in COLUMNS:
        assert name in pages["form"][2].text
