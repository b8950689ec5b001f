"""What befalls one attempt: drawn from the seeds alone, so that it can be repeated."""

import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b

from hosp.faults import KINDS, Faults, overlay

AT_ONCE = 0.5
"""The share of failures that do not wait: in the field they often come at once."""


@dataclass(frozen=True, slots=True)
class Fate:
    """The answer's delay, how the attempt fails (one of KINDS, or None), and whether its request is carried out.

    With `late_seconds` one that is not is carried out all the same, so long after its failure.
    """

    delay_seconds: float
    fault: str | None
    applied: bool
    late_seconds: float | None = None


def draw(faults: Faults, token: bytes, path: str, in_burst: bool) -> Fate:
    """The fate of an attempt. The same seed and token always draw the same; a higher rate only adds failures."""
    fails, kind, applied, delay, at_once = (number / 2**64 for number in _numbers(faults, token, 5))
    shortest, longest = faults.latency_ms
    waits = (shortest + (longest - shortest) * delay) / 1000
    confined = faults.only is not None and not fnmatchcase(path, faults.only)
    if confined or not (in_burst or fails < faults.rate):
        return Fate(waits, None, True)
    done = applied < faults.applied
    late = None if done else _late(faults, token)
    return Fate(shortest / 1000 if at_once < AT_ONCE else waits, _pick(faults.mix, kind), done, late)


def _late(faults: Faults, token: bytes) -> float | None:
    """Drawn apart from the rest, which stays what it was without late writes."""
    lands, after = (number / 2**64 for number in _numbers(faults, token, 2, b"late"))
    earliest, latest = faults.late_seconds
    return earliest + (latest - earliest) * after if lands < faults.late else None


def _numbers(faults: Faults, token: bytes, count: int, purpose: bytes = b"") -> Sequence[int]:
    digest = blake2b(b"%d %b" % (faults.seed, token), digest_size=8 * count, person=purpose).digest()
    return struct.unpack(f"<{count}Q", digest)


def _pick(mix: Mapping[str, float], draw: float) -> str:
    for kind in KINDS:
        share = mix.get(kind, 0)
        if draw < share:
            return kind
        draw -= share
    return max(mix, key=lambda kind: mix[kind])  # what rounding left over


class Fates:
    """The settings in force, and the fates drawn from them. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.faults = Faults()
        self._clock = clock
        self._burst_since = clock()
        self._unseeded = 0

    def put(self, document: object) -> None:
        """Take new settings (or raise `faults.RefusedError`). A burst that is given counts from now."""
        self.faults = overlay(self.faults, document)
        self._unseeded = 0
        if isinstance(document, dict) and "burst" in document:
            self._burst_since = self._clock()

    def next(self, path: str, request_seed: bytes | None, attempt: int) -> Fate:
        """The fate of an attempt that arrives now.

        With a request seed it depends on that and the attempt's number; without one on how many such attempts
        arrived since the last PUT.
        """
        if request_seed is None:
            self._unseeded += 1
            token = b"arrival %d" % self._unseeded
        else:
            token = b"attempt %d of %b" % (attempt, request_seed)
        return draw(self.faults, token, path, self._in_burst())

    def _in_burst(self) -> bool:
        burst = self.faults.burst
        return burst is not None and 0 <= self._clock() - self._burst_since - burst["after_seconds"] < burst["seconds"]
