# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What is said alike of every module that holds settings against those that AWS has."""

from __future__ import annotations


class ModuleDocFragment:
    """How a check and a diff are meant."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Asks AWS for what is there, and says what it would change.
    support: full
  diff_mode:
    description: Shows the settings before and after.
    support: full
"""
