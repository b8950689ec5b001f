"""How a note is written exactly once, though HOSP knows no idempotency keys. `docs/screening.md` says why it works.

Pure but for what it is given: claims, HOSP and a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from notes_writer.note import Note

# After this long a note that was sent more than once is looked at once more.
CHECK_SECONDS = 60
LONGEST_REST_SECONDS = 900

BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of a note's way, by whoever tries to write it.

    Until `settled_at` (seconds since 1970) what was sent may still take effect. `seen`: HOSP has said or shown that the
    note is there.
    """

    sends: int
    settled_at: float
    seen: bool = False
    done: bool = False


class DoubtError(Exception):
    """HOSP gave no answer that settles anything; the text says what it was. `retry_after` is what it asked for."""

    def __init__(self, reason: str, retry_after: float = 0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class RefusedError(Exception):
    """HOSP refused the note for good; the text says why."""


class Claims(Protocol):
    """Kept for ever, one a reference; `version` is that of the claim that was read."""

    def begin(self, reference: str, claim: Claim) -> str | None:
        """Keep the first claim and return its version; None when there is one already."""

    def read(self, reference: str) -> tuple[Claim, str]: ...

    def change(self, reference: str, claim: Claim, version: str) -> str | None:
        """Replace the claim of this version and return the new one; None when it is no longer that version."""


class Hosp(Protocol):
    """Every call raises DoubtError; `create` also RefusedError."""

    def create(self, note: Note) -> None: ...

    def notes(self, patient: int) -> Sequence[Mapping[str, Any]]: ...

    def delete(self, number: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivered:
    """There is one note. `removed` counts others that bore its reference, `kept` those that people have changed."""

    how: str
    removed: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Rests:
    """The message must come again, after so many seconds. `removed` as in Delivered."""

    seconds: float
    why: str
    removed: int = 0


Outcome = Delivered | Rests


@dataclass(frozen=True, slots=True)
class Delivery:
    """`settle_seconds`: a write never takes effect later than this after its answer failed or its sender died."""

    claims: Claims
    hosp: Hosp
    clock: Callable[[], float]
    settle_seconds: float
    send_seconds: float

    def deliver(self, note: Note, ends_at: float, receives: int) -> Outcome:
        """One step on a note's way. Nobody who calls this lives past `ends_at`; `receives` counts from 1.

        Raises RefusedError.
        """
        mine = Claim(sends=1, settled_at=ends_at + self.settle_seconds)
        if ends_at < self.clock() + self.send_seconds:
            return Rests(0, "too little time is left")
        if version := self.claims.begin(note.reference, mine):
            return self._send(note, mine, version, receives)
        return self._go_on(note, ends_at, receives)

    def _go_on(self, note: Note, ends_at: float, receives: int) -> Outcome:
        """Somebody has sent this note, or is about to."""
        claim, version = self.claims.read(note.reference)
        if claim.done:
            return Delivered(BEFORE)
        if self.clock() < claim.settled_at:
            return Rests(claim.settled_at - self.clock(), "what was sent may still take effect")
        try:
            found = note.among(self.hosp.notes(note.patient))
            removed = self._keep_eldest(note, found)
        except DoubtError as doubt:
            return Rests(self._back_off(doubt, receives), str(doubt))
        if found or claim.seen:
            how = "found" if found else "seen, and gone"
            return self._there(note, claim, version, Delivered(how, removed, max(0, len(found) - 1 - removed)))
        if ends_at < self.clock() + self.send_seconds:
            return Rests(0, "too little time is left")
        mine = Claim(claim.sends + 1, ends_at + self.settle_seconds)
        if taken := self.claims.change(note.reference, mine, version):
            return self._send(note, mine, taken, receives)
        return Rests(self.settle_seconds, "another took it over")

    def _send(self, note: Note, mine: Claim, version: str, receives: int) -> Outcome:
        try:
            self.hosp.create(note)
        except DoubtError as doubt:
            settled = replace(mine, settled_at=self.clock() + self.settle_seconds)
            self.claims.change(note.reference, settled, version)
            return Rests(self._back_off(doubt, receives), str(doubt))
        except RefusedError:
            self.claims.change(note.reference, replace(mine, settled_at=self.clock()), version)
            raise
        return self._there(note, mine, version, Delivered("created"))

    def _there(self, note: Note, claim: Claim, version: str, delivered: Delivered) -> Outcome:
        """The note is there. If what was sent before took longer than it ever should, there may soon be two."""
        if claim.sends > 1 and not claim.seen:
            checked = replace(claim, settled_at=self.clock() + CHECK_SECONDS, seen=True)
            self.claims.change(note.reference, checked, version)
            return Rests(CHECK_SECONDS, "it was sent more than once", delivered.removed)
        self.claims.change(note.reference, replace(claim, done=True), version)
        return delivered

    def _keep_eldest(self, note: Note, found: Sequence[Mapping[str, Any]]) -> int:
        """Remove the younger ones that nobody has changed, and count them. Raises DoubtError."""
        younger = [other for other in found[1:] if note.same(other)]
        for other in younger:
            self.hosp.delete(int(other["id"]))
        return len(younger)

    def _back_off(self, doubt: DoubtError, receives: int) -> float:
        growing = self.settle_seconds * 2.0 ** min(receives - 1, 10)
        return max(self.settle_seconds, doubt.retry_after, min(growing, LONGEST_REST_SECONDS))
