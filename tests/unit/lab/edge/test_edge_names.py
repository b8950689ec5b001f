"""Names are looked up anew, and one that takes long holds up no other."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from edge.names import Names
from edge.sites import Host


def test_a_name_leads_to_its_addresses_or_it_is_said_why_not():
    found = Names().look_up(["localhost", "a..b"])
    assert found["localhost"] == Host(addresses=("127.0.0.1",))
    assert found["a..b"].addresses == ()
    assert found["a..b"].error


@pytest.fixture
def resolver(monkeypatch):
    """Answers at once, but for the name `slow`, which waits for the event."""
    released = threading.Event()

    def answer(name, *_, **__):
        if name == "slow":
            released.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("198.18.0.5", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return released


def test_a_slow_name_holds_up_no_other_and_is_known_when_it_has_an_answer(resolver):
    names = Names()
    began = time.monotonic()
    first = names.look_up(["slow", "fast"])
    assert time.monotonic() - began < 2
    assert first["fast"].addresses == ("198.18.0.5",)
    assert first["slow"] == Host(error="the resolver has not answered yet")
    resolver.set()
    assert names.look_up(["slow"])["slow"].addresses == ("198.18.0.5",)


def test_the_last_answer_holds_until_there_is_another(resolver):
    names = Names()
    resolver.set()
    names.look_up(["slow"])
    resolver.clear()
    assert names.look_up(["slow"])["slow"].addresses == ("198.18.0.5",)
    resolver.set()
