"""The rules of verified writes hold in every interleaving, and each of them is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from proof import FULL
from writes_model import World, explore

pytestmark = pytest.mark.slow

WORLDS = {
    "two writers": World(),
    "three sends": World(most_sends=3),
    "look only": World(has_bound=False, most_sends=3),
    "three writers": World(writers=3, entry=(0, 1, 0), has_bound=False),
    "different texts": World(same_text=False),
    "an equal note from before": World(notes_before=1),
    "a list of one note": World(same_text=False, page=1),
    "a clock that is not exact": World(slop=1),
    "a clock that is wrong": World(writers=1, skewed=True),
    "texts are changed": World(rewrites=True),
    "a user who sees nothing": World(blind=True),
    "the owner dies": World(owner_dies=True),
}


# Up to half a minute each.
LARGE = {"three sends", "three writers"}


@pytest.mark.parametrize("world", [name for name in WORLDS if FULL or name not in LARGE])
def test_the_rules_hold(world):
    assert explore(WORLDS[world]) == {}


@pytest.mark.parametrize(
    ("rule", "world", "found"),
    [
        ("settle", "two writers", "duplicate"),
        ("look_after", "two writers", "duplicate"),
        ("evidence", "two writers", "duplicate"),
        ("turns", "two writers", "double"),
        ("beside", "two writers", "double"),
        ("known", "a clock that is not exact", "double"),
        ("fresh", "an equal note from before", "lost"),
        ("guard", "a clock that is wrong", "duplicate"),
        ("rewritten", "texts are changed", "duplicate"),
        ("reach", "a list of one note", "duplicate"),
        ("control", "a user who sees nothing", "duplicate"),
        ("owner", "two writers", "double"),
        ("in_place", "the owner dies", "double"),
        ("young", "the owner dies", "double"),
    ],
)
def test_without_a_rule_something_is_done_twice(rule, world, found):
    assert found in explore(replace(WORLDS[world], **{rule: False}))


def test_a_bound_that_is_too_small_is_as_none_at_all():
    """max_write_seconds is the operator's word: when it is wrong, what is sent again can be written twice."""
    way = explore(World(writers=1, settle=False))["duplicate"]
    assert way[-3:] == ["0 finds nothing", "0 sends again", "0 is written"]
    assert "0 is written late" in way
