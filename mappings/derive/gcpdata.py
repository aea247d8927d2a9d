"""How long data stays in Google Cloud: buckets, tables, logs; and what looks for personal data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = [
    "detectors_off",
    "gcs_erasure",
    "lasting_tables",
    "loose_log_stores",
    "own_destinations",
    "unaudited_sql",
    "undiscovered",
    "unkept_records",
]

_DAY = 86_400
_SOFT = 7 * _DAY


# ── buckets ───────────────────────────────────────────────────────────────────────────────


@derived
def gcs_erasure(bucket: JSON) -> JSON:
    """After how many days at most every object of a bucket, and every old version, is gone for good; None if never.

    Only rules whose whole condition is age, or days since a version became noncurrent, count: others leave something
    out. Soft-deleted objects stay for the bucket's period on top: seven days where it says nothing. A default hold
    keeps everything; a retention policy only lengthens.
    Source: Cloud Storage, Object Lifecycle Management, conditions; soft delete; JSON API, Bucket.
    """
    data = bucket["data"]
    if data.get("defaultEventBasedHold") is True:
        return None
    live, old, everything = list[int](), list[int](), list[int]()
    for one in (data.get("lifecycle") or {}).get("rule") or ():
        if (one.get("action") or {}).get("type") != "Delete":
            continue
        condition = dict(one.get("condition") or {})
        is_live = condition.pop("isLive", None)
        if set(condition) == {"age"}:
            {True: live, False: old, None: everything}[is_live].append(int(condition["age"]))
        elif set(condition) == {"daysSinceNoncurrentTime"} and is_live is not True:
            old.append(int(condition["daysSinceNoncurrentTime"]))
    ways = [*everything]  # its age goes on when it is replaced, so one rule for all meets both
    if (live or everything) and old:
        ways.append(min([*live, *everything]) + min(old))
    if not ways:
        return None
    kept = _seconds((data.get("retentionPolicy") or {}).get("retentionPeriod"))
    told = (data.get("softDeletePolicy") or {}).get("retentionDurationSeconds")
    soft = _SOFT if told is None else _seconds(told)
    return max(min(ways), math.ceil(kept / _DAY)) + math.ceil(soft / _DAY)


def _seconds(value: Any) -> int:
    """Of a number that Google writes as a text; not there is none."""
    return int(value or 0)


@derived
def unkept_records(buckets: JSON, required: JSON) -> JSON:
    """Buckets of records that are not kept as they must be: `name: why`, each.

    `required`: {bucket's name: days}. Kept is what has a retention policy of so long, locked: one that is not can be
    taken off by whoever wants to delete. Source: Cloud Storage, Bucket Lock.
    """
    policies = {_name(one["bucket"]): one["bucket"]["data"].get("retentionPolicy") or {} for one in buckets}
    found = []
    for name, days in sorted(required.items()):
        if name not in policies:
            found.append(f"{name}: it is not there")
        elif policies[name].get("isLocked") is not True:
            found.append(f"{name}: its retention policy is not locked, or there is none")
        elif _seconds(policies[name].get("retentionPeriod")) < int(days) * _DAY:
            found.append(f"{name}: kept for less than {days} days")
    return found


def _name(bucket: Mapping[str, Any]) -> str:
    return str(bucket["name"]).removeprefix("//storage.googleapis.com/")


# ── tables ────────────────────────────────────────────────────────────────────────────────


@derived
def lasting_tables(tables: JSON, classes: JSON) -> JSON:
    """Tables that stay longer than a retention class allows, or for ever: {class: their names}.

    `classes`: {class: days}. Views hold no data, external tables hold it elsewhere. A partitioned table may let its
    partitions expire instead. Source: BigQuery API v2, Table (times in milliseconds, as texts; 0 is as if not set).
    """
    rows = [one["table"] for one in tables]
    return {
        name: sorted(row["name"].rpartition("/")[2] for row in rows if _lasts(row["data"], int(days) * _DAY * 1000))
        for name, days in classes.items()
    }


def _lasts(data: Mapping[str, Any], limit: int) -> bool:
    if "view" in data or "externalDataConfiguration" in data:
        return False
    expires, made = int(data.get("expirationTime") or 0), int(data["creationTime"])
    partitions = int((data.get("timePartitioning") or {}).get("expirationMs") or 0)
    return not (0 < expires <= made + limit or 0 < partitions <= limit)


# ── logs ──────────────────────────────────────────────────────────────────────────────────


@derived
def loose_log_stores(sinks: JSON, log_buckets: JSON, buckets: JSON, node: JSON, days: JSON) -> JSON | Unknown:
    """Why logs that the organization collects may be gone too early: one text for each place; [] if they cannot be.

    Places are the log buckets and buckets that enabled sinks of the organization or a folder, with everything below
    included, write into. Each must keep for so many days, and be locked. Unknown(unresolved) where such a place is not
    among those that were seen, or where a sink writes elsewhere (BigQuery, Pub/Sub, a project's own sinks) and none
    that takes everything writes into a place that keeps.
    Source: Cloud Logging, LogSink.destination, LogBucket; Cloud Storage, Bucket Lock.
    """
    keeping = _keeping(log_buckets, buckets, int(days))
    found, unseen, elsewhere, whole = set[str](), False, False, False
    held = list(_destinations(sinks, node))
    for destination, everything in held:
        if destination in keeping:
            found |= set() if keeping[destination] else {destination}
            whole = whole or (everything and keeping[destination])
        else:
            stores = destination.startswith("storage.googleapis.com/") or "/buckets/" in destination
            unseen, elsewhere = unseen or stores, elsewhere or not stores
    if not held:
        return ["no sink collects the logs of everything below"]
    open_ = unseen or (elsewhere and not whole)
    return Unknown("unresolved", operation="ListAssets") if open_ and not found else sorted(found)


def _keeping(log_buckets: JSON, buckets: JSON, days: int) -> dict[str, bool]:
    """{destination: whether it keeps what comes there for so many days, locked}, by every name that it has."""
    found = {}
    for row in (one["log_bucket"] for one in log_buckets):
        data = row["data"]
        locked = data.get("lifecycleState") == "ACTIVE" and data.get("locked") is True
        keeps = locked and int(data.get("retentionDays") or 30) >= days
        for name in {row["name"].removeprefix("//logging.googleapis.com/"), data.get("name")} - {None}:
            found[f"logging.googleapis.com/{name}"] = keeps
    for row in (one["bucket"] for one in buckets):
        policy = row["data"].get("retentionPolicy") or {}
        keeps = policy.get("isLocked") is True and _seconds(policy.get("retentionPeriod")) >= days * _DAY
        found[f"storage.googleapis.com/{_name(row)}"] = keeps
    return found


@derived
def own_destinations(sinks: JSON, projects: JSON, buckets: JSON, above: JSON, agreed: JSON) -> JSON:
    """Destinations of sinks that are the organization's own, or agreed to.

    Own are a bucket that was seen, anything in a project that was and is not being deleted, and a log bucket of a node
    above.
    Source: Cloud Logging, LogSink.destination.
    """
    names = {_name(one["bucket"]) for one in buckets}
    nodes = {one["ancestor"]["node"] for one in above}
    live = [one["project"] for one in projects if not _going(one["project"]["data"])]
    nodes |= {node for row in live for node in (row["key"], f"projects/{row['project']}")}
    found = set()
    for destination in {str(one["log_sink"]["data"].get("destination") or "") for one in sinks}:
        service, _, rest = destination.partition("/")
        own = rest in names if service == "storage.googleapis.com" else "/".join(rest.split("/")[:2]) in nodes
        found |= {destination} if own or destination in agreed else set()
    return sorted(found)


def _going(project: Mapping[str, Any]) -> bool:
    return str(project.get("state") or project.get("lifecycleState") or "").startswith("DELETE")


@derived
def detectors_off(detectors: JSON, node: JSON, services: JSON) -> JSON:
    """Services of Security Command Center that are not on for the organization, or off somewhere below: `service on
    node`, each. What counts is the effective state: INHERITED says nothing.

    Source: Security Center Management API v1, SecurityCenterService; its name may be in either spelling.
    """
    states = {}
    for one in detectors:
        at, _, service = str(one["detector"]["data"]["name"]).partition("/locations/")
        name = service.rpartition("/")[2].lower().replace("_", "-")
        states[at, name] = one["detector"]["data"].get("effectiveEnablementState")
    found = {f"{name} on {node}" for name in services if states.get((node, name)) != "ENABLED"}
    return sorted(
        found | {f"{name} on {at}" for (at, name), state in states.items() if name in services and state != "ENABLED"}
    )


def _destinations(sinks: JSON, node: str) -> Iterator[tuple[str, bool]]:
    """(destination, whether it gets everything) of enabled sinks of the organization or a folder that take the logs of
    everything below; a folder's never gets everything.
    """
    for one in sinks:
        name, data = one["log_sink"]["name"].removeprefix("//logging.googleapis.com/"), one["log_sink"]["data"]
        wide = data.get("includeChildren") is True and data.get("disabled") is not True
        spares = data.get("filter") or any(each.get("disabled") is not True for each in data.get("exclusions") or ())
        if wide and name.startswith((f"{node}/sinks/", "folders/")):
            yield str(data.get("destination") or ""), not spares and name.startswith(f"{node}/")


# ── databases ─────────────────────────────────────────────────────────────────────────────

_QUIET = frozenset({"error", "log", "fatal", "panic"})


@derived
def unaudited_sql(instance: JSON) -> JSON | Unknown:
    """What a database instance lacks to log who did what: the names of flags; [] if nothing.

    PostgreSQL: pgAudit is loaded and logs at least ddl and role, connections and their ends are logged, messages from
    warnings on. MySQL: the audit plugin is on. SQL Server: audits are sent to a bucket.
    Unknown(unsupported) for another engine. Source: Cloud SQL, database auditing of each engine; flags.
    """
    settings, version = instance["data"]["settings"], str(instance["data"].get("databaseVersion") or "")
    flags = {str(one["name"]): str(one.get("value") or "").lower() for one in settings.get("databaseFlags") or ()}
    if version.startswith("SQLSERVER"):
        return [] if (settings.get("sqlServerAuditConfig") or {}).get("bucket") else ["sqlServerAuditConfig"]
    if version.startswith("MYSQL"):
        on = flags.get("cloudsql_mysql_audit") in ("on", "force", "force_plus_permanent")
        return [] if on else ["cloudsql_mysql_audit"]
    if not version.startswith("POSTGRES"):
        return Unknown("unsupported", operation="ListAssets", code=version)
    classes = {one.strip() for one in flags.get("pgaudit.log", "").strip("'\"").split(",")}
    whole = "all" in classes and not {"-ddl", "-role", "none"} & classes
    logged = flags.get("pgaudit.log_client") != "on" or flags.get("pgaudit.log_level", "log") in ("log", "warning")
    met = {
        "cloudsql.enable_pgaudit": flags.get("cloudsql.enable_pgaudit") == "on",
        "pgaudit.log_level": logged,  # the client's level is the log's as well
        "pgaudit.log": whole or ({"ddl", "role"} <= classes and not {"-ddl", "-role", "none"} & classes),
        "log_connections": flags.get("log_connections") in ("on", "all"),
        "log_disconnections": flags.get("log_disconnections") == "on",
        "log_min_messages": flags.get("log_min_messages", "warning") not in _QUIET,
    }
    return [name for name, fine in met.items() if not fine]


# ── what looks for personal data ──────────────────────────────────────────────────────────

_REST = {"bigQueryTarget": "otherTables", "cloudStorageTarget": "others", "cloudSqlTarget": "others"}
"""Where a target's filter says that it is for everything that no other target names."""


@derived
def undiscovered(project: JSON, configs: JSON, kinds: JSON) -> JSON:
    """Kinds of data (`bigQueryTarget`, …) of a project that no discovery looks through.

    Counts a configuration for the organization, a folder above or the project itself that is running, has run and has
    no errors, with a target for everything of the kind, and none of that kind that leaves out what it takes, has
    conditions, or looks once and never again: the first target that something fits decides on it.
    Source: Sensitive Data Protection API v2, DiscoveryConfig.
    """
    covered = [_kinds(one["discovery_config"]["data"]) for one in configs if _reaches(one["discovery_config"], project)]
    return [kind for kind in kinds if not any(kind in one for one in covered)]


def _reaches(config: Mapping[str, Any], project: Mapping[str, Any]) -> bool:
    data = config["data"]
    running = data.get("status") == "RUNNING" and bool(data.get("lastRunTime")) and not data.get("errors")
    if not running:
        return False
    location = (data.get("orgConfig") or {}).get("location") or {}
    if "folderId" in location:
        return f"folders/{location['folderId']}" in project["ancestors"]
    if "organizationId" in location:
        return f"organizations/{location['organizationId']}" in project["ancestors"]
    return str(data.get("name") or "").startswith("projects/") and config["project"] == project["project"]


def _kinds(data: Mapping[str, Any]) -> set[str]:
    """The kinds of which a configuration looks through everything."""
    found, left = set[str](), set[str]()
    for kind, target in _targets(data.get("targets") or ()):
        again = _again(target.get("cadence") or target.get("generationCadence"))
        if "disabled" in target or not again or not _unconditional(target.get("conditions")):
            left.add(kind)
        elif kind in _REST and _REST[kind] in (target.get("filter") or {}):
            found.add(kind)
    return found - left


def _again(cadence: Any) -> bool:
    """Whether what was looked through is looked at again: not if each frequency that is told is never."""
    told = list(_frequencies(cadence))
    return not told or any(one != "UPDATE_FREQUENCY_NEVER" for one in told)


def _frequencies(value: Any) -> Iterator[str]:
    for name, below in value.items() if isinstance(value, Mapping) else ():
        if name in ("frequency", "refreshFrequency"):
            yield str(below)
        yield from _frequencies(below)


def _unconditional(conditions: Any) -> bool:
    """Whether conditions leave nothing out: only `all`, or all that can be looked through; no age, no size, no date."""
    if isinstance(conditions, Mapping):
        return all(map(_unconditional, conditions.values()))
    if isinstance(conditions, list):
        return all(map(_unconditional, conditions))
    return conditions is None or "ALL_SUPPORTED" in str(conditions) or str(conditions) in _EVERY_TABLE


_EVERY_TABLE = ("BIG_QUERY_COLLECTION_ALL_TYPES", "BIG_QUERY_COLLECTION_ONLY_SUPPORTED_TYPES")


def _targets(targets: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in targets:
        for kind, target in one.items():
            yield kind, target or {}
