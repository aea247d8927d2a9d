"""What a tenant of Entra ID leaves open: roles held for good, secrets that last, logs that go nowhere."""

from __future__ import annotations

import re
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["global_admins_wrong", "hours_of", "last_activity", "logs_missing", "score_standing"]

LOGS = (
    "AuditLogs",
    "SignInLogs",
    "NonInteractiveUserSignInLogs",
    "ServicePrincipalSignInLogs",
    "ManagedIdentitySignInLogs",
)


@derived
def global_admins_wrong(holders: JSON, people: JSON, emergency: JSON, apps: JSON) -> JSON:
    """What is wrong with those who are, or may become, Global Administrator: `ID: why`.

    `people`: these users, joined, with their facet `user`. `emergency`: break-glass accounts. `apps`: ids that may have
    the role. Raises ValueError (unreadable) where a holder is not among the users.
    """
    known = {one["user"]["id"]: one["user"] for one in people}
    found = [f"{app}: an app that nobody agreed to" for app in holders["apps"] if app not in apps]
    for person in holders["people"]:
        if person not in known:
            raise ValueError(person)
        user: dict[str, Any] = known[person]
        if user["userType"] != "Member" or user.get("externalUserState") is not None:
            found.append(f"{person}: a guest")
        if user.get("onPremisesSyncEnabled") is True:
            found.append(f"{person}: synchronised from another directory")
        if person in holders["mailboxes"] and person not in emergency:
            found.append(f"{person}: reads mail with the same account")
    return found


@derived
def logs_missing(settings: JSON, days: JSON, storage: JSON) -> JSON:
    """Kinds of logs that no diagnostic setting sends where they stay for so many days.

    That is a workspace whose table keeps them, or a storage account of the list `storage`, whose own rules are looked
    at elsewhere.
    """
    kept_in = {name.lower() for name in storage}
    found = []
    for log in LOGS:
        sent = [one for one in settings if log in one["categories"]]
        if not any(one["days"].get(log, 0) >= days or str(one["storage"] or "").lower() in kept_in for one in sent):
            found.append(log)
    return found


_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?)?")


@derived
def hours_of(duration: JSON) -> JSON:
    """Hours of an ISO 8601 duration of days, hours and minutes, begun ones counted. Raises ValueError for another."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError(duration)
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return days * 24 + hours + (minutes > 0)


_UNDATED = "2018-06-01T00:00:00Z"
_KEPT_SINCE = "2023-12-01T00:00:00Z"


@derived
def last_activity(user: JSON, seen: JSON) -> JSON:
    """When an account was last used, as far as it is on record, or made; an RFC 3339 text.

    `seen`: the joined activity. A successful sign-in, where one is on record; else the later attempt, of which none
    succeeded since successes are kept: then it is not later than that; else when it was made. Source: signInActivity
    (lastSuccessfulSignInDateTime is not filled in for times before December 2023), user (createdDateTime is null for
    some that were made before June 2018).
    """
    activity = seen["activity"].get("signInActivity") or {}
    attempts = [activity.get(name) for name in ("lastSignInDateTime", "lastNonInteractiveSignInDateTime")]
    at = activity.get("lastSuccessfulSignInDateTime") or min(max(filter(None, attempts), default=""), _KEPT_SINCE)
    return max(at, user["createdDateTime"] or _UNDATED)


@derived
def score_standing(days: JSON) -> JSON:
    """{created, percent, drop}: of the latest day's score, and by how many points of percent it is below its best.

    `days`: [{created, current, most, services}], the latest first; only days with the same services are compared.
    Raises IndexError (unreadable) where there is none, ValueError where there is nothing to reach.
    """
    latest = days[0]
    percents = [_percent(day) for day in days if day["services"] == latest["services"]]
    return {"created": latest["created"], "percent": percents[0], "drop": max(percents) - percents[0]}


def _percent(day: dict[str, Any]) -> float:
    if day["most"] <= 0:
        raise ValueError(day["most"])
    return float(100 * day["current"] / day["most"])
