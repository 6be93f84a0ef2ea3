"""URLs that let everybody who has them GET one object for a while (AWS Signature Version 4)."""

from __future__ import annotations

import datetime
import hashlib
from urllib.parse import quote, urlencode

import s3_request


def presigned(
    environment: dict[str, str], key: str, *, seconds: int = 3600, age: float = 0.0
) -> str:
    """Of `key` in the bucket that `environment` (see `seaweed.Server.environment`) names, valid for
    `seconds` from `age` seconds ago on."""
    endpoint, region = environment["AWS_ENDPOINT_URL_S3"], environment["AWS_REGION"]
    path = "/" + quote(f"{environment['BUCKET_NAME']}/{key}", safe="/~")
    begin = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age)
    stamp, day = begin.strftime("%Y%m%dT%H%M%SZ"), begin.strftime("%Y%m%d")
    scope = f"{day}/{region}/s3/aws4_request"
    query = urlencode(
        {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{environment['AWS_ACCESS_KEY_ID']}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": seconds,
            "X-Amz-SignedHeaders": "host",
        },
        quote_via=quote,
        safe="~",
    )
    host = endpoint.split("//")[1]
    canonical = f"GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    signature = s3_request.signature(environment["AWS_SECRET_ACCESS_KEY"], day, region, to_sign)
    return f"{endpoint}{path}?{query}&X-Amz-Signature={signature}"
