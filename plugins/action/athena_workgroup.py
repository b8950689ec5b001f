# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Action of ``steadyfront.fleet.athena_workgroup``: see plugin_utils/aws_action.py."""

from __future__ import annotations

from ansible_collections.steadyfront.fleet.plugins.plugin_utils.aws_action import AwsAction


class ActionModule(AwsAction):
    """See there."""
