"""What Azure storage accounts keep, for how long, and under whose key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["blob_erasure", "log_containers", "rewritable_logs", "rules_reach", "without_own_key"]

_TYPES = ("blockBlob", "appendBlob")
# When it was last read moves with every reader; what waits for a change of tier may wait for ever.
_COUNTED = {
    "baseBlob": ("daysAfterModificationGreaterThan", "daysAfterCreationGreaterThan"),
    "snapshot": ("daysAfterCreationGreaterThan",),
    "version": ("daysAfterCreationGreaterThan",),
}


@derived
def blob_erasure(account: JSON, lifecycle: JSON, blob_service: JSON, containers: JSON) -> JSON:
    """{kept, days}: what no lifecycle rule ever deletes, and after how many days the rest is gone for good.

    `lifecycle`: the management policy, null where there is none. Rules count that are enabled and have no index tags;
    their prefixes must take in all of a container. Snapshots are expected to be there, versions where the account makes
    them. What a rule deletes is only softly deleted, and an immutability policy of the container, or else of the
    account, keeps it before. System containers (`$web`, `$logs`) are left out, for rules do not reach them. Source:
    learn.microsoft.com, "Lifecycle management policy structure", "Lifecycle management policies that delete blobs";
    REST API, ImmutableStorageAccount.
    """
    rules = [
        r["definition"] for r in ((lifecycle or {}).get("policy") or {}).get("rules") or () if r.get("enabled", True)
    ]
    parts = ["baseBlob", "snapshot", *(["version"] if blob_service.get("isVersioningEnabled") is True else [])]
    kept, days = [], 0.0
    for one in _of_users(containers) or [{"name": ""}]:
        days = max(days, _days(_own_policy(one) or _account_policy(account)))
        for type in _TYPES:
            for part in parts:
                found = [after for rule in rules if _takes(rule, one["name"], type) for after in _after(rule, part)]
                days = max(days, min(found, default=0.0))
                kept += [] if found else [f"{one['name'] or 'any container'}: {part} of {type}"]
    soft = blob_service.get("deleteRetentionPolicy") or {}
    days += float(soft.get("days") or 0) if soft.get("enabled") is True else 0.0
    return {"kept": sorted(kept), "days": days}


@derived
def rules_reach(account: JSON, containers: JSON) -> JSON | Unknown:
    """True; Unknown(unresolved) where a container, or the account, is immutable or on legal hold, or has a firewall.

    "The delete action of a lifecycle management policy won't work with any blob in an immutable container", though what
    is over may be deleted; and a firewall without an exception for Azure's services "may" block it. Source:
    learn.microsoft.com, "Blob Storage lifecycle management overview", "Container-level WORM policies", "Configure a
    lifecycle management policy".
    """
    firewall = (account.get("properties") or {}).get("networkAcls") or {}
    if firewall.get("defaultAction") == "Deny" and "AzureServices" not in str(firewall.get("bypass", "AzureServices")):
        return Unknown("unresolved", operation="managementPolicies", code="a firewall without exceptions")
    held = [one["name"] for one in _of_users(containers) if _immutable(one.get("properties") or {})]
    if held or _account_policy(account):
        return Unknown("unresolved", operation="managementPolicies", code=f"immutable: {min(held, default='account')}")
    return True


def _immutable(container: Mapping[str, Any]) -> bool:
    policy = (container.get("immutabilityPolicy") or {}).get("properties")
    return bool(policy) or True in (container.get("hasImmutabilityPolicy"), container.get("hasLegalHold"))


def _of_users(containers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in containers if not one["name"].startswith("$")]


def _takes(rule: Mapping[str, Any], container: str, type: str) -> bool:
    """Whether a rule is of all blobs of a type in a container; "" stands for any container."""
    filters = rule.get("filters") or {}
    if filters.get("blobIndexMatch") or type not in (filters.get("blobTypes") or _TYPES):
        return False
    return any(f"{container}/".startswith(p) for p in filters.get("prefixMatch") or [""])


def _after(rule: Mapping[str, Any], part: str) -> Iterator[float]:
    """Days after which a rule deletes a part; nothing where it does not, or on a condition that may never come."""
    said = {k: v for k, v in (((rule["actions"].get(part) or {}).get("delete")) or {}).items() if v is not None}
    if said and set(said) <= set(_COUNTED[part]):
        yield max(float(value) for value in said.values())


# ── immutability ──────────────────────────────────────────────────────────────────────────


@derived
def log_containers(containers: JSON, names: JSON) -> JSON:
    """Names of the containers that logs are written to, by globs over names, sorted. null: the account has no blobs."""
    return sorted(one["name"] for one in containers or () if any(fnmatchcase(one["name"], glob) for glob in names))


@derived
def rewritable_logs(account: JSON, containers: JSON, logs: JSON, days: JSON) -> JSON | Unknown:
    """Which of these containers do not keep their logs unchanged for so many days, each with why, sorted.

    Its own policy counts before the account's. A legal hold is lifted by whoever set it and counts for nothing.
    Unknown(unresolved) where a container says that it has a policy and does not show it. Source: REST API, Blob
    Containers (ImmutabilityPolicyProperties), Storage Accounts (AccountImmutabilityPolicyProperties).
    """
    found = []
    for one in containers:
        if one["name"] not in logs:
            continue
        if (one.get("properties") or {}).get("hasImmutabilityPolicy") is True and not _own_policy(one):
            return Unknown("unresolved", operation="{id}/blobServices/default/containers", code="policy not shown")
        why = _lacks(_own_policy(one) or _account_policy(account), days)
        found += [f"{one['name']}: {why}"] if why else []
    return sorted(found)


def _lacks(policy: Mapping[str, Any], days: float) -> str:
    if not policy:
        return "no policy"
    if policy.get("state") != "Locked":
        return "not locked"
    if _days(policy) < days:
        return f"{_days(policy):.0f} days"
    appends = (policy.get("allowProtectedAppendWrites"), policy.get("allowProtectedAppendWritesAll"))
    return "" if True in appends else "nothing can be appended"


def _own_policy(container: Mapping[str, Any]) -> Mapping[str, Any]:
    return ((container.get("properties") or {}).get("immutabilityPolicy") or {}).get("properties") or {}


def _account_policy(account: Mapping[str, Any]) -> Mapping[str, Any]:
    given = (account.get("properties") or {}).get("immutableStorageWithVersioning") or {}
    return (given.get("immutabilityPolicy") or {}) if given.get("enabled") is True else {}


def _days(policy: Mapping[str, Any]) -> float:
    return float(policy.get("immutabilityPeriodSinceCreationInDays") or 0)


# ── keys ──────────────────────────────────────────────────────────────────────────────────


@derived
def without_own_key(account: JSON, scopes: JSON, tables: JSON, queues: JSON) -> JSON:
    """What of an account is encrypted with a key of Microsoft's: the account, tables, queues, names of scopes; sorted.

    The account's key is that of blobs and files. Tables and queues have it only if they were given it when the account
    was made (`keyType` Account), which matters where there are any; `tables` and `queues` are null for accounts that
    cannot have them. An encryption scope has a source of its own. Source: REST API, Storage Accounts (keyType of
    EncryptionService), Encryption Scopes; learn.microsoft.com, "Customer-managed keys for tables and queues".
    """
    encryption = account["properties"].get("encryption") or {}
    services = encryption.get("services") or {}
    found = [] if str(encryption.get("keySource")).lower() == "microsoft.keyvault" else ["the account"]
    for name, there in (("table", tables), ("queue", queues)):
        if there and (services.get(name) or {}).get("keyType") != "Account":
            found.append(f"{name}s")
    for scope in scopes:
        value = scope["properties"]
        if value.get("state") != "Disabled" and str(value.get("source")).lower() != "microsoft.keyvault":
            found.append(f"scope {scope['name']}")
    return sorted(found)
