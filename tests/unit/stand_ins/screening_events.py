"""What the function URL of `screening` is given: a saved event, and others like it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

EVENT = json.loads((Path(__file__).parents[1] / "lambdas/screening/events/function_url.json").read_text())
SECRETS = ["the-secret-that-cloudfront-sends-0001", "the-one-that-it-will-send-next-000002"]


def event(method: str = "POST", path: str = "/patients/7/screen", **changes: Any) -> dict[str, Any]:
    """The saved event with another method, path or whatever else; `headers` are laid over its own, None takes away."""
    changed = copy.deepcopy(EVENT)
    headers = {**changed["headers"], **changes.pop("headers", {})}
    changed["headers"] = {name: value for name, value in headers.items() if value is not None}
    changed["requestContext"]["http"]["method"] = method
    return {**changed, "rawPath": path, **changes}
