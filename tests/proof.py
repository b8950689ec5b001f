"""How large a proof is: small in `make test`, at a load that two busy cores carry, and full in `make prove`."""

from __future__ import annotations

import os

FULL = os.environ.get("PROOF") == "full"


def size[T](test: T, prove: T) -> T:
    """The one of two sizes that this run asks for: `PROOF=full` in the environment asks for the second."""
    return prove if FULL else test
