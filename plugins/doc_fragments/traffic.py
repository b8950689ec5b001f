# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What is said alike of every module that sends requests from the controller."""

from __future__ import annotations


class ModuleDocFragment:
    """Who asks. ``CONTROLS``: what a test upstream is told."""

    DOCUMENTATION = r"""
requirements:
  - aiohttp >= 3.12 (on the controller)
attributes:
  check_mode:
    description: Sends nothing, and says what it would send.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  action:
    description: Runs on the controller, whatever the host of the play.
    support: full
options:
  user:
    description: Account of Basic authentication. Never shown.
    type: str
  password:
    description: Its password. Never shown.
    type: str
  headers:
    description: Further headers of every request, their values as text. Never shown.
    type: dict
    default: {}
  ca_path:
    description: A file of certificate authorities in PEM, on the controller, to trust instead of the system's.
    type: path
"""

    CONTROLS = r"""
options:
  controls_url:
    description:
      - Where a test upstream has its controls, C(GET) and C(PUT /faults), C(GET) and C(DELETE /ledger).
      - Its ledger is cleared.
    type: str
  faults:
    description: Laid over the upstream's faults for as long as the measurement takes.
    type: dict
    default: {}
"""
