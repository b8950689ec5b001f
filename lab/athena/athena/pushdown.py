"""What a query asks of each table, before anything of it is read: the conditions that name its columns only."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from athena.errors import QueryError
from athena.sql import Athena


def conditions(query: exp.Query, columns: Mapping[str, list[str]]) -> dict[str, list[exp.Expr]]:
    """By table, the conditions that each of its rows must fulfil to be of any use; columns are written without a table.

    ``columns``: table → its columns. Rows are still filtered by the query itself: what is not found here costs time,
    and changes nothing. Raises QueryError where a column is unknown.
    """
    schema: dict[str, object] = {table: dict.fromkeys(names, "VARCHAR") for table, names in columns.items()}
    try:
        moved = qualify(query.copy(), schema=schema, dialect=Athena, quote_identifiers=False, expand_stars=True)
    except Exception as error:  # sqlglot has no error of its own for some of what it does not understand
        raise QueryError(f"COLUMN_NOT_FOUND: {error}") from None
    found: dict[str, list[exp.Expr]] = {table: [] for table in columns}
    for scope in traverse_scope(pushdown_predicates(moved, dialect=Athena)):
        # Not `sources`: a subquery knows those of the query around it too, and its conditions are not about their rows.
        for alias, (_, source) in scope.selected_sources.items():
            if isinstance(source, exp.Table) and source.name in found:
                found[source.name] = [bare for part in _parts(scope.expression) if (bare := _bare(part, alias))]
    return found


def _parts(select: Any) -> list[exp.Expr]:
    """What WHERE demands, and where nothing is lost by a join, what the join does."""
    where = select.args.get("where")
    joins = select.args.get("joins") or []
    demanded = [where.this] if where and not any(join.side for join in joins) else []
    demanded += [join.args["on"] for join in joins if join.args.get("on") and not any(j.side for j in joins)]
    return [part for condition in demanded for part in _all_of(condition)]


def _all_of(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _all_of(condition.left)
        yield from _all_of(condition.right)
    else:
        yield condition


def _bare(condition: exp.Expr, alias: str) -> exp.Expr | None:
    """The condition without the table's name, when it is about nothing else."""
    columns = list(condition.find_all(exp.Column))
    if not columns or any(column.table != alias for column in columns) or condition.find(exp.Subquery, exp.Select):
        return None
    return condition.transform(
        lambda node: exp.column(node.name, quoted=True) if isinstance(node, exp.Column) else node
    )
