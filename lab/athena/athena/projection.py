"""The partitions that a table's properties promise, without asking Glue for any. Pure.

Source: Amazon Athena User Guide, "Partition projection with Amazon Athena".
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product

from athena.errors import QueryError

UNITS = {"DAYS": timedelta(days=1), "HOURS": timedelta(hours=1), "MINUTES": timedelta(minutes=1),
         "WEEKS": timedelta(weeks=1), "SECONDS": timedelta(seconds=1)}  # fmt: skip
LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
MOST = 1_000_000


def partitions(keys: list[str], properties: Mapping[str, str], now: datetime) -> list[dict[str, str]]:
    """Every combination of the keys' values, in their order. Raises QueryError."""
    values = [_values(key, properties, now) for key in keys]
    count = 1
    for found in values:
        count *= len(found)
    if count > MOST:
        raise QueryError(f"HIVE_EXCEEDED_PARTITION_LIMIT: {count} projected partitions are more than {MOST}")
    return [dict(zip(keys, combination, strict=True)) for combination in product(*values)]


def location(template: str, partition: Mapping[str, str]) -> str:
    """
    >>> location("s3://logs/day=${day}/", {"day": "2026-01-31"})
    's3://logs/day=2026-01-31/'
    """
    return re.sub(r"\$\{(\w+)\}", lambda found: partition[found.group(1)], template)


def _values(key: str, properties: Mapping[str, str], now: datetime) -> list[str]:
    def setting(name: str, default: str | None = None) -> str:
        value = properties.get(f"projection.{key}.{name}", default)
        if value is None:
            raise QueryError(f"INVALID_TABLE_PROPERTY: projection.{key}.{name} is missing")
        return value

    kind = setting("type")
    if kind == "enum":
        return [value.strip() for value in setting("values").split(",")]
    if kind == "integer":
        least, most = (int(text) for text in setting("range").split(","))
        digits, each = int(setting("digits", "1")), int(setting("interval", "1"))
        return [str(value).zfill(digits) for value in range(least, most + 1, each)]
    if kind == "date":
        pattern = re.sub("|".join(LETTERS), lambda found: LETTERS[found.group()], setting("format").replace("'", ""))
        first, last = (_moment(text.strip(), pattern, now) for text in setting("range").split(","))
        step = UNITS[setting("interval.unit", "DAYS").upper()] * int(setting("interval", "1"))
        return list(dict.fromkeys(moment.strftime(pattern) for moment in _moments(first, last, step)))
    raise QueryError(f"INVALID_TABLE_PROPERTY: projection.{key}.type is {kind}: the lab knows date, enum and integer")


def _moments(first: datetime, last: datetime, step: timedelta) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += step


def _moment(text: str, pattern: str, now: datetime) -> datetime:
    """A date in the partitions' format, or NOW with an offset such as NOW-90DAYS."""
    relative = re.fullmatch(r"NOW(?:\s*([+-])\s*([0-9]+)\s*([A-Z]+?)S?)?", text)
    if not relative:
        return datetime.strptime(text, pattern).replace(tzinfo=UTC)
    sign, count, unit = relative.groups()
    return now if not sign else now + UNITS[f"{unit}S"] * int(f"{sign}{count}")
