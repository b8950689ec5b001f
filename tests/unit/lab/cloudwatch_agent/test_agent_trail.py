"""A file through its rotations: every line is read, from the right place."""

import json
import os
import shutil
from pathlib import Path

import pytest
from cloudwatch_agent import trail
from cloudwatch_agent.trail import Trail


class Log:
    """A log file and who reads it. Lines are of one time, so a reader that has nothing to wait for is assumed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "access.log"
        self.state = folder / "state"
        self.path.touch()
        self.reader = Trail(self.path, self.state)

    def write(self, text: str, path: Path | None = None) -> None:
        with (path or self.path).open("a") as file:
            file.write(text)

    def read(self, *, deliver: bool = True) -> list[str]:
        """What is new, and with ``deliver`` known to have arrived."""
        self.reader.look()
        found = []
        for tail, event in self.reader.events():
            found.append(event.decode())
            if deliver:
                tail.delivered = tail.position
        self.reader.save()
        return found

    def restart(self) -> None:
        self.reader = Trail(self.path, self.state)

    def rotated(self, n: int = 1) -> Path:
        return self.path.with_name(f"access.log.{n}")

    def rename(self) -> None:
        """As logrotate does, with ``create``."""
        if self.rotated().exists():
            self.rotated().rename(self.rotated(2))
        self.path.rename(self.rotated())
        self.path.touch()


@pytest.fixture
def log(tmp_path, monkeypatch) -> Log:
    monkeypatch.setattr(trail, "IDLE_SECONDS", 0)
    return Log(tmp_path)


def test_lines_are_read_once_and_only_when_they_are_whole(log):
    log.write("one\ntwo\nthr")
    assert log.read() == ["one\n", "two\n"]
    assert log.read() == []
    log.write("ee\n")
    assert log.read() == ["three\n"]


def test_a_line_that_begins_with_white_space_continues_the_one_before(log):
    log.write("one\n  and more\n\tand more\n\ntwo\n")
    assert log.read() == ["one\n  and more\n\tand more\n\n", "two\n"]


def test_the_last_event_waits_until_it_cannot_be_continued(log, monkeypatch):
    monkeypatch.setattr(trail, "IDLE_SECONDS", 60)
    log.write("one\ntwo\n")
    assert log.read() == ["one\n"]
    log.write(" more of two\nthree\n")
    assert log.read() == ["two\n more of two\n"]
    monkeypatch.setattr(trail, "IDLE_SECONDS", 0)
    assert log.read() == ["three\n"]


def test_a_line_without_end_is_taken_in_pieces(log, monkeypatch):
    monkeypatch.setattr(trail, "MOST_MESSAGE_BYTES", 8)
    log.write("abcdefgh" * 2 + "ab\n")
    assert log.read() == ["abcdefgh", "abcdefgh", "ab\n"]


def test_what_was_not_delivered_is_read_again_by_the_next_process(log):
    log.write("one\n")
    log.read()
    log.write("two\n")
    log.read(deliver=False)
    log.restart()
    assert log.read() == ["two\n"]


def test_after_a_rename_the_old_file_is_read_to_its_end_and_further(log):
    log.write("one\n")
    log.read()
    log.write("two\n")
    log.rename()
    log.write("four\n")
    # A worker that has not opened the new file yet.
    log.write("three\n", log.rotated())
    assert log.read() == ["two\n", "three\n", "four\n"]
    log.write("late\n", log.rotated())
    assert log.read() == ["late\n"]


def test_renamed_twice_while_nothing_could_be_delivered_nothing_is_lost(log):
    for name in ("one", "two", "three"):
        log.write(f"{name}\n")
        log.reader.look()
        log.rename()
    assert log.read() == ["one\n", "two\n", "three\n"]


def test_a_renamed_file_is_left_when_nobody_writes_to_it_any_more(log, monkeypatch):
    log.write("one\ntw")
    log.read()
    log.rename()
    assert log.read() == []
    assert len(log.reader.tails) == 2
    monkeypatch.setattr(trail, "QUIET_SECONDS", 0)
    # What has no end now never gets one.
    assert log.read() == ["tw"]
    assert log.read() == []
    assert len(log.reader.tails) == 1
    assert len(json.loads(log.state.read_text())["files"]) == 1


def test_what_was_not_delivered_is_never_left(log, monkeypatch):
    log.write("one\n")
    log.read(deliver=False)
    log.rename()
    monkeypatch.setattr(trail, "QUIET_SECONDS", 0)
    log.read(deliver=False)
    log.restart()
    assert log.read() == ["one\n"]


def test_renamed_while_nobody_read_the_old_file_is_found_again(log):
    log.write("one\n")
    log.read()
    log.write("two\n")
    log.rename()
    log.write("three\n")
    log.restart()
    assert log.read() == ["two\n", "three\n"]


def test_a_file_that_was_never_read_is_found_again_by_its_inode(log):
    log.read()
    log.write("one\n")
    log.rename()
    log.restart()
    assert log.read() == ["one\n"]


def test_another_file_with_the_same_inode_is_not_taken_for_the_old_one(log, caplog):
    log.write("the first file\n")
    log.read()
    # In the same inode, and longer.
    log.path.write_text("quite another file\nwith more in it\n")
    log.restart()
    assert log.read() == ["quite another file\n", "with more in it\n"]
    assert "is gone; if it had more than 15 bytes, they are lost" in caplog.text


def copytruncate(log: Log) -> None:
    shutil.copy(log.path, log.rotated())
    os.truncate(log.path, 0)


def test_copied_and_truncated_nothing_is_lost(log):
    log.write("one\n")
    log.read()
    log.write("two\n")
    copytruncate(log)
    log.write("three\n")
    assert log.read() == ["two\n", "three\n"]


def test_a_truncated_file_that_has_grown_beyond_its_old_size_is_noticed(log):
    log.write("one\n")
    log.read()
    copytruncate(log)
    log.write("much more than there was before\n")
    assert log.read() == ["much more than there was before\n"]


def test_truncated_and_written_to_after_the_reader_looked_nothing_is_lost(log):
    log.write("one\n")
    log.read()
    log.write("two\n")
    log.reader.look()
    copytruncate(log)
    log.write("much more than there was before\nthree\n")
    assert list(log.reader.events()) == []
    assert log.read() == ["two\n", "much more than there was before\n", "three\n"]


def test_copied_and_truncated_while_nobody_read_nothing_is_lost(log):
    log.write("one\n")
    log.read()
    log.write("two\n")
    copytruncate(log)
    log.write("three\n")
    log.restart()
    assert log.read() == ["two\n", "three\n"]


def test_truncated_without_a_copy_says_that_something_may_be_lost(log, caplog):
    log.write("one\n")
    log.read()
    os.truncate(log.path, 0)
    log.write("two\n")
    assert log.read() == ["two\n"]
    assert "was truncated; if it had more than 4 bytes, they are lost" in caplog.text


def test_a_file_that_is_not_there_is_said_once_and_read_when_it_comes(log, caplog):
    log.path.unlink()
    log.read()
    log.read()
    assert caplog.text.count("cannot be read: No such file or directory") == 1
    log.write("one\n")
    assert log.read() == ["one\n"]


def test_a_process_that_dies_while_it_saves_leaves_the_old_state(log, monkeypatch):
    log.write("one\n")
    log.read()
    log.write("two\n")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("died")))
    with pytest.raises(OSError, match="died"):
        log.read()
    monkeypatch.undo()
    monkeypatch.setattr(trail, "IDLE_SECONDS", 0)
    log.restart()
    assert log.read() == ["two\n"]
