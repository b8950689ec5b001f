"""A log stream, over the API of CloudWatch Logs."""

from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloudwatch_agent.configuration import Configuration, LogFile
from cloudwatch_agent.events import Batch
from cloudwatch_agent.ship import RefusedError, UnavailableError

ACCEPTED_BEFORE = "DataAlreadyAcceptedException"
EXISTS = "ResourceAlreadyExistsException"
MISSING = "ResourceNotFoundException"
REFUSED = "InvalidParameterException"


def client(configuration: Configuration, credentials: Mapping[str, str]) -> Any:
    """A client of the API. `credentials` are those of common-config.toml."""
    session = botocore.session.Session(profile=credentials.get("shared_credential_profile"))
    if "shared_credential_file" in credentials:
        session.set_config_variable("credentials_file", credentials["shared_credential_file"])
    return boto3.Session(botocore_session=session).client(
        "logs",
        region_name=configuration.region,
        endpoint_url=configuration.endpoint_url,
        # What failed is tried again by whoever asked; new files are looked for meanwhile.
        config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}),
    )


class CloudWatchStream:
    """One log stream. It is made, with its group, when there is none; the group is told how long it keeps events."""

    def __init__(self, client: Any, file: LogFile) -> None:
        self.name = f"{file.group} {file.stream}"
        self._client = client
        self._where = {"logGroupName": file.group, "logStreamName": file.stream}
        self._retention_days = file.retention_days
        self._retention_is_set = file.retention_days is None

    def put(self, batch: Batch) -> None:
        """See Stream."""
        try:
            self._put(batch)
            self._set_retention()
        except ClientError as error:
            if _code(error) == REFUSED:
                raise RefusedError(str(error)) from error
            raise UnavailableError(str(error)) from error
        except BotoCoreError as error:
            raise UnavailableError(str(error)) from error

    def _put(self, batch: Batch) -> None:
        try:
            self._client.put_log_events(**self._where, logEvents=batch.request())
        except ClientError as error:
            if _code(error) == MISSING:
                self._make()
                self._client.put_log_events(**self._where, logEvents=batch.request())
            elif _code(error) != ACCEPTED_BEFORE:
                raise

    def _make(self) -> None:
        group = {"logGroupName": self._where["logGroupName"]}
        for make, arguments in (
            (self._client.create_log_group, group),
            (self._client.create_log_stream, self._where),
        ):
            try:
                make(**arguments)
            except ClientError as error:
                if _code(error) != EXISTS:
                    raise

    def _set_retention(self) -> None:
        if self._retention_is_set:
            return
        name = self._where["logGroupName"]
        groups = self._client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        has = next((group.get("retentionInDays") for group in groups if group["logGroupName"] == name), None)
        if has != self._retention_days:
            self._client.put_retention_policy(logGroupName=name, retentionInDays=self._retention_days)
        self._retention_is_set = True


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
