"""A log file through its rotations: everything that is written to it is read, in whichever file it has ended up.

A file is known by its inode and by how it begins: an inode is soon given to another file, and one that is copied and
truncated (`copytruncate`) keeps its own.
"""

import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cloudwatch_agent.events import MOST_MESSAGE_BYTES

log = logging.getLogger("cloudwatch_agent")

HEAD_BYTES = 1024
# The last event may still be continued until nobody has written for so long. The agent looks five times, once a second.
IDLE_SECONDS = 5.0
# A renamed file is left when nobody has written to it for so long: its writer may still have it open.
QUIET_SECONDS = 600.0
# The agent's default: a line that begins with white space continues the event before.
BEGINS = re.compile(rb"[^\t\n\f\r ]")
COMPRESSED = {".bz2", ".gz", ".rar", ".tar", ".xz", ".zip", ".zst"}


class Tail:
    """One open file. `position` is how far it was read, `delivered` how far CloudWatch has it."""

    def __init__(self, file: BinaryIO, delivered: int = 0) -> None:
        self.position = self.delivered = delivered
        self._file = file
        self.head = b""
        """How the file begins: as much of it as is needed to know it again."""
        self._know_head()

    @property
    def inode(self) -> int:
        return os.fstat(self._file.fileno()).st_ino

    @property
    def unread(self) -> int:
        return os.fstat(self._file.fileno()).st_size - self.position

    def idle_seconds(self) -> float:
        """For how long nobody has written to it, nor renamed it."""
        return time.time() - os.fstat(self._file.fileno()).st_ctime

    def events(self, *, over: bool) -> Iterator[bytes]:
        """The events after the position, which moves with them: whole lines, each with those that continue it.

        The last event waits until it cannot be continued any more, and a line without its end until it has one: unless
        it is `over`, and nobody will write.
        """
        last_is_whole = over or self.idle_seconds() >= IDLE_SECONDS
        self._know_head()
        self._file.seek(self.position)
        event = b""
        while line := self._file.readline(MOST_MESSAGE_BYTES):
            if self.was_truncated():
                # The line may be of what came after. What was not read is in a copy, from the position on.
                return
            if not (line.endswith(b"\n") or len(line) == MOST_MESSAGE_BYTES or over):
                break
            if event and (BEGINS.match(line) or len(event) + len(line) > MOST_MESSAGE_BYTES):
                self.position += len(event)
                yield event
                event = b""
            event += line
        if event and last_is_whole:
            self.position += len(event)
            yield event

    def was_truncated(self) -> bool:
        """Whether what was read of it is not in it any more."""
        return self.unread < 0 or os.pread(self._file.fileno(), len(self.head), 0) != self.head

    def move_to(self, copy: BinaryIO) -> None:
        """Go on in a copy of the file."""
        self._file.close()
        self._file = copy

    def state(self) -> dict[str, Any]:
        """What another process needs to go on from where CloudWatch has everything."""
        return {
            "inode": self.inode,
            "delivered": self.delivered,
            "head_bytes": len(self.head),
            "head_sha256": hashlib.sha256(self.head).hexdigest(),
        }

    def close(self) -> None:
        self._file.close()

    def _know_head(self) -> None:
        if len(self.head) < HEAD_BYTES:
            head = os.pread(self._file.fileno(), HEAD_BYTES, 0)
            # Otherwise it was truncated meanwhile.
            if head.startswith(self.head):
                self.head = head


class Trail:
    """The files that are, or were, under one path: `tails`, in the order in which they came."""

    def __init__(self, path: Path, state: Path) -> None:
        """`state` is the file in which another process finds what this one leaves."""
        self.path = path
        self._state = state
        self._said = ""
        self.tails = list(self._resumed())

    def look(self) -> None:
        """Open what is new under the path, and leave what nobody writes to any more."""
        for tail in [tail for tail in self.tails if tail.was_truncated()]:
            self._go_on_in_copy(tail)
        inode = None
        try:
            inode = self.path.stat().st_ino
            if all(tail.inode != inode for tail in self.tails):
                self.tails.append(Tail(self.path.open("rb")))
                self.save()
            self._say("")
        except OSError as error:
            self._say(f"{self.path} cannot be read: {error.strerror}")
        for tail in [tail for tail in self.tails if tail.inode != inode and self._is_done(tail)]:
            tail.close()
            self.tails.remove(tail)
            self.save()

    def events(self) -> Iterator[tuple[Tail, bytes]]:
        """What is to be read now, the older files first."""
        for tail in self.tails:
            over = tail is not self.tails[-1] and tail.idle_seconds() >= QUIET_SECONDS
            for event in tail.events(over=over):
                yield tail, event

    def save(self) -> None:
        """Write down what CloudWatch has. Another process never sees half of it."""
        unfinished = self._state.with_name(f"{self._state.name}.new")
        with unfinished.open("w") as file:
            json.dump({"path": str(self.path), "files": [tail.state() for tail in self.tails]}, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._state)

    def _resumed(self) -> Iterator[Tail]:
        try:
            known = json.loads(self._state.read_text())["files"]
        except FileNotFoundError:
            return
        for file in known:
            found = self._find(file["head_bytes"], file["head_sha256"], file["delivered"], file["inode"])
            if found:
                yield Tail(found, file["delivered"])
            else:
                log.error(
                    "a file that was %s is gone; if it had more than %d bytes, they are lost",
                    self.path,
                    file["delivered"],
                )

    def _go_on_in_copy(self, tail: Tail) -> None:
        copy = self._find(len(tail.head), hashlib.sha256(tail.head).hexdigest(), tail.position)
        if copy:
            tail.move_to(copy)
            return
        log.error("%s was truncated; if it had more than %d bytes, they are lost", self.path, tail.position)
        tail.close()
        self.tails.remove(tail)

    def _find(self, head_bytes: int, head_sha256: str, position: int, inode: int | None = None) -> BinaryIO | None:
        """Open the file that begins so and reaches as far: the one with this inode, else any other."""
        found = []
        for file in self._siblings():
            head = os.pread(file.fileno(), head_bytes, 0)
            same = hashlib.sha256(head).hexdigest() == head_sha256 and os.fstat(file.fileno()).st_size >= position
            # Every file begins with nothing.
            if same and (head_bytes or os.fstat(file.fileno()).st_ino == inode):
                found.append(file)
            else:
                file.close()
        found.sort(key=lambda file: os.fstat(file.fileno()).st_ino != inode)
        for file in found[1:]:
            file.close()
        return found[0] if found else None

    def _siblings(self) -> Iterator[BinaryIO]:
        for path in sorted(self.path.parent.glob("*")):
            if path.name.startswith(self.path.name) and path.suffix not in COMPRESSED and path.is_file():
                try:
                    yield path.open("rb")
                except OSError as error:
                    log.warning("%s cannot be read: %s", path, error.strerror)

    def _is_done(self, tail: Tail) -> bool:
        return tail.idle_seconds() >= QUIET_SECONDS and tail.unread == 0 and tail.delivered == tail.position

    def _say(self, words: str) -> None:
        if words and words != self._said:
            log.warning("%s", words)
        self._said = words
