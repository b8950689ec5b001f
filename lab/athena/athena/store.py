"""Workgroups, data catalogs and queries: JSON documents by kind and name, in SQLite."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class Store:
    """The only connection to the database. Calls are short, block, and may come from any thread."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS documents (kind TEXT, name TEXT, document TEXT NOT NULL, UNIQUE (kind, name))"
        )

    def get(self, kind: str, name: str) -> Document | None:
        """A copy of a document; None when there is none."""
        rows = self._run("SELECT document FROM documents WHERE kind = ? AND name = ?", kind, name)
        return json.loads(rows[0][0]) if rows else None

    def all(self, kind: str) -> list[Document]:
        """Every document of a kind, in the order in which they came."""
        return [
            json.loads(text)
            for (text,) in self._run("SELECT document FROM documents WHERE kind = ? ORDER BY rowid", kind)
        ]

    def put(self, kind: str, name: str, document: Document) -> None:
        """Keep a document in the place of the one that was there."""
        self._run(
            "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET document = excluded.document",
            kind,
            name,
            json.dumps(document),
        )

    def delete(self, kind: str, name: str) -> None:
        """Forget a document, if there is one."""
        self._run("DELETE FROM documents WHERE kind = ? AND name = ?", kind, name)

    def _run(self, statement: str, *values: str) -> list[tuple[str]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()
