# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What happens to a measurement that is interrupted."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupted(KeyboardInterrupt):
    """A signal came; ``args[0]`` is its number."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal unwind what runs inside, so that faults are set back, and only then end the process as it would.

    Ansible's own handlers end a worker at once.
    """

    def unwind(number: int, _frame: object) -> None:
        for each in handled:
            signal.signal(each, signal.SIG_IGN)  # once is enough: ansible-playbook signals again after five seconds
        raise Interrupted(number)

    handled = {number: signal.signal(number, unwind) for number in (signal.SIGINT, signal.SIGTERM)}
    interrupted = None
    try:
        yield
    except Interrupted as error:
        interrupted = error
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)
    if interrupted:
        os.kill(os.getpid(), interrupted.args[0])
        raise interrupted
