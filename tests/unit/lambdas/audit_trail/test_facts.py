"""Facts about the trail that stand in two places."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.steadyfront.fleet.plugins.module_utils import audit_archive
from audit_trail.columns import COLUMNS, OUTCOMES
from audit_trail.query import FIELDS

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "audit.md").read_text()


def test_the_columns_are_documented_as_the_page_says_them():
    assert re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.partition("## Who may")[0], re.MULTILINE) == [*COLUMNS.items()]
    assert all(f"`{outcome}`" in COLUMNS["outcome"] for outcome in OUTCOMES)


def test_every_variable_is_documented():
    source = (ROOT / "lambdas/audit_trail/audit_trail/settings.py").read_text()
    read = {*re.findall(r'taken\(\s*"([A-Z_]+)"', source), *re.findall(r'environment\.get\("([A-Z_]+)"', source)}
    table = PAGE.partition("## Settings")[2].partition("What else")[0]
    assert read == {*re.findall(r"`([A-Z]+_?[A-Z_]*)`", table)}


def test_the_archive_has_the_fields_that_are_read():
    assert [*audit_archive.FIELDS] == [*FIELDS]
    assert {"message", "day"} <= {*audit_archive.MORE}
