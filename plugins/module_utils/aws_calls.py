# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""How modules call AWS: again what it throttles or does not know yet, and what it refuses becomes the module's
failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import SettingsError

with suppress(ImportError):  # AnsibleAWSModule says so
    from botocore.exceptions import BotoCoreError, ClientError


def connect(module: AnsibleAWSModule, service: str, *codes: str, **more: Any) -> Any:
    """A client whose calls with ``aws_retry`` are made again while AWS throttles them, or refuses them by ``codes``."""
    # What ACM, Glue and CloudWatch Logs throttle with; AWSRetry does not know it.
    patience = AWSRetry.jittered_backoff(retries=8, catch_extra_error_codes=["ThrottlingException", *codes])
    return module.client(service, retry_decorator=patience, **more)


def guarded(module: AnsibleAWSModule, service: str, work: Callable[[Any], None], *codes: str) -> None:
    """Do ``work(client)``, with the calls made again that ``connect`` says."""
    try:
        work(connect(module, service, *codes))
    except SettingsError as error:
        module.fail_json(msg="\n".join(fault.removeprefix(".") for fault in error.faults))
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg=f"{service} did not do it")


def once_known(call: Callable[[], Any], *refusals: str, seconds: float = 60) -> None:
    """Make a call again while AWS, which does not know a new role everywhere at once, refuses it by these words."""
    end = time.monotonic() + seconds
    while True:
        try:
            call()
            return
        except ClientError as error:
            if time.monotonic() > end or not any(refusal in str(error) for refusal in refusals):
                raise
        time.sleep(5)
