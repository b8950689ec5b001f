"""The end of `make prove`: each promise of docs/promises.md, what was measured, and whether it was held.

    python tests/report.py [--passed 'make sanity']... JUNIT_XML...

Exits with 1 unless every promise was held, with 2 when a file is missing or cannot be understood.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Literal

from promises import MalformedError, Promise, read

ROOT = Path(__file__).resolve().parents[1]
# With the spaces between them and the longest verdict these make 120.
TEXT_WIDTH, MEASURED_WIDTH = 68, 40


@dataclass(frozen=True)
class Case:
    """One run of a test: ``test`` is named as in the table, without parameters."""

    test: str
    outcome: Literal["passed", "failed", "skipped"]
    measured: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    promise: Promise
    measured: str
    verdict: Literal["held", "NOT HELD", "not run"]
    # The tests that failed or did not run.
    names: tuple[str, ...] = ()


def cases(junit: Path, root: Path = ROOT) -> Iterator[Case]:
    """What pytest wrote by ``--junitxml``."""
    try:
        tree = ElementTree.parse(junit)
    except OSError as error:
        raise MalformedError(f"{junit} cannot be read: {error.strerror}") from error
    except ElementTree.ParseError as error:
        raise MalformedError(f"{junit} is no whole junit file: {error}") from error
    for element in tree.iter("testcase"):
        name = element.get("name", "").partition("[")[0]
        # Where a file could not be collected pytest names no class.
        if classname := element.get("classname"):
            yield Case(f"{_located(classname, root)}::{name}", _outcome(element), _measured(element))


def _outcome(element: ElementTree.Element) -> Literal["passed", "failed", "skipped"]:
    if element.find("failure") is not None or element.find("error") is not None:
        return "failed"
    return "passed" if element.find("skipped") is None else "skipped"


def _measured(element: ElementTree.Element) -> tuple[str, ...]:
    return tuple(found.get("value", "") for found in element.iterfind("properties/property[@name='measured']"))


def _located(classname: str, root: Path) -> str:
    """``tests.unit.test_a.TestB`` is ``tests/unit/test_a.py::TestB``. Relative to another folder, only the file's name
    is known: then it is the one of that name."""
    parts = classname.split(".")
    for length in range(len(parts), 0, -1):
        file = root.joinpath(*parts[: length - 1], f"{parts[length - 1]}.py")
        if file.is_file():
            return "::".join([str(file.resolve().relative_to(root.resolve())), *parts[length:]])
    start = next((number for number, part in enumerate(parts) if part.startswith("test_")), len(parts) - 1)
    found = [file for folder in ("tests", "molecule") for file in (root / folder).rglob(f"{parts[start]}.py")]
    if len(found) > 1:
        raise MalformedError(f"{classname} may be in {', '.join(str(file.relative_to(root)) for file in found)}")
    file = found[0] if found else root / f"{parts[start]}.py"
    return "::".join([str(file.relative_to(root)), *parts[start + 1 :]])


def judge(promise: Promise, ran: list[Case], passed_checks: set[str]) -> Judged:
    """A promise is held when each of its tests passed at least once and never failed."""
    failed: set[str] = set()
    missing: set[str] = set()
    good: list[Case] = []
    for name in promise.prove:
        of_name = [case for case in ran if case.test == name or case.test.startswith(f"{name}::")]
        good += [case for case in of_name if case.outcome == "passed"]
        failed |= {case.test for case in of_name if case.outcome == "failed"}
        if all(case.outcome == "skipped" for case in of_name) and name not in passed_checks:
            missing.add(name)
    checks = [name for name in promise.prove if name in passed_checks]
    figures = _figures(good, checks)
    if failed:
        return Judged(promise, figures, "NOT HELD", tuple(sorted(failed)))
    if missing:
        return Judged(promise, figures, "not run", tuple(sorted(missing)))
    return Judged(promise, figures, "held")


def _figures(good: list[Case], checks: list[str]) -> str:
    """What those that passed have measured, else how many they are."""
    measured = list(dict.fromkeys(value for case in good for value in case.measured))
    count = len({case.test for case in good})
    counted = [f"{count} test{'s' if count > 1 else ''}"] if count else []
    return "; ".join(measured) if measured else ", ".join([*counted, *checks])


def lines(judged: list[Judged]) -> Iterator[str]:
    """At most 120 columns wide."""
    for area, group in groupby(judged, lambda one: one.promise.area):
        yield from ("", area)
        for one in group:
            text = textwrap.wrap(one.promise.text.removesuffix("."), TEXT_WIDTH)
            measured = textwrap.wrap(one.measured, MEASURED_WIDTH)
            for number, (left, right) in enumerate(zip_longest(text, measured, fillvalue="")):
                verdict = one.verdict if number == 0 else ""
                yield f"{left:{TEXT_WIDTH}}  {right:{MEASURED_WIDTH}}  {verdict}".rstrip()
            yield from (_problem(one.verdict, name) for name in one.names)
    verdicts = [one.verdict for one in judged]
    yield ""
    yield (
        f"{len(judged)} promises: {verdicts.count('held')} held, {verdicts.count('NOT HELD')} NOT HELD, "
        f"{verdicts.count('not run')} not run"
    )


def _problem(verdict: str, name: str) -> str:
    text = f"    {'failed' if verdict == 'NOT HELD' else verdict}: {name.rpartition('/')[2]}"
    return text if len(text) <= 120 else f"{text[:117]}..."


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Say of each promise whether its tests held it.")
    parser.add_argument("junit", nargs="+", type=Path, help="files that pytest wrote by --junitxml")
    parser.add_argument("--passed", action="append", default=[], metavar="'make TARGET'", help="a check that passed")
    parser.add_argument("--promises", type=Path, default=ROOT / "docs" / "promises.md")
    given = parser.parse_args(arguments)
    try:
        promises = read(given.promises)
        ran = [case for junit in given.junit for case in cases(junit)]
    except MalformedError as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    judged = [judge(promise, ran, set(given.passed)) for promise in promises]
    print("\n".join(lines(judged)))
    return 0 if all(one.verdict == "held" for one in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
