"""The protocol: JSON 1.1 of AWS, each request held against botocore's model of Athena before anything is done."""

import json
import re
from collections.abc import Iterator
from typing import Any

from botocore.client import BaseClient
from botocore.validate import ParamValidator
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from athena.api import Api
from athena.errors import RefusedError

MEDIA_TYPE = "application/x-amz-json-1.1"


def protocol_app(api: Api, client: BaseClient) -> Starlette:
    """The ASGI application. The client is never used but for its model."""
    model = client.meta.service_model

    async def answer(request: Request) -> Response:
        target, _, operation = request.headers.get("x-amz-target", "").partition(".")
        try:
            if target != model.metadata["targetPrefix"] or operation not in model.operation_names:
                raise RefusedError(f"{operation or 'nothing'} is no operation", "UnknownOperationException")
            given = read(await request.body(), model.operation_model(operation).input_shape)
            # Blocks on SQLite and, for results, on S3.
            return _json(200, await run_in_threadpool(api.answer, operation, given))
        except RefusedError as refused:
            document = {"__type": refused.code, "Message": refused.message, "AthenaErrorCode": refused.reason}
            return _json(400, document)

    return Starlette(routes=[Route("/", answer, methods=["POST"])])


def read(body: bytes, shape: Any) -> dict[str, Any]:
    """A request's parameters. Raises RefusedError where they are not what the model says."""
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise RefusedError("The request is no JSON", "SerializationException") from None
    report = ParamValidator().validate(given, shape)
    faults = [report.generate_report()] if report.has_errors() else list(_faults(given, shape, ""))
    if faults:
        raise RefusedError("\n".join(faults))
    return dict(given)


def _faults(value: Any, shape: Any, path: str) -> Iterator[str]:
    """What botocore leaves to the service: the longest text, its pattern, what may be chosen."""
    if shape.type_name == "structure":
        for name, member in value.items():
            if name in shape.members:
                yield from _faults(member, shape.members[name], f"{path}.{name}".lstrip("."))
    elif shape.type_name == "list":
        for n, member in enumerate(value):
            yield from _faults(member, shape.member, f"{path}[{n}]")
    elif shape.type_name == "map":
        for name, member in value.items():
            yield from _faults(member, shape.value, f"{path}.{name}")
    elif shape.type_name == "string":
        rules = shape.metadata
        if len(value) > rules.get("max", len(value)):
            yield f"{path} has {len(value)} characters: allowed are {rules['max']}"
        elif rules.get("enum") and value not in rules["enum"]:
            yield f"{path} is {value}: allowed are {', '.join(rules['enum'])}"
        elif not _matches(rules.get("pattern"), value):
            yield f"{path} does not match {rules['pattern']}"


def _matches(pattern: str | None, value: str) -> bool:
    """Patterns that only Java understands are not held against anything."""
    try:
        return pattern is None or bool(re.fullmatch(pattern, value))
    except re.error:
        return True


def _json(status: int, document: dict[str, Any]) -> Response:
    return JSONResponse(document, status, media_type=MEDIA_TYPE)
