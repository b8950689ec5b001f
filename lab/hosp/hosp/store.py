"""The records in SQLite: one table a resource, a record's fields and times as the text of a JSON object."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hosp.records import FIELDS

HOSPITALS, PATIENTS, STAFF = 20, 200, 50
SPECIES = ("dog", "cat", "horse", "rabbit", "parrot")
ROLES = ("veterinarian", "nurse", "receptionist")
LARGEST_ID = 2**63 - 1
WHOLE_LIST = 1_000_000_000

# AUTOINCREMENT: the id of a deleted record is never given again.
SCHEMA = (
    *(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY AUTOINCREMENT, members TEXT NOT NULL)" for name in FIELDS),
    "CREATE INDEX notes_of_patient ON notes (json_extract(members, '$.patient_id'))",
    # By rowid the requests stay in the order of their arrival.
    "CREATE TABLE ledger (id TEXT NOT NULL UNIQUE, method TEXT NOT NULL, path TEXT NOT NULL,"
    " attempts INTEGER NOT NULL, applied INTEGER NOT NULL, statuses TEXT NOT NULL)",
)
SCHEMA_VERSION = 1

# A record as the client sees it. The parameter is the text between the members and the id in the address.
DOCUMENT = """'{"id":' || id || ',' || substr(members, 2, length(members) - 2) || ? || id || '.json"}'"""


class Store:
    """The only connection to the database; calls are short and block, so no two of them ever interleave.

    `now` is the API's clock. Writes belong in a `transaction()`. What the caller must have checked: resources are keys
    of `FIELDS`.
    """

    def __init__(self, path: Path, now: Callable[[], str] = lambda: clock_text(0, whole_seconds=False)) -> None:
        self._now = now
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        # Survives a crash of the process; a crash of the machine may lose the last moments, and is no part of the lab.
        self.connection.execute("PRAGMA synchronous = OFF")
        if self.connection.execute("PRAGMA user_version").fetchone() != (SCHEMA_VERSION,):
            self._create()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside takes effect, or nothing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def exists(self, resource: str, number: int) -> bool:
        """Whether there is a record of this id."""
        if not 0 < number <= LARGEST_ID:
            return False
        return bool(self.connection.execute(f"SELECT 1 FROM {resource} WHERE id = ?", (number,)).fetchall())

    def members(self, resource: str, number: int) -> dict[str, Any] | None:
        """A record's fields and times; None when there is no such record."""
        rows = self.connection.execute(f"SELECT members FROM {resource} WHERE id = ?", (number,)).fetchall()
        return json.loads(rows[0][0]) if rows else None

    def document(self, resource: str, number: int, host: str) -> str | None:
        """A record as JSON text, its `url` at the host that the client named; None when there is no such record."""
        rows = self.connection.execute(
            f"SELECT {DOCUMENT} FROM {resource} WHERE id = ?", (_url(resource, host), number)
        ).fetchall()
        return str(rows[0][0]) if rows else None

    def documents(
        self, resource: str, host: str, patient: int | None = None, page: tuple[int, int] = (1, WHOLE_LIST)
    ) -> str:
        """All records, or the notes of one patient, as the text of a JSON list, newest first.

        `page` is its number, from 1, and its size.
        """
        where, values = ("", ()) if patient is None else ("WHERE json_extract(members, '$.patient_id') = ?", (patient,))
        number, size = page
        rows = self.connection.execute(
            f"SELECT {DOCUMENT} FROM {resource} {where} ORDER BY id DESC LIMIT ? OFFSET ?",
            (_url(resource, host), *values, size, min((number - 1) * size, LARGEST_ID)),
        )
        return "[" + ",".join(text for (text,) in rows) + "]"

    def insert(self, resource: str, fields: Mapping[str, Any]) -> int:
        """Create a record and return its id."""
        now = self._now()
        members = _text({**fields, "created_at": now, "updated_at": now})
        cursor = self.connection.execute(f"INSERT INTO {resource} (members) VALUES (?)", (members,))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def update(self, resource: str, number: int, members: Mapping[str, Any]) -> None:
        """Replace the members of a record that exists; `updated_at` becomes now."""
        text = _text({**members, "updated_at": self._now()})
        self.connection.execute(f"UPDATE {resource} SET members = ? WHERE id = ?", (text, number))

    def delete(self, resource: str, number: int) -> bool:
        """Delete a record; False when there was none."""
        return self.connection.execute(f"DELETE FROM {resource} WHERE id = ?", (number,)).rowcount > 0

    def _create(self) -> None:
        with self.transaction():
            for statement in SCHEMA:
                self.connection.execute(statement)
            for n in range(HOSPITALS):
                self.insert("hospitals", {"name": f"Hospital {n + 1}"})
            for n in range(PATIENTS):
                fields = {"species": SPECIES[n % len(SPECIES)], "hospital_id": n % HOSPITALS + 1}
                self.insert("patients", {"name": f"Patient {n + 1}", **fields})
            for n in range(STAFF):
                fields = {"role": ROLES[n % len(ROLES)], "hospital_id": n % HOSPITALS + 1}
                self.insert("staff", {"name": f"Staff {n + 1}", **fields})
            self.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _url(resource: str, host: str) -> str:
    """The end of a document up to the id: the host is the client's text, so it is quoted as JSON."""
    return ',"url":' + json.dumps(f"http://{host}/{resource}/")[:-1]


def _text(members: Mapping[str, Any]) -> str:
    """ASCII, so that a client's lone surrogates and NULs stay what they are."""
    return json.dumps(members, separators=(",", ":"))


def clock_text(offset_seconds: float, *, whole_seconds: bool) -> str:
    """The time by a clock that is so far ahead, as Rails writes it."""
    now = datetime.now(UTC) + timedelta(seconds=offset_seconds)
    if whole_seconds:
        now = now.replace(microsecond=0)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
