"""What CloudTrail trails record: management events, reads and writes of objects, unusual activity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = [
    "insights_by_organization",
    "insights_by_own",
    "management_by_organization",
    "management_by_own",
    "objects_by_organization",
    "objects_by_own",
]

Trail = Mapping[str, Any]
"""A trail as joined: `id`, `trail`, and what else the test takes of `status`, `selectors`, `insights`."""

NOTHING: frozenset[str] = frozenset()
READS_AND_WRITES = frozenset({"read", "write"})
_BASIC = {"All": READS_AND_WRITES, "ReadOnly": frozenset({"read"}), "WriteOnly": frozenset({"write"})}
_ADVANCED = {"true": frozenset({"read"}), "false": frozenset({"write"})}


# ── who records ───────────────────────────────────────────────────────────────────────────


def _by_own(trails: Sequence[Trail], good: Callable[[Trail], bool]) -> bool:
    """Whether a trail of the account itself logs, and is good."""
    return any(bool(trail["status"].get("IsLogging")) and good(trail) for trail in trails)


def _by_organization(
    visible: Sequence[Trail], central: Sequence[Trail], good: Callable[[Trail], bool]
) -> bool | Unknown:
    """Whether an organization's trail that logs this account is good.

    `visible`: what the account shows to be recorded by; `central`: organization trails where they live, which alone
    shows what they select. One that logs but lives in an account we do not see may be good or not.
    """
    owned = {trail["id"]: trail for trail in central}
    shared = [trail for trail in visible if trail["visible_trail"].get("IsOrganizationTrail")]
    logging = [trail["id"] for trail in shared if trail["status"].get("IsLogging")]
    if any(good(owned[id]) for id in logging if id in owned):
        return True
    return Unknown("unresolved", code="TrailARN") if set(logging) - set(owned) else False


# ── management events ─────────────────────────────────────────────────────────────────────


@derived
def management_by_own(trails: Sequence[JSON], spared: Sequence[str]) -> bool:
    """Whether one of an account's own trails records all management events, in all regions and of global services.

    It must log; of event sources it may leave out only those in `spared`. Trails come with `trail`, `status` and
    `selectors`. Source: API DescribeTrails, GetTrailStatus, GetEventSelectors.
    """
    return _by_own(trails, lambda trail: _records_management(trail, spared))


@derived
def management_by_organization(
    visible: Sequence[JSON], central: Sequence[JSON], spared: Sequence[str]
) -> bool | Unknown:
    """The same, by a trail of its organization; Unknown where that trail lives in an account that is not seen."""
    return _by_organization(visible, central, lambda trail: _records_management(trail, spared))


def _records_management(trail: Trail, spared: Sequence[str]) -> bool:
    described, selectors = trail["trail"], trail["selectors"]
    if not (described["IsMultiRegionTrail"] and described["IncludeGlobalServiceEvents"]):
        return False
    basic, advanced = selectors.get("EventSelectors") or [], selectors.get("AdvancedEventSelectors") or []
    if not basic and not advanced:  # a trail without selectors of its own records all management events
        return not described["HasCustomEventSelectors"]
    seen = [_basic_management(s, spared) for s in basic] + [_advanced_management(s, spared) for s in advanced]
    return NOTHING.union(*seen) == READS_AND_WRITES


def _basic_management(selector: Mapping[str, Any], spared: Sequence[str]) -> frozenset[str]:
    left_out = set(selector.get("ExcludeManagementEventSources") or []) - set(spared)
    return _BASIC[selector["ReadWriteType"]] if selector["IncludeManagementEvents"] and not left_out else NOTHING


def _advanced_management(selector: Mapping[str, Any], spared: Sequence[str]) -> frozenset[str]:
    right_kind = False
    for field, operator, values in _fields(selector):
        if (field, operator) == ("eventCategory", "Equals") and values == ["Management"]:
            right_kind = True
        elif (field, operator) == ("eventSource", "NotEquals") and set(values) <= set(spared):
            continue
        elif (field, operator) != ("readOnly", "Equals"):  # an event name, a user, one source: not every event
            return NOTHING
    return _reads_and_writes(selector) if right_kind else NOTHING


# ── data events of objects ────────────────────────────────────────────────────────────────


@derived
def objects_by_own(arn: str, region: str, trails: Sequence[JSON]) -> bool:
    """Whether one of the account's own trails records every read and write of a bucket's objects.

    It must log, and be of the bucket's region or of all. Source: API GetEventSelectors, AdvancedFieldSelector.
    """
    return _by_own(trails, lambda trail: _records_objects(trail, arn, region))


@derived
def objects_by_organization(arn: str, region: str, visible: Sequence[JSON], central: Sequence[JSON]) -> bool | Unknown:
    """The same, by a trail of its organization; Unknown where that trail lives in an account that is not seen."""
    return _by_organization(visible, central, lambda trail: _records_objects(trail, arn, region))


def _records_objects(trail: Trail, arn: str, region: str) -> bool:
    described, selectors = trail["trail"], trail["selectors"]
    if not described["IsMultiRegionTrail"] and described["HomeRegion"] != region:
        return False
    seen = [_basic_objects(s, arn) for s in selectors.get("EventSelectors") or []]
    seen += [_advanced_objects(s, arn) for s in selectors.get("AdvancedEventSelectors") or []]
    return NOTHING.union(*seen) == READS_AND_WRITES


def _basic_objects(selector: Mapping[str, Any], arn: str) -> frozenset[str]:
    resources = selector.get("DataResources") or []
    values = [value for r in resources if r["Type"] == "AWS::S3::Object" for value in r.get("Values") or []]
    return _BASIC[selector["ReadWriteType"]] if any(_begins(value, arn) for value in values) else NOTHING


def _advanced_objects(selector: Mapping[str, Any], arn: str) -> frozenset[str]:
    wanted = {("eventCategory", "Data"), ("resources.type", "AWS::S3::Object")}
    for field, operator, values in _fields(selector):
        met = wanted & {(field, value) for value in values} if operator == "Equals" else set()
        if met:
            wanted -= met
        elif field == "resources.ARN":
            if not _keeps(operator, values, arn):
                return NOTHING
        elif (field, operator) != ("readOnly", "Equals"):  # an event name, a user …: not every read and write
            return NOTHING
    return NOTHING if wanted else _reads_and_writes(selector)


def _keeps(operator: str, values: Sequence[str], arn: str) -> bool:
    """Whether a condition on the object's ARN is met by every object of the bucket."""
    if operator == "StartsWith":
        return any(_begins(value, arn) for value in values)
    if operator in ("NotStartsWith", "NotEquals"):
        return not any(_begins(value, arn) or value.startswith(f"{arn}/") for value in values)
    return False


def _begins(value: str, arn: str) -> bool:
    """Whether the ARN of every object of the bucket begins so, as with `arn:aws:s3` or `arn:aws:s3:::name/`."""
    return f"{arn}/".startswith(value)


# ── insights ──────────────────────────────────────────────────────────────────────────────


@derived
def insights_by_own(trails: Sequence[JSON], kinds: Sequence[str]) -> bool:
    """Whether one of an account's own multi-region trails looks for unusual management activity of all these kinds.

    Trails come with `trail`, `status` and `insights`. Source: API GetInsightSelectors, InsightSelector.
    """
    return _by_own(trails, lambda trail: _looks_for(trail, kinds))


@derived
def insights_by_organization(visible: Sequence[JSON], central: Sequence[JSON], kinds: Sequence[str]) -> bool | Unknown:
    """The same, by a trail of its organization; Unknown where that trail lives in an account that is not seen."""
    return _by_organization(visible, central, lambda trail: _looks_for(trail, kinds))


def _looks_for(trail: Trail, kinds: Sequence[str]) -> bool:
    selectors = trail["insights"] or []
    # Without categories the kind is on for management events; with them, for those alone.
    on = {s["InsightType"] for s in selectors if "Management" in s.get("EventCategories", ["Management"])}
    return bool(trail["trail"]["IsMultiRegionTrail"]) and set(kinds) <= on


# ── the fields of an advanced selector ────────────────────────────────────────────────────


def _fields(selector: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """(field, operator, values) of all its conditions; every one of them must hold for an event to be recorded."""
    for condition in selector["FieldSelectors"]:
        for operator, values in condition.items():
            if operator != "Field" and values:
                yield condition["Field"], operator, values


def _reads_and_writes(selector: Mapping[str, Any]) -> frozenset[str]:
    seen = READS_AND_WRITES
    for field, _, values in _fields(selector):
        if field == "readOnly":
            seen &= NOTHING.union(*(_ADVANCED[value] for value in values))
    return seen
