"""Who asks, and whether that is an administrator."""

from __future__ import annotations

import binascii
import hmac
import os
import time
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Iterable
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Any

from audit_trail.exchange import ProblemError, Request
from audit_trail.log import metric

if TYPE_CHECKING:
    from audit_trail.hosp import Hosp

# How long HOSP's word is good for: it takes seconds to give it, and a page that shows progress asks every few.
KNOWN_SECONDS = 300

# After so many failures each further attempt waits twice as long as the one before, and all is forgiven after a while.
FREE_FAILURES = 3
LONGEST_WAIT_SECONDS = 60
FORGIVEN_SECONDS = 900

MOST_REMEMBERED = 10_000
CHALLENGE = {"www-authenticate": 'Basic realm="Audit trail", charset="UTF-8"'}


class Failures:
    """Failed attempts by whatever they have in common, such as a name or an address, in this function's memory."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def add(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._last[key] = (self._count(key) + 1, self._clock())
            self._last.move_to_end(key)
        while len(self._last) > MOST_REMEMBERED:
            self._last.popitem(last=False)

    def wait_seconds(self, keys: Iterable[str]) -> float:
        return max(self._wait_seconds(key) for key in keys)

    def _wait_seconds(self, key: str) -> float:
        beyond = self._count(key) - FREE_FAILURES
        if beyond < 0:
            return 0
        pause = min(2.0 ** min(beyond, 10), LONGEST_WAIT_SECONDS)
        return max(0.0, self._last[key][1] + pause - self._clock())

    def _count(self, key: str) -> int:
        count, last = self._last.get(key, (0, 0.0))
        return count if last + FORGIVEN_SECONDS > self._clock() else 0


class ByHosp:
    """Basic authentication. HOSP says whether the credentials are right, the list who of its users may."""

    def __init__(
        self, hosp: Hosp, admins: frozenset[str], log: Any, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._hosp = hosp
        self._admins = admins
        self._log = log
        self._clock = clock
        self._failures = Failures(clock)
        self._key = os.urandom(32)
        self._known: OrderedDict[bytes, float] = OrderedDict()

    def caller(self, request: Request) -> str:
        """The administrator's name. Raises ProblemError: 401, 403, 429, 502."""
        given = request.headers.get("authorization")
        if given is None:
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "Sign in with an account of HOSP's.", headers=CHALLENGE)
        name = _name(given)
        if not self._is_known(given):
            self._verify(request, given, name)
        if name not in self._admins:
            raise _refused(self._log, request, name, "is no administrator")
        return name

    def _is_known(self, given: str) -> bool:
        return self._known.get(self._digest(given), 0.0) > self._clock()

    def _verify(self, request: Request, given: str, name: str) -> None:
        keys = [f"name {name}", *([f"address {request.client}"] if request.client else [])]
        if (wait := self._failures.wait_seconds(keys)) > 0:
            retry = {"retry-after": str(ceil(wait))}
            raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "Too many attempts failed. Wait a little.", headers=retry)
        status = self._hosp.check(given, request)
        if status == HTTPStatus.UNAUTHORIZED:
            self._failures.add(keys)
            about = {"user": name, "client": request.client, **request.ids}
            self._log.warning("sign-in failed", **about, **metric("SignInsFailed"))
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "HOSP does not know these credentials.", headers=CHALLENGE)
        if status == HTTPStatus.FORBIDDEN:
            raise _refused(self._log, request, name, "is not let in by HOSP")
        if status is None or not 200 <= status < 300:
            self._log.error("HOSP cannot be asked", status=status, **request.ids, **metric("SignInsUnverified"))
            raise ProblemError(HTTPStatus.BAD_GATEWAY, "HOSP could not say who you are. Try again.")
        self._known[self._digest(given)] = self._clock() + KNOWN_SECONDS
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    def _digest(self, given: str) -> bytes:
        """Credentials are not kept, and nobody can tell from the time of a look-up what is."""
        return hmac.digest(self._key, given.encode(errors="replace"), "sha256")


class ByIam:
    """AWS has verified the signature, and says whose it is. A role may be listed without its session's name."""

    def __init__(self, admins: frozenset[str], log: Any) -> None:
        self._admins = admins
        self._log = log

    def caller(self, request: Request) -> str:
        """The administrator's ARN. Raises ProblemError: 403."""
        arn = request.identity
        role = arn.rpartition("/")[0] if ":assumed-role/" in arn else arn
        if not {arn, role} & self._admins:
            raise _refused(self._log, request, arn, "is no administrator")
        return arn


def _refused(log: Any, request: Request, name: str, why: str) -> ProblemError:
    log.warning("access refused", why=why, user=name, client=request.client, **request.ids, **metric("AccessRefused"))
    return ProblemError(HTTPStatus.FORBIDDEN, "The audit trail is for administrators.")


def _name(given: str) -> str:
    """The user's name in Basic credentials. Raises ProblemError for what are none."""
    scheme, _, encoded = given.partition(" ")
    try:
        name, colon, _ = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        name, colon = "", ""
    if scheme.lower() != "basic" or not (name and colon) or not name.isprintable():
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "These are no Basic credentials in UTF-8.", headers=CHALLENGE)
    return name
