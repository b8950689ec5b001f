"""Events as CloudWatch Logs takes them, and as many of them as one request may have. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cloudwatch_agent.timestamp import Timestamp

# Of a message, in UTF-8. The agent leaves 200 bytes of the API's limit of one event, 1 MiB.
MOST_MESSAGE_BYTES = 1024 * 1024 - 200
# Of one call of PutLogEvents.
MOST_EVENTS = 10_000
MOST_BYTES = 1024 * 1024
BYTES_BESIDE_MESSAGE = 26
MOST_SPAN_MS = 24 * 3600 * 1000
# What is older, or further ahead, the API would reject.
MOST_AGE_MS = 14 * 24 * 3600 * 1000
MOST_AHEAD_MS = 2 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Event:
    """One log event; `size` is what it counts for in a request."""

    time_ms: int
    message: str
    size: int


class Reader:
    """Makes events of what stands in one file."""

    def __init__(self, timestamp: Timestamp | None) -> None:
        self._timestamp = timestamp
        self._last: int | None = None
        self.discarded = 0

    def events(self, raw: bytes, now_ms: int) -> Iterator[Event]:
        """The event of a line (with those that continue it), in several where it is too long for one.

        Bytes that are no UTF-8 become U+FFFD. The agent sends them as they are; but CloudWatch keeps only UTF-8, and
        botocore sends nothing else. An event without a time has that of the one before, or of its arrival.
        """
        text = raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")
        found = self._timestamp.find(text) if self._timestamp else None
        if found is not None and not now_ms - MOST_AGE_MS <= found <= now_ms + MOST_AHEAD_MS:
            self.discarded += 1
            return
        if found is not None:
            self._last = found
        time_ms = now_ms if self._last is None else self._last
        for message in pieces(text):
            yield Event(time_ms, message, len(message.encode()) + BYTES_BESIDE_MESSAGE)


def pieces(text: str) -> Iterator[str]:
    """The text in pieces that each fit into an event; none of an empty one."""
    rest = text.encode()
    while rest:
        piece = rest[:MOST_MESSAGE_BYTES].decode("utf-8", "ignore")
        yield piece
        rest = rest[len(piece.encode()) :]


@dataclass
class Batch:
    """The events of one request."""

    since: float
    """When its first event was read, in seconds of whichever clock."""
    events: list[Event] = field(default_factory=list)
    size: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def fits(self, event: Event) -> bool:
        """Whether the request may have it as well."""
        if not self.events:
            return True
        span = max(self.last_ms, event.time_ms) - min(self.first_ms, event.time_ms)
        return len(self.events) < MOST_EVENTS and self.size + event.size <= MOST_BYTES and span < MOST_SPAN_MS

    def add(self, event: Event) -> None:
        """Have it, which must fit."""
        first = not self.events
        self.first_ms = event.time_ms if first else min(self.first_ms, event.time_ms)
        self.last_ms = event.time_ms if first else max(self.last_ms, event.time_ms)
        self.size += event.size
        self.events.append(event)

    def request(self) -> list[dict[str, Any]]:
        """As PutLogEvents has it: by time, and of one time in the order of the file."""
        return [
            {"timestamp": event.time_ms, "message": event.message}
            for event in sorted(self.events, key=lambda event: event.time_ms)
        ]
