"""Where names lead, as this host's resolver says."""

import socket
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from edge.sites import Host

PATIENCE_SECONDS = 0.3


class Names:
    """Looks names up anew each time. One that takes long delays the others no more than `PATIENCE_SECONDS`; until there
    is an answer, the last one holds.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=32)
        self._asked: dict[str, Future[Host]] = {}
        self._known: dict[str, Host] = {}

    def look_up(self, names: Iterable[str]) -> dict[str, Host]:
        """Every name's addresses of IP version 4, or why there are none."""
        wanted = set(names)
        for name in wanted - self._asked.keys():
            self._asked[name] = self._pool.submit(_look_up, name)
        wait(self._asked.values(), timeout=PATIENCE_SECONDS)
        for name in [name for name, answer in self._asked.items() if answer.done()]:
            self._known[name] = self._asked.pop(name).result()
        return {name: self._known.get(name, Host(error="the resolver has not answered yet")) for name in wanted}


def _look_up(name: str) -> Host:
    try:
        found = socket.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return Host(error=str(error))
    return Host(addresses=tuple(sorted({str(address[0]) for *_, address in found})))
