"""Claims in S3, whose conditional writes let exactly one of two callers go on."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from notes_writer.delivery import Claim

# What S3 answers when the condition does not hold, or somebody else is writing at this moment.
LOST = (409, 412)


class S3Claims:
    """One small object a reference, `claims/<reference>.json`, without a patient's data. Raises ClientError."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def begin(self, reference: str, claim: Claim) -> str | None:
        return self._put(reference, claim, IfNoneMatch="*")

    def read(self, reference: str) -> tuple[Claim, str]:
        answer = self._s3.get_object(Bucket=self._bucket, Key=_key(reference))
        return Claim(**json.loads(answer["Body"].read())), answer["ETag"]

    def change(self, reference: str, claim: Claim, version: str) -> str | None:
        return self._put(reference, claim, IfMatch=version)

    def _put(self, reference: str, claim: Claim, **condition: str) -> str | None:
        from botocore.exceptions import ClientError

        body = json.dumps(asdict(claim)).encode()
        try:
            answer = self._s3.put_object(Bucket=self._bucket, Key=_key(reference), Body=body, **condition)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in LOST:
                return None
            raise
        return str(answer["ETag"])


def _key(reference: str) -> str:
    return f"claims/{reference}.json"
