"""Whether somebody is told in Google Cloud: uptime checks, alerts on logs, findings, and where they are sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.gcplogquery import query

__all__ = ["unalerted", "unnotified", "unwatched"]

Row = Mapping[str, Any]


# ── who is told ───────────────────────────────────────────────────────────────────────────


def telling(policies: JSON, channels: JSON) -> Iterator[Row]:
    """The alert policies that are on and valid, and have a channel that is on and not waiting to be verified.

    "On" must be said: what is not there is not known. Source: Monitoring API v3, AlertPolicy (validity),
    NotificationChannel.
    """
    usable = {
        (row["project"], row["data"]["name"].rpartition("/")[2])
        for row in (one["notification_channel"] for one in channels)
        if row["data"].get("enabled") is True and row["data"].get("verificationStatus") != "UNVERIFIED"
    }
    for row in (one["alert_policy"] for one in policies):
        named = {
            (row["project"], str(name).rpartition("/")[2]) for name in row["data"].get("notificationChannels") or ()
        }
        valid = not (row["data"].get("validity") or {}).get("code")
        if row["data"].get("enabled") is True and valid and named & usable:
            yield row


def conditions(policy: Row) -> list[Row]:
    """The conditions of a policy of which each alone raises an alert."""
    found: list[Row] = policy.get("conditions") or []
    return found if len(found) == 1 or policy.get("combiner") == "OR" else []


def _watched(threshold: Row) -> Mapping[str, str]:
    """What a condition on a metric is about, by the parts of its filter (`metric.type`, `metric.check_id`, …).

    Nothing where its filter has other parts, or where one series of the metric does not meet it: a share of another
    metric, a forecast, several series at once.
    """
    clauses = [_CLAUSE.fullmatch(one) for one in re.split(r"\s+AND\s+", str(threshold.get("filter") or ""))]
    trigger = threshold.get("trigger") or {}
    several = bool(trigger.get("percent")) or int(trigger.get("count") or 1) > 1
    if not all(clauses) or several or threshold.get("denominatorFilter") or threshold.get("forecastOptions"):
        return {}
    return {found[1] + "." + (found[3] or "type"): found[4] or found[5] or found[6] for found in clauses if found}


# ── endpoints ─────────────────────────────────────────────────────────────────────────────

_CLAUSE = re.compile(r"""\s*(metric|resource)\.(type|labels?\.(\w+))\s*=\s*(?:"([^"]*)"|'([^']*)'|(\w[\w/.-]*))\s*""")
_PASSED = "monitoring.googleapis.com/uptime_check/check_passed"


@derived
def unwatched(endpoints: JSON, checks: JSON, policies: JSON, channels: JSON) -> JSON:
    """Endpoints without an uptime check that somebody is told by: each as registered.

    `endpoints`: addresses (`https://shop.example/health`, `tcp://db.example:5432`). A check counts if it is on and asks
    that very host, port and path, over TLS with a certificate that it verifies if the endpoint is one of HTTPS, and
    takes no error for an answer; and if an alert policy has a condition on it that alone raises an alert, at no more
    failures than there can be. A condition on all checks sees those of its own project. Raises ValueError for what
    is no address.
    """
    named, all_of = set[str](), set[str]()
    for row in telling(policies, channels):
        for id in filter(None, map(_check, conditions(row["data"]))):
            (all_of if id == "*" else named).add(row["project"] if id == "*" else id)
    rows = [one["uptime_check"] for one in checks]
    watched = [r["data"] for r in rows if r["project"] in all_of or r["data"]["name"].rpartition("/")[2] in named]
    urls = {str(one): _address(str(one)) for one in endpoints}
    return sorted(text for text, url in urls.items() if not any(_asks(check, url) for check in watched))


def _check(condition: Row) -> str:
    """The id of the uptime check whose failure a condition notices; `*` for all."""
    threshold = condition.get("conditionThreshold") or {}
    said = _watched(threshold)
    about = said.get("metric.type") == _PASSED and said.get("resource.type", "uptime_url") == "uptime_url"
    narrow = set(said) - {"metric.type", "resource.type", "metric.check_id"}
    return said.get("metric.check_id", "*") if about and not narrow and _raised(threshold) else ""


def _raised(threshold: Row) -> bool:
    """Whether failures meet a condition: a number of those that failed, of the three places at least that ask, is above
    the threshold, or a number or share of those that passed is below it.
    """
    value = float(threshold.get("thresholdValue") or 0)
    counted = {one.get(by) for one in threshold.get("aggregations") or () for by in _BY}
    if threshold.get("comparison") == "COMPARISON_GT":
        return value <= MOST and bool({"REDUCE_COUNT_FALSE", "ALIGN_COUNT_FALSE"} & counted)
    passed = {f"{way}_{what}_TRUE" for way in ("ALIGN", "REDUCE") for what in ("COUNT", "FRACTION")}
    return threshold.get("comparison") == "COMPARISON_LT" and value > 0 and bool(passed & counted)


_BY = ("perSeriesAligner", "crossSeriesReducer")


MOST = 2


def _address(endpoint: str) -> SplitResult:
    url = urlsplit(endpoint)
    if not url.hostname or url.scheme not in ("http", "https", "tcp"):
        raise ValueError(endpoint)
    return url


def _asks(check: Row, url: SplitResult) -> bool:
    resource = check.get("monitoredResource") or {}
    host = str((resource.get("labels") or {}).get("host") or "").lower()
    if check.get("disabled") is True or host != url.hostname:
        return False
    if url.scheme == "tcp":
        return int((check.get("tcpCheck") or {}).get("port") or 0) == url.port
    http = check.get("httpCheck")
    if not isinstance(http, Mapping) or not all(map(_good, http.get("acceptedResponseStatusCodes") or ())):
        return False
    secure = url.scheme == "https"
    port = int(http.get("port") or (443 if http.get("useSsl") is True else 80))
    path = str(http.get("path") or "/")
    sure = http.get("useSsl") is True and http.get("validateSsl") is True
    wanted = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
    return port == (url.port or (443 if secure else 80)) and "/" + path.lstrip("/") == wanted and (sure or not secure)


def _good(accepted: Row) -> bool:
    """Whether an accepted status is no error; what is not there accepts only 2xx."""
    classes = ("STATUS_CLASS_1XX", "STATUS_CLASS_2XX", "STATUS_CLASS_3XX")
    return 0 < int(accepted.get("statusValue") or 0) < 400 or accepted.get("statusClass") in classes


# ── changes ───────────────────────────────────────────────────────────────────────────────

_USER = "logging.googleapis.com/user/"


def _audited(service: str, method: str, resource: str, **more: Any) -> Row:
    """The least of an entry of the Admin Activity log."""
    payload = {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": f"{service}.googleapis.com"}
    return {
        "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
        "severity": "NOTICE",
        "resource": {"type": resource},
        "protoPayload": {**payload, "methodName": method, **more},
    }


def _owner(action: str) -> Row:
    delta = {"policyDelta": {"bindingDeltas": [{"action": action, "role": "roles/owner", "member": "user:x"}]}}
    return _audited("cloudresourcemanager", "SetIamPolicy", "project", serviceData=delta)


_AUDIT = {
    "policyDelta": {"auditConfigDeltas": [{"action": "REMOVE", "service": "allServices", "logType": "DATA_READ"}]}
}
_CHANGES: Mapping[str, tuple[Row, ...]] = {
    "owner": (_owner("ADD"), _owner("REMOVE")),
    "audit_config": (_audited("cloudresourcemanager", "SetIamPolicy", "project", serviceData=_AUDIT),),
    "custom_role": tuple(
        _audited("iam", f"google.iam.admin.v1.{one}Role", "iam_role") for one in ("Create", "Update", "Delete")
    ),
    "firewall": tuple(
        _audited("compute", f"v1.compute.firewalls.{one}", "gce_firewall_rule") for one in ("insert", "patch", "delete")
    ),
    "route": tuple(_audited("compute", f"v1.compute.routes.{one}", "gce_route") for one in ("insert", "delete")),
    "network": tuple(
        _audited("compute", f"v1.compute.networks.{one}", "gce_network") for one in ("insert", "patch", "delete")
    ),
    "bucket_access": (_audited("storage", "storage.setIamPermissions", "gcs_bucket"),),
    "sql": (_audited("cloudsql", "cloudsql.instances.update", "cloudsql_database"),),
}
"""The least of what each kind of change writes. Source: each service's audit logging; CIS Google Cloud, 2.4 to 2.11."""


@derived
def unalerted(projects: JSON, metrics: JSON, policies: JSON, channels: JSON, sinks: JSON, kinds: JSON) -> JSON:
    """Kinds of changes (`owner`, `firewall`, …) that nobody is told of: `kind in project`, each.

    A kind is noticed where each of its entries fits the filter of a metric that is on, and a condition of an alert
    policy that tells somebody (see `telling`) is on that metric, over nothing; or where the policy matches logs by such
    filters itself. That holds for the project's own logs; a metric of a log bucket into which the organization's sink
    writes everything holds for all. A filter that is not understood notices nothing.
    Raises KeyError for an unknown kind.
    """
    rows = [one["log_metric"] for one in metrics]
    everything = [one["log_sink"]["data"] for one in sinks if _takes_all(one["log_sink"])]
    collected = {str(data.get("destination") or "").removeprefix("logging.googleapis.com/") for data in everything}
    told: dict[str, list[str]] = {}  # by project, "" for all
    for row in telling(policies, channels):
        for one in conditions(row["data"]):
            told.setdefault(row["project"], []).append(str((one.get("conditionMatchedLog") or {}).get("filter") or ""))
            name = _counted(one)
            found = [m for m in rows if m["project"] == row["project"] and m["data"].get("name") == name]
            for metric in (m["data"] for m in found if m["data"].get("disabled") is not True):
                bucket = metric.get("bucketName")
                where = row["project"] if not bucket else "" if bucket in collected else None
                if where is not None:
                    told.setdefault(where, []).append(str(metric.get("filter") or ""))
    everywhere = {kind for kind in kinds if _noticed(kind, told.get("", []))}
    ids = [one["project"]["project"] for one in projects if _stays(one["project"])]
    left = [kind for kind in kinds if kind not in everywhere]
    return sorted(f"{kind} in {id}" for id in ids for kind in left if not _noticed(kind, told.get(id, [])))


def _takes_all(sink: Row) -> bool:
    data = sink["data"]
    wide = data.get("includeChildren") is True and data.get("disabled") is not True
    spares = data.get("filter") or any(one.get("disabled") is not True for one in data.get("exclusions") or ())
    return wide and not spares and sink["name"].startswith("//logging.googleapis.com/organizations/")


def _stays(project: Row) -> bool:
    state = project["data"].get("state") or project["data"].get("lifecycleState")
    return not str(state or "").startswith("DELETE")


def _counted(condition: Row) -> str:
    """The metric on logs that a condition is on, over nothing: one entry is enough to raise an alert.

    It counts for the alignment period, so it must not have to be seen for longer.
    """
    threshold = condition.get("conditionThreshold") or {}
    said = _watched(threshold)
    metric, narrow = said.get("metric.type", ""), set(said) - {"metric.type", "resource.type"}
    over = threshold.get("comparison") == "COMPARISON_GT" and float(threshold.get("thresholdValue") or 0) <= 0
    spans = [_seconds(one.get("alignmentPeriod")) for one in threshold.get("aggregations") or ()]
    soon = _seconds(threshold.get("duration")) <= max(spans, default=0.0)
    return metric.removeprefix(_USER) if metric.startswith(_USER) and over and soon and not narrow else ""


def _seconds(duration: Any) -> float:
    """Of a duration (`60s`); not there is none."""
    return float(str(duration or "0s").removesuffix("s"))


def _noticed(kind: str, filters: list[str]) -> bool:
    return all(any(_fits(text, entry) for text in filters if text) for entry in _CHANGES[kind])


def _fits(text: str, entry: Row) -> bool:
    try:
        return bool(query(text)(entry))
    except (ValueError, re.error):
        return False


# ── findings ──────────────────────────────────────────────────────────────────────────────


@derived
def unnotified(configs: JSON, topics: JSON, subscriptions: JSON, node: JSON, filters: JSON) -> JSON:
    """Why nobody is told of findings of Security Command Center: "" if somebody is.

    A notification of the organization counts if its filter leaves out nothing that matters (one of `filters`), its
    topic is there, and somebody takes from it: a subscription without a filter of its own, attached and not in error.
    Source: Security Command Center API v2, NotificationConfig; Pub/Sub, Topic, Subscription (state, detached).
    """
    taken = {
        one["subscription"]["data"].get("topic")
        for one in subscriptions
        if one["subscription"]["data"].get("detached") is not True
        and one["subscription"]["data"].get("state", "ACTIVE") in ("ACTIVE", "STATE_UNSPECIFIED")
        and not one["subscription"]["data"].get("filter")
    }
    there = {one["topic"]["name"].removeprefix("//pubsub.googleapis.com/") for one in topics}
    why = "no notification of all findings of the organization"
    for one in configs:
        data = one["notification_config"]["data"]
        text = re.sub(r"\s", "", str((data.get("streamingConfig") or {}).get("filter") or ""))
        if not str(data.get("name") or "").startswith(f"{node}/") or text not in {
            re.sub(r"\s", "", f) for f in filters
        }:
            continue
        topic = data.get("pubsubTopic")
        if topic in there and topic in taken:
            return ""
        why = f"{topic} is not there, or nobody takes from it"
    return why
