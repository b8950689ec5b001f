"""Both ports served by one process and one event loop: one connection to the database, no locks."""

import logging
import socket
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from hosp.connection import Protocol
from hosp.control import control_app
from hosp.exchange import Exchange
from hosp.fate import Fates
from hosp.ledger import Ledger
from hosp.store import Store, clock_text

log = logging.getLogger("hosp")


def serve(database: Path, address: str, api_port: int, control_port: int) -> None:
    """Serve until SIGTERM or SIGINT. Port 0 takes a free one; the log says which.

    Raises OSError when a port cannot be had and sqlite3.Error when the database cannot.
    """
    sockets = [socket.create_server((address, port)) for port in (api_port, control_port)]
    api_port, control_port = (bound.getsockname()[1] for bound in sockets)
    fates = Fates()

    def now() -> str:
        return clock_text(fates.faults.clock_offset_seconds, whole_seconds=fates.faults.whole_seconds)

    store = Store(database, now)
    ledger = Ledger(store)
    app = _by_port(control_port, control_app(fates, ledger), Exchange(store, ledger, fates))
    log.info("HOSP listens on %s: API port %d, control port %d", address, api_port, control_port)
    uvicorn.Server(
        uvicorn.Config(
            app,
            loop="uvloop",
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            # Longer than a proxy keeps idle connections, so that HOSP never closes one just as it is used.
            timeout_keep_alive=90,
            # Stalled requests do not hold up a restart.
            timeout_graceful_shutdown=1,
        )
    ).run(sockets=sockets)


def _by_port(control_port: int, control: ASGIApp, api: ASGIApp) -> ASGIApp:
    """Choose by the port that was connected to, which no header can forge."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (control if scope["server"][1] == control_port else api)(scope, receive, send)

    return app
