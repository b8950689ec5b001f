"""Settings that are taken, settings that are refused, and what is drawn from them."""

import math
from collections import Counter
from dataclasses import replace

import pytest
from hosp.fate import Fate, Fates, draw
from hosp.faults import Faults, RefusedError, overlay

FAILING = Faults(rate=1)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"seed": -5},
        {"rate": 0},
        {"rate": 1.0},
        {"mix": {"stall": 1}},
        {"mix": {"500": 0.1, "502": 0.2, "reset": 0.7}},
        {"latency_ms": [0, 0]},
        {"late": 1, "late_seconds": [0.5, 0.5]},
        {"burst": {"after_seconds": 0, "seconds": 1.5}},
        {"burst": None, "only": None},
        {"only": "/patients/*/screen"},
        {"clock_offset_seconds": -47.5, "whole_seconds": True, "page_size": 20},
    ],
)
def test_what_is_given_replaces_and_the_rest_stays(document):
    current = Faults(seed=9, rate=0.7, stall_seconds=3)
    after = overlay(current, document)
    for key in Faults.__dataclass_fields__:
        assert getattr(after, key) == document.get(key, getattr(current, key))


@pytest.mark.parametrize(
    ("document", "key", "allowed"),
    [
        (
            {"rats": 1},
            "rats",
            "seed, rate, mix, applied, late, late_seconds, latency_ms, stall_seconds, burst, only, "
            "clock_offset_seconds, whole_seconds, page_size",
        ),
        ({"seed": 1.5}, "seed", "an integer"),
        ({"seed": True}, "seed", "an integer"),
        ({"rate": 1.01}, "rate", "1.01 is not allowed; give a number from 0 to 1"),
        ({"rate": -0.1}, "rate", "from 0 to 1"),
        ({"rate": "0.1"}, "rate", "from 0 to 1"),
        ({"rate": True}, "rate", "true is not allowed"),
        ({"rate": None}, "rate", "null is not allowed"),
        ({"rate": math.nan}, "rate", "from 0 to 1"),
        ({"applied": 2}, "applied", "from 0 to 1"),
        ({"late": 1.5}, "late", "from 0 to 1"),
        ({"late_seconds": [2, 1]}, "late_seconds", "[earliest, latest]"),
        ({"late_seconds": 5}, "late_seconds", "0 to 3600 seconds"),
        ({"mix": {"500": 0.5}}, "mix", "500, 502, reset, stall that sum to 1"),
        ({"mix": {"500": 0.5, "503": 0.5}}, "mix", "500, 502, reset, stall"),
        ({"mix": {"500": 1.5, "502": -0.5}}, "mix", "shares from 0 to 1"),
        ({"mix": {"500": "1"}}, "mix", "shares"),
        ({"mix": {}}, "mix", "sum to 1"),
        ({"mix": [1]}, "mix", "an object"),
        ({"latency_ms": [200, 20]}, "latency_ms", "[shortest, longest]"),
        ({"latency_ms": [-1, 20]}, "latency_ms", "[shortest, longest]"),
        ({"latency_ms": [20]}, "latency_ms", "[shortest, longest]"),
        ({"latency_ms": 20}, "latency_ms", "milliseconds"),
        ({"latency_ms": [0, math.inf]}, "latency_ms", "milliseconds"),
        ({"stall_seconds": -1}, "stall_seconds", "from 0 to 3600"),
        ({"burst": {"seconds": 1}}, "burst", "after_seconds"),
        ({"burst": {"after_seconds": 0, "seconds": "1"}}, "burst", "after_seconds"),
        ({"burst": True}, "burst", "null or"),
        ({"only": "patients"}, "only", 'begins with "/"'),
        ({"only": 5}, "only", "null or a path pattern"),
        ({"clock_offset_seconds": 4000}, "clock_offset_seconds", "from -3600 to 3600"),
        ({"whole_seconds": 1}, "whole_seconds", "true or false"),
        ({"page_size": 0}, "page_size", "an integer from 1 to 10000"),
        ([], "base", "a JSON object"),
    ],
)
def test_what_is_wrong_is_refused_by_its_key_with_what_is_allowed(document, key, allowed):
    with pytest.raises(RefusedError) as refused:
        overlay(Faults(), document)
    assert list(refused.value.errors) == [key]
    assert allowed in refused.value.errors[key][0]


def test_every_wrong_key_is_named_at_once():
    with pytest.raises(RefusedError) as refused:
        overlay(Faults(), {"rate": 2, "seed": "x", "applied": 0.5})
    assert set(refused.value.errors) == {"rate", "seed"}


def fates(faults: Faults, number: int = 20_000) -> list[Fate]:
    return [draw(faults, b"%d" % n, "/notes", in_burst=False) for n in range(number)]


def test_rate_mix_and_applied_are_the_shares_drawn():
    faults = Faults(rate=0.1, mix={"500": 0.4, "502": 0.4, "reset": 0.1, "stall": 0.1}, applied=0.3)
    failed = [fate for fate in fates(faults) if fate.fault]
    assert len(failed) / 20_000 == pytest.approx(0.1, abs=0.01)
    kinds = Counter(fate.fault for fate in failed)
    for kind, share in faults.mix.items():
        assert kinds[kind] / len(failed) == pytest.approx(share, abs=0.04)
        applied = sum(fate.applied for fate in failed if fate.fault == kind) / kinds[kind]
        assert applied == pytest.approx(0.3, abs=0.13)


def test_a_request_that_does_not_fail_is_always_applied():
    assert all(fate == Fate(fate.delay_seconds, None, True) for fate in fates(Faults(rate=0, applied=0), 1000))


def test_delays_fill_the_range_and_half_of_the_failures_come_at_once():
    faults = Faults(rate=0.5, latency_ms=(20, 200))
    drawn = fates(faults)
    assert all(0.020 <= fate.delay_seconds <= 0.200 for fate in drawn)
    good = [fate.delay_seconds for fate in drawn if fate.fault is None]
    assert sum(good) / len(good) == pytest.approx(0.110, abs=0.005)
    failed = [fate for fate in drawn if fate.fault]
    assert sum(fate.delay_seconds == 0.020 for fate in failed) / len(failed) == pytest.approx(0.5, abs=0.05)


def test_late_writes_are_a_share_of_the_unapplied_and_change_nothing_else():
    without = fates(Faults(rate=0.5, applied=0.4))
    drawn = fates(Faults(rate=0.5, applied=0.4, late=0.3, late_seconds=(1, 3)))
    assert [replace(fate, late_seconds=None) for fate in drawn] == without
    unapplied = [fate for fate in drawn if fate.fault and not fate.applied]
    late = [fate.late_seconds for fate in unapplied if fate.late_seconds is not None]
    assert len(late) / len(unapplied) == pytest.approx(0.3, abs=0.03)
    assert all(1 <= seconds <= 3 for seconds in late)
    assert sum(late) / len(late) == pytest.approx(2, abs=0.1)
    assert all(fate.late_seconds is None for fate in drawn if fate.applied)


def test_a_higher_rate_only_adds_failures():
    few, many = fates(Faults(rate=0.1), 2000), fates(Faults(rate=0.3), 2000)
    assert all(m.fault == f.fault for f, m in zip(few, many, strict=True) if f.fault)


def test_another_seed_draws_otherwise():
    assert fates(Faults(seed=1, rate=0.5), 100) != fates(Faults(seed=2, rate=0.5), 100)


@pytest.mark.parametrize(
    ("pattern", "path", "fails"),
    [
        (None, "/notes", True),
        ("/notes", "/notes", True),
        ("/notes", "/notes/1", False),
        ("/patients/*/screen", "/patients/7/screen", True),
        ("/patients/*", "/patients/7/screen", True),
        ("/patients/*/screen", "/patients/7", False),
    ],
)
@pytest.mark.parametrize("in_burst", [False, True])
def test_faults_stay_on_the_paths_they_are_confined_to(pattern, path, fails, in_burst):
    faults = Faults(rate=0 if in_burst else 1, only=pattern)
    assert (draw(faults, b"1", path, in_burst).fault is not None) == fails


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_counts_from_the_put_that_gave_it():
    clock = Clock()
    fates = Fates(clock)
    fates.put({"rate": 0, "burst": {"after_seconds": 2, "seconds": 3}})

    def fails_at(seconds: float) -> bool:
        clock.now = 100 + seconds
        return fates.next("/notes", None, 1).fault is not None

    assert not fails_at(1.9)
    assert fails_at(2)
    fates.put({"seed": 5})
    assert fails_at(4.9)
    assert not fails_at(5)
    fates.put({"burst": {"after_seconds": 0, "seconds": 1}})
    assert fails_at(5.5)
    fates.put({"burst": None})
    assert not fails_at(5.5)


def test_a_seeded_attempt_draws_the_same_whatever_comes_between():
    first, second = Fates(), Fates()
    for fates in (first, second):
        fates.put({"rate": 0.5})
    alone = {(seed, n): first.next("/notes", b"%d" % seed, n) for seed in range(50) for n in (1, 2, 3)}
    for seed, n in reversed(alone):
        second.next("/staff", None, 1)
        assert second.next("/notes", b"%d" % seed, n) == alone[seed, n]
    assert len({alone[seed, n].fault for seed in range(50) for n in (1, 2, 3)}) == 5
    assert any(alone[seed, 1] != alone[seed, 2] for seed in range(50))


def test_attempts_without_a_seed_repeat_in_their_order_after_a_put():
    fates = Fates()
    fates.put({"rate": 0.5})
    once = [fates.next("/notes", None, 1) for _ in range(50)]
    fates.put({"rate": 0.5})
    assert [fates.next("/notes", None, 1) for _ in range(50)] == once
    assert len(set(once)) > 10
