"""docs/promises.md names tests that there are, and promises nothing twice."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from promises import MalformedError, Promise, read

ROOT = Path(__file__).parents[2]
PROMISES = read(ROOT / "docs" / "promises.md")
NAMES = sorted({name for promise in PROMISES for name in (*promise.test, *promise.prove)})
HEADER = "## Area\n\n| Promise | make test | make prove |\n| --- | --- | --- |\n"


@cache
def named_in(path: Path) -> set[str]:
    """The names of a file's tests and of the classes that have some, as the table gives them."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        for one in inside:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_"):
                found |= {f"{prefix}{one.name}", *([node.name] if prefix else [])}
    return found


def is_there(name: str) -> bool:
    if name.startswith("make "):
        target = re.escape(name.removeprefix("make "))
        return bool(re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    path, _, test = name.partition("::")
    names = named_in(ROOT / path) if (ROOT / path).is_file() else set()
    return test in names if test else bool(names)


def test_every_test_that_is_named_is_there():
    assert [name for name in NAMES if not is_there(name)] == []


@pytest.mark.parametrize(
    "name",
    [
        "make nothing",
        "tests/unit/test_none.py",
        "tests/unit/conftest.py",
        "tests/unit/test_promises.py::named_in",
        "tests/unit/test_promises.py::test_none",
    ],
)
def test_what_is_no_test_is_not_taken_for_one(name):
    assert not is_there(name)


def test_no_promise_is_there_twice():
    count = Counter(promise.text.rstrip(".").casefold() for promise in PROMISES)
    assert [text for text, times in count.items() if times > 1] == []


def test_a_promise_is_one_sentence_and_names_each_test_once():
    for promise in PROMISES:
        assert promise.text.endswith("."), promise
        for names in (promise.test, promise.prove):
            assert len(names) == len(set(names)), promise


def test_a_row_is_read(tmp_path):
    table = tmp_path / "promises.md"
    table.write_text(
        f"{HEADER}| It holds. | `a::b`<br>`make x` | same |\n| It too. | `a` | same<br>`c::D::e` |\n\n## Next\n"
    )
    assert read(table) == [
        Promise("Area", "It holds.", ("a::b", "make x"), ("a::b", "make x")),
        Promise("Area", "It too.", ("a",), ("a", "c::D::e")),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{HEADER}| It holds. | `a` |\n", ":5: the row has 2 columns, not 3"),
        (f"{HEADER}| It holds. |  | same |\n", ":5: '' is no test in backticks"),
        (f"{HEADER}| It holds. | `a` |  |\n", ":5: '' is no test in backticks"),
        (f"{HEADER}| It holds. | same | `a` |\n", ":5: 'same' is no test in backticks"),
        (f"{HEADER}| | `a` | same |\n", ":5: the promise is empty"),
        ("## Area\n| Promise | test | prove |\n", ":2: the columns are"),
        ("| Promise | make test | make prove |\n", ":1: the table has no heading"),
        ("## Area\n", "has no table of promises"),
    ],
)
def test_what_is_no_such_table_is_refused_by_its_line(tmp_path, text, words):
    table = tmp_path / "promises.md"
    table.write_text(text)
    with pytest.raises(MalformedError, match=re.escape(words)):
        read(table)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MalformedError, match=r"none\.md cannot be read: No such file"):
        read(tmp_path / "none.md")
