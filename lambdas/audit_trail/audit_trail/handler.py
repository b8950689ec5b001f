"""AWS Lambda's entry: the event of a function URL in, a page or JSON out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

from audit_trail import page, settings
from audit_trail.athena import Athena, clients
from audit_trail.exchange import HTML, REFUSED, ProblemError, Request, Response, permitted, problem, request
from audit_trail.exports import ADDRESS, Exports
from audit_trail.log import logger, metric
from audit_trail.sign_in import ByHosp, ByIam
from audit_trail.trail import Trail


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """What the function works with."""

    settings: settings.Settings
    sign_in: ByHosp | ByIam
    exports: Exports
    log: Any

    def answer(self, event: Mapping[str, Any], call: str) -> Response:
        """`call` is an id that no other call has."""
        asked = request(event, call, self.settings.client_header if self.settings.hosp else None)
        try:
            return self._answer(asked, self.sign_in.caller(asked))
        except ProblemError as error:
            return self._problem(asked, error)
        except Exception as error:
            # The names of errors alone: their texts may hold what was asked for.
            self.log.error("request failed", error=type(error).__name__, **asked.ids, **metric("RequestsFailed"))
            return self._problem(asked, ProblemError(HTTPStatus.BAD_GATEWAY, "AWS did not do its part. Try again."))

    def _answer(self, asked: Request, caller: str) -> Response:
        if asked.method != "GET":
            raise ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET is allowed.", headers={"allow": "GET"})
        if asked.path == "/audit":
            return self.exports.offer(asked)
        if asked.path == ADDRESS:
            return self.exports.start(asked, caller)
        if asked.path.startswith(f"{ADDRESS}/"):
            return self.exports.show(asked, caller, asked.path.removeprefix(f"{ADDRESS}/"))
        raise ProblemError(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def _problem(self, asked: Request, error: ProblemError) -> Response:
        return page.problem(error, asked.query) if asked.wants(HTML) else problem(error)


def handle(event: Mapping[str, Any], context: Any) -> Response:
    hosp = configured().hosp
    if hosp and not permitted(event, hosp.origin_secrets):
        return REFUSED
    return function().answer(event, context.aws_request_id)


@cache
def configured() -> settings.Settings:
    return settings.read(os.environ)


@cache
def function() -> AuditTrail:
    given, log = configured(), logger()
    sign_in: ByHosp | ByIam = ByIam(given.admins, log)
    if given.hosp:
        from audit_trail.hosp import Hosp

        sign_in = ByHosp(Hosp(given.hosp), given.admins, log)
    return AuditTrail(given, sign_in, Exports(given, aws, log), log)


@cache
def aws() -> tuple[Athena, Trail]:
    """Athena and the trail; boto3 takes its time, which nobody waits for who may not ask."""
    athena, s3, logs = clients()
    return Athena(athena, s3, configured().workgroup), Trail(logs, configured().log_group)
