"""What arrived, what took effect and what was answered, per X-Request-Id; kept beside the records.

An attempt enters when its head arrives, with status 0 (no answer). It is settled in the transaction of its write, so
that the two cannot disagree. What was reset, stalled or left by the client, and what is still running, stays at 0.
"""

from hosp.store import Store

ENTRY = """json_object('method', method, 'path', path, 'attempts', attempts, 'applied', applied,
                       'statuses', json(statuses))"""

# A PUT or DELETE that is repeated does no more than it did before: they are idempotent.
DUPLICATE = "applied > 1 AND method NOT IN ('PUT', 'DELETE')"


class Ledger:
    """The ledger in a store's database. `read` and its kin return JSON text, built by SQLite."""

    def __init__(self, store: Store) -> None:
        self._connection = store.connection

    def arrive(self, request: str, method: str, path: str) -> int:
        """Count an attempt and return its number, from 1. Method and path are those of the first."""
        rows = self._connection.execute(
            "INSERT INTO ledger VALUES (?, ?, ?, 1, 0, '[0]')"
            " ON CONFLICT (id) DO UPDATE SET attempts = attempts + 1, statuses = json_insert(statuses, '$[#]', 0)"
            " RETURNING attempts",
            (request, method, path),
        ).fetchall()
        return int(rows[0][0])

    def settle(self, request: str, attempt: int, status: int, applied: bool) -> None:
        """Record what an attempt was answered (0: nothing), and whether its write took effect."""
        self._connection.execute(
            "UPDATE ledger SET applied = applied + ?, statuses = json_set(statuses, '$[' || ? || ']', ?) WHERE id = ?",
            (applied, attempt - 1, status, request),
        )

    def land(self, request: str) -> None:
        """Record that a write took effect after its attempt had failed."""
        self._connection.execute("UPDATE ledger SET applied = applied + 1 WHERE id = ?", (request,))

    def read(self) -> str:
        """All requests in the order of their arrival, and the totals."""
        return self._json(f"json_object('requests', json_group_object(id, {ENTRY}), 'totals', json({self._totals()}))")

    def one(self, request: str) -> str:
        """The same shape with one request, or none when the id is unknown, and without totals."""
        return self._json(f"json_object('requests', json_group_object(id, {ENTRY}))", "WHERE id = ?", request)

    def totals(self) -> str:
        """The same shape with the totals alone."""
        return self._json(f"json_object('totals', json({self._totals()}))")

    def clear(self) -> None:
        """Forget everything, the attempts that are still running too."""
        self._connection.execute("DELETE FROM ledger")

    @staticmethod
    def _totals() -> str:
        return f"""json_object('requests', count(*), 'attempts', coalesce(sum(attempts), 0),
                              'applied', coalesce(sum(applied), 0), 'duplicates', coalesce(sum({DUPLICATE}), 0))"""

    def _json(self, expression: str, where: str = "", *values: str) -> str:
        return str(self._connection.execute(f"SELECT {expression} FROM ledger {where}", values).fetchone()[0])
