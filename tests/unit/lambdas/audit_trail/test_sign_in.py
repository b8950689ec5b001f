"""How failed attempts are slowed, and how long HOSP's word is good for."""

from __future__ import annotations

import logging

import pytest
from audit_events import basic, event
from audit_trail import sign_in
from audit_trail.exchange import ProblemError, request
from audit_trail.sign_in import ByHosp


class Hosp:
    """Knows one user."""

    def __init__(self) -> None:
        self.asked = 0

    def check(self, credentials, asked):
        self.asked += 1
        return 200 if credentials == basic("admin")["authorization"] else 401


class Scene:
    """Attempts at `now`, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.hosp = Hosp()
        log = logging.getLogger("nobody")
        log.warning = lambda *_, **__: None
        self.by_hosp = ByHosp(self.hosp, frozenset(["admin"]), log, lambda: self.now)

    def attempt(self, name="admin", password="wrong", address="203.0.113.9") -> int:
        headers = {**basic(name, password), "cloudfront-viewer-address": f"{address}:4711" if address else ""}
        try:
            self.by_hosp.caller(request(event(headers=headers), "call", "cloudfront-viewer-address"))
        except ProblemError as error:
            self.retry_after = int(error.headers.get("retry-after", 0))
            return int(error.status)
        return 200


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_each_further_failure_waits_twice_as_long_and_is_told_how_long(scene):
    assert [scene.attempt() for _ in range(3)] == [401] * 3
    for expected in (1, 2, 4, 8, 16, 32, 60, 60):
        assert (scene.attempt(), scene.retry_after) == (429, expected)
        scene.now += expected - 0.1
        assert (scene.attempt(), scene.retry_after) == (429, 1)
        scene.now += 0.1
        assert scene.attempt() == 401


def test_one_name_is_slowed_from_everywhere_and_one_address_for_every_name(scene):
    for number in range(3):
        scene.attempt(address=f"203.0.113.{number}")
    assert scene.attempt(address="203.0.113.99") == 429
    for number in range(3):
        scene.attempt(name=f"user{number}", address="198.51.100.1")
    assert scene.attempt(name="user9", address="198.51.100.1") == 429
    assert scene.attempt(name="user9", address="198.51.100.2") == 401


def test_nobody_is_slowed_for_the_edge_that_many_come_through(scene):
    for number in range(9):
        assert scene.attempt(name=f"user{number}", address="") == 401


def test_an_administrator_who_is_signed_in_is_not_slowed(scene):
    assert scene.attempt(password="admin") == 200
    for _ in range(5):
        scene.attempt()
    assert scene.attempt() == 429
    assert scene.attempt(password="admin") == 200


def test_all_is_forgiven_after_a_while(scene):
    for _ in range(4):
        scene.attempt()
    scene.now += sign_in.FORGIVEN_SECONDS + 1
    assert scene.attempt() == 401


def test_hosps_word_is_good_for_five_minutes(scene):
    for _ in range(3):
        assert scene.attempt(password="admin") == 200
    assert scene.hosp.asked == 1
    scene.now += sign_in.KNOWN_SECONDS
    scene.attempt(password="admin")
    assert scene.hosp.asked == 2


def test_no_more_is_remembered_than_fits(scene, monkeypatch):
    monkeypatch.setattr(sign_in, "MOST_REMEMBERED", 100)
    for number in range(300):
        scene.attempt(name=f"user{number}", address=f"198.51.{number}.1")
    assert len(scene.by_hosp._failures._last) == 100
    assert scene.attempt(name="user299") == 401


def test_credentials_are_not_kept(scene):
    scene.attempt(password="admin")
    [kept] = scene.by_hosp._known
    assert len(kept) == 32
    assert basic("admin")["authorization"].encode() not in kept
