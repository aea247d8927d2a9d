"""What is used in Google Cloud: quotas, and accounts of programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["idle", "tight_quotas"]


@derived
def tight_quotas(quotas: JSON, percent: JSON, spared: JSON) -> JSON | Unknown:
    """Quotas of which so many percent or more are used: their metrics. One without a limit that is used counts.

    `quotas`: [{metric, limit, usage}], those in use. Unknown(failed) for null: Google answers without quotas where it
    cannot ask for them. Source: Compute Engine API v1, regions.list (quotas, quotaStatusWarning).
    """
    if quotas is None:
        return Unknown("failed", operation="compute.regions.list", code="quotaStatusWarning")
    used = [one for one in quotas if one["metric"] not in spared]
    return sorted(one["metric"] for one in used if one["usage"] * 100 >= percent * (one["limit"] or 0))


@derived
def idle(account: JSON, sign_ins: JSON, days: JSON, now: JSON) -> JSON | Unknown:
    """Whether a service account was not used for so many days.

    `now`: ms since 1970. `sign_ins`: joined, the account's own; one that was never used may have none.
    Unknown(unresolved) where it cannot be said yet: what is known goes back less far, or the account may be younger.
    There is no time at which it was made, but one at which it last changed: it is as old as that at least.
    Source: Policy Analyzer API v1, Activity (lastAuthenticatedTime, observationPeriod).
    """
    limit = datetime.fromtimestamp(now / 1000, UTC) - timedelta(days=days)
    rows = [one["sign_in"] for one in sign_ins]
    if any(row["last"] and _time(row["last"]) >= limit for row in rows):
        return False
    if any(_time(row["since"]) > limit for row in rows) or _time(account["updated"]) > limit:
        return Unknown("unresolved", operation="activities:query")
    return True


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
