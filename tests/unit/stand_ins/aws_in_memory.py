"""CloudFront, ACM and CloudWatch in memory, behind real botocore clients: every request is held against the API's
model, and what is read back is filled up and reordered as AWS does. Sources: their API references."""

from __future__ import annotations

import copy
import datetime
import itertools
import random
from collections.abc import Callable
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import NameOID

SECRET = "a-secret-of-the-origin-0123456789"
# Of no authority: nobody looks into it.
CHAIN = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"
NONE: dict[str, Any] = {"Quantity": 0}
BEHAVIOR = {
    "TrustedSigners": {"Enabled": False, "Quantity": 0},
    "TrustedKeyGroups": {"Enabled": False, "Quantity": 0},
    "AllowedMethods": {"Quantity": 2, "Items": ["HEAD", "GET"]},
    "SmoothStreaming": False,
    "Compress": False,
    "LambdaFunctionAssociations": NONE,
    "FunctionAssociations": NONE,
    "FieldLevelEncryptionId": "",
    "GrpcConfig": {"Enabled": False},
}
# What CloudFront answers for what a request did not mention, by shape.
FILLED_IN: dict[str, dict[str, Any]] = {
    "DistributionConfig": {
        "Aliases": NONE,
        "DefaultRootObject": "",
        "OriginGroups": NONE,
        "CacheBehaviors": NONE,
        "CustomErrorResponses": NONE,
        "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
        "PriceClass": "PriceClass_All",
        "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": False,
        "ContinuousDeploymentPolicyId": "",
        "Staging": False,
    },
    "Origin": {
        "OriginPath": "",
        "CustomHeaders": NONE,
        "ConnectionAttempts": 3,
        "ConnectionTimeout": 10,
        "OriginShield": {"Enabled": False},
        "OriginAccessControlId": "",
    },
    "CustomOriginConfig": {
        "OriginSslProtocols": {"Quantity": 3, "Items": ["TLSv1", "TLSv1.1", "TLSv1.2"]},
        "OriginReadTimeout": 30,
        "OriginKeepaliveTimeout": 5,
    },
    "DefaultCacheBehavior": BEHAVIOR,
    "CacheBehavior": BEHAVIOR,
    "AllowedMethods": {"CachedMethods": {"Quantity": 2, "Items": ["HEAD", "GET"]}},
    "ForwardedValues": {"Headers": NONE, "QueryStringCacheKeys": NONE},
    "LambdaFunctionAssociation": {"IncludeBody": False},
    "CustomErrorResponse": {"ResponsePagePath": "", "ResponseCode": "", "ErrorCachingMinTTL": 10},
    "OriginGroup": {"SelectionCriteria": "default"},
    "ResponseHeadersPolicyConfig": {
        "Comment": "",
        "CustomHeadersConfig": NONE,
        "RemoveHeadersConfig": NONE,
        "ServerTimingHeadersConfig": {"Enabled": False},
    },
    "ResponseHeadersPolicyStrictTransportSecurity": {"IncludeSubdomains": False, "Preload": False},
    "LifecycleExpiration": {"ExpiredObjectDeleteMarker": False},
}
ORDERED = ("CacheBehaviorList", "OriginGroupMemberList")


def as_read_back(value: Any, shape: Any, chance: random.Random) -> Any:
    """What CloudFront answers after it was given ``value``."""
    if shape.type_name == "structure":
        filled = {**copy.deepcopy(FILLED_IN.get(shape.name, {})), **value}
        if shape.name == "ViewerCertificate":
            filled = certificate(filled)
        if filled.get("Quantity") == 0:
            filled.pop("Items", None)
        return {name: as_read_back(member, shape.members[name], chance) for name, member in filled.items()}
    if shape.type_name == "list":
        items = [as_read_back(item, shape.member, chance) for item in value]
        if shape.name not in ORDERED:
            chance.shuffle(items)
        return items
    return value


def certificate(given: dict[str, Any]) -> dict[str, Any]:
    arn = given.get("ACMCertificateArn")
    if arn:
        return {"CloudFrontDefaultCertificate": False, **given, "Certificate": arn, "CertificateSource": "acm"}
    if given.get("CloudFrontDefaultCertificate"):
        default = {"SSLSupportMethod": "vip", "MinimumProtocolVersion": "TLSv1"}
        return {**default, **given, "CertificateSource": "cloudfront"}
    return given


class Aws:
    """``calls`` notes every call; ``interfere`` is asked before each, and may raise or change ``distributions``."""

    def __init__(self, seed: int = 1) -> None:
        self.distributions: dict[str, dict[str, Any]] = {}
        self.access_controls: dict[str, dict[str, Any]] = {}
        self.headers_policies: dict[str, dict[str, Any]] = {}
        self.certificates: dict[str, dict[str, Any]] = {}
        self.alarms: dict[str, dict[str, Any]] = {}
        self.issued: dict[str, tuple[str, EllipticCurvePrivateKey]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.interfere: Callable[[str, dict[str, Any]], None] = lambda operation, parameters: None
        self._chance = random.Random(seed)
        self._etags = (f"E{n}" for n in itertools.count(1))

    def answer(self, client: BaseClient, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """In the place of ``BaseClient._make_api_call``."""
        model = client.meta.service_model.operation_model(operation)
        report = ParamValidator().validate(parameters, model.input_shape)
        assert not report.has_errors(), report.generate_report()
        self.calls.append((operation, copy.deepcopy(parameters)))
        self.interfere(operation, parameters)
        return copy.deepcopy(getattr(self, f"_{operation}")(client, **parameters))

    def writes(self) -> list[str]:
        return [name for name, _ in self.calls if not name.startswith(("Get", "List", "Describe"))]

    def _keep(self, client: BaseClient, id: str, config: dict[str, Any]) -> dict[str, Any]:
        shape = client.meta.service_model.shape_for("DistributionConfig")
        kept = self.distributions.setdefault(id, {"tags": []})
        kept.update(config=as_read_back(config, shape, self._chance), etag=next(self._etags), status="InProgress")
        return kept

    def _CreateDistributionWithTags(self, client, DistributionConfigWithTags):
        id = f"EDIST{len(self.distributions)}"
        self._keep(client, id, DistributionConfigWithTags["DistributionConfig"])
        self.distributions[id]["tags"] = DistributionConfigWithTags["Tags"]["Items"]
        return self._GetDistribution(client, id)

    def _GetDistribution(self, client, Id):
        if Id not in self.distributions:
            raise error("NoSuchDistribution", "GetDistribution", 404)
        kept = self.distributions[Id]
        about = {
            "Id": Id,
            "ARN": f"arn:aws:cloudfront::1:distribution/{Id}",
            "DomainName": f"{Id}.cloudfront.net".lower(),
        }
        status, kept["status"] = kept["status"], "Deployed"
        return {"Distribution": {**about, "Status": status, "DistributionConfig": kept["config"]}, "ETag": kept["etag"]}

    def _GetDistributionConfig(self, client, Id):
        return {"DistributionConfig": self.distributions[Id]["config"], "ETag": self.distributions[Id]["etag"]}

    def _ListDistributions(self, client, **page):
        items = [{"Id": id, "Aliases": kept["config"]["Aliases"]} for id, kept in self.distributions.items()]
        return {"DistributionList": {"Quantity": len(items), **({"Items": items} if items else {})}}

    def _UpdateDistribution(self, client, Id, IfMatch, DistributionConfig):
        if IfMatch != self.distributions[Id]["etag"]:
            raise error("PreconditionFailed", "UpdateDistribution", 412)
        self._keep(client, Id, DistributionConfig)
        return self._GetDistribution(client, Id)

    def _DeleteDistribution(self, client, Id, IfMatch):
        if self.distributions[Id]["config"]["Enabled"] or self.distributions[Id]["status"] != "Deployed":
            raise error("DistributionNotDisabled", "DeleteDistribution", 409)
        del self.distributions[Id]
        return {}

    def _ListTagsForResource(self, client, Resource):
        return {"Tags": {"Items": self.distributions[Resource.rpartition("/")[2]]["tags"]}}

    def _TagResource(self, client, Resource, Tags):
        kept = self.distributions[Resource.rpartition("/")[2]]
        new = {tag["Key"]: tag for tag in Tags["Items"]}
        kept["tags"] = [tag for tag in kept["tags"] if tag["Key"] not in new] + list(new.values())
        return {}

    def _UntagResource(self, client, Resource, TagKeys):
        kept = self.distributions[Resource.rpartition("/")[2]]
        kept["tags"] = [tag for tag in kept["tags"] if tag["Key"] not in TagKeys["Items"]]
        return {}

    def _ListOriginAccessControls(self, client, **page):
        items = [{"Id": id, **kept["config"]} for id, kept in self.access_controls.items()]
        return {"OriginAccessControlList": {"Quantity": len(items), **({"Items": items} if items else {})}}

    def _CreateOriginAccessControl(self, client, OriginAccessControlConfig):
        id = f"EACCESS{len(self.access_controls)}"
        self.access_controls[id] = {"config": OriginAccessControlConfig, "etag": next(self._etags)}
        return self._GetOriginAccessControl(client, id)

    def _GetOriginAccessControl(self, client, Id):
        kept = self.access_controls[Id]
        return {"OriginAccessControl": {"Id": Id, "OriginAccessControlConfig": kept["config"]}, "ETag": kept["etag"]}

    def _UpdateOriginAccessControl(self, client, Id, IfMatch, OriginAccessControlConfig):
        assert IfMatch == self.access_controls[Id]["etag"]
        self.access_controls[Id] = {"config": OriginAccessControlConfig, "etag": next(self._etags)}
        return self._GetOriginAccessControl(client, Id)

    def _DeleteOriginAccessControl(self, client, Id, IfMatch):
        assert IfMatch == self.access_controls.pop(Id)["etag"]
        return {}

    def _ListResponseHeadersPolicies(self, client, Type, Marker="0"):
        """Pages of one policy."""
        items = [
            {"Type": Type, "ResponseHeadersPolicy": self._GetResponseHeadersPolicy(client, id)["ResponseHeadersPolicy"]}
            for id in self.headers_policies
        ]
        here, after = int(Marker), {"NextMarker": str(int(Marker) + 1)} if len(items) > int(Marker) + 1 else {}
        return {"ResponseHeadersPolicyList": {"Quantity": 1, "Items": items[here : here + 1], **after}}

    def _CreateResponseHeadersPolicy(self, client, ResponseHeadersPolicyConfig):
        return self._keep_headers_policy(client, f"policy-{len(self.headers_policies)}", ResponseHeadersPolicyConfig)

    def _GetResponseHeadersPolicy(self, client, Id):
        kept = self.headers_policies[Id]
        about = {"Id": Id, "ResponseHeadersPolicyConfig": kept["config"]}
        return {"ResponseHeadersPolicy": about, "ETag": kept["etag"]}

    def _UpdateResponseHeadersPolicy(self, client, Id, IfMatch, ResponseHeadersPolicyConfig):
        assert IfMatch == self.headers_policies[Id]["etag"]
        return self._keep_headers_policy(client, Id, ResponseHeadersPolicyConfig)

    def _DeleteResponseHeadersPolicy(self, client, Id, IfMatch):
        if Id in str(self.distributions):
            raise error("ResponseHeadersPolicyInUse", "DeleteResponseHeadersPolicy", 409)
        assert IfMatch == self.headers_policies.pop(Id)["etag"]
        return {}

    def _keep_headers_policy(self, client, id, config):
        shape = client.meta.service_model.shape_for("ResponseHeadersPolicyConfig")
        self.headers_policies[id] = {"config": as_read_back(config, shape, self._chance), "etag": next(self._etags)}
        return self._GetResponseHeadersPolicy(client, id)

    def _DescribeAlarms(self, client, AlarmNames, AlarmTypes, NextToken="0"):
        """Pages of 50; without names all there are."""
        assert len(AlarmNames) <= 100
        here, found = int(NextToken), [self.alarms[name] for name in AlarmNames or self.alarms if name in self.alarms]
        after = {"NextToken": str(here + 50)} if len(found) > here + 50 else {}
        return {"MetricAlarms": found[here : here + 50], **after}

    def _PutMetricAlarm(self, client, AlarmName, **given):
        """All of it: what is not given is gone."""
        nothing = {name: [] for name in ("OKActions", "AlarmActions", "InsufficientDataActions", "Dimensions")}
        filled = {**nothing, "ActionsEnabled": True, "StateValue": "INSUFFICIENT_DATA", "StateReason": "Unchecked"}
        self.alarms[AlarmName] = {**filled, "AlarmName": AlarmName, **given}
        return {}

    def _ListCertificates(self, client, CertificateStatuses, Includes, **page):
        # Without `Includes`, ACM leaves out all keys but RSA_2048.
        alive = {
            arn: kept
            for arn, kept in self.certificates.items()
            if kept["Status"] in CertificateStatuses and kept["KeyAlgorithm"] in Includes["keyTypes"]
        }
        return {
            "CertificateSummaryList": [{"CertificateArn": arn, "DomainName": alive[arn]["DomainName"]} for arn in alive]
        }

    def _RequestCertificate(self, client, DomainName, IdempotencyToken, SubjectAlternativeNames=(), **options):
        for arn, kept in self.certificates.items():
            if kept.get("token") == IdempotencyToken:
                return {"CertificateArn": arn}
        arn = f"arn:aws:acm:{client.meta.region_name}:111122223333:certificate/{len(self.certificates)}"
        self.has_certificate(arn, DomainName, *SubjectAlternativeNames, token=IdempotencyToken, **options)
        return {"CertificateArn": arn}

    def has_certificate(self, arn: str, *names: str, **more: Any) -> None:
        """As if it had been requested. Its records are there when it is looked at the second time."""
        self.certificates[arn] = {
            "CertificateArn": arn,
            "DomainName": names[0],
            "SubjectAlternativeNames": list(names),
            "Status": "PENDING_VALIDATION",
            "KeyAlgorithm": "RSA_2048",
            "Type": "AMAZON_ISSUED",
            "DomainValidationOptions": [{"DomainName": name} for name in names],
            **more,
        }

    def issue(self, arn: str) -> EllipticCurvePrivateKey:
        """Issue it, or renew it, which makes another key; that key."""
        key, now = generate_private_key(SECP256R1()), datetime.datetime.now(datetime.UTC)
        names = self.certificates[arn]["SubjectAlternativeNames"]
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=198))
            .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, names)), critical=False)
            .sign(key, SHA256())
        )
        self.issued[arn] = (certificate.public_bytes(Encoding.PEM).decode().rstrip(), key)
        self.certificates[arn]["Status"] = "ISSUED"
        return key

    def _DescribeCertificate(self, client, CertificateArn):
        if CertificateArn not in self.certificates or client.meta.region_name not in CertificateArn:
            raise error("ResourceNotFoundException", "DescribeCertificate", 404)
        kept = self.certificates[CertificateArn]
        answer = {name: value for name, value in kept.items() if name not in ("token", "Tags")}
        proofs = [
            {**proof, "ResourceRecord": _record(proof["DomainName"])} for proof in kept["DomainValidationOptions"]
        ]
        kept["DomainValidationOptions"] = proofs
        return {"Certificate": answer}

    def _GetCertificate(self, client, CertificateArn):
        if CertificateArn not in self.issued:
            raise error("RequestInProgressException", "GetCertificate")
        return {"Certificate": self.issued[CertificateArn][0], "CertificateChain": CHAIN}

    def _ExportCertificate(self, client, CertificateArn, Passphrase):
        if self.certificates[CertificateArn]["Options"]["Export"] != "ENABLED":
            raise error("ValidationException", "ExportCertificate")
        key = self.issued[CertificateArn][1].private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(Passphrase)
        )
        return {**self._GetCertificate(client, CertificateArn), "PrivateKey": key.decode()}

    def _DeleteCertificate(self, client, CertificateArn):
        del self.certificates[CertificateArn]
        return {}


def _record(name: str) -> dict[str, str]:
    """A domain and its wildcard are proved by the same record."""
    return {"Name": f"_a.{name.removeprefix('*.')}.", "Type": "CNAME", "Value": "_b.acm-validations.aws."}


def error(code: str, operation: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation
    )
