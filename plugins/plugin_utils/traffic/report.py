# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The figures of a measurement, kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .plan import InputError


def save(path: str, variable: str, figures: Mapping[str, Any]) -> None:
    """Write them as JSON, in a folder that is made where there is none. Raises InputError, which names the variable."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError([f"{variable} is {path!r}: {error.strerror}."]) from None
