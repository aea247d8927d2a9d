"""What the HTTP headers of an answer say to a client of any provider."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


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


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
