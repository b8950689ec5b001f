"""When an event happened, as the agent reads it out of a line by `timestamp_format`. Pure."""

import re
from datetime import UTC, datetime

# As the agent has them. `%-d` and the like are the same to it and to Python: digits, with or without a zero before.
EXPRESSIONS = {
    "B": r"\w{3,9}", "b": r"\w{3}", "A": r"\w{6,9}", "a": r"\w{3}", "p": r"\w{2}",
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\s?\d{1,2}", "d": r"\s?\d{1,2}",
    "H": r"\d{2}", "I": r"\d{1,2}", "M": r"\d{1,2}", "S": r"\d{1,2}", "z": r"[+-]\d{4}",
    "f": r"(?P<fraction>\d{1,9})",
}  # fmt: skip
DIRECTIVE = re.compile("%-?(.)")


class Timestamp:
    """Finds the first text of one format in a line."""

    def __init__(self, wanted: str, timezone: str) -> None:
        """`timezone` is UTC, or this machine's where it is anything else. Raises ValueError for an unknown format."""
        directives = DIRECTIVE.findall(wanted)
        if unknown := sorted(set(directives) - EXPRESSIONS.keys()):
            raise ValueError(f"%{unknown[0]} is not one of %{', %'.join(sorted(EXPRESSIONS))}")
        if not {"Y", "y"} & set(directives):
            raise ValueError("it has no year, neither %Y nor %y")
        literals = DIRECTIVE.split(wanted)[::2]
        expression = "".join(
            re.escape(literal) + EXPRESSIONS.get(directive, "")
            for literal, directive in zip(literals, [*directives, ""], strict=True)
        )
        self._expression = re.compile(expression.removeprefix(r"\s?"), re.ASCII)
        self._format = re.sub("%-", "%", wanted).replace("%f", "")
        self._utc = timezone == "UTC"

    def find(self, text: str) -> int | None:
        """Milliseconds since 1970, or None where there is none in it."""
        found = self._expression.search(text)
        if not found:
            return None
        begin, end = found.span("fraction") if "fraction" in found.groupdict() else (found.end(), found.end())
        try:
            moment = datetime.strptime(text[found.start() : begin] + text[end : found.end()], self._format)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC) if self._utc else moment.astimezone()
            return int(moment.timestamp()) * 1000 + int(text[begin:end].ljust(3, "0")[:3])
        except (ValueError, OverflowError):
            return None
