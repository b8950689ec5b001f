"""Athena's API served by one process; queries run in threads beside it."""

import logging
import socket
from pathlib import Path

import boto3
import uvicorn
from botocore.config import Config

from athena.api import Api
from athena.protocol import protocol_app
from athena.queries import Queries
from athena.sources import Sources
from athena.store import Store

log = logging.getLogger("athena")
# DuckDB uses every core for one query.
AT_ONCE = 2


def serve(database: Path, endpoint_url: str, region: str, account: str, address: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Port 0 takes a free one; the log says which.

    Raises OSError when the port cannot be had and sqlite3.Error when the database cannot.
    """
    listening = socket.create_server((address, port))
    store = Store(database)
    session = boto3.Session(region_name=region)
    config = Config(retries={"mode": "standard"}, s3={"addressing_style": "path"})
    clients = {name: session.client(name, endpoint_url=endpoint_url, config=config) for name in ("s3", "glue", "logs")}
    queries = Queries(store, Sources(store, **clients), clients["s3"], AT_ONCE)
    app = protocol_app(Api(store, queries, region, account), session.client("athena", endpoint_url=endpoint_url))
    log.info("Athena listens on %s: port %d", address, listening.getsockname()[1])
    uvicorn.Server(
        uvicorn.Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    ).run(sockets=[listening])
    queries.end()
