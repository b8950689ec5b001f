"""Reads docs/promises.md: what is promised, and the tests that hold it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ["Promise", "make test", "make prove"]
SAME = "same"


class MalformedError(ValueError):
    """The table is not as docs/promises.md says it is."""


@dataclass(frozen=True)
class Promise:
    """One row. ``test`` and ``prove`` name tests as ``path``, ``path::name`` or ``path::Class::name``, or checks as
    ``make target``."""

    area: str
    text: str
    test: tuple[str, ...]
    prove: tuple[str, ...]


def read(path: Path) -> list[Promise]:
    """Every promise of the file, in its order."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise MalformedError(f"{path} cannot be read: {error.strerror}") from error
    promises = list(_rows(path, lines))
    if not promises:
        raise MalformedError(f"{path} has no table of promises")
    return promises


def _rows(path: Path, lines: list[str]) -> Iterator[Promise]:
    area, above = "", 0
    for number, line in enumerate(lines, 1):
        if line.startswith("## "):
            area = line.removeprefix("## ").strip()
        if not line.startswith("|"):
            above = 0
            continue
        above += 1
        where = f"{path}:{number}"
        cells = [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
        if above == 1:
            _check_header(where, area, cells)
        elif above > 2:
            yield _promise(where, area, cells)


def _check_header(where: str, area: str, cells: list[str]) -> None:
    if not area:
        raise MalformedError(f"{where}: the table has no heading '## ...' above it")
    if cells != COLUMNS:
        raise MalformedError(f"{where}: the columns are {cells}, not {COLUMNS}")


def _promise(where: str, area: str, cells: list[str]) -> Promise:
    if len(cells) != len(COLUMNS):
        raise MalformedError(f"{where}: the row has {len(cells)} columns, not {len(COLUMNS)}")
    text, test, prove = cells
    if not text:
        raise MalformedError(f"{where}: the promise is empty")
    tests = _names(where, test)
    return Promise(area, text, tests, tests if prove == SAME else _names(where, prove, tests))


def _names(where: str, cell: str, same: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """The names in a cell; ``same`` stands for those of the cell before."""
    names: list[str] = []
    for part in cell.split("<br>"):
        if part.strip() == SAME and same:
            names += same
        elif found := re.fullmatch(r"`([^`]+)`", part.strip()):
            names.append(found[1])
        else:
            raise MalformedError(f"{where}: {part.strip()!r} is no test in backticks")
    return tuple(names)
