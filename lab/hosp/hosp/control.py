"""The simulator's controls: the faults and the ledger, on a port of their own."""

import json
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hosp.fate import Fates
from hosp.faults import RefusedError
from hosp.ledger import Ledger


def control_app(fates: Fates, ledger: Ledger) -> Starlette:
    """The ASGI application of the control port."""

    async def get_faults(_: Request) -> Response:
        return JSONResponse(asdict(fates.faults))

    async def put_faults(request: Request) -> Response:
        try:
            fates.put(json.loads(await request.body()))
        except RefusedError as refused:
            return JSONResponse({"errors": refused.errors}, 422)
        except (ValueError, RecursionError):
            return JSONResponse({"errors": {"base": ["the body must be a JSON object"]}}, 400)
        return JSONResponse(asdict(fates.faults))

    async def get_ledger(request: Request) -> Response:
        query = request.query_params
        if "id" in query:
            return _text(ledger.one(query["id"]))
        return _text(ledger.totals() if "totals" in query else ledger.read())

    async def delete_ledger(_: Request) -> Response:
        ledger.clear()
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/faults", get_faults, methods=["GET"]),
            Route("/faults", put_faults, methods=["PUT"]),
            Route("/ledger", get_ledger, methods=["GET"]),
            Route("/ledger", delete_ledger, methods=["DELETE"]),
        ]
    )


def _text(document: str) -> Response:
    return Response(document, media_type="application/json")
