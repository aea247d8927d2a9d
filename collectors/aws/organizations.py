"""AWS Organizations: the organization, its accounts and where they hang, and the policies that bind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType

__all__ = ["account", "organization", "resource_control_policy", "service_control_policy"]

Ask = Callable[[str, Mapping[str, Any]], Page]


def ancestry(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """Where each account hangs: `{"Rows": [{Id, Ancestors, PolicyTypes}]}`.

    `Ancestors`: the ids of all that a policy may be attached to and bind the account: itself, its units, the root.
    `PolicyTypes`: those that are enabled at its root; a policy of another type binds nobody.
    """
    rows = []
    for root in _all(ask, "list_roots", params, "Roots"):
        enabled = sorted(row["Type"] for row in root["PolicyTypes"] if row["Status"] == "ENABLED")
        todo: list[tuple[str, ...]] = [(root["Id"],)]
        while todo:
            above = todo.pop()
            under = {"ParentId": above[0]}
            todo += [(u["Id"], *above) for u in _all(ask, "list_organizational_units_for_parent", under, "OrganizationalUnits")]
            for row in _all(ask, "list_accounts_for_parent", under, "Accounts"):
                rows += [{"Id": row["Id"], "Ancestors": [row["Id"], *above], "PolicyTypes": enabled}]
    yield Page({"Rows": rows})


def _all(ask: Ask, operation: str, params: Mapping[str, Any], member: str) -> Iterator[Mapping[str, Any]]:
    """Every item; an empty page may still be followed by another."""
    token: dict[str, Any] = {}
    while True:
        body = ask(operation, {**params, **token}).body
        yield from body[member]
        if not body.get("NextToken"):
            return
        if token == (token := {"NextToken": body["NextToken"]}):
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")


organization = ResourceType(
    "aws.organization", facet="organization", id="{organization}", listed=None, per="organization",
    details=[
        # Without trusted access for IAM, or without all features, no root credentials can be managed centrally.
        Detail("root_features", Call("iam:ListOrganizationsFeatures", "list_organizations_features", take="EnabledFeatures",
               absent=("ServiceAccessNotEnabledException", "OrganizationNotInAllFeaturesModeException"))),
    ],
    sets=("root_features",),
)

account = ResourceType(
    "aws.organizations.account", facet="account", id="{account.Id}", per="organization", opens="aws/{id}",
    listed=Call("organizations:ListAccounts", "list_accounts", items="Accounts"),
    details=[
        Detail("ancestry", Call("organizations:ListRoots", "list_roots", items="Rows", fn=ancestry,
               also=("organizations:ListOrganizationalUnitsForParent", "organizations:ListAccountsForParent")),
               key="Id", match="{account.Id}"),
        Detail("tagging", Call("organizations:ListTagsForResource", "list_tags_for_resource", {"ResourceId": "{account.Id}"}, items="Tags")),
    ],
    tags="tagging", sets=("tagging",),
)


def _policies(name: str, facet: str, kind: str) -> ResourceType:
    named = {"PolicyId": f"{{{facet}.Id}}"}
    return ResourceType(
        name, facet=facet, id=f"{{{facet}.Id}}", per="organization", gone=("PolicyNotFoundException",),
        listed=Call("organizations:ListPolicies", "list_policies", {"Filter": kind}, items="Policies"),
        details=[
            Detail("content", Call("organizations:DescribePolicy", "describe_policy", named, take="Policy.Content", decode={"": "json"})),
            Detail("targets", Call("organizations:ListTargetsForPolicy", "list_targets_for_policy", named, items="Targets")),
        ],
        sets=("targets",),
    )


service_control_policy = _policies("aws.organizations.service_control_policy", "policy", "SERVICE_CONTROL_POLICY")
resource_control_policy = _policies("aws.organizations.resource_control_policy", "policy", "RESOURCE_CONTROL_POLICY")
