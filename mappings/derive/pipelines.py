"""What a delivery pipeline deploys without anybody's approval."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["unapproved_deployments"]


@derived
def unapproved_deployments(pipeline: JSON, marked: JSON, spared: JSON) -> JSON | Unknown:
    """The actions of a CodePipeline pipeline that deploy before anyone approved, as `stage/action`, in their order.

    An action deploys if its category is Deploy, or if `marked` names it (`pipeline/stage/action`): builds, functions
    and commands may deploy too, and nothing in them says so. Those in `spared` deploy elsewhere, and need no approval.
    An approval counts from the next runOrder of its stage on, to the end of the next stage that deploys anywhere: what
    comes after needs another. Stages follow one another; actions of one runOrder run side by side.
    Unknown(unclassified) if no action is known to deploy. Source: CodePipeline guide, pipeline structure.
    """
    found: list[JSON] = []
    known = approved = False
    for stage in pipeline["stages"]:
        deployed = fresh = False  # fresh: the last that happened in the stage is an approval
        for _, beside in groupby(sorted(stage["actions"], key=_order), key=_order):
            actions = list(beside)
            for action in actions:
                place = f"{pipeline['name']}/{stage['name']}/{action['name']}"
                if place not in spared and not _deploys(action, place, marked):
                    continue
                deployed, fresh = True, False
                known = known or place not in spared
                if not approved and place not in spared:
                    found.append(f"{stage['name']}/{action['name']}")
            if any(action["actionTypeId"]["category"] == "Approval" for action in actions):
                approved = fresh = True
        approved = fresh if deployed else approved
    return found if known else Unknown("unclassified", operation="deploying_actions")


def _order(action: Mapping[str, Any]) -> int:
    return int(action.get("runOrder") or 1)


def _deploys(action: Mapping[str, Any], place: str, marked: Collection[str]) -> bool:
    return action["actionTypeId"]["category"] == "Deploy" or place in marked
