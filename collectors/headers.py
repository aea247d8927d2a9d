"""What the HTTP headers of an answer say to a client of any provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_CLOCK = re.compile(r"(\d{1,3}):(\d\d):(\d\d)(?:\.\d+)?")
_FEW = 25
"""Requests of Azure's 250 in reserve, which come back at this many a second."""


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the provider asks to wait before the next request; 0 where it does not say, or not readably.

    `headers`: by any spelling of their names. Source: RFC 9110, 10.2.3: seconds, or a date, which is counted from the
    answer's own `Date`, for this host's clock may differ.
    """
    given = {name.lower(): value for name, value in headers.items()}
    value = given.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    until, sent = _date(value), _date(given.get("date", ""))
    return 0.0 if until is None or sent is None else max(0.0, (until - sent).total_seconds())


def pause(headers: Mapping[str, str]) -> float:
    """Seconds to leave the provider alone after an answer, as what is left of our quota says; 0 where nothing says so.

    `headers`: by their names in lower case. Source: learn.microsoft.com, "Understand how Azure Resource Manager
    throttles requests" (x-ms-ratelimit-remaining-subscription-reads, -tenant-reads) and "Guidance for throttled
    requests in Azure Resource Graph" (x-ms-user-quota-remaining, x-ms-user-quota-resets-after).
    """
    left = [headers.get(f"x-ms-ratelimit-remaining-{of}-reads", "") for of in ("subscription", "tenant")]
    few = any(text.isascii() and text.isdigit() and int(text[:9]) < _FEW for text in left)
    over = headers.get("x-ms-user-quota-remaining") == "0"
    return max(1.0 if few else 0.0, seconds(headers.get("x-ms-user-quota-resets-after", "")) if over else 0.0)


def seconds(text: str) -> float:
    """`hh:mm:ss` in seconds; 0 for anything else."""
    found = _CLOCK.fullmatch(text.strip())
    return sum(int(part) * unit for part, unit in zip(found.groups(), (3600, 60, 1), strict=True)) if found else 0.0


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
