"""Trino's SQL: read, refused where Athena would refuse it, and written again as DuckDB's."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import TokenType

from athena.errors import QueryError, RefusedError
from athena.functions import NAMES, SAME


class Own(exp.Expression, exp.Func):
    """A function that the lab knows and sqlglot does not: of an unknown one, sqlglot would expect anything."""

    arg_types = {"this": True, "expressions": False}  # noqa: RUF012
    is_var_len_args = True


def _own(name: str) -> Callable[[list[Any]], exp.Expr]:
    return lambda arguments: Own(this=name, expressions=arguments)


class Athena(Trino):
    """Trino with the functions that the lab knows. Any other is read as a function without a meaning."""

    class Parser(TrinoParser):
        FUNCTIONS = {  # noqa: RUF012
            **{name: build for name, build in TrinoParser.FUNCTIONS.items() if name.lower() in SAME},
            **{name.upper(): _own(name.replace("substring", "substr")) for name in NAMES},
            **{name.upper(): _own(name) for name in ("concat", "greatest", "least", "format", "at_timezone")},
        }
        FUNCTION_PARSERS = {  # noqa: RUF012
            name: parser
            for name, parser in TrinoParser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION")
        }
        NO_PAREN_FUNCTION_PARSERS = {  # noqa: RUF012
            name: parser for name, parser in TrinoParser.NO_PAREN_FUNCTION_PARSERS.items() if name in ("CASE", "IF")
        }


WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT")
TEXTS = ("VARCHAR", "CHAR", "TEXT")


def read(text: str) -> exp.Query:
    """The one query of a text. Raises RefusedError."""
    try:
        statements = [statement for statement in sqlglot.parse(text, read=Athena) if statement is not None]
    except (ParseError, TokenError) as error:
        raise RefusedError(_first_line(error), reason="MALFORMED_QUERY") from None
    if len(statements) != 1:
        raise RefusedError(f"Only one sql statement is allowed. Got: {text}", reason="MALFORMED_QUERY")
    if not isinstance(statements[0], exp.Query):
        raise RefusedError("The lab's Athena runs queries only: SELECT, WITH, UNION", reason="MALFORMED_QUERY")
    return statements[0]


def bind(text: str, parameters: Sequence[str]) -> exp.Query:
    """The query of a text with literals in the places of its question marks. Raises QueryError, RefusedError."""
    places = [token for token in Athena().tokenize(text) if token.token_type is TokenType.PLACEHOLDER]
    if len(places) != len(parameters):
        found = f"expected {len(places)} but found {len(parameters)}"
        raise QueryError(f"INVALID_PARAMETER_USAGE: Incorrect number of parameters: {found}")
    # From behind: what comes before stays where it is.
    for place, parameter in reversed([*zip(places, parameters, strict=True)]):
        text = text[: place.start] + _literal(parameter).sql(Athena) + text[place.end + 1 :]
    return read(text)


def _literal(text: str) -> exp.Expr:
    try:
        value = sqlglot.parse_one(text, read=Athena)
    except (ParseError, TokenError) as error:
        raise QueryError(f"SYNTAX_ERROR: parameter {text}: {_first_line(error)}") from None
    core = value.this if isinstance(value, exp.Neg) else value
    typed = isinstance(core, exp.Cast) and isinstance(core.this, exp.Literal) and not text.lower().startswith("cast")
    if not (isinstance(core, exp.Literal | exp.Null | exp.Boolean) or typed):
        raise QueryError(f"SYNTAX_ERROR: parameter {text} is no literal; texts stand in single quotes")
    return exp.paren(value) if isinstance(value, exp.Neg) else value


def tables(query: exp.Query) -> list[exp.Table]:
    """The tables that are read, without the names of WITH."""
    named = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    return [
        table
        for table in query.find_all(exp.Table)
        if table.args.get("db") or table.args.get("catalog") or table.name.lower() not in named
    ]


def for_duckdb(query: exp.Expr) -> str:
    """The same in DuckDB's SQL. Raises QueryError for what the lab does not know."""
    whole = exp.paren(query)
    if isinstance(query, exp.Query):
        _name_columns(whole.this)
    # From the leaves: what is put in the place of a node has what was beneath it.
    for node in reversed([*whole.this.bfs()]):
        translated = _translated(node)
        if translated is not node:
            node.replace(translated)
    return str(whole.this.sql(dialect="duckdb"))


def _name_columns(query: exp.Query) -> None:
    """A column without a name has its number as one, as in Trino."""
    select = query
    while isinstance(select, exp.SetOperation):
        select = select.left
    if isinstance(select, exp.Select):
        for n, column in enumerate(select.expressions):
            if not isinstance(column, exp.Alias | exp.Column | exp.Star):
                column.replace(exp.alias_(column.copy(), f"_col{n}", quoted=True))


def _translated(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Anonymous):
        raise QueryError(f"FUNCTION_NOT_FOUND: Function '{node.name.lower()}' not registered")
    if isinstance(node, Own):
        return _function(node.name, node.expressions)
    if isinstance(node, exp.Div):
        # DuckDB is told to divide whole numbers as Trino does.
        return exp.Div(this=node.this, expression=node.expression)
    if isinstance(node, exp.AtTimeZone):
        return _at_utc(node.this, node.args["zone"])
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, exp.Join):
        return _unnested(node)
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        raise QueryError(f"FUNCTION_NOT_FOUND: {node.sql(Athena)} is no table")
    return node


def _function(name: str, arguments: list[Any]) -> exp.Expr:
    match name:
        case "concat":
            return _any_null(arguments, exp.func("concat", *arguments, dialect="duckdb"))
        case "greatest" | "least":
            return _any_null(arguments, exp.Anonymous(this=name, expressions=arguments))
        case "at_timezone":
            return _at_utc(*arguments)
        case "format":
            return _format(*arguments)
    return exp.Anonymous(this=f"trino_{name}", expressions=arguments)


def _any_null(arguments: Iterable[exp.Expr], otherwise: exp.Expr) -> exp.Expr:
    """DuckDB leaves NULLs out, where Trino answers NULL."""
    case = exp.Case(ifs=[], default=otherwise)
    for argument in arguments:
        case = case.when(exp.Is(this=exp.paren(argument.copy()), expression=exp.Null()), exp.Null())
    return case


def _at_utc(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    """A moment keeps no zone in DuckDB: the session's, UTC, is the only one."""
    if not isinstance(zone, exp.Literal) or zone.this not in ("UTC", "Z", "+00:00", "Etc/UTC"):
        raise QueryError(f"NOT_SUPPORTED: the lab's Athena knows the time zone 'UTC' only, not {zone.sql(Athena)}")
    return exp.cast(moment, "TIMESTAMPTZ")


def _cast(node: exp.Cast) -> exp.Expr:
    kind = node.to.this.value
    if kind in TEXTS:
        text: exp.Expr = exp.Anonymous(this="trino_text", expressions=[node.this])
        return exp.cast(text, node.to) if node.to.expressions else text
    if kind not in WHOLE_NUMBERS:
        # TIMESTAMP(0) is another type in DuckDB.
        return exp.cast(node.this, kind) if kind.startswith("TIMESTAMP") and node.to.expressions else node
    whole = exp.Cast(this=exp.Anonymous(this="trino_whole", expressions=[node.this]), to=node.to)
    return exp.Anonymous(this="TRY", expressions=[whole]) if isinstance(node, exp.TryCast) else whole


def _unnested(join: exp.Join) -> exp.Join:
    """UNNEST of structures makes a column of each member in Trino; in DuckDB when it is told how deep."""
    unnest = join.this
    if not isinstance(unnest, exp.Unnest):
        return join
    names = [name.name for name in unnest.args["alias"].columns]
    column = unnest.expressions[0].sql(dialect="duckdb")
    listed = ", ".join(exp.to_identifier(name, quoted=True).sql(dialect="duckdb") for name in names)
    depth = 2 if len(names) > 1 else 1
    lateral = f"(SELECT unnest({column}, max_depth := {depth})) AS {unnest.alias}({listed})"
    joined: exp.Join = sqlglot.parse_one(f"SELECT 1 FROM x CROSS JOIN LATERAL {lateral}", read="duckdb").args["joins"][
        0
    ]
    return joined


FORMAT = re.compile(r"%(?:(\d+)\$)?([-0+,]*)(\d*)(\.\d+)?([a-zA-Z%])")


def _format(pattern: exp.Expr, *arguments: exp.Expr) -> exp.Expr:
    """Java's format as a concatenation of its parts."""
    if not isinstance(pattern, exp.Literal):
        raise QueryError("NOT_SUPPORTED: the lab's format() takes a literal as its format")
    parts: list[exp.Expr] = []
    at, used = 0, 0
    text = pattern.this
    for found in FORMAT.finditer(text):
        parts.append(exp.Literal.string(text[at : found.start()]))
        at = found.end()
        number, flags, width, precision, letter = found.groups()
        if letter == "%":
            parts.append(exp.Literal.string("%"))
            continue
        if letter not in "sdf" or "," in flags:
            raise QueryError(f"NOT_SUPPORTED: the lab's format() does not know {found.group()}")
        used += not number
        n = int(number or used)
        if n > len(arguments):
            raise QueryError(f"INVALID_FUNCTION_ARGUMENT: Format specifier '{found.group()}'")
        value = exp.Anonymous(this="trino_text", expressions=[arguments[n - 1]])
        if letter != "s" or flags or width or precision:
            plain = exp.Literal.string(f"%{flags}{width}{precision or ''}{letter}")
            value = exp.Anonymous(this="printf", expressions=[plain, value if letter == "s" else arguments[n - 1]])
        parts.append(exp.Coalesce(this=value, expressions=[exp.Literal.string("null")]))
    parts.append(exp.Literal.string(text[at:]))
    return exp.func("concat", *parts, dialect="duckdb")


def _first_line(error: Exception) -> str:
    """Without the marks for a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines()[0]
