"""Athena's operations: a method each, by the names of the API. Source: the API reference of Amazon Athena."""

import re
import time
from collections.abc import Mapping
from typing import Any

from athena.errors import RefusedError
from athena.queries import Queries
from athena.store import Document, Store

Given = Mapping[str, Any]
GLUE = {"Name": "AwsDataCatalog", "Type": "GLUE", "Description": "The Glue Data Catalog", "Parameters": {}}
# What a workgroup has unless told otherwise.
CONFIGURATION = {
    "ResultConfiguration": {},
    "EnforceWorkGroupConfiguration": True,
    "PublishCloudWatchMetricsEnabled": True,
    "RequesterPaysEnabled": False,
    "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"},
}
FUNCTIONS = ({"function"}, {"metadata-function", "record-function"})


class Api:
    """``answer`` carries out one operation. Raises RefusedError."""

    def __init__(self, store: Store, queries: Queries, region: str, account: str) -> None:
        self._store, self._queries = store, queries
        self._arn = f"arn:aws:athena:{region}:{account}:"
        if not store.get("workgroup", "primary"):
            self._keep_workgroup({"Name": "primary", "Configuration": {"EnforceWorkGroupConfiguration": False}})

    def answer(self, operation: str, given: Given) -> Document:
        """The answer of an operation that the API's model knows."""
        method = getattr(self, _snake(operation), None)
        if method is None:
            raise RefusedError(f"The lab's Athena has no {operation}", "UnknownOperationException")
        return dict(method(given) or {})

    # --- queries

    def start_query_execution(self, given: Given) -> Document:
        workgroup = self._workgroup(given.get("WorkGroup", "primary"))
        if workgroup["State"] == "DISABLED":
            raise RefusedError(f"WorkGroup {workgroup['Name']} is disabled.")
        return {"QueryExecutionId": self._queries.start(given, workgroup)}

    def get_query_execution(self, given: Given) -> Document:
        return {"QueryExecution": self._queries.get(given["QueryExecutionId"])}

    def batch_get_query_execution(self, given: Given) -> Document:
        found = [self._store.get("query", id) for id in given["QueryExecutionIds"]]
        unknown = [id for id, query in zip(given["QueryExecutionIds"], found, strict=True) if not query]
        return {
            "QueryExecutions": [query["execution"] for query in found if query],
            "UnprocessedQueryExecutionIds": [
                {"QueryExecutionId": id, "ErrorCode": "INVALID_QUERY_EXECUTION_ID", "ErrorMessage": "Not found"}
                for id in unknown
            ],
        }

    def list_query_executions(self, given: Given) -> Document:
        workgroup = given.get("WorkGroup", "primary")
        executions = [query["execution"] for query in reversed(self._store.all("query"))]
        ids = [execution["QueryExecutionId"] for execution in executions if execution["WorkGroup"] == workgroup]
        return _page("QueryExecutionIds", ids, given, 50)

    def stop_query_execution(self, given: Given) -> None:
        self._queries.stop(given["QueryExecutionId"])

    def get_query_results(self, given: Given) -> Document:
        return self._queries.results(
            given["QueryExecutionId"], _offset(given.get("NextToken")), given.get("MaxResults", 1000)
        )

    # --- workgroups

    def create_work_group(self, given: Given) -> None:
        if self._store.get("workgroup", given["Name"]):
            raise RefusedError("WorkGroup is already created")
        self._keep_workgroup(given)

    def get_work_group(self, given: Given) -> Document:
        workgroup = self._workgroup(given["WorkGroup"])
        return {"WorkGroup": {name: value for name, value in workgroup.items() if name != "Tags"}}

    def update_work_group(self, given: Given) -> None:
        workgroup = self._workgroup(given["WorkGroup"])
        updates = given.get("ConfigurationUpdates", {})
        configuration = _updated(workgroup["Configuration"], updates)
        changed = {name: given[name] for name in ("Description", "State") if name in given}
        self._store.put(
            "workgroup", workgroup["Name"], {**workgroup, **changed, "Configuration": _with_engine(configuration)}
        )

    def delete_work_group(self, given: Given) -> None:
        name = self._workgroup(given["WorkGroup"])["Name"]
        if name == "primary":
            raise RefusedError("Cannot delete primary WorkGroup")
        used = any(query["execution"]["WorkGroup"] == name for query in self._store.all("query"))
        if used and not given.get("RecursiveDeleteOption"):
            raise RefusedError(f"WorkGroup {name} is not empty")
        self._store.delete("workgroup", name)

    def list_work_groups(self, given: Given) -> Document:
        names = ("Name", "State", "Description", "CreationTime")
        summaries = [{name: item[name] for name in names} for item in self._store.all("workgroup")]
        return _page("WorkGroups", summaries, given, 50)

    # --- data catalogs

    def create_data_catalog(self, given: Given) -> Document:
        name = given["Name"]
        if name.lower() == GLUE["Name"].lower() or self._store.get("catalog", name):  # type: ignore[attr-defined]
            raise RefusedError(f"DataCatalog {name} already exists")
        return {"DataCatalog": _without_tags(self._keep_catalog(given, _tags(given)))}

    def get_data_catalog(self, given: Given) -> Document:
        return {"DataCatalog": _without_tags(self._catalog(given["Name"]))}

    def update_data_catalog(self, given: Given) -> None:
        self._keep_catalog(given, self._catalog(given["Name"])["Tags"])

    def delete_data_catalog(self, given: Given) -> Document:
        catalog = self._catalog(given["Name"])
        self._store.delete("catalog", catalog["Name"])
        return {"DataCatalog": _without_tags(catalog)}

    def list_data_catalogs(self, given: Given) -> Document:
        catalogs = [{"CatalogName": item["Name"], "Type": item["Type"]} for item in [GLUE, *self._store.all("catalog")]]
        return _page("DataCatalogsSummary", catalogs, given, 50)

    # --- tags

    def tag_resource(self, given: Given) -> None:
        kind, document = self._tagged(given["ResourceARN"])
        tags = {**document["Tags"], **_tags(given)}
        self._store.put(kind, document["Name"], {**document, "Tags": tags})

    def untag_resource(self, given: Given) -> None:
        kind, document = self._tagged(given["ResourceARN"])
        tags = {key: value for key, value in document["Tags"].items() if key not in given["TagKeys"]}
        self._store.put(kind, document["Name"], {**document, "Tags": tags})

    def list_tags_for_resource(self, given: Given) -> Document:
        tags = self._tagged(given["ResourceARN"])[1]["Tags"]
        return _page("Tags", [{"Key": key, "Value": value} for key, value in tags.items()], given, 75)

    # --- what they have in common

    def _workgroup(self, name: str) -> Document:
        found = self._store.get("workgroup", name)
        if not found:
            raise RefusedError(f"WorkGroup {name} is not found.")
        return found

    def _keep_workgroup(self, given: Given) -> None:
        configuration = {**CONFIGURATION, **given.get("Configuration", {})}
        document = {
            "Name": given["Name"],
            "State": "ENABLED",
            "Description": given.get("Description", ""),
            "Configuration": _with_engine(configuration),
            "CreationTime": time.time(),
            "Tags": _tags(given),
        }
        self._store.put("workgroup", given["Name"], document)

    def _catalog(self, name: str) -> Document:
        found = GLUE if name == GLUE["Name"] else self._store.get("catalog", name)
        if not found:
            raise RefusedError(f"DataCatalog {name} was not found")
        return {"Tags": {}, **found}

    def _keep_catalog(self, given: Given, tags: Mapping[str, str]) -> Document:
        if given["Type"] != "LAMBDA":
            raise RefusedError(f"Type is {given['Type']}: the lab's Athena has catalogs of the type LAMBDA only")
        functions = given.get("Parameters", {})
        if functions.keys() not in FUNCTIONS or not all(
            arn.startswith("arn:aws:lambda:") for arn in functions.values()
        ):
            raise RefusedError("Parameters need the ARN of a function, or of a metadata-function and a record-function")
        names = ("Name", "Type", "Description", "Parameters")
        document = {name: given[name] for name in names if name in given}
        self._store.put("catalog", given["Name"], {**document, "Tags": dict(tags)})
        return {**document, "Tags": tags}

    def _tagged(self, arn: str) -> tuple[str, Document]:
        kind, _, name = arn.removeprefix(self._arn).partition("/")
        found = self._store.get(kind.removeprefix("data"), name) if kind in ("workgroup", "datacatalog") else None
        if not found:
            raise RefusedError(f"Resource {arn} was not found", "ResourceNotFoundException")
        return kind.removeprefix("data"), found


def _updated(configuration: Given, updates: Given) -> Document:
    """A workgroup's configuration after an update: ``RemoveX`` takes X away, ``XUpdates`` goes into X."""
    result = dict(configuration)
    for name, value in updates.items():
        if name.startswith("Remove"):
            if value:
                result.pop(name.removeprefix("Remove"), None)
        elif name.endswith("Updates"):
            inner = name.removesuffix("Updates")
            result[inner] = _updated(result.get(inner, {}), value)
        else:
            result[name] = value
    return result


def _with_engine(configuration: Given) -> Document:
    chosen = configuration["EngineVersion"].get("SelectedEngineVersion", "AUTO")
    return {**configuration, "EngineVersion": {**CONFIGURATION["EngineVersion"], "SelectedEngineVersion": chosen}}  # type: ignore[dict-item]


def _tags(given: Given) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in given.get("Tags", [])}


def _without_tags(catalog: Given) -> Document:
    return {name: value for name, value in catalog.items() if name != "Tags"}


def _page(name: str, items: list[Any], given: Given, most: int) -> Document:
    begin = _offset(given.get("NextToken"))
    end = begin + given.get("MaxResults", most)
    return {name: items[begin:end], **({"NextToken": str(end)} if end < len(items) else {})}


def _offset(token: str | None) -> int:
    if token is not None and not re.fullmatch("[0-9]{1,12}", token):
        raise RefusedError(f"NextToken is {token}, which was never given")
    return int(token or 0)


def _snake(operation: str) -> str:
    """
    >>> _snake("GetWorkGroup")
    'get_work_group'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()
