# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""CloudFront by boto3: a method is a call. Clients retry what AWS throttles."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
    compare_aws_tags,
)
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import connect
from ansible_collections.steadyfront.fleet.plugins.module_utils.cloudfront import CERTIFICATE_REGION

# What CloudFront answers when the settings are no longer those that were read.
RACES = ["PreconditionFailed", "InvalidIfMatchVersion"]


class Distribution:
    """One distribution in AWS, which may not be there yet: then ``id`` is empty."""

    def __init__(self, client: Any, id: str = "") -> None:
        self._client = client
        self.id = id
        self.config: dict[str, Any] = {}
        self.tags: dict[str, str] = {}
        self.facts: dict[str, Any] = {}
        self.etag = ""

    def read(self) -> Distribution:
        answer = self._client.get_distribution(Id=self.id, aws_retry=True)
        about = answer["Distribution"]
        self.config, self.etag = about["DistributionConfig"], answer["ETag"]
        self.facts = {"arn": about["ARN"], "domain_name": about["DomainName"], "status": about["Status"]}
        tags = self._client.list_tags_for_resource(Resource=about["ARN"], aws_retry=True)["Tags"].get("Items", [])
        self.tags = boto3_tag_list_to_ansible_dict(tags)
        return self

    def create(self, config: dict[str, Any], tags: dict[str, str]) -> None:
        wanted = {"DistributionConfig": config, "Tags": {"Items": ansible_dict_to_boto3_tag_list(tags)}}
        answer = self._client.create_distribution_with_tags(DistributionConfigWithTags=wanted, aws_retry=True)
        self.id = answer["Distribution"]["Id"]

    def update(self, config: dict[str, Any]) -> None:
        self._client.update_distribution(Id=self.id, IfMatch=self.etag, DistributionConfig=config, aws_retry=True)

    def tag(self, tags: dict[str, str]) -> None:
        new, old = compare_aws_tags(self.tags, tags)
        if new:
            items = {"Items": ansible_dict_to_boto3_tag_list(new)}
            self._client.tag_resource(Resource=self.facts["arn"], Tags=items, aws_retry=True)
        if old:
            self._client.untag_resource(Resource=self.facts["arn"], TagKeys={"Items": old}, aws_retry=True)

    def delete(self) -> None:
        self._client.delete_distribution(Id=self.id, IfMatch=self.etag, aws_retry=True)

    def wait(self, seconds: int) -> None:
        """Until the settings have reached every edge. Raises WaiterError."""
        delay = min(15, seconds)
        waiter = self._client.get_waiter("distribution_deployed")
        waiter.wait(Id=self.id, WaiterConfig={"Delay": delay, "MaxAttempts": max(1, seconds // max(1, delay))})


def find_distribution(client: Any, name: str | None, distribution_id: str | None, aliases: list[str]) -> Distribution:
    """By identifier, or by caller reference, which the list of distributions does not tell: those that have one of the
    aliases are looked at first."""
    if distribution_id:
        try:
            return Distribution(client, distribution_id).read()
        except is_boto3_error_code("NoSuchDistribution"):
            return Distribution(client)
    pages = client.get_paginator("list_distributions").paginate()
    summaries = [summary for page in pages for summary in page["DistributionList"].get("Items", [])]
    summaries.sort(key=lambda summary: not set(aliases) & set(summary.get("Aliases", {}).get("Items", [])))
    for summary in summaries:
        config = client.get_distribution_config(Id=summary["Id"], aws_retry=True)["DistributionConfig"]
        if config["CallerReference"] == name:
            return Distribution(client, summary["Id"]).read()
    return Distribution(client)


def certificate_names(module: Any, arn: str) -> set[str]:
    """The names of a certificate that CloudFront could take."""
    acm = connect(module, "acm", region=CERTIFICATE_REGION)
    certificate = acm.describe_certificate(CertificateArn=arn, aws_retry=True)["Certificate"]
    return {certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])}
