"""Personal data in Azure SQL: which columns are known to hold it and are masked; and how long backups are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["label_gaps", "long_term_days", "masking_gaps", "personal_columns"]

_ASLEEP = Unknown("unresolved", operation="Microsoft.Sql/servers/databases", code="it is not online")
_PERIOD = re.compile(r"P(\d{1,5})([DWMY])")
_DAYS = {"D": 1, "W": 7, "M": 30, "Y": 365}


@derived
def personal_columns(labels: JSON, recommended: JSON, types: JSON) -> JSON | Unknown:
    """Columns whose sensitivity label, or its information type, is one of these, as `schema.table.column`, sorted.

    `labels` and `recommended` are null where the database is not online, and was not woken to be asked:
    Unknown(unresolved). Unknown(unclassified) where nobody labelled anything, and where no label is personal but one
    has no information type, or a recommendation that stands is. Source: REST API, Sensitivity Labels - List Current,
    - List Recommended By Database.
    """
    if labels is None or recommended is None:
        return _ASLEEP
    wanted = {str(type).lower() for type in types}
    found = sorted({_column(one) for one in labels if _said(one) & wanted})
    silent = any(not one["properties"].get("informationType") for one in labels)
    if not labels or (not found and (silent or _open(recommended, wanted))):
        return Unknown("unclassified", operation="currentSensitivityLabels")
    return found


@derived
def masking_gaps(
    personal: JSON, recommended: JSON, masking: JSON, rules: JSON, types: JSON, exempt: JSON
) -> JSON | Unknown:
    """Why these columns are not masked from everybody but `exempt` principals; [] if they are.

    Unknown(unclassified) where they are, and another column is recommended to be labelled as personal and has no mask.
    """
    if masking is None or rules is None:
        return _ASLEEP
    if masking["state"] != "Enabled":
        return ["masking is off"]
    masked = {_column(one) for one in rules if one["properties"].get("ruleState") == "Enabled"}
    found = sorted(set(personal) - masked)
    found += [f"{masking['exempt']} principals see through it"] if masking["exempt"] > exempt else []
    if not found and _open(recommended, {str(type).lower() for type in types}) - masked:
        return Unknown("unclassified", operation="recommendedSensitivityLabels")
    return found


@derived
def label_gaps(id: JSON, labels: JSON, recommended: JSON, dismissed: JSON) -> JSON | Unknown:
    """Columns that Azure takes for sensitive and nobody labelled, or that were dismissed without agreement, sorted.

    `id`: the database's. `dismissed`: `server/database/schema.table.column`, in lower case. Unknown(unresolved) as in
    `personal_columns`.
    """
    if labels is None or recommended is None:
        return _ASLEEP
    if not labels:
        return ["nothing is labelled"]
    parts = str(id).lower().split("/")
    place, agreed = f"{parts[8]}/{parts[10]}", {str(one).lower() for one in dismissed}
    named = {_column(one) for one in labels}
    found = [column for column in _open(recommended) if column not in named]
    off = [_column(one) for one in recommended if one["properties"].get("isDisabled") is True]
    found += [f"{column} (dismissed)" for column in off if f"{place}/{column}" not in agreed and column not in named]
    return sorted(found)


def _open(recommended: Iterable[Mapping[str, Any]], types: set[str] | None = None) -> set[str]:
    """Columns of recommendations that were not dismissed, of these labels and information types or of any."""
    standing = (one for one in recommended if one["properties"].get("isDisabled") is not True)
    return {_column(one) for one in standing if types is None or _said(one) & types}


def _said(label: Mapping[str, Any]) -> set[str]:
    return {str(label["properties"].get(name) or "").lower() for name in ("labelName", "informationType")}


def _column(one: Mapping[str, Any]) -> str:
    value = one["properties"]
    return f"{value['schemaName']}.{value['tableName']}.{value['columnName']}".lower()


@derived
def long_term_days(policy: JSON) -> JSON:
    """For how many days the backups that are kept longest are: weekly, monthly or yearly ones; 0 if none is.

    The policy is always there, and says PT0S for what is not kept; null: it has none.
    Source: REST API, Long Term Retention Policies.
    """
    found = [
        _PERIOD.fullmatch(str((policy or {}).get(f"{often}Retention") or ""))
        for often in ("weekly", "monthly", "yearly")
    ]
    return max((int(one[1]) * _DAYS[one[2]] for one in found if one), default=0)
