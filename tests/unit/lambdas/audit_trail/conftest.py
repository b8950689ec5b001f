"""The function, configured for HOSP's simulator, with AWS in memory; it knows what time it is."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator

import pytest
from audit_cloud import AuditCloud
from audit_events import KEYS, SECRETS
from audit_trail import handler
from trino import CLOUDWATCH

VARIABLES = {
    "SIGN_IN": "hosp",
    "HOSP_URL": "http://127.0.0.1:9",
    "HOSP_CHECK_PATH": "/hospitals",
    "HOSP_TIMEOUT_SECONDS": "5",
    "HOSP_CA": "",
    "ORIGIN_SECRETS": " ".join(SECRETS),
    "ADMINS": json.dumps(["admin", "user1"]),
    "CLIENT_HEADER": "cloudfront-viewer-address",
    "TOKEN_KEYS": " ".join(KEYS),
    "LINK_SECONDS": "300",
    "MOST_DAYS": "31",
    "WORKGROUP": "audit",
    "SOURCE_KIND": CLOUDWATCH.kind,
    "SOURCE_CATALOG": CLOUDWATCH.catalog,
    "SOURCE_SCHEMA": CLOUDWATCH.schema,
    "SOURCE_TABLE": CLOUDWATCH.table,
    "SOURCE_LATE_SECONDS": str(CLOUDWATCH.late_seconds),
    "LOG_GROUP": CLOUDWATCH.schema,
}


@pytest.fixture
def memory() -> AuditCloud:
    return AuditCloud()


@pytest.fixture
def configure(cloud, monkeypatch) -> Iterator[Callable[..., None]]:
    """Sets the function's environment, and lets it begin as a new one."""

    def configure(**variables: str) -> None:
        for name, value in {**VARIABLES, **variables}.items():
            monkeypatch.setenv(name, value)
        forget()

    def forget() -> None:
        for made in (handler.configured, handler.function, handler.aws):
            made.cache_clear()
        # It keeps the standard output that it began with.
        logging.root.manager.loggerDict.pop("audit_trail", None)

    yield configure
    forget()


@pytest.fixture
def front(configure, hosp):
    """The function before HOSP's simulator, which this returns."""
    configure(HOSP_URL=f"http://127.0.0.1:{hosp.api_port}")
    return hosp
