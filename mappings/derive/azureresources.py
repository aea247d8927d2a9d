"""What holds of every resource in Azure, whatever it is: tags, locks, environments, quotas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["deletion_locks", "other_environments", "quota_gaps", "tag_said"]


@derived
def tag_said(tags: JSON, inherited: JSON, keys: JSON) -> JSON:
    """What the first of these keys that is not empty says, in lower case; a resource's own tags before its group's.

    Azure does not inherit tags: that a group's stand for what is in it is how people use them.
    """
    own, above = _folded(tags), _folded(inherited)
    return next((said for given in (own, above) for key in keys if (said := given.get(str(key).lower(), ""))), "")


def _folded(tags: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key).lower(): str(value or "").strip().lower() for key, value in (tags or {}).items()}


@derived
def deletion_locks(group: JSON, locks: JSON) -> JSON:
    """Ids of locks that keep a resource group from being deleted, its own and its subscription's, sorted.

    A lock of one resource in the group keeps only that. Source: REST API, Management Locks - List At Subscription Level
    (LockLevel); learn.microsoft.com, "Lock your resources" (inheritance).
    """
    above = str(group).lower().rpartition("/resourcegroups/")[0]
    holders = {str(group).lower(), above} - {""}
    strong = (one for one in locks if one["properties"].get("level") in ("CanNotDelete", "ReadOnly"))
    part = "/providers/microsoft.authorization/locks/"
    return sorted(one["id"] for one in strong if str(one["id"]).lower().partition(part)[0] in holders)


@derived
def other_environments(
    environment: JSON, resources: JSON, groups: JSON, keys: JSON, production: JSON, others: JSON, untagged: JSON
) -> JSON | Unknown:
    """Ids of resources and groups whose tag says another environment than their subscription's, sorted.

    `environment`: the subscription's class, production or another. `production`, `others`: words, in lower case.
    Unknown(unclassified) for a word that is in neither, and where more than `untagged` percent of the groups say
    nothing: in a subscription without tags nothing could disagree.
    """
    here, names = "production" if environment == "production" else "other", {str(key).lower() for key in keys}
    meaning = {str(word).lower(): "production" for word in production} | {str(word).lower(): "other" for word in others}
    found, strange = [], ""
    for id, tags in (*((one["id"], one["tags"]) for one in resources), *((one["id"], one["tags"]) for one in groups)):
        said = {value for key, value in _folded(tags).items() if value and key in names}
        strange = strange or next(iter(sorted(said - set(meaning))), "")
        found += [id] if {meaning[word] for word in said if word in meaning} - {here} else []
    if found:
        return sorted(found)
    if strange:
        return Unknown("unclassified", operation="environment", code=strange[:100])
    silent = sum(not tag_said(one["tags"], None, keys) for one in groups)
    if silent * 100 > untagged * len(groups):
        return Unknown("unclassified", operation="environment", code=f"{silent} of {len(groups)} groups say nothing")
    return []


@derived
def quota_gaps(compute: JSON, network: JSON, storage: JSON, percent: JSON, spared: JSON) -> JSON:
    """Names of quotas of which as many percent or more are used, as `name used/limit`, sorted.

    A limit of -1 is none; one of 0 is a thing that may not be had here, and matters only if there is one all the same.
    Source: REST API, Usage - List (Compute), Usages - List (Network), Usages - List By Location (Storage).
    """
    spare = {str(name).lower() for name in spared}
    return sorted(
        f"{name} {used:g}/{limit:g}"
        for name, used, limit in _usages((*compute, *network, *storage))
        if limit >= 0 and used > 0 and used * 100 >= percent * limit and name.lower() not in spare
    )


def _usages(usages: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, float, float]]:
    return ((str(one["name"]["value"]), float(one["currentValue"]), float(one["limit"])) for one in usages)
