"""The lab's Athena on a free port, asked by boto3's own client; what it reads is in memory."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import boto3
import pytest
import uvicorn
from athena.api import Api
from athena.protocol import protocol_app
from athena.queries import Queries
from athena.sources import Sources
from athena.store import Store
from athena_client import Athena
from botocore.config import Config
from region_in_memory import CREDENTIALS, Region


@pytest.fixture(scope="session")
def served() -> Iterator[Athena]:
    region = Region()
    clients = {name: region.client(name) for name in ("s3", "glue", "logs")}
    store = Store(":memory:")
    queries = Queries(store, Sources(store, **clients), clients["s3"], at_once=2)
    listening = socket.create_server(("127.0.0.1", 0))
    client = boto3.client(
        "athena",
        endpoint_url=f"http://127.0.0.1:{listening.getsockname()[1]}",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
        **CREDENTIALS,
    )
    app = protocol_app(Api(store, queries, "eu-central-1", "111122223333"), client)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield Athena(client, region)
    server.should_exit = True
    thread.join()
    queries.end()


@pytest.fixture
def athena(served: Athena) -> Athena:
    """With nothing to read, and no workgroup or catalog but those that are always there."""
    served.region.clear()
    for group in served.client.list_work_groups()["WorkGroups"]:
        if group["Name"] != "primary":
            served.client.delete_work_group(WorkGroup=group["Name"], RecursiveDeleteOption=True)
    for catalog in served.client.list_data_catalogs()["DataCatalogsSummary"]:
        if catalog["Type"] == "LAMBDA":
            served.client.delete_data_catalog(Name=catalog["CatalogName"])
    return served


@pytest.fixture
def logs(athena: Athena) -> Athena:
    """With a catalog of log groups, ``cloudwatch``."""
    function = "arn:aws:lambda:eu-central-1:111122223333:function:connector"
    athena.client.create_data_catalog(Name="cloudwatch", Type="LAMBDA", Parameters={"function": function})
    return athena
