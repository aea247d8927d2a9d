"""Indicators of threat intelligence in Sentinel: of each source the newest, since there are hundreds of thousands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from annexlog.collectors import Page, Refused
from annexlog.collectors.declaring import Asks, keep

MOST = 10
"""Pages that are read: the newest 10,000 indicators."""

_KEPT = ("value.properties.source", "value.properties.lastUpdatedTimeUtc", "value.properties.revoked")


def newest(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{whole, sources: [{source, updated}]}: when each source last brought an indicator that is not revoked.

    `whole`: whether all indicators were read, and so none is newer. Source: REST API, Threat Intelligence Indicators - List
    ($orderby, $top), ThreatIntelligenceIndicatorProperties.
    """
    operation = "{id}/providers/Microsoft.SecurityInsights/threatIntelligence/main/indicators"
    asked = {**params, "$orderby": "properties/lastUpdatedTimeUtc desc", "$top": "1000", **keep("nextLink", *_KEPT)}
    latest: dict[str, str] = {}
    pages = _pages(ask, operation, asked)
    for page in islice(pages, MOST):
        rows = page.body.get("value") if isinstance(page.body, dict) else None
        if not isinstance(rows, list):
            raise Refused("unreadable", "NotAList", f"{operation} answers no list")
        for one in rows:
            value = one["properties"]
            source, at = str(value.get("source") or ""), str(value.get("lastUpdatedTimeUtc") or "")
            if value.get("revoked") is not True and at:
                latest[source] = max(at, latest.get(source, ""))
    whole = next(pages, None) is None
    yield Page({"whole": whole, "sources": [{"source": name, "updated": at} for name, at in sorted(latest.items())]})


def _pages(ask: Asks, operation: str, asked: Mapping[str, Any]) -> Iterator[Page]:
    """The newest first; where the service does not want to sort, as they come."""
    given = False
    try:
        for page in ask.pages(operation, asked):
            given = True
            yield page
    except Refused as refused:
        if given or refused.code != "BadRequest":
            raise
        yield from ask.pages(operation, {name: value for name, value in asked.items() if name != "$orderby"})
