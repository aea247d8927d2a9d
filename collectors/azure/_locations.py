"""Which regions Azure Policy allows: the built-in definitions of it, assigned by themselves or in an initiative."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page
from annexlog.collectors.azure._calls import VERSION
from annexlog.collectors.azure._defender import ASSIGNMENTS
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import Asks, keep, one, rows

BUILT_IN = "/providers/microsoft.authorization/"
OF: Mapping[str, str] = {
    f"{BUILT_IN}policydefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c": "resources",
    f"{BUILT_IN}policydefinitions/e765b5de-1225-4ba3-bd56-1ac6695af988": "groups",
}
"""The built-in definitions "Allowed locations" and "Allowed locations for resource groups", by what they are of."""

SET_READ = "Microsoft.Authorization/policySetDefinitions/read"
SET = "/providers/Microsoft.Authorization/policySetDefinitions/{set}"
OWN_SETS = "/subscriptions/{subscription}/providers/Microsoft.Authorization/policySetDefinitions"

_LIST, _EFFECT = "listOfAllowedLocations", "effect"
_PARAMETER = re.compile(r"\[parameters\('([^']+)'\)\]")
_ASSIGNED = ("policyDefinitionId", "notScopes", "enforcementMode", "resourceSelectors", "overrides", "parameters")
_PART = ("policyDefinitionId", "policyDefinitionReferenceId", f"parameters.{_LIST}", f"parameters.{_EFFECT}")
_IN_SET = ("properties.parameters", *(f"properties.policyDefinitions.{name}" for name in _PART))
_UNSAID = object()


def locations(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """What limits regions at the subscription or above: [{assignment, reference, of, locations, effect, …}].

    `of`: `resources` or `groups`; `locations`: null where they are not said in a way that can be read; `effect`: "" where
    it is the definition's own. `reference`: its name within an initiative, else "". Of the assignment itself come
    `enforcementMode`, `notScopes`, `resourceSelectors` and `overrides`. No other parameter goes any further. Initiatives
    of the organization's own are listed at the subscription, which has those of the groups above.
    Source: REST API, Policy Assignments - List, Policy Set Definitions - Get Built In, - List.
    """
    at = {"subscription": params["subscription"]}
    kept = keep("value.id", *(f"value.properties.{name}" for name in _ASSIGNED))
    asked = {**at, VERSION: version("Microsoft.Authorization/policyAssignments"), "$filter": "atScope()", **kept}
    found: list[dict[str, Any]] = []
    sets: dict[str, Any] = {}
    for assignment in rows(ask, ASSIGNMENTS, asked, "value"):
        value = assignment["properties"]
        told = {name: value[name] for name in _ASSIGNED[1:-1] if name in value}
        found += [{"assignment": assignment["id"], **told, **part} for part in _parts(ask, at, value, sets)]
    yield Page(sorted(found, key=lambda row: (row["assignment"], row["reference"])))


def _parts(
    ask: Asks, at: Mapping[str, str], value: Mapping[str, Any], sets: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    id, given = str(value["policyDefinitionId"]).lower(), value.get("parameters") or {}
    if "/policysetdefinitions/" not in id:
        if id in OF:
            said = {name: _in(given, name, _UNSAID) for name in (_LIST, _EFFECT)}
            yield _part(OF[id], "", said)
        return
    initiative = _set(ask, at, id, sets)
    defaults = initiative.get("parameters") or {}
    for part in initiative["policyDefinitions"]:
        of = OF.get(str(part["policyDefinitionId"]).lower())
        if of:
            said = {
                name: _resolved(_in(part.get("parameters") or {}, name, _UNSAID), given, defaults)
                for name in (_LIST, _EFFECT)
            }
            yield _part(of, str(part.get("policyDefinitionReferenceId") or ""), said)


def _part(of: str, reference: str, said: Mapping[str, Any]) -> dict[str, Any]:
    found = said[_LIST]
    effect = "" if said[_EFFECT] is _UNSAID else str(said[_EFFECT])
    return {"of": of, "reference": reference, "locations": found if isinstance(found, list) else None, "effect": effect}


def _set(ask: Asks, at: Mapping[str, str], id: str, sets: dict[str, Any]) -> Mapping[str, Any]:
    """An initiative's properties; built-in ones are read one by one, for there are hundreds."""
    dated = {VERSION: version("Microsoft.Authorization/policySetDefinitions")}
    if id not in sets and id.startswith(BUILT_IN):
        asked = {"set": id.rpartition("/")[2], **dated, **keep("id", *_IN_SET)}
        sets[id] = one(ask, Call(SET_READ, SET), asked, "properties")["properties"]
    elif id not in sets:
        kept = keep("value.id", *(f"value.{name}" for name in _IN_SET))
        asked = {**at, **dated, "$filter": "policyType eq 'Custom'", **kept}
        for row in rows(ask, Call(SET_READ, OWN_SETS), asked, "value"):
            sets[str(row["id"]).lower()] = row["properties"]
    found: Mapping[str, Any] = sets[id]
    return found


def _in(parameters: Mapping[str, Any], name: str, other: Any) -> Any:
    """A parameter's value; names mean the same in any case."""
    for key, said in parameters.items():
        if key.lower() == name.lower() and isinstance(said, dict) and said.get("value") is not None:
            return said["value"]
    return other


def _resolved(said: Any, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Any:
    """A value within an initiative: itself, or that of the initiative's parameter which it names."""
    match = _PARAMETER.fullmatch(said) if isinstance(said, str) else None
    if match is None:
        return said
    default: Any = next((said for key, said in defaults.items() if key.lower() == match[1].lower()), {})
    return _in(given, match[1], default.get("defaultValue", _UNSAID))
