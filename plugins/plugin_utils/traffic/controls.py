# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The controls of a test upstream: which faults it injects, and a ledger of what reached it.

``GET`` and ``PUT /faults`` with a JSON object; ``GET /ledger`` with
``{"requests": {"<X-Request-Id>": {"attempts": 2, "applied": 1, …}}}``; ``DELETE /ledger`` empties it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib import request
from urllib.error import HTTPError

from .figures import Ledger


class ControlsError(Exception):
    """The controls cannot be used; the text says what, where and what to do."""


@dataclass(frozen=True, slots=True)
class Controls:
    """An upstream's controls at ``url``."""

    url: str
    timeout_seconds: float = 10

    def clear_ledger(self) -> None:
        """Empty the ledger, once an answer has shown that there is one: nothing is deleted from any other server."""
        self._read("/ledger?totals", "totals")
        self._call("DELETE", "/ledger")

    def ledger(self) -> Ledger:
        """What is known of every request since the ledger was cleared, by X-Request-Id."""
        return self._read("/ledger", "requests")

    @contextmanager
    def faults(self, wanted: Mapping[str, Any], say: Callable[[str], None]) -> Iterator[None]:
        """With ``wanted`` laid over the upstream's faults; they are what they were when this ends, however it ends."""
        before = self._call("GET", "/faults")
        try:
            self._call("PUT", "/faults", {**before, **wanted})
            yield
        finally:
            self._call("PUT", "/faults", before)
            say(f"The upstream's faults are again what they were (rate {before.get('rate')}).")

    def _read(self, path: str, part: str) -> dict[str, Any]:
        found = self._call("GET", path)
        if not isinstance(found, dict) or not isinstance(found.get(part), dict):
            raise ControlsError(f"GET {self.url}{path}: no {part} in the answer; check verify_controls_url.")
        return dict(found[part])

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        url = self.url.rstrip("/") + path
        data = None if body is None else json.dumps(body).encode()
        call = request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        # Past any proxy of the environment, as the measured requests go.
        opener = request.build_opener(request.ProxyHandler({}))
        try:
            with opener.open(call, timeout=self.timeout_seconds) as answer:
                text = answer.read()
        except HTTPError as error:
            reason = error.read()[:300].decode(errors="replace")
            hint = "verify_faults" if error.code == 422 else "verify_controls_url"
            raise ControlsError(f"{method} {url} answered {error.code}: check {hint}. {reason}".rstrip()) from error
        except OSError as error:
            raise ControlsError(
                f"{method} {url}: {getattr(error, 'reason', error)}."
                " Start the upstream whose controls verify_controls_url names, or leave the variable out."
            ) from error
        try:
            return json.loads(text) if text else None
        except ValueError as error:
            raise ControlsError(f"{method} {url}: the answer is no JSON; check verify_controls_url.") from error
