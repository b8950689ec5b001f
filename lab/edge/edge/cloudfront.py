"""The distributions, over the CloudFront API."""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from edge.policies import Document


class CloudFront:
    """One region's endpoint. Reading raises what boto3 raises."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        # What failed is asked again by the next round.
        impatient = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
        self._client: Any = boto3.client("cloudfront", endpoint_url=endpoint_url, region_name=region, config=impatient)

    def distributions(self) -> list[Document]:
        """The configuration of every distribution, with its `Id` and `DomainName` beside."""
        pages = self._client.get_paginator("list_distributions").paginate()
        summaries = [summary for page in pages for summary in page["DistributionList"].get("Items", [])]
        # Origin groups are not in a summary.
        return [
            {**self._client.get_distribution_config(Id=summary["Id"])["DistributionConfig"], **_identity(summary)}
            for summary in summaries
        ]

    def response_headers_policies(self) -> dict[str, Document]:
        """The configuration of every response-headers policy, by id."""
        found: dict[str, Document] = {}
        marker: Mapping[str, str] = {}
        while True:
            page = self._client.list_response_headers_policies(**marker)["ResponseHeadersPolicyList"]
            policies = [item["ResponseHeadersPolicy"] for item in page.get("Items", [])]
            found |= {policy["Id"]: policy["ResponseHeadersPolicyConfig"] for policy in policies}
            if not page.get("NextMarker"):
                return found
            marker = {"Marker": page["NextMarker"]}


def _identity(summary: Document) -> Document:
    return {key: summary[key] for key in ("Id", "DomainName")}
