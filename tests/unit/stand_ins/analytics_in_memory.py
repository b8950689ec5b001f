"""Athena, Glue, Firehose and subscriptions of CloudWatch Logs in memory, behind real botocore clients; what is read
back is filled up as AWS does. Sources: their API references."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from aws_in_memory import Aws, error

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
GROUP = "/fleet/requests"


class Analytics(Aws):
    """``creating``: how often a new delivery stream is seen before it is active."""

    def __init__(self) -> None:
        super().__init__()
        self.workgroups: dict[str, dict[str, Any]] = {}
        self.catalogs: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.databases: set[str] = set()
        self.tables: dict[tuple[str, str], dict[str, Any]] = {}
        self.streams: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.creating = 2

    def writes(self) -> list[str]:
        return [name for name in super().writes() if name != "ListTagsForDeliveryStream"]

    # --- Athena

    def _GetWorkGroup(self, client, WorkGroup):
        if WorkGroup not in self.workgroups:
            raise named("InvalidRequestException", f"WorkGroup {WorkGroup} is not found.", "GetWorkGroup")
        return {"WorkGroup": {**self.workgroups[WorkGroup], "CreationTime": MOMENT}}

    def _CreateWorkGroup(self, client, Name, Description, Configuration, Tags):
        filled = {
            "ResultConfiguration": {},
            "EnforceWorkGroupConfiguration": True,
            "PublishCloudWatchMetricsEnabled": True,
            "RequesterPaysEnabled": False,
            "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"},
            **Configuration,
        }
        self.workgroups[Name] = {
            "Name": Name, "State": "ENABLED", "Description": Description, "Configuration": filled
        }  # fmt: skip
        self._tag(f"arn:aws:athena:eu-central-1:111122223333:workgroup/{Name}", Tags)
        return {}

    def _UpdateWorkGroup(self, client, WorkGroup, ConfigurationUpdates=None, **changes):
        kept = self.workgroups[WorkGroup]
        kept.update(changes)
        configuration = kept["Configuration"]
        for name, value in (ConfigurationUpdates or {}).items():
            if name.startswith("Remove"):
                del configuration[name.removeprefix("Remove")]
            elif name == "ResultConfigurationUpdates":
                for inner, setting in value.items():
                    if inner.startswith("Remove"):
                        del configuration["ResultConfiguration"][inner.removeprefix("Remove")]
                    else:
                        configuration["ResultConfiguration"][inner] = setting
            else:
                configuration[name] = value
        return {}

    def _DeleteWorkGroup(self, client, WorkGroup, RecursiveDeleteOption):
        if not RecursiveDeleteOption and self.workgroups[WorkGroup].get("used"):
            raise named("InvalidRequestException", f"WorkGroup {WorkGroup} is not empty", "DeleteWorkGroup")
        del self.workgroups[WorkGroup]
        return {}

    def _GetDataCatalog(self, client, Name):
        if Name not in self.catalogs:
            raise named("InvalidRequestException", f"DataCatalog {Name} was not found", "GetDataCatalog")
        return {"DataCatalog": {**self.catalogs[Name], "Status": "CREATE_COMPLETE"}}

    def _CreateDataCatalog(self, client, Tags, **given):
        self.catalogs[given["Name"]] = given
        self._tag(f"arn:aws:athena:eu-central-1:111122223333:datacatalog/{given['Name']}", Tags)
        return {}

    def _UpdateDataCatalog(self, client, **given):
        self.catalogs[given["Name"]] = given
        return {}

    def _DeleteDataCatalog(self, client, Name):
        del self.catalogs[Name]
        return {}

    def _ListTagsForResource(self, client, ResourceARN):
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.get(ResourceARN, {}).items()]}

    def _TagResource(self, client, ResourceARN, Tags):
        self._tag(ResourceARN, Tags)
        return {}

    def _UntagResource(self, client, ResourceARN, TagKeys):
        for key in TagKeys:
            del self.tags[ResourceARN][key]
        return {}

    def _tag(self, name, tags):
        self.tags.setdefault(name, {}).update({tag["Key"]: tag["Value"] for tag in tags})

    # --- Glue

    def _GetDatabase(self, client, Name):
        if Name not in self.databases:
            raise error("EntityNotFoundException", "GetDatabase")
        return {"Database": {"Name": Name}}

    def _CreateDatabase(self, client, DatabaseInput):
        self.databases.add(DatabaseInput["Name"])
        return {}

    def _GetTable(self, client, DatabaseName, Name):
        if (DatabaseName, Name) not in self.tables:
            raise error("EntityNotFoundException", "GetTable")
        table = copy.deepcopy(self.tables[DatabaseName, Name])
        storage = {"Compressed": False, "NumberOfBuckets": 0, "SortColumns": [], **table.get("StorageDescriptor", {})}
        about = {
            "DatabaseName": DatabaseName,
            "CreateTime": MOMENT,
            "VersionId": "3",
            "IsRegisteredWithLakeFormation": False,
        }
        return {"Table": {"Retention": 0, "PartitionKeys": [], **table, "StorageDescriptor": storage, **about}}

    def _CreateTable(self, client, DatabaseName, TableInput):
        if DatabaseName not in self.databases:
            raise error("EntityNotFoundException", "CreateTable")
        self.tables[DatabaseName, TableInput["Name"]] = TableInput
        return {}

    def _UpdateTable(self, client, DatabaseName, TableInput):
        self.tables[DatabaseName, TableInput["Name"]] = TableInput
        return {}

    def _DeleteTable(self, client, DatabaseName, Name):
        del self.tables[DatabaseName, Name]
        return {}

    # --- Firehose

    def _DescribeDeliveryStream(self, client, DeliveryStreamName):
        if DeliveryStreamName not in self.streams:
            raise error("ResourceNotFoundException", "DescribeDeliveryStream")
        kept = self.streams[DeliveryStreamName]
        kept["seen"] += 1
        config = {
            "CompressionFormat": "UNCOMPRESSED",
            "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
            "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
            "S3BackupMode": "Disabled",
            **kept["config"],
        }
        return {
            "DeliveryStreamDescription": {
                "DeliveryStreamName": DeliveryStreamName,
                "DeliveryStreamARN": f"arn:aws:firehose:eu-central-1:111122223333:deliverystream/{DeliveryStreamName}",
                "DeliveryStreamStatus": "ACTIVE" if kept["seen"] > self.creating else "CREATING",
                "DeliveryStreamType": "DirectPut",
                "VersionId": str(kept["version"]),
                "HasMoreDestinations": False,
                "Destinations": [{"DestinationId": "destinationId-1", "ExtendedS3DestinationDescription": config}],
            }
        }

    def _CreateDeliveryStream(
        self, client, DeliveryStreamName, DeliveryStreamType, ExtendedS3DestinationConfiguration, Tags=()
    ):
        config = ExtendedS3DestinationConfiguration
        self.streams[DeliveryStreamName] = {"config": config, "version": 1, "seen": 0}
        self._tag(DeliveryStreamName, Tags)
        return {"DeliveryStreamARN": "arn"}

    def _UpdateDestination(
        self, client, DeliveryStreamName, CurrentDeliveryStreamVersionId, DestinationId, ExtendedS3DestinationUpdate
    ):
        kept = self.streams[DeliveryStreamName]
        assert (CurrentDeliveryStreamVersionId, DestinationId) == (str(kept["version"]), "destinationId-1")
        kept["config"].update(ExtendedS3DestinationUpdate)
        kept["version"] += 1
        return {}

    def _DeleteDeliveryStream(self, client, DeliveryStreamName):
        del self.streams[DeliveryStreamName]
        return {}

    def _ListTagsForDeliveryStream(self, client, DeliveryStreamName, Limit):
        tags = [{"Key": key, "Value": value} for key, value in self.tags.get(DeliveryStreamName, {}).items()]
        return {"Tags": tags, "HasMoreTags": False}

    def _TagDeliveryStream(self, client, DeliveryStreamName, Tags):
        self._tag(DeliveryStreamName, Tags)
        return {}

    def _UntagDeliveryStream(self, client, DeliveryStreamName, TagKeys):
        for key in TagKeys:
            del self.tags[DeliveryStreamName][key]
        return {}

    # --- CloudWatch Logs

    def _DescribeSubscriptionFilters(self, client, logGroupName, filterNamePrefix):
        if logGroupName != GROUP:
            raise error("ResourceNotFoundException", "DescribeSubscriptionFilters")
        found = [kept for name, kept in self.subscriptions.items() if name.startswith(filterNamePrefix)]
        return {"subscriptionFilters": [{"distribution": "ByLogStream", "creationTime": 0, **kept} for kept in found]}

    def _PutSubscriptionFilter(self, client, **given):
        self.subscriptions[given["filterName"]] = given
        return {}

    def _DeleteSubscriptionFilter(self, client, logGroupName, filterName):
        del self.subscriptions[filterName]
        return {}


def named(code: str, message: str, operation: str) -> Exception:
    raised = error(code, operation)
    raised.response["Error"]["Message"] = message
    return type(raised)(raised.response, operation)
