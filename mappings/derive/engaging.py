"""Whether an incident response plan reaches a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["plan_engages"]

Row = Mapping[str, Any]


@derived
def plan_engages(plans: Sequence[Row], contacts: Sequence[Row]) -> JSON | Unknown:
    """Whether every response plan reaches somebody: by a chat channel, or a person with an activated contact channel.

    A person is engaged by name, or by an escalation plan that names one. Unknown where it rests on an on-call schedule,
    whose people are not read, or on a contact that is not here. False where there is no plan. Joined `plans` (plan) and
    `contacts` (contact, channels, engagement).
    """
    known = {one["contact"]["ContactArn"]: one for one in contacts}
    found = [_reached(one["plan"], known) for one in plans]
    if not found or False in found:
        return False
    return next((one for one in found if isinstance(one, Unknown)), True)


def _reached(plan: Row, known: Mapping[str, Row]) -> bool | Unknown:
    if (plan.get("chatChannel") or {}).get("chatbotSns"):
        return True
    reached = [_engaged(arn, known) for arn in plan.get("engagements", ())]
    if True in reached:
        return True
    return next((one for one in reached if isinstance(one, Unknown)), False)


def _engaged(arn: str, known: Mapping[str, Row], *, nested: bool = False) -> bool | Unknown:
    one = known.get(arn)
    if one is None:
        return Unknown("unresolved", code="engagements")
    kind = one["contact"]["Type"]
    if kind == "PERSONAL":
        return any(channel["ActivationStatus"] == "ACTIVATED" for channel in one["channels"] or ())
    if kind == "ESCALATION" and not nested:
        stages = (one["engagement"] or {}).get("Stages", ())
        targets = [
            target.get("ContactTargetInfo", {}).get("ContactId") for stage in stages for target in stage["Targets"]
        ]
        reached = [_engaged(target, known, nested=True) for target in targets if target]
        if True in reached:
            return True
        return next((one for one in reached if isinstance(one, Unknown)), False)
    return Unknown("unresolved", code="on-call schedule")
