"""AWS Lambda's entry: the event of a function URL in, HOSP's answer out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from screening import settings
from screening.exchange import REFUSED, ids, permitted, request, response
from screening.result import message

if TYPE_CHECKING:
    from screening.hosp import Hosp
    from screening.keeper import Keeper


@dataclass(frozen=True, slots=True)
class Screening:
    """What the function works with."""

    settings: settings.Settings
    hosp: Hosp
    keeper: Keeper

    def answer(self, event: Mapping[str, Any], screening: str) -> dict[str, Any]:
        """HOSP's answer, once its result is kept. `screening` is an id that no other call has."""
        asked = request(event, self.settings.origin_secrets[0], screening)
        answer = self.hosp.ask(asked)
        if kept := message(asked, answer, screening, datetime.now(UTC).isoformat(timespec="seconds")):
            self.keeper.keep(kept, ids(event, screening))
        return response(answer)


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    if not permitted(event, configured().origin_secrets):
        return response(REFUSED)
    return function().answer(event, context.aws_request_id)


@cache
def configured() -> settings.Settings:
    return settings.read(os.environ)


@cache
def function() -> Screening:
    from screening.hosp import Hosp
    from screening.keeper import Keeper, clients
    from screening.log import logger

    return Screening(configured(), Hosp(configured()), Keeper(configured(), clients, logger()))
