#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""A Lambda function from its source folder to a live alias: made a version, tested, and only then met by users."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_release
short_description: Release a Lambda function, from its source to a live alias
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Builds a package from a folder and its locked requirements, publishes it with its settings as a version, invokes
    that version, and lets the alias lead to it when it answered as it should. Until then users meet the version of
    before.
  - A release is made when the folder, its lock, the settings or the environment differ from those of the live version.
    Nothing has to be built to know that.
  - What is not mentioned stays as it is. Lists and mappings that are given are owned whole, but for O(config), O(url)
    and the elements of O(event_sources), which keep what is not mentioned of them; C(null) takes a setting away.
  - An alias that is used by hand, weighted or led elsewhere than a release left it, is refused.
options:
  name:
    description: The function's name.
    type: str
    required: true
  state:
    description:
      - V(present) releases what differs.
      - V(rolled_back) lets the alias lead to the version before the last release, and changes nothing else. It stays
        there until a release brings something else than what was rolled back.
      - V(absent) deletes the function with all of its versions and event sources. Its logs stay.
    type: str
    choices: [present, rolled_back, absent]
    default: present
  alias:
    description: The alias that users are sent to. The URL and the event sources belong to it.
    type: str
    default: live
  source:
    description:
      - The function's folder on the controller. C(requirements.lock) in it, if there is one, names wheels with their
        hashes; they are taken for the function's Python and machine, not for the controller's.
      - Left out of the package are C(tests), C(events), C(requirements.*), caches, and names that begin with a dot.
      - Needed when O(state=present).
    type: path
  runtime:
    description: The Python that runs it. Where the controller has it too, the package brings compiled code.
    type: str
    choices: [python3.12, python3.13, python3.14]
    default: python3.13
  architecture:
    description: The machine that it runs on.
    type: str
    choices: [x86_64, arm64]
    default: x86_64
  config:
    description:
      - "Its settings: C(role), C(handler), C(memory_size), C(timeout), C(dead_letter_config), C(logging_config),
        C(vpc_config), C(layers), C(tracing_config) and others, as
        U(https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html) describes them."
      - A new function needs C(role). Its handler is C(handler.handler), unless it says otherwise.
    type: dict
  environment:
    description: Its environment, names with values, all of it. Values are shown nowhere.
    type: dict
  reserved_concurrency:
    description: How many of it may run at once, kept free for it. V(-1) takes the reservation away.
    type: int
  log_retention_days:
    description: How long its log group, which is made if there is none, keeps what is logged.
    type: int
    choices:
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
  url:
    description:
      - "The alias's URL: C(auth_type), C(invoke_mode) and C(cors), as
        U(https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html) describes them."
      - An empty mapping takes it away.
    type: dict
  url_users:
    description:
      - Who may use the URL, all of them. Each gets the two grants that it takes, before others lose theirs.
      - Left out where O(url) is given, it is everybody with C(auth_type) V(NONE), and with V(AWS_IAM) nobody but whom
        a policy of IAM allows.
    type: list
    elements: dict
    suboptions:
      principal:
        description: An account's number, an ARN, a service such as V(cloudfront.amazonaws.com), or V(*).
        type: str
        required: true
      source_arn:
        description: In whose name a service must come.
        type: str
      source_account:
        description: In which account's name a service must come.
        type: str
      principal_org_id:
        description: The organization to which the principal must belong.
        type: str
  event_sources:
    description:
      - "Queues and streams that the alias reads, told apart by C(event_source_arn), with C(batch_size),
        C(maximum_batching_window_in_seconds), C(function_response_types), C(scaling_config) and others, as
        U(https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html) describes them."
    type: list
    elements: dict
  tags:
    description: The function's tags, all of them, but for those of AWS (C(aws:)).
    type: dict
  smoke_event:
    description:
      - What a version is invoked with before the alias leads to it. Left out, a version is not tested.
      - The function really runs, so it should be an event that it refuses or only reads for.
    type: dict
  smoke_result:
    description:
      - "What must be in the answer, such as C({statusCode: 403}); what it does not mention may be anything."
      - A function that fails has not passed, whatever it is.
    type: dict
  keep_versions:
    description:
      - How many old versions to keep beside those that aliases lead to and the one that a rollback would bring back.
    type: int
    default: 3
attributes:
  check_mode:
    description:
      - Asks AWS for what is there, and says what it would change. A package that would be released is built, so that
        one that cannot be is refused. The number of a new version is a guess.
    support: full
  diff_mode:
    description: Shows the settings before and after, without secrets.
    support: full
notes:
  - Markers in C(requirements.lock), such as C(python_version), are read for the controller's Python.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A function behind a URL of its own
  steadyfront.fleet.lambda_release:
    name: screening
    source: lambdas/screening
    config:
      role: arn:aws:iam::111122223333:role/screening
      memory_size: 256
      timeout: 30
      logging_config: {log_format: JSON}
    environment: {QUEUE_URL: "{{ queue_url }}"}
    log_retention_days: 30
    url: {auth_type: NONE}
    smoke_event: {requestContext: {http: {method: POST, path: /}}, headers: {}}
    smoke_result: {statusCode: 403}

- name: A function that reads a queue
  steadyfront.fleet.lambda_release:
    name: notes_writer
    source: lambdas/notes_writer
    config:
      role: arn:aws:iam::111122223333:role/notes_writer
      dead_letter_config: {target_arn: "{{ dead_letter_queue_arn }}"}
    reserved_concurrency: 5
    event_sources:
      - event_source_arn: "{{ queue_arn }}"
        batch_size: 10
        function_response_types: [ReportBatchItemFailures]
        scaling_config: {maximum_concurrency: 5}

- name: The version of before, now
  steadyfront.fleet.lambda_release:
    name: screening
    state: rolled_back
"""

RETURN = r"""
function:
  description: The function as it is now, or in check mode as it would be. Empty when it is absent.
  returned: success
  type: dict
  contains:
    arn: {description: The function's ARN., type: str, returned: unless it would be created}
    alias_arn: {description: The alias's ARN., type: str, returned: unless it would be created}
    url_domain:
      description: The domain of its URL, for a distribution's origin.
      type: str
      returned: when it has one
      sample: abcdefghijklmnop.lambda-url.eu-central-1.on.aws
    version: {description: The live version., type: str, returned: always, sample: "7"}
    versions: {description: Its versions., type: list, elements: str, returned: always}
    contents: {description: A digest of what the live version is made of., type: str, returned: always}
    config: {description: 'Its settings, in the form of O(config).', type: dict, returned: always}
    environment: {description: 'Its environment, with hidden values.', type: dict, returned: always}
    url: {description: 'Its URL, in the form of O(url).', type: dict, returned: always}
    url_grants: {description: Who may use its URL., type: list, elements: dict, returned: always}
    event_sources: {description: 'In the form of O(event_sources).', type: list, elements: dict, returned: always}
    reserved_concurrency: {description: V(-1) when nothing is reserved., type: int, returned: always}
    log_retention_days: {description: V(0) for ever. Empty without a log group., type: int, returned: always}
    tags: {description: Its tags., type: dict, returned: always}
"""

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Hidden, SettingsError
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import connect
from ansible_collections.steadyfront.fleet.plugins.module_utils.cloudwatch_agent import RETENTION_DAYS
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_api import BUSY, RACES, Function, Logs
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_apply import Applier, SmokeError
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_package import (
    MACHINES,
    RUNTIMES,
    Package,
    PackageError,
    Source,
)
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_plan import Planner, State
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_release import is_made_of, next_version

try:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError, WaiterError
except ImportError:
    pass  # AnsibleAWSModule says so

MOST_RACES = 5
RACE_SECONDS = 2
# As long as a function may run, and never twice: an invocation whose answer was lost may have done its work.
PATIENT = {"read_timeout": 910, "retries": {"total_max_attempts": 1}}


class Run:
    """One call of the module."""

    def __init__(self, module: AnsibleAWSModule, client: Any) -> None:
        self.module = module
        self.options = module.params
        self.client = client
        self.planner = Planner(self.options, client.meta.service_model.shape_for, xform_name)
        self.hide = Hidden()
        # Where they do not belong, and are refused.
        module.no_log_values.update(self.planner.config.secrets(self.options["config"]))

    @functools.cached_property
    def source(self) -> Source:
        if not self.options["source"]:
            raise PackageError("source is missing: a release needs the function's folder")
        return Source(Path(self.options["source"]), self.options["runtime"], self.options["architecture"])

    @functools.cached_property
    def package(self) -> Package:
        package = self.source.build(self.module.run_command)
        if not package.compiled:
            runtime = self.options["runtime"]
            self.module.warn(f"this machine has no {runtime}: the package brings no compiled code and starts slower")
        return package

    def present(self) -> None:
        self._become(self._release)

    def rolled_back(self) -> None:
        self._become(self.planner.rolled_back)

    def absent(self) -> None:
        function = self._read()
        before = self._shown(self.planner.found(function, None)) if function.latest else {}
        if function.latest and not self.module.check_mode:
            function.delete()
        self._exit(before, {}, function)

    def _become(self, plan: Callable[[Function, State], State]) -> None:
        before: dict[str, Any] = {}
        for _attempt in range(MOST_RACES):
            function = self._read()
            logs = self._logs(function)
            found = self.planner.found(function, logs.retention())
            planned = plan(function, found)
            before = before or self._shown(found)
            if self.module.check_mode:
                self._exit(before, self._shown(planned), function)
            try:
                became = self._applier(function).apply(logs, found, planned)
            except is_boto3_error_code(RACES):
                became = None
            if became:
                self._exit(before, self._shown(became), self._read())
            time.sleep(RACE_SECONDS)
        self.module.fail_json(
            msg=f"somebody else changed {self.options['name']} {MOST_RACES} times meanwhile: run it again"
        )

    def _release(self, function: Function, found: State) -> State:
        """Fails when it cannot be, before anything is changed."""
        plan = self.planner.planned(function, found, self.source.contents())
        self.source.check_handler(plan.release.config["Handler"])
        if plan.held:
            self.module.warn(
                f"{function.name} stays at version {plan.version}: what would be released is version"
                f" {plan.note.taken_back}, which was rolled back. Change its source or settings, or empty the"
                f" description of alias {function.alias_name} to release it all the same"
            )
        if plan.version:
            return plan
        if not is_made_of(function.latest, plan.release):
            # Built before anything is changed, and in check mode too: what cannot be released is refused.
            self.package.check_size()
        return self.planner.at(next_version(found.versions), plan, function) if self.module.check_mode else plan

    def _read(self) -> Function:
        return Function(self.client, self.options["name"], self.options["alias"]).read()

    def _logs(self, function: Function) -> Logs:
        return Logs(connect(self.module, "logs"), self.planner.log_group(function))

    def _applier(self, function: Function) -> Applier:
        def patient() -> Any:
            return connect(self.module, "lambda", config=PATIENT)

        return Applier(function, self.planner, self.options, lambda: self.package, patient)

    def _shown(self, state: State) -> dict[str, Any]:
        return self.planner.shown(state, self.hide)

    def _exit(self, before: dict[str, Any], after: dict[str, Any], function: Function) -> None:
        values = self.options["environment"] or {}
        self.options["environment"] = {name: self.hide(str(value)) for name, value in values.items()}
        # Nothing else that is returned has values of the environment for its own: a region or a number, which may be
        # among them, is not to be blotted out of an ARN.
        self.module.no_log_values -= {str(value) for value in values.values()}
        known = {}
        if after and function.latest:
            known["arn"] = function.latest["FunctionArn"]
        if after and function.alias:
            known["alias_arn"] = function.alias["AliasArn"]
        if after and function.url:
            known["url_domain"] = urlsplit(function.url["FunctionUrl"]).hostname
        self.module.exit_json(
            changed=before != after, function={**known, **after}, diff={"before": before, "after": after}
        )


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "rolled_back", "absent"], "default": "present"},
            "alias": {"type": "str", "default": "live"},
            "source": {"type": "path"},
            "runtime": {"type": "str", "choices": list(RUNTIMES), "default": "python3.13"},
            "architecture": {"type": "str", "choices": list(MACHINES), "default": "x86_64"},
            "config": {"type": "dict"},
            "environment": {"type": "dict", "no_log": True},
            "reserved_concurrency": {"type": "int"},
            "log_retention_days": {"type": "int", "choices": list(RETENTION_DAYS)},
            "url": {"type": "dict"},
            "url_users": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "principal": {"type": "str", "required": True},
                    "source_arn": {"type": "str"},
                    "source_account": {"type": "str"},
                    "principal_org_id": {"type": "str"},
                },
            },
            "event_sources": {"type": "list", "elements": "dict"},
            "tags": {"type": "dict"},
            "smoke_event": {"type": "dict"},
            "smoke_result": {"type": "dict"},
            "keep_versions": {"type": "int", "default": 3},
        },
        required_by={"smoke_result": "smoke_event"},
        supports_check_mode=True,
    )
    try:
        # An event source is busy for a while after a change.
        run = Run(module, connect(module, "lambda", *BUSY))
        getattr(run, module.params["state"])()
    except (PackageError, SettingsError, SmokeError) as error:
        module.fail_json(msg=str(error))
    except WaiterError as error:
        module.fail_json_aws(error, msg=f"{module.params['name']} did not become ready")
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg="AWS did not do it")


if __name__ == "__main__":
    main()
