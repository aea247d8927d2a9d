"""What was really done: reviews of access that ran, risks of users that are open, and scores day by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from annexlog.collectors import Page
from annexlog.collectors.declaring import Asks
from annexlog.collectors.entra._calls import items, listed, select, values

_INSTANCES = "/identityGovernance/accessReviews/definitions/{definition}/instances"
_DECISIONS = "/identityGovernance/accessReviews/definitions/{definition}/instances/{instance}/decisions"

_OPEN = ("atRisk", "confirmedCompromised")
_APPLIED = ("AppliedSuccessfully", "AppliedSuccessfullyButObjectNotFound")
_NOBODY = "00000000-0000-0000-0000-000000000000"

DAYS = 31
"""Of how many days scores are kept."""


def latest_round(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The instances of a review that ended last (one for each thing reviewed, within a day of each other), counted.

    {round: {end, statuses, decisions, reviewed, denied_and_kept, own}}; null before the first has ended. `reviewed`:
    decisions that a person took; `own`: those that he took about himself; `denied_and_kept`: denied access that was not
    taken away. Ended means: by the provider's clock. Source: accessReviewInstance, accessReviewInstanceDecisionItem.
    """
    asked = {"definition": params["definition"], "$select": "id,startDateTime,endDateTime,status"}
    date: int | None = None
    instances: list[Any] = []
    for page in ask.pages(_INSTANCES, asked):
        date = page.date if page.date is not None else date
        instances += items(page)
    now = datetime.fromtimestamp(date / 1000, UTC) if date is not None else datetime.now(UTC)
    ended = [one for one in instances if _time(one["endDateTime"]) <= now]
    if not ended:
        yield Page({"round": None})
        return
    end = max(_time(one["endDateTime"]) for one in ended)
    last = [one for one in ended if end - _time(one["endDateTime"]) < timedelta(days=1)]
    decisions = [d for one in last for d in _decisions(ask, params["definition"], one["id"])]
    by_people = [d for d in decisions if d["decision"] in ("Approve", "Deny") and d["reviewer"] not in ("", _NOBODY)]
    told = {
        "end": max(one["endDateTime"] for one in last),
        "statuses": sorted({one["status"] for one in last}),
        "decisions": len(decisions),
        "reviewed": len(by_people),
        "own": sum(d["reviewer"] == d["principal"] for d in by_people),
        "denied_and_kept": sum(d["decision"] == "Deny" and d["applied"] not in _APPLIED for d in decisions),
    }
    yield Page({"round": told})


def _decisions(ask: Asks, definition: str, instance: str) -> list[dict[str, str]]:
    """Of each decision what it was, who took it about whom, and whether it was applied; these ids go no further."""
    wanted = select("decision", "applyResult", "reviewedBy.id", "principal.id")
    rows = values(ask, _DECISIONS, {"definition": definition, "instance": instance, "$top": "100", **wanted})
    return [
        {
            "decision": str(row.get("decision")),
            "applied": str(row.get("applyResult")),
            "reviewer": str((row.get("reviewedBy") or {}).get("id") or ""),
            "principal": str((row.get("principal") or {}).get("id") or ""),
        }
        for row in rows
    ]


def open_since(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{since}: when the risk of a user that is still open was first seen; null if it is not open.

    `riskLastUpdatedDateTime` alone starts anew with each detection. Source: List history of riskyUser.
    """
    if params["state"] not in _OPEN:
        yield Page({"since": None})
        return
    asked = {"user": params["user"], **listed("riskState", "riskLevel", "riskLastUpdatedDateTime")}
    rows = values(ask, "/identityProtection/riskyUsers/{user}/history", asked)
    since = str(params["updated"])
    for row in sorted(rows, key=lambda one: _time(one["riskLastUpdatedDateTime"]), reverse=True):
        if row["riskState"] not in _OPEN or row["riskLevel"] != "high":
            break
        since = min(since, row["riskLastUpdatedDateTime"], key=_time)
    yield Page({"since": since})


def incidents(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Incidents of high severity: [{id, status, classification, created, assigned}]; of the owner only that he is.

    Enumerations begin with a small letter here: examples of Graph's pages and its answers differ in that.
    """
    for page in ask.pages("/security/incidents", params):
        kept = [
            {
                "id": str(row["id"]),
                "status": _small(row["status"]),
                "classification": _small(row.get("classification") or "unknown"),
                "created": row["createdDateTime"],
                "updated": row["lastUpdateDateTime"],
                "assigned": bool(row.get("assignedTo")),
            }
            for row in items(page)
        ]
        yield Page({"value": kept}, page.request_id, page.date, total=page.total)


def secure_scores(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{days: [{created, current, most, services}]}: the Secure Score of up to 31 days, the latest first.

    Source: List secureScores (`$top`: days; currentScore and maxScore are points).
    """
    rows: list[Any] = []
    for page in ask.pages("/security/secureScores", params):
        rows += items(page)
        if len(rows) >= DAYS:
            break
    days = [
        {
            "created": row["createdDateTime"],
            "current": row["currentScore"],
            "most": row["maxScore"],
            "services": sorted(row["enabledServices"]),
        }
        for row in rows
    ]
    yield Page({"days": sorted(days, key=lambda day: _time(day["created"]), reverse=True)[:DAYS]})


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _time(text: str) -> datetime:
    """Raises ValueError where it is none, which makes the answer unreadable."""
    return datetime.fromisoformat(text)
