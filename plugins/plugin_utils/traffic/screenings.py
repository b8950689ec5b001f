# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Screenings as users ask for them, and the notes that must come of their results: one of each."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from .client import Target
from .figures import Ledger, percentile
from .plan import Request
from .run import Pace, Progress, Record, Users, run
from .table import UNKNOWN, duration, number

_LOOK_SECONDS = 2
_READERS = 5


def template(patients: str) -> dict[str, Any]:
    """An entry of a plan, for patients such as ``1-200``."""
    path = f"/patients/{{{patients}}}/screen"
    return {"method": "POST", "path": path, "weight": 1, "class": "always", "body": {"images": ["{unique}"]}}


@dataclass(frozen=True, slots=True)
class Note:
    """A note that holds a screening's result: the result's ``id``, and the note's ``reference``."""

    result: Any
    reference: str


@dataclass(slots=True)
class Screenings:
    """What came of screenings that were asked for at a pace.

    ``patients``: id of a result that a user got → the patient. ``records``: what came of each, ``start`` by the wall
    clock. ``notes``: patient → the notes with results, as far as they were read. ``name`` begins the ids of its
    requests.
    """

    target: Target
    pace: Pace
    timeout_seconds: float
    name: str
    patients: dict[Any, int] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    notes: dict[int, list[Note]] = field(default_factory=dict)
    _looks: Iterator[int] = field(default_factory=count)

    def screen(self, plan: Sequence[Request], progress: Progress | None = None) -> None:
        """Ask for all of them."""

        def answered(request: Request, status: int, body: bytes) -> None:
            if 200 <= status < 300:
                self.patients[json.loads(body)["id"]] = int(request.path.split("/")[2])

        asked = run(plan, self.target, self.pace, self.timeout_seconds, progress, answered=answered)
        self.records += [replace(record, start=record.start + asked.began) for record in asked.records]

    def look(self, patients: Collection[int]) -> None:
        """Read the notes of these patients, as far as they can be read."""
        look = next(self._looks)

        def wanted(patient: int) -> Request:
            # Another look draws other faults.
            seed = look * 1_000_000 + patient
            return Request(f"{self.name}-look-{seed}", seed, "GET", f"/notes?patient_id={patient}", None, "safe")

        def answered(request: Request, status: int, body: bytes) -> None:
            if status == 200:
                self.notes[int(request.path.rpartition("=")[2])] = list(_notes(json.loads(body)))

        plan = [wanted(patient) for patient in patients]
        run(plan, self.target, Users(_READERS), self.timeout_seconds, answered=answered)

    def wait(self, seconds: float, tell: Callable[[int], None]) -> float:
        """Look until each result has a note, so long at most; how long it took. ``tell`` is told how many have none."""
        began = time.monotonic()
        while (missing := self.missing()) and time.monotonic() - began < seconds:
            tell(len(missing))
            time.sleep(_LOOK_SECONDS)
            self.look({self.patients[result] for result in missing})
        return time.monotonic() - began

    def missing(self) -> set[Any]:
        """The results without a note."""
        return self.patients.keys() - {note.result for note in self._own()}

    def figures(self, ledger: Ledger | None) -> dict[str, Any]:
        """``notes`` counts the results with exactly one, ``more`` those with more than one. ``effects``: how often
        notes took effect, by the ledger; None without one."""
        own = list(self._own())
        notes = Counter(note.result for note in own)
        references = {note.reference for note in own}
        return {
            "screenings": len(self.records),
            "results": len(self.patients),
            "p50_seconds": percentile(sorted(record.seconds for record in self.records), 50),
            "notes": sum(number == 1 for number in notes.values()),
            "missing": len(self.missing()),
            "more": sum(number > 1 for number in notes.values()),
            "effects": None if ledger is None else sum(ledger.get(name, {}).get("applied", 0) for name in references),
        }

    def _own(self) -> Iterator[Note]:
        for notes in self.notes.values():
            yield from (note for note in notes if note.result in self.patients)


def table(figures: Mapping[str, Any], waited: float) -> str:
    """Figures as text for a plain terminal."""
    effects = UNKNOWN if figures["effects"] is None else number(figures["effects"])
    return "\n".join(
        [
            f"{'screenings':<30}{number(figures['screenings']):>9}   p50 {duration(figures['p50_seconds'])}",
            f"{'answered with a result':<30}{number(figures['results']):>9}",
            f"{'results with exactly one note':<30}{number(figures['notes']):>9}   the last after {duration(waited)}",
            f"{'notes that took effect':<30}{effects:>9}",
        ]
    )


def problems(figures: Mapping[str, Any], waited: float) -> Iterator[str]:
    """One sentence for everything that must not be."""
    if not figures["results"]:
        yield "No screening was answered with a result: see what the front answers."
    if figures["missing"]:
        yield (
            f"{number(figures['missing'])} results have no note after {duration(waited)}: see the logs of screening and"
            " notes_writer, and playbooks/replay_notes.yml --check."
        )
    if figures["more"]:
        yield f"{number(figures['more'])} results have more than one note."
    if figures["effects"] is not None and figures["effects"] != figures["notes"]:
        notes, effects = number(figures["notes"]), number(figures["effects"])
        yield f"{notes} notes took effect {effects} times, by the upstream's ledger."


def _notes(listed: Sequence[Mapping[str, Any]]) -> Iterator[Note]:
    """Those of a list of notes that hold a screening's result."""
    for note in listed:
        try:
            body = json.loads(note["body"])
            yield Note(body["result"]["id"], body["reference"])
        except (ValueError, KeyError, TypeError):
            continue
