"""What a function costs before its first request."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LAMBDAS = Path(__file__).parents[3] / "lambdas"
HEAVY = {"boto3", "botocore", "urllib3", "aws_lambda_powertools", "ssl", "http.client"}


@pytest.mark.parametrize("function", ["screening", "notes_writer", "audit_trail"])
def test_a_function_imports_nothing_heavy_when_it_starts(function):
    code = f"import sys, {function}.handler; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=LAMBDAS / function, text=True).split()
    assert f"{function}.handler" in loaded
    assert HEAVY.isdisjoint(loaded)
