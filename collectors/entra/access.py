"""Conditional access: its policies, whom each leaves out, and the strengths that they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.entra._calls import GROUPS, HIDDEN, listed, members, seen, select
from annexlog.collectors.entra._governance import latest_round

__all__ = ["access_review", "authentication_strength", "ca_policy"]

POLICIES = "Policy.Read.All"

MANY = 5_000
_KEYWORDS = ("All", "None", "GuestsOrExternalUsers")


def reach(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{excluded, included}: ids of the users that a policy names, themselves or by a group, groups in groups included.

    What it says by a word (`All`, `GuestsOrExternalUsers`) or by a role is not in it. Groups that it leaves out are looked
    into whole; those that it includes, up to MANY members: not to know them can only make a policy look narrower.
    """
    users = params["conditions"].get("users") or {}  # a policy of workloads has none
    excluded = _named(users, "excludeUsers").union(*(_inside(ask, group) for group in users.get("excludeGroups") or ()))
    included = _named(users, "includeUsers").union(*(_inside(ask, group, MANY) for group in users.get("includeGroups") or ()))
    yield Page({"excluded": sorted(excluded), "included": sorted(included)})


def _named(users: Mapping[str, Any], people: str) -> set[str]:
    return {id for id in users.get(people) or () if id not in _KEYWORDS}


def _inside(ask: Asks, group: str, most: int | None = None) -> set[str]:
    return {one["id"] for one in members(ask, group, most=most) or () if one["kind"] == "user"}


ca_policy = ResourceType(
    "entra.ca_policy", facet="ca_policy", id="{ca_policy.id}", per="tenant", sight=seen(POLICIES),
    # Not selected: the strength in the grant is an object of its own, which Graph might then leave out.
    listed=Call(POLICIES, "/identity/conditionalAccess/policies",
                listed("id", "displayName", "state", "conditions", "grantControls.operator", "grantControls.builtInControls", "grantControls.customAuthenticationFactors",
                       "grantControls.termsOfUse", "grantControls.authenticationStrength.id"), items="value"),
    details=[
        Detail("reach", Call(GROUPS, "/groups/{group}/transitiveMembers", {"conditions": "{ca_policy.conditions}"}, fn=reach, also=(HIDDEN,)), only="ca_policy.state == 'enabled'"),
    ],
)

authentication_strength = ResourceType(
    "entra.authentication_strength", facet="strength", id="{strength.id}", per="tenant", sight=seen(POLICIES),
    listed=Call(POLICIES, "/policies/authenticationStrengthPolicies", listed("id", "displayName", "policyType", "requirementsSatisfied", "allowedCombinations"), items="value"),
)

REVIEWS = "AccessReview.Read.All"

access_review = ResourceType(
    "entra.access_review", facet="access_review", id="{access_review.id}", per="tenant", sight=seen(REVIEWS),
    listed=Call(REVIEWS, "/identityGovernance/accessReviews/definitions", {"$top": "100", **select("id", "displayName", "status", "settings.recurrence.pattern.type", "settings.autoApplyDecisionsEnabled")}, items="value"),
    details=[
        Detail("latest", Call(REVIEWS, "/identityGovernance/accessReviews/definitions/{definition}/instances", {"definition": "{access_review.id}"}, fn=latest_round, take="round", missing=None)),
    ],
)
