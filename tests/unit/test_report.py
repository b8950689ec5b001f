"""What `make prove` ends with, from files that pytest itself writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from promises import MalformedError, Promise
from report import Case, cases, judge, lines, main

PROGRAM = Path(__file__).parents[1] / "report.py"
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
# None of its plugins has a part in this, and they take long to load.
BARE = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
TESTS = """
import pytest

class TestBoth:
    @pytest.mark.parametrize("number", ["a::b.c[d]", 2])
    def test_measures(self, number, record_property):
        record_property("other", "left out")
        record_property("measured", f"0 of {number} lost")

@pytest.fixture
def leaves():
    yield
    raise RuntimeError

@pytest.fixture
def missing():
    raise RuntimeError

def test_passes(): pass
def test_fails(): assert False
def test_ends_badly(leaves): pass
def test_begins_badly(missing): pass
@pytest.mark.skip
def test_is_skipped(): pass
@pytest.mark.parametrize("proxy", ["one", pytest.param("two", marks=pytest.mark.skip)])
def test_is_skipped_on_one(proxy): pass
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """Two test files of one name, and one that cannot be collected."""
    root = tmp_path_factory.mktemp("project")
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "--import-mode=importlib"\n')
    for path, text in {
        "tests/unit/test_one.py": TESTS,
        "tests/e2e/test_one.py": "def test_passes(): pass",
        "tests/e2e/test_two.py": "import nothing_of_this_name",
        "molecule/default/tests/test_three.py": "def test_passes(): pass",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def run(project: Path, *arguments: str, folder: str = ".") -> list[Case]:
    """What is read of a run of pytest's."""
    junit = project / "junit.xml"
    command = [*PYTEST, *arguments, f"--junitxml={junit}"]
    subprocess.run(command, cwd=project / folder, env=BARE, capture_output=True, check=False)
    return list(cases(junit, project))


@pytest.fixture(scope="module")
def ran(project) -> list[Case]:
    return run(project, "tests", "molecule")


def outcomes(ran: list[Case], name: str) -> list[str]:
    return [case.outcome for case in ran if case.test == name]


def test_each_test_is_found_by_the_name_that_the_table_gives_it(ran):
    assert outcomes(ran, "tests/unit/test_one.py::TestBoth::test_measures") == ["passed"] * 2
    assert outcomes(ran, "tests/unit/test_one.py::test_passes") == ["passed"]
    assert outcomes(ran, "tests/e2e/test_one.py::test_passes") == ["passed"]
    assert outcomes(ran, "molecule/default/tests/test_three.py::test_passes") == ["passed"]


@pytest.mark.parametrize("name", ["test_fails", "test_ends_badly", "test_begins_badly"])
def test_a_failure_is_one_wherever_it_is(ran, name):
    assert "failed" in outcomes(ran, f"tests/unit/test_one.py::{name}")


def test_a_scenario_may_be_run_as_a_project_of_its_own(project):
    inside = run(project, "--rootdir=.", "tests", folder="molecule/default")
    assert outcomes(inside, "molecule/default/tests/test_three.py::test_passes") == ["passed"]


def test_a_file_that_is_known_by_a_name_of_two_is_refused(project, tmp_path):
    junit = tmp_path / "junit.xml"
    junit.write_text('<testsuites><testcase classname="test_one" name="test_passes"/></testsuites>')
    with pytest.raises(MalformedError, match=r"test_one may be in tests/"):
        list(cases(junit, project))


def judged(ran: list[Case], *names: str, passed: tuple[str, ...] = ()) -> tuple[str, str, list[str]]:
    one = judge(Promise("Area", "It holds.", names, names), ran, set(passed))
    return one.measured, one.verdict, [name.rpartition("::")[2] for name in one.names]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["test_one.py::TestBoth::test_measures"], ("0 of a::b.c[d] lost; 0 of 2 lost", "held", [])),
        (["test_one.py::TestBoth"], ("0 of a::b.c[d] lost; 0 of 2 lost", "held", [])),
        (["test_one.py::test_passes"], ("1 test", "held", [])),
        (["test_one.py::test_passes", "test_one.py::test_is_skipped_on_one"], ("2 tests", "held", [])),
        (["test_one.py::test_passes", "test_one.py::test_fails"], ("1 test", "NOT HELD", ["test_fails"])),
        (["test_one.py::test_ends_badly", "test_one.py::test_none"], ("", "NOT HELD", ["test_ends_badly"])),
        (["test_one.py::test_passes", "test_one.py::test_is_skipped"], ("1 test", "not run", ["test_is_skipped"])),
        (["test_one.py::test_pass"], ("", "not run", ["test_pass"])),
    ],
)
def test_a_promise_is_held_when_each_of_its_tests_passed(ran, names, expected):
    assert judged(ran, *(f"tests/unit/{name}" for name in names)) == expected


def test_a_check_that_is_no_test_is_held_when_it_is_said_to_have_passed(ran):
    assert judged(ran, "make sanity", passed=("make sanity",)) == ("make sanity", "held", [])
    assert judged(ran, "make sanity", passed=("make lint",)) == ("", "not run", ["make sanity"])
    both = ("make sanity", "tests/unit/test_one.py::test_passes")
    assert judged(ran, *both, passed=("make sanity",)) == ("1 test, make sanity", "held", [])


def test_a_promise_is_one_line_of_120_columns_and_the_last_line_counts(ran):
    promises = [
        Promise("Area", "It holds.", (), ("tests/unit/test_one.py::test_passes",)),
        Promise("Area", f"It {'really ' * 20}holds.", (), ("tests/unit/test_one.py",)),
        Promise("Another", "It was not asked.", (), ("tests/none.py",)),
    ]
    printed = list(lines([judge(promise, ran, set()) for promise in promises]))
    assert max(map(len, printed)) <= 120
    assert [line.split("  ")[0] for line in printed if line][:2] == ["Area", "It holds"]
    assert [line.endswith(("  held", "  NOT HELD", "  not run")) for line in printed].count(True) == 3
    assert "    failed: test_one.py::test_ends_badly" in printed
    assert "    not run: none.py" in printed
    assert printed[-1] == "3 promises: 1 held, 1 NOT HELD, 1 not run"


def table(folder: Path, row: str) -> list[str]:
    """The arguments that name a table of this row."""
    promises = folder / "promises.md"
    promises.write_text(f"## Area\n\n| Promise | make test | make prove |\n| --- | --- | --- |\n{row}\n")
    return ["--promises", str(promises)]


def test_it_exits_by_whether_every_promise_was_held(tmp_path, capsys):
    junit = tmp_path / "junit.xml"
    junit.write_text('<testsuites><testcase classname="tests.unit.test_report" name="test_it"/></testsuites>')
    row = table(tmp_path, "| It reports. | `tests/unit/test_report.py::test_it`<br>`make sanity` | same |")
    program = [sys.executable, PROGRAM, *row, "--passed", "make sanity", "--passed", "make lint", junit]
    held = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (held.returncode, held.stderr) == (0, ""), held.stdout
    assert "1 test, make sanity" in held.stdout
    assert held.stdout.endswith("1 promises: 1 held, 0 NOT HELD, 0 not run\n")
    assert main([*row, str(junit)]) == 1
    assert "    not run: make sanity\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("junit", "row", "words"),
    [
        (None, "| It answers. | `a` | same |", "none.xml cannot be read: No such file or directory"),
        ("<testsuites><testsuite", "| It answers. | `a` | same |", "none.xml is no whole junit file"),
        ("<testsuites/>", "| It answers. | a | same |", "promises.md:5: 'a' is no test in backticks"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, capsys, junit, row, words):
    path = tmp_path / "none.xml"
    if junit is not None:
        path.write_text(junit)
    assert main([*table(tmp_path, row), str(path)]) == 2
    assert words in capsys.readouterr().err
