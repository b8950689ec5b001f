"""S3's buckets, IAM's roles, Route 53, queues and Secrets Manager in memory, behind real botocore clients; what is read
back is filled up and reordered as AWS does. Sources: their API references."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from aws_in_memory import Aws, as_read_back, error

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
ZONE = "example.com."
BLOCKED_ENCRYPTION = {"EncryptionType": ["SSE-C"]}
LOG_GROUP = "arn:aws:logs:eu-central-1:111122223333:log-group"


class Account(Aws):
    """``buckets``: name → aspect → what S3 keeps of it. ``records``: (name, type) → the record."""

    def __init__(self) -> None:
        super().__init__()
        self.buckets: dict[str, dict[str, Any]] = {}
        self.roles: dict[str, dict[str, Any]] = {}
        self.policies: dict[tuple[str, str], str] = {}
        self.zones = [
            {"Id": "/hostedzone/ZPRIVATE", "Name": ZONE, "CallerReference": "a", "Config": {"PrivateZone": True}},
            {"Id": "/hostedzone/ZPUBLIC", "Name": ZONE, "CallerReference": "b", "Config": {"PrivateZone": False}},
        ]
        self.records: dict[tuple[str, str], dict[str, Any]] = {}
        self.pending = 1
        self.secrets: dict[str, dict[str, Any]] = {}
        self.queues: dict[str, dict[str, str]] = {}
        self.log_groups: dict[str, dict[str, Any]] = {}

    def writes(self) -> list[str]:
        return [name for name in super().writes() if not name.startswith("Head")]

    def answer(self, client, operation, parameters):
        """Waiters look at the status."""
        return {**super().answer(client, operation, parameters), "ResponseMetadata": {"HTTPStatusCode": 200}}

    # --- S3

    def _HeadBucket(self, client, Bucket):
        if Bucket not in self.buckets:
            raise error("404", "HeadBucket", 404)
        return {}

    def _CreateBucket(self, client, Bucket, CreateBucketConfiguration=None):
        region = client.meta.region_name
        wanted = None if region == "us-east-1" else {"LocationConstraint": region}
        if wanted != CreateBucketConfiguration:
            raise error("InvalidLocationConstraint", "CreateBucket")
        if Bucket in self.buckets:
            raise error("BucketAlreadyOwnedByYou", "CreateBucket", 409)
        # As S3 makes them since 2023.
        self.buckets[Bucket] = {
            "ownership": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "public_access_block": dict.fromkeys(
                ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
            ),
            "encryption": _encrypted({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}),
        }
        return {}

    def _aspect(self, bucket: str, aspect: str, absent: str) -> Any:
        if bucket not in self.buckets:
            raise error("NoSuchBucket", aspect, 404)
        if not self.buckets[bucket].get(aspect):
            raise error(absent, aspect, 404)
        return self.buckets[bucket][aspect]

    def _GetBucketOwnershipControls(self, client, Bucket):
        return {"OwnershipControls": self._aspect(Bucket, "ownership", "OwnershipControlsNotFoundError")}

    def _PutBucketOwnershipControls(self, client, Bucket, OwnershipControls):
        self.buckets[Bucket]["ownership"] = OwnershipControls
        return {}

    def _GetPublicAccessBlock(self, client, Bucket):
        kept = self._aspect(Bucket, "public_access_block", "NoSuchPublicAccessBlockConfiguration")
        return {"PublicAccessBlockConfiguration": kept}

    def _PutPublicAccessBlock(self, client, Bucket, PublicAccessBlockConfiguration):
        """All of it: what is not given is false."""
        names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.buckets[Bucket]["public_access_block"] = {
            name: PublicAccessBlockConfiguration.get(name, False) for name in names
        }
        return {}

    def _GetBucketEncryption(self, client, Bucket):
        kept = self._aspect(Bucket, "encryption", "ServerSideEncryptionConfigurationNotFoundError")
        return {"ServerSideEncryptionConfiguration": kept}

    def _PutBucketEncryption(self, client, Bucket, ServerSideEncryptionConfiguration):
        [rule] = ServerSideEncryptionConfiguration["Rules"]
        self.buckets[Bucket]["encryption"] = _encrypted(rule)
        return {}

    def _GetBucketLogging(self, client, Bucket):
        return dict(self.buckets[Bucket].get("logging", {}))

    def _PutBucketLogging(self, client, Bucket, BucketLoggingStatus):
        target = BucketLoggingStatus.get("LoggingEnabled", {}).get("TargetBucket", Bucket)
        if target not in self.buckets:
            raise error("InvalidTargetBucketForLogging", "PutBucketLogging")
        self.buckets[Bucket]["logging"] = BucketLoggingStatus
        return {}

    def _GetBucketLifecycleConfiguration(self, client, Bucket):
        rules = self._aspect(Bucket, "lifecycle", "NoSuchLifecycleConfiguration")
        return {"Rules": rules, "TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"}

    def _PutBucketLifecycleConfiguration(self, client, Bucket, LifecycleConfiguration):
        if not LifecycleConfiguration["Rules"]:
            raise error("MalformedXML", "PutBucketLifecycleConfiguration")
        shape = client.meta.service_model.shape_for("LifecycleRules")
        self.buckets[Bucket]["lifecycle"] = as_read_back(LifecycleConfiguration["Rules"], shape, self._chance)
        return {}

    def _DeleteBucketLifecycle(self, client, Bucket):
        self.buckets[Bucket].pop("lifecycle")
        return {}

    def _GetBucketPolicy(self, client, Bucket):
        return {"Policy": json.dumps(self._aspect(Bucket, "policy", "NoSuchBucketPolicy"))}

    def _PutBucketPolicy(self, client, Bucket, Policy):
        self.buckets[Bucket]["policy"] = _as_iam_answers(json.loads(Policy))
        return {}

    def _DeleteBucketPolicy(self, client, Bucket):
        self.buckets[Bucket].pop("policy")
        return {}

    def _GetBucketTagging(self, client, Bucket):
        return {"TagSet": self._aspect(Bucket, "tags", "NoSuchTagSet")}

    def _PutBucketTagging(self, client, Bucket, Tagging):
        self.buckets[Bucket]["tags"] = Tagging["TagSet"]
        return {}

    def _DeleteBucketTagging(self, client, Bucket):
        self.buckets[Bucket].pop("tags")
        return {}

    # --- IAM

    def _known_role(self, name: str, operation: str) -> dict[str, Any]:
        if name not in self.roles:
            raise error("NoSuchEntity", operation, 404)
        return self.roles[name]

    def _GetRole(self, client, RoleName):
        return {"Role": self._known_role(RoleName, "GetRole")}

    def _CreateRole(self, client, RoleName, AssumeRolePolicyDocument, Description="", Tags=()):
        self.roles[RoleName] = {
            "Path": "/",
            "RoleName": RoleName,
            "RoleId": "AROAEXAMPLEEXAMPLE",
            "Arn": f"arn:aws:iam::111122223333:role/{RoleName}",
            "CreateDate": MOMENT,
            "AssumeRolePolicyDocument": _as_iam_answers(json.loads(AssumeRolePolicyDocument)),
            **({"Description": Description} if Description else {}),
            **({"Tags": list(Tags)} if Tags else {}),
        }
        return self._GetRole(client, RoleName)

    def _UpdateRole(self, client, RoleName, Description):
        self._known_role(RoleName, "UpdateRole")["Description"] = Description
        return {}

    def _UpdateAssumeRolePolicy(self, client, RoleName, PolicyDocument):
        role = self._known_role(RoleName, "UpdateAssumeRolePolicy")
        role["AssumeRolePolicyDocument"] = _as_iam_answers(json.loads(PolicyDocument))
        return {}

    def _GetRolePolicy(self, client, RoleName, PolicyName):
        if (RoleName, PolicyName) not in self.policies:
            raise error("NoSuchEntity", "GetRolePolicy", 404)
        document = json.loads(self.policies[RoleName, PolicyName])
        return {"RoleName": RoleName, "PolicyName": PolicyName, "PolicyDocument": document}

    def _PutRolePolicy(self, client, RoleName, PolicyName, PolicyDocument):
        self._known_role(RoleName, "PutRolePolicy")
        self.policies[RoleName, PolicyName] = PolicyDocument
        return {}

    def _DeleteRolePolicy(self, client, RoleName, PolicyName):
        del self.policies[RoleName, PolicyName]
        return {}

    def _ListRolePolicies(self, client, RoleName):
        return {"PolicyNames": [policy for role, policy in self.policies if role == RoleName]}

    def _TagRole(self, client, RoleName, Tags):
        kept = {tag["Key"]: tag for tag in self.roles[RoleName].get("Tags", [])}
        self.roles[RoleName]["Tags"] = list({**kept, **{tag["Key"]: tag for tag in Tags}}.values())
        return {}

    def _UntagRole(self, client, RoleName, TagKeys):
        self.roles[RoleName]["Tags"] = [tag for tag in self.roles[RoleName]["Tags"] if tag["Key"] not in TagKeys]
        return {}

    def _DeleteRole(self, client, RoleName):
        if any(role == RoleName for role, _ in self.policies):
            raise error("DeleteConflict", "DeleteRole", 409)
        del self.roles[RoleName]
        return {}

    # --- Route 53

    def _ListHostedZones(self, client, Marker="0"):
        """Pages of one zone."""
        here = int(Marker)
        after = {"NextMarker": str(here + 1)} if len(self.zones) > here + 1 else {}
        page = self.zones[here : here + 1]
        return {"HostedZones": page, "Marker": Marker, "IsTruncated": bool(after), "MaxItems": "1", **after}

    def _ListResourceRecordSets(self, client, HostedZoneId, StartRecordName, StartRecordType, MaxItems):
        """From there on, in the order of the names, so that the first may be another one."""
        assert HostedZoneId == "ZPUBLIC"
        names = sorted(key for key in self.records if key >= (StartRecordName, StartRecordType))
        found = [self.records[name] for name in names[: int(MaxItems)]]
        return {"ResourceRecordSets": found, "IsTruncated": False, "MaxItems": MaxItems}

    def _ChangeResourceRecordSets(self, client, HostedZoneId, ChangeBatch):
        assert HostedZoneId == "ZPUBLIC"
        for change in ChangeBatch["Changes"]:
            record = change["ResourceRecordSet"]
            key = (record["Name"].lower().rstrip(".").replace(r"\052", "*") + ".", record["Type"])
            if change["Action"] == "DELETE":
                if self.records.get(key) != record:
                    raise error("InvalidChangeBatch", "ChangeResourceRecordSets")
                del self.records[key]
            else:
                assert change["Action"] == "UPSERT"
                self.records[key] = {**record, "Name": key[0].replace("*", r"\052")}
        self.pending = 1
        return {"ChangeInfo": {"Id": "/change/C1", "Status": "PENDING", "SubmittedAt": MOMENT}}

    def _GetChange(self, client, Id):
        self.pending, status = self.pending - 1, "PENDING" if self.pending else "INSYNC"
        return {"ChangeInfo": {"Id": Id, "Status": status, "SubmittedAt": MOMENT}}

    # --- Secrets Manager

    def _secret(self, name: str, operation: str) -> dict[str, Any]:
        if name not in self.secrets:
            raise error("ResourceNotFoundException", operation)
        return self.secrets[name]

    def _DescribeSecret(self, client, SecretId):
        kept = self._secret(SecretId, "DescribeSecret")
        return {"Name": SecretId, **({"DeletedDate": MOMENT} if kept.get("deleted") else {})}

    def _alive(self, name: str, operation: str) -> dict[str, Any]:
        kept = self._secret(name, operation)
        if kept.get("deleted"):
            raise error("InvalidRequestException", operation)
        return kept

    def _GetSecretValue(self, client, SecretId):
        kept = self._alive(SecretId, "GetSecretValue")
        if "text" not in kept:
            raise error("ResourceNotFoundException", "GetSecretValue")
        return {"Name": SecretId, "SecretString": kept["text"]}

    def _CreateSecret(self, client, Name, SecretString, ClientRequestToken=None):
        if Name in self.secrets:
            raise error("ResourceExistsException", "CreateSecret")
        self.secrets[Name] = {"text": SecretString}
        return {"Name": Name}

    def _PutSecretValue(self, client, SecretId, SecretString, ClientRequestToken=None):
        self._alive(SecretId, "PutSecretValue")["text"] = SecretString
        return {"Name": SecretId}

    def _RestoreSecret(self, client, SecretId):
        self._secret(SecretId, "RestoreSecret").pop("deleted")
        return {"Name": SecretId}

    # --- SQS

    def _GetQueueUrl(self, client, QueueName):
        if QueueName not in self.queues:
            raise error("AWS.SimpleQueueService.NonExistentQueue", "GetQueueUrl")
        return {"QueueUrl": f"https://sqs/111122223333/{QueueName}"}

    def _GetQueueAttributes(self, client, QueueUrl, AttributeNames):
        assert AttributeNames == ["All"]
        kept = self.queues[QueueUrl.rpartition("/")[2]]
        return {"Attributes": {"ApproximateNumberOfMessages": "0", "DelaySeconds": "0", **kept}}

    def _CreateQueue(self, client, QueueName, Attributes):
        self._hold_against_queues(Attributes)
        self.queues[QueueName] = Attributes
        return self._GetQueueUrl(client, QueueName)

    def _SetQueueAttributes(self, client, QueueUrl, Attributes):
        self._hold_against_queues(Attributes)
        self.queues[QueueUrl.rpartition("/")[2]].update(Attributes)
        return {}

    def _hold_against_queues(self, attributes: dict[str, str]) -> None:
        """A queue for dead letters is there before those that send them. As SQS answers, the count is a number."""
        if "RedrivePolicy" in attributes:
            policy = json.loads(attributes["RedrivePolicy"])
            if policy["deadLetterTargetArn"].rpartition(":")[2] not in self.queues:
                raise error("InvalidParameterValue", "SetQueueAttributes")
            policy["maxReceiveCount"] = int(policy["maxReceiveCount"])
            attributes["RedrivePolicy"] = json.dumps(policy)

    # --- CloudWatch Logs

    def _DescribeLogGroups(self, client, logGroupNamePrefix):
        groups = [
            {"logGroupName": name, "arn": f"{LOG_GROUP}:{name}:*", **group}
            for name, group in sorted(self.log_groups.items())
            if name.startswith(logGroupNamePrefix)
        ]
        return {"logGroups": [{key: group[key] for key in group.keys() - {"tags"}} for group in groups]}

    def _CreateLogGroup(self, client, logGroupName, tags=None):
        if logGroupName in self.log_groups:
            raise error("ResourceAlreadyExistsException", "CreateLogGroup")
        self.log_groups[logGroupName] = {"tags": dict(tags or {})}
        return {}

    def _PutRetentionPolicy(self, client, logGroupName, retentionInDays):
        self.log_groups[logGroupName]["retentionInDays"] = retentionInDays
        return {}

    def _DeleteRetentionPolicy(self, client, logGroupName):
        del self.log_groups[logGroupName]["retentionInDays"]
        return {}

    def _ListTagsForResource(self, client, resourceArn):
        return {"tags": dict(self._tags(resourceArn))}

    def _TagResource(self, client, resourceArn, tags):
        self._tags(resourceArn).update(tags)
        return {}

    def _UntagResource(self, client, resourceArn, tagKeys):
        for key in tagKeys:
            del self._tags(resourceArn)[key]
        return {}

    def _tags(self, arn):
        return self.log_groups[arn.removeprefix(f"{LOG_GROUP}:")]["tags"]


def _encrypted(rule: dict[str, Any]) -> dict[str, Any]:
    filled = {"BucketKeyEnabled": False, "BlockedEncryptionTypes": BLOCKED_ENCRYPTION, **rule}
    return {"Rules": [filled]}


def _as_iam_answers(document: dict[str, Any]) -> dict[str, Any]:
    """A policy as it is read back: actions in another order, one alone without its list."""

    def answered(statement: dict[str, Any]) -> dict[str, Any]:
        actions = statement["Action"]
        if isinstance(actions, list):
            actions = actions[0] if len(actions) == 1 else actions[::-1]
        return {**statement, "Action": actions}

    return {**document, "Statement": [answered(statement) for statement in document["Statement"]]}
