"""Files on this machine, written by the module as Ansible runs it."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import pytest
from ansible_collections.steadyfront.fleet.plugins.modules import text_files
from aws_in_memory import SECRET


@pytest.fixture
def write(run):
    """``write(*files, check=False)``: the module's result."""
    return lambda *files, check=False: run(text_files.main, check=check, files=list(files))


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o7777:04o}"


def test_each_step_is_first_checked_then_done_then_left_alone(write, tmp_path):
    path, script = tmp_path / "made" / "a.conf", tmp_path / "script"
    steps = [
        [{"path": str(path), "content": "a\n"}, {"path": str(script), "content": "b\n", "mode": "0755"}],
        [{"path": str(path), "content": "c\n"}],
        [{"path": str(path), "content": "c\n", "mode": "0600"}],
        [{"path": str(path), "state": "absent"}, {"path": str(script), "state": "absent"}],
    ]
    for files in steps:
        before = {one: one.read_text() for one in (path, script) if one.exists()}
        checked = write(*files, check=True)
        assert checked["changed_paths"] == [file["path"] for file in files]
        assert {one: one.read_text() for one in (path, script) if one.exists()} == before
        done = write(*files)
        assert done["diff"] == checked["diff"]
        again = write(*files)
        assert (again["changed"], again["changed_paths"], again["diff"]) == (False, [], [])
    assert sorted(tmp_path.rglob("*")) == [path.parent]


def test_a_new_file_has_its_mode_and_the_users_name(write, tmp_path):
    path = tmp_path / "new" / "secret"
    write({"path": str(path), "secret_content": SECRET, "mode": "0400"})
    assert (path.read_text(), mode(path), mode(path.parent)) == (SECRET, "0400", "0755")
    user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    assert not write({"path": str(path), "secret_content": SECRET, "mode": "0400", "owner": user, "group": group})[
        "changed"
    ]


def test_a_diff_shows_texts_but_no_secret(write, tmp_path):
    shown, hidden = {"path": str(tmp_path / "a")}, {"path": str(tmp_path / "b")}
    write({**shown, "content": "old\n"}, {**hidden, "secret_content": "another-secret"})
    diff = write({**shown, "content": "new\n"}, {**hidden, "secret_content": SECRET}, check=True)["diff"]
    assert [(one["before"].splitlines()[1], one["after"].splitlines()[1]) for one in diff] == [
        ("old", "new"),
        ("(not shown)", "(not shown, another one)"),
    ]
    removed = write({**hidden, "state": "absent"})["diff"]
    assert "another-secret" not in str(removed)


def test_what_is_refused_leaves_the_file_and_those_after_it(write, tmp_path):
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    second.write_text("kept\n")
    judged = {"path": str(second), "content": "bad\n", "validate": "grep -q good %s"}
    result = write({"path": str(first), "content": "a\n"}, judged, {"path": str(third), "content": "b\n"})
    assert result["failed"]
    assert str(second) in result["msg"]
    assert first.read_text() == "a\n"
    assert second.read_text() == "kept\n"
    assert not third.exists()
    assert not write({**judged, "content": "good\n"}).get("failed")
    # What lies there is not judged again.
    assert not write({**judged, "content": "good\n", "validate": "false %s"})["changed"]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ({"path": "a", "content": ""}, "files[0].path is a: allowed is a full path"),
        ({"path": "/a", "content": "", "mode": "u+x"}, "files[0].mode is u+x: allowed are octal digits"),
        ({"path": "/a"}, "files[0] has no content: allowed is one of both"),
        ({"path": "/a", "content": "", "secret_content": ""}, "files[0] has content and secret_content"),
        ({"path": "/proc/a/b", "content": ""}, "a file could not be written"),
    ],
)
def test_what_cannot_be_is_refused(write, file, words):
    assert words in write(file)["msg"]
