"""JSON lines, by Powertools. They hold no patient's data and no credentials."""

from __future__ import annotations

import time
from typing import Any


def logger() -> Any:
    from aws_lambda_powertools import Logger

    return Logger(service="audit_trail")


def metric(name: str) -> dict[str, Any]:
    """What makes a log line count as one in a CloudWatch metric (the embedded metric format)."""
    definition = {"Namespace": "Steadyfront", "Dimensions": [["service"]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    return {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [definition]}, name: 1}
