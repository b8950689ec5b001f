"""One file on its way into one log stream: read, batch, deliver, and write down how far."""

import logging
import random
from collections import deque
from collections.abc import Callable
from typing import Protocol

from cloudwatch_agent.events import Batch, Event, Reader
from cloudwatch_agent.trail import Tail, Trail

log = logging.getLogger("cloudwatch_agent")

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 10.0


class UnavailableError(Exception):
    """What was not delivered may be delivered later."""


class RefusedError(Exception):
    """What was not delivered will never be."""


class Stream(Protocol):
    """A log stream. Putting raises UnavailableError or RefusedError."""

    name: str

    def put(self, batch: Batch) -> None:
        """Have CloudWatch keep the events of a batch."""


class Shipper:
    """At most one batch is under way; files keep what comes after it. Seconds are of any clock that only goes on."""

    def __init__(self, trail: Trail, reader: Reader, stream: Stream, flush_seconds: float) -> None:
        self._trail = trail
        self._reader = reader
        self._stream = stream
        self._flush_seconds = flush_seconds
        self._batch: Batch | None = None
        self._ends: dict[Tail, int] = {}
        """How far each file is delivered when the batch is."""
        self._next: deque[tuple[Event, Tail, int | None]] = deque()
        """What was read and did not fit; with its end, where the event ends with it."""
        self._failures = 0
        self._not_before = 0.0

    def round(self, seconds: float, now_ms: int) -> bool:
        """Do what is to be done now; whether there is more of it."""
        self._trail.look()
        full = self._fill(seconds, now_ms)
        if self._batch is None:
            self._settle()
            return False
        if seconds < self._not_before:
            return False
        if not full and seconds < self._batch.since + self._flush_seconds:
            return False
        return self._send(seconds, self._batch) and full

    def _fill(self, seconds: float, now_ms: int) -> bool:
        """Read until the batch is full; whether it is."""
        discarded = self._reader.discarded
        full = self._take_waiting(seconds)
        for tail, raw in () if full else self._trail.events():
            made = list(self._reader.events(raw, now_ms))
            self._next.extend((event, tail, None) for event in made[:-1])
            self._next.extend((event, tail, tail.position) for event in made[-1:])
            if not made:
                self._ends[tail] = tail.position
            full = self._take_waiting(seconds)
            if full:
                break
        if self._reader.discarded > discarded:
            log.error("%s: %d discarded, too old or ahead", self._stream.name, self._reader.discarded - discarded)
        return full

    def _take_waiting(self, seconds: float) -> bool:
        """Have the batch take what was read; whether it cannot take all."""
        while self._next:
            event, tail, end = self._next[0]
            self._batch = self._batch or Batch(seconds)
            if not self._batch.fits(event):
                return True
            self._batch.add(event)
            if end is not None:
                self._ends[tail] = end
            self._next.popleft()
        return False

    def _send(self, seconds: float, batch: Batch) -> bool:
        """Whether the batch is done with."""
        try:
            self._stream.put(batch)
        except UnavailableError as error:
            if self._failures == 0:
                log.warning("%s: not delivered, will be tried again: %s", self._stream.name, error)
            self._not_before = seconds + wait_seconds(self._failures, random.uniform)
            self._failures += 1
            return False
        except RefusedError as error:
            log.error("%s: %d events are lost: %s", self._stream.name, len(batch.events), error)
        else:
            if self._failures:
                log.info("%s: delivered, at try %d", self._stream.name, self._failures + 1)
        self._failures = 0
        self._batch = None
        self._settle()
        return True

    def _settle(self) -> None:
        """What was read is delivered, or had nothing in it to deliver."""
        if self._ends:
            for tail, end in self._ends.items():
                tail.delivered = end
            self._ends = {}
            self._trail.save()


def wait_seconds(failures: int, between: Callable[[float, float], float]) -> float:
    """How long to wait after so many failures before: twice as long each time, and not in step with others."""
    longest = min(FIRST_WAIT_SECONDS * 2 ** min(failures, 16), LONGEST_WAIT_SECONDS)
    return between(longest / 2, longest)
