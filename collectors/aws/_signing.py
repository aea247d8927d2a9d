"""Signature Version 4 of a request, as botocore makes it, without its objects: most of a request's cost was these.

Source: IAM User Guide, "Create a signed AWS API request". A test compares it with botocore's over every operation.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

from botocore.credentials import ReadOnlyCredentials
from botocore.utils import normalize_url_path

S3 = frozenset({"s3", "s3-outposts", "s3-object-lambda"})
"""Names of services that sign paths as they are, and say the digest of the body in a header."""

_UNSIGNED = frozenset({"expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"})
_ALGORITHM = "AWS4-HMAC-SHA256"
_SPACES = re.compile(r"\s+")


def signed(
    method: str,
    host: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    credentials: ReadOnlyCredentials,
    region: str,
    service: str,
    now: float,
) -> dict[str, str]:
    """The headers with which the request is signed: those given, its time, its token and `Authorization`.

    `path` and `query`: as they stand in the URL; `host`: with its port, unless that is the scheme's own. `now`: in
    seconds since 1970.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    digest = sha256(body).hexdigest()
    told = {**headers, "X-Amz-Date": stamp}
    if credentials.token:
        told["X-Amz-Security-Token"] = credentials.token
    if service in S3:
        told["X-Amz-Content-SHA256"] = digest
    lines = {"host": host} | {
        low: _plain(text) for name, text in told.items() if (low := name.lower()) not in _UNSIGNED
    }
    names = sorted(lines)
    canonical = "\n".join(
        (
            method,
            path if service in S3 else _normal(path),
            "&".join("=".join(pair) for pair in sorted(_pair(pair) for pair in query.split("&"))) if query else "",
            *(f"{name}:{lines[name]}" for name in names),
            "",
            ";".join(names),
            digest,
        )
    )
    day = stamp[:8]
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = _key(credentials.secret_key, day, region, service)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    told["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return told


def _pair(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return name, value


def _plain(text: str) -> str:
    return text if " " not in text and "\t" not in text else _SPACES.sub(" ", text).strip()


@lru_cache(maxsize=512)
def _normal(path: str) -> str:
    return quote(normalize_url_path(path), safe="/~")


@lru_cache(maxsize=1024)  # an account's services and regions; each is good for a day
def _key(secret: str, day: str, region: str, service: str) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
