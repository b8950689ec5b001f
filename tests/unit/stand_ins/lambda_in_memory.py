"""Lambda and its log groups in memory, in the manner of aws_in_memory: filled up as AWS does, busy after a change, and
with revisions that change when a change is complete. Source: the API reference of Lambda."""

from __future__ import annotations

import base64
import copy
import hashlib
import io
import json
import re
from collections.abc import Callable
from typing import Any

from aws_in_memory import Aws, error

ACCOUNT = "111122223333"
FILLED_IN: dict[str, Any] = {
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 512},
    "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
    "RuntimeVersionConfig": {"RuntimeVersionArn": "arn:aws:lambda:eu-central-1::runtime:0"},
    "PackageType": "Zip",
}
EMPTY: dict[str, Any] = {"DeadLetterConfig": {"TargetArn": ""}, "Environment": {"Variables": {}}, "Layers": []}
CONDITIONS = {
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
}


class LambdaAws(Aws):
    """``functions`` by name; ``answer_of`` is what a version (its configuration) answers to an event."""

    def __init__(self) -> None:
        super().__init__()
        self.functions: dict[str, dict[str, Any]] = {}
        self.event_sources: dict[str, dict[str, Any]] = {}
        self.log_groups: dict[str, dict[str, Any]] = {}
        self.invocations: list[tuple[str, Any]] = []
        self.answer_of: Callable[[dict[str, Any], Any], Any] = lambda version, event: {"statusCode": 403}
        self._revisions = 0

    def _revision(self) -> str:
        self._revisions += 1
        return f"revision-{self._revisions}"

    def function(self, name: str) -> dict[str, Any]:
        if name not in self.functions:
            raise error("ResourceNotFoundException", "GetFunction", 404)
        return self.functions[name]

    def _configuration(self, name: str, qualifier: str = "$LATEST") -> dict[str, Any]:
        function = self.function(name)
        qualifier = function["aliases"].get(qualifier, {}).get("FunctionVersion", qualifier)
        if qualifier == "$LATEST":
            return function["latest"]
        if qualifier not in function["versions"]:
            raise error("ResourceNotFoundException", "GetFunction", 404)
        return function["versions"][qualifier]

    def _settling(self, configuration: dict[str, Any]) -> dict[str, Any]:
        """Shown as it is; when it is looked at next, the change is complete, and its revision another."""
        shown = copy.deepcopy(configuration)
        if "InProgress" in configuration.values() or configuration["State"] == "Pending":
            configuration.update(State="Active", LastUpdateStatus="Successful", RevisionId=self._revision())
        return shown

    def _change(self, name: str, given: dict[str, Any], RevisionId: str | None) -> dict[str, Any]:
        latest = self._configuration(name)
        if RevisionId not in (None, latest["RevisionId"]):
            raise error("PreconditionFailedException", "Update", 412)
        if latest["State"] == "Pending" or latest["LastUpdateStatus"] == "InProgress":
            raise error("ResourceConflictException", "Update", 409)
        latest.update(as_answered(given, name))
        for setting, nothing in EMPTY.items():
            if latest.get(setting) == nothing:
                del latest[setting]
        latest.update(LastUpdateStatus="InProgress", RevisionId=self._revision())
        return latest

    def _CreateFunction(self, client, FunctionName, Code, Tags=(), **given):
        if FunctionName in self.functions:
            raise error("ResourceConflictException", "CreateFunction", 409)
        arn = f"arn:aws:lambda:{client.meta.region_name}:{ACCOUNT}:function:{FunctionName}"
        latest = {
            **copy.deepcopy(FILLED_IN),
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{FunctionName}"},
            **as_answered(given, FunctionName),
            "FunctionName": FunctionName,
            "FunctionArn": arn,
            "Version": "$LATEST",
            "CodeSha256": sha256(Code["ZipFile"]),
            "State": "Pending",
            "LastUpdateStatus": "Successful",
            "RevisionId": self._revision(),
        }
        kept = {"latest": latest, "versions": {}, "published": 0, "aliases": {}, "urls": {}, "policies": {}}
        self.functions[FunctionName] = {**kept, "tags": dict(Tags), "concurrency": None}
        return latest

    def _GetFunction(self, client, FunctionName, Qualifier="$LATEST"):
        kept = self.function(FunctionName)
        answer = {"Configuration": self._settling(self._configuration(FunctionName, Qualifier)), "Tags": kept["tags"]}
        if kept["concurrency"] is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": kept["concurrency"]}
        return answer

    def _GetFunctionConfiguration(self, client, FunctionName, Qualifier="$LATEST"):
        return self._settling(self._configuration(FunctionName, Qualifier))

    def _UpdateFunctionCode(self, client, FunctionName, ZipFile, Architectures, RevisionId=None):
        changed = {"CodeSha256": sha256(ZipFile), "Architectures": Architectures}
        return self._change(FunctionName, changed, RevisionId)

    def _UpdateFunctionConfiguration(self, client, FunctionName, RevisionId=None, **given):
        return self._change(FunctionName, given, RevisionId)

    def _PublishVersion(self, client, FunctionName, RevisionId=None):
        function, latest = self.function(FunctionName), self._configuration(FunctionName)
        if RevisionId not in (None, latest["RevisionId"]):
            raise error("PreconditionFailedException", "PublishVersion", 412)
        last = function["versions"].get(str(function["published"]))
        if last and same(last, latest):
            return last
        function["published"] += 1
        number = str(function["published"])
        arn = f"{latest['FunctionArn']}:{number}"
        version = {**copy.deepcopy(latest), "Version": number, "FunctionArn": arn, "State": "Pending"}
        function["versions"][number] = version
        return version

    def _ListVersionsByFunction(self, client, FunctionName, **page):
        function = self.function(FunctionName)
        return {"Versions": [function["latest"], *function["versions"].values()]}

    def _DeleteFunction(self, client, FunctionName, Qualifier=None):
        function = self.function(FunctionName)
        if not Qualifier:
            del self.functions[FunctionName]
        elif any(Qualifier in (alias["FunctionVersion"], *weights(alias)) for alias in function["aliases"].values()):
            raise error("ResourceConflictException", "DeleteFunction", 409)
        else:
            del function["versions"][Qualifier]
        return {}

    def _TagResource(self, client, Resource, Tags):
        self.function(Resource.rpartition(":")[2])["tags"].update(Tags)
        return {}

    def _UntagResource(self, client, Resource, TagKeys):
        tags = self.function(Resource.rpartition(":")[2])["tags"]
        for key in TagKeys:
            del tags[key]
        return {}

    def _PutFunctionConcurrency(self, client, FunctionName, ReservedConcurrentExecutions):
        self.function(FunctionName)["concurrency"] = ReservedConcurrentExecutions
        return {"ReservedConcurrentExecutions": ReservedConcurrentExecutions}

    def _DeleteFunctionConcurrency(self, client, FunctionName):
        self.function(FunctionName)["concurrency"] = None
        return {}

    def _Invoke(self, client, FunctionName, Qualifier, Payload):
        event = json.loads(Payload)
        self.invocations.append((Qualifier, event))
        answer = self.answer_of(self._configuration(FunctionName, Qualifier), event)
        failed = {"FunctionError": "Unhandled"} if isinstance(answer, Exception) else {}
        said = {"errorMessage": str(answer)} if failed else answer
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(said).encode()), **failed}

    # --- aliases and what hangs on them

    def _ListAliases(self, client, FunctionName, **page):
        return {"Aliases": list(self.function(FunctionName)["aliases"].values())}

    def _CreateAlias(self, client, FunctionName, Name, **given):
        function = self.function(FunctionName)
        if Name in function["aliases"]:
            raise error("ResourceConflictException", "CreateAlias", 409)
        arn = f"{function['latest']['FunctionArn']}:{Name}"
        function["aliases"][Name] = {"AliasArn": arn, "Name": Name, "RevisionId": self._revision(), **given}
        return function["aliases"][Name]

    def _UpdateAlias(self, client, FunctionName, Name, RevisionId, **given):
        alias = self.function(FunctionName)["aliases"][Name]
        if RevisionId != alias["RevisionId"]:
            raise error("PreconditionFailedException", "UpdateAlias", 412)
        alias.update(given, RevisionId=self._revision())
        return alias

    def _hung_on(self, FunctionName: str, Qualifier: str, what: str) -> Any:
        kept = self.function(FunctionName)[what].get(Qualifier)
        if not kept:
            raise error("ResourceNotFoundException", "Get", 404)
        return kept

    def _GetFunctionUrlConfig(self, client, FunctionName, Qualifier):
        return self._hung_on(FunctionName, Qualifier, "urls")

    def _CreateFunctionUrlConfig(self, client, FunctionName, Qualifier, **given):
        function = self.function(FunctionName)
        arn = function["aliases"][Qualifier]["AliasArn"]
        about = {"FunctionUrl": f"https://{FunctionName}.lambda-url.eu-central-1.on.aws/", "FunctionArn": arn}
        function["urls"][Qualifier] = {**about, "InvokeMode": "BUFFERED", "CreationTime": "2026-11-25", **given}
        return function["urls"][Qualifier]

    def _UpdateFunctionUrlConfig(self, client, FunctionName, Qualifier, **given):
        return self._hung_on(FunctionName, Qualifier, "urls").update(given) or {}

    def _DeleteFunctionUrlConfig(self, client, FunctionName, Qualifier):
        del self.function(FunctionName)["urls"][Qualifier]
        return {}

    def _GetPolicy(self, client, FunctionName, Qualifier):
        statements = self._hung_on(FunctionName, Qualifier, "policies")
        return {"Policy": json.dumps({"Statement": list(statements.values())}), "RevisionId": "x"}

    def _AddPermission(self, client, FunctionName, Qualifier, StatementId, Action, Principal, **conditions):
        statements = self.function(FunctionName)["policies"].setdefault(Qualifier, {})
        if StatementId in statements:
            raise error("ResourceConflictException", "AddPermission", 409)
        statement: dict[str, Any] = {"Sid": StatementId, "Effect": "Allow", "Action": Action}
        statement["Principal"] = as_principal(Principal)
        for name, value in conditions.items():
            operator, key = CONDITIONS[name]
            value = str(value).lower() if isinstance(value, bool) else value
            statement.setdefault("Condition", {}).setdefault(operator, {})[key] = value
        statements[StatementId] = statement
        return {"Statement": json.dumps(statement)}

    def _RemovePermission(self, client, FunctionName, Qualifier, StatementId):
        del self.function(FunctionName)["policies"][Qualifier][StatementId]
        return {}

    # --- event sources: busy until they were looked at

    def _ListEventSourceMappings(self, client, FunctionName, **page):
        found = [kept for kept in self.event_sources.values() if kept["FunctionArn"] == FunctionName]
        shown = copy.deepcopy(found)
        for kept in found:
            kept["State"] = {"Creating": "Enabled", "Updating": "Enabled"}.get(kept["State"], kept["State"])
        return {"EventSourceMappings": shown}

    def _CreateEventSourceMapping(self, client, FunctionName, EventSourceArn, Enabled=True, **given):
        name, _, alias = FunctionName.partition(":")
        uuid = f"uuid-{len(self.event_sources):031}"
        about = {"UUID": uuid, "FunctionArn": self.function(name)["aliases"][alias]["AliasArn"]}
        filled = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": [], **given}
        state = "Creating" if Enabled else "Disabled"
        self.event_sources[uuid] = {**about, "EventSourceArn": EventSourceArn, "State": state, **filled}
        return self.event_sources[uuid]

    def _UpdateEventSourceMapping(self, client, UUID, Enabled=None, **given):
        kept = self.event_sources[UUID]
        if kept["State"] in ("Creating", "Updating"):
            kept["State"] = "Enabled"
            raise error("ResourceInUseException", "UpdateEventSourceMapping", 400)
        kept.update(given)
        if Enabled is not None:
            kept["State"] = "Updating" if Enabled else "Disabled"
        return kept

    def _DeleteEventSourceMapping(self, client, UUID):
        return self.event_sources.pop(UUID)

    # --- logs

    def _DescribeLogGroups(self, client, logGroupNamePrefix, **page):
        groups = [{"logGroupName": name, **kept} for name, kept in self.log_groups.items()]
        return {"logGroups": [group for group in groups if group["logGroupName"].startswith(logGroupNamePrefix)]}

    def _CreateLogGroup(self, client, logGroupName):
        assert logGroupName not in self.log_groups
        self.log_groups[logGroupName] = {}
        return {}

    def _PutRetentionPolicy(self, client, logGroupName, retentionInDays):
        self.log_groups[logGroupName]["retentionInDays"] = retentionInDays
        return {}


def as_answered(given: dict[str, Any], name: str) -> dict[str, Any]:
    """Settings as Lambda answers them after it was given them."""
    answered = copy.deepcopy(given)
    if "Layers" in answered:
        answered["Layers"] = [{"Arn": arn, "CodeSize": 1} for arn in answered["Layers"]]
    if "VpcConfig" in answered:
        answered["VpcConfig"].update(VpcId="vpc-1", Ipv6AllowedForDualStack=False)
    logging = answered.get("LoggingConfig")
    if logging:
        logging.setdefault("LogGroup", f"/aws/lambda/{name}")
        if logging.get("LogFormat") == "JSON":
            logging.setdefault("ApplicationLogLevel", "INFO")
            logging.setdefault("SystemLogLevel", "INFO")
    return answered


def as_principal(principal: str) -> Any:
    """As a policy has it: an account becomes its root user."""
    if principal == "*":
        return "*"
    if re.fullmatch(r"\d{12}", principal):
        return {"AWS": f"arn:aws:iam::{principal}:root"}
    return {"Service" if principal.endswith(".amazonaws.com") else "AWS": principal}


def same(version: dict[str, Any], latest: dict[str, Any]) -> bool:
    """Whether nothing has changed since a version was published."""
    own = ("Version", "FunctionArn", "RevisionId", "State", "LastUpdateStatus")
    return {k: v for k, v in version.items() if k not in own} == {k: v for k, v in latest.items() if k not in own}


def weights(alias: dict[str, Any]) -> dict[str, float]:
    return alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def sha256(package: bytes) -> str:
    return base64.b64encode(hashlib.sha256(package).digest()).decode()
