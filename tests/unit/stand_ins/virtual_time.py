"""Time that passes only while everybody sleeps: what takes hours is over in seconds, and the same every time."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable


class VirtualTime:
    """Threads of which one runs at a time, until it sleeps or ends. `now()` is in seconds since 1970."""

    def __init__(self) -> None:
        self._now = 1_790_000_000.0
        self._waiting: list[tuple[float, int, Callable[[], None], bool]] = []
        self._numbers = itertools.count()
        self._over = threading.Semaphore(0)
        self._errors: list[BaseException] = []

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        mine = threading.Semaphore(0)
        self._wait(seconds, mine.release, thread=True)
        self._next()
        mine.acquire()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """`action` neither sleeps nor takes any time."""
        self._wait(seconds, action, thread=False)

    def run(self, *threads: Callable[[], None]) -> None:
        """All of them at once, until the last has ended and nothing is left to be done later."""
        for thread in threads:
            self._wait(0, threading.Thread(target=self._until_its_end, args=[thread], daemon=True).start, thread=True)
        self._next()
        self._over.acquire()
        if self._errors:
            raise self._errors[0]

    def _until_its_end(self, thread: Callable[[], None]) -> None:
        try:
            thread()
        except BaseException as error:
            self._errors.append(error)
        self._next()

    def _wait(self, seconds: float, action: Callable[[], None], thread: bool) -> None:
        heapq.heappush(self._waiting, (self._now + seconds, next(self._numbers), action, thread))

    def _next(self) -> None:
        """Hand over to the thread that is due next."""
        while self._waiting:
            self._now, _, action, thread = heapq.heappop(self._waiting)
            action()
            if thread:
                return
        self._over.release()
