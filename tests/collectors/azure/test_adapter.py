"""How Azure is asked: which subscriptions there are, what Resource Graph shows, what refusals mean."""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from annexlog.collectors import Call, Refused
from annexlog.collectors.azure import provider
from annexlog.collectors.azure._adapter import folded
from annexlog.collectors.azure._calls import GRAPH, PERMISSIONS, allows, arm, graph
from annexlog.collectors.azure._refusals import refusal
from annexlog.collectors.azure._versions import VERSIONS
from annexlog.collectors.azure.network import security_group
from annexlog.collectors.azure.sql import database, server
from annexlog.collectors.azure.storage import account
from annexlog.collectors.azure.subscription import subscription
from annexlog.collectors.rest import Answer
from annexlog.evidence_store.model import Coverage, DeclarationError, Unknown
from tests.collectors.acme import Clock
from tests.collectors.azure.conftest import Connect
from tests.providers import fault, look
from tests.wire.api import Fault, say
from tests.wire.azure import READER, SUBSCRIPTION, Azure, at, listed, row, tenant
from tests.wire.microsoft import TENANT

SCOPE = f"azure/{SUBSCRIPTION}"
OTHER = "bbbbbbbb-0000-4000-8000-000000000002"
ROOT = f"/providers/Microsoft.Management/managementGroups/{TENANT}/descendants"
DESCENDANTS = "/providers/Microsoft.Management/managementGroups/{group}/descendants"
ACCOUNT = "Microsoft.Storage/storageAccounts"
SQL = "Microsoft.Sql/servers"


# ── subscriptions ──


def test_every_subscription_below_the_root_group_is_a_scope_and_a_disabled_one_is_skipped(
    azure: Azure, connect: Connect
) -> None:
    azure.answers = tenant((SUBSCRIPTION.upper(), "Enabled"), (OTHER, "Disabled"))

    found = connect().discover()

    assert [scope.name for scope in found.scopes] == [SCOPE, f"azure/{OTHER}"]
    assert (found.skipped, found.status) == ({f"azure/{OTHER}": "the subscription is disabled"}, Coverage.COMPLETE)
    assert found.scopes[0].values == {
        "subscription": SUBSCRIPTION, "tenant": TENANT, "state": "Enabled", "display_name": "Shop",
    }  # fmt: skip


def test_a_subscription_of_the_group_that_the_caller_does_not_see_is_a_scope_all_the_same(
    azure: Azure, connect: Connect
) -> None:
    azure.answers[ROOT] = listed(SUBSCRIPTION, OTHER)

    found = connect().discover()

    assert [scope.values["state"] for scope in found.scopes] == ["Enabled", "unknown"]
    assert (found.status, dict(found.skipped)) == (Coverage.COMPLETE, {})


def test_without_the_root_group_nobody_can_say_that_all_subscriptions_are_shown(azure: Azure, connect: Connect) -> None:
    azure.faults.append(fault(ROOT, azure.refuse(403)))

    found = connect().discover()

    told = Unknown(
        "denied", DESCENDANTS, "Microsoft.Management/managementGroups/descendants/read", "AuthorizationFailed"
    )
    assert (found.status, list(found.refusals)) == (Coverage.PARTIAL, [told])
    assert [scope.name for scope in found.scopes] == [SCOPE]


def test_a_group_that_shows_less_than_the_caller_sees_is_not_believed(azure: Azure, connect: Connect) -> None:
    azure.answers[ROOT] = listed()

    found = connect().discover()

    assert (found.status, [r.reason for r in found.refusals]) == (Coverage.PARTIAL, ["incomplete"])
    assert ([scope.name for scope in found.scopes], dict(found.skipped)) == ([SCOPE], {})


def test_what_another_tenant_delegates_is_skipped(azure: Azure, connect: Connect) -> None:
    azure.answers["/subscriptions"]["value"].append(
        {"subscriptionId": OTHER, "state": "Enabled", "tenantId": "99999999-9999-4999-8999-999999999999"}
    )

    found = connect().discover()

    assert (dict(found.skipped), found.status) == ({f"azure/{OTHER}": "it is of another tenant"}, Coverage.COMPLETE)


def test_named_subscriptions_and_groups_are_all_there_is(azure: Azure, connect: Connect) -> None:
    azure.answers["/providers/Microsoft.Management/managementGroups/prod/descendants"] = listed(OTHER)

    named = connect(subscriptions=(SUBSCRIPTION.upper(),)).discover()
    grouped = connect(management_groups=("prod",)).discover()

    assert [scope.name for scope in named.scopes] == [SCOPE]
    assert [scope.name for scope in grouped.scopes] == [f"azure/{OTHER}"]
    assert (named.status, grouped.status) == (Coverage.COMPLETE, Coverage.COMPLETE)


def test_nothing_is_known_where_nobody_is_let_in(azure: Azure, connect: Connect) -> None:
    azure.faults += [fault("/subscriptions", azure.refuse(401)), fault(ROOT, azure.refuse(401))]

    found = connect().discover()

    assert (list(found.scopes), found.status) == ([], Coverage.DENIED)
    assert {r.reason for r in found.refusals} == {"unauthenticated"}


# ── Resource Graph ──


def test_an_inventory_is_read_to_its_end_and_ids_are_in_lower_case(azure: Azure, connect: Connect) -> None:
    azure.page = 2
    azure.inventory = {
        ACCOUNT: [row(ACCOUNT, f"Acme{n}", {"minimumTlsVersion": "TLS1_2", "x": "planted"}) for n in range(5)]
    }

    seen = look(connect(), account, ["account"])

    ids = [at(ACCOUNT, f"acme{n}").lower() for n in range(5)]
    assert seen.status("azure.storage.account", scope=SCOPE) == ("complete", None)
    bodies: dict[str, Any] = seen.values("azure.storage.account", scope=SCOPE)
    assert list(bodies) == ids
    assert bodies[ids[0]]["properties"] == {"minimumTlsVersion": "TLS1_2"}
    assert bodies[ids[0]]["id"] == ids[0]


def test_a_query_says_its_order_and_its_subscription(azure: Azure, connect: Connect) -> None:
    look(connect(), security_group)

    (asked,) = [request for request in azure.log if request.target.startswith(GRAPH)]
    assert b"order by id asc" in asked.body
    assert f'"subscriptions":["{SUBSCRIPTION}"]'.encode() in asked.body


@pytest.mark.parametrize(
    "grants",
    [
        [],
        [{"actions": ["Microsoft.Compute/*/read"], "notActions": []}],
        [{**READER, "notActions": ["Microsoft.Storage/*"]}],
    ],
)
def test_a_list_is_not_believed_without_a_grant_to_read_all_of_the_subscription(
    grants: list[Any], azure: Azure, connect: Connect
) -> None:
    azure.inventory = {ACCOUNT: [row(ACCOUNT, "acme")]}
    azure.grants_at = grants

    seen = look(connect(), account, ["account"])

    told = Unknown("denied", PERMISSIONS, "Microsoft.Authorization/permissions/read", "no proof of sight")
    assert seen.status("azure.storage.account", scope=SCOPE) == ("denied", told)


def test_grants_of_several_assignments_add_up(azure: Azure, connect: Connect) -> None:
    azure.grants_at = [
        {**READER, "notActions": ["Microsoft.Storage/*"]},
        {"actions": [f"{ACCOUNT}/READ"], "notActions": []},
    ]

    assert look(connect(), account, ["account"]).status("azure.storage.account", scope=SCOPE) == ("complete", None)


def test_where_reading_is_denied_to_somebody_the_list_is_not_believed(azure: Azure, connect: Connect) -> None:
    denial = {"id": "/d", "properties": {"permissions": [{"actions": ["*"], "notActions": []}]}}
    azure.answers[f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/denyAssignments"] = {
        "value": [denial]
    }

    seen = look(connect(), account, ["account"])

    told = Unknown("denied", PERMISSIONS, "Microsoft.Authorization/permissions/read", "DenyAssignment")
    assert seen.status("azure.storage.account", scope=SCOPE) == ("denied", told)


def test_a_denial_that_spares_reading_hides_nothing(azure: Azure, connect: Connect) -> None:
    denial = {"id": "/d", "properties": {"permissions": [{"actions": ["*"], "notActions": ["*/read"]}]}}
    azure.answers[f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/denyAssignments"] = {
        "value": [denial]
    }

    assert look(connect(), account, ["account"]).status("azure.storage.account", scope=SCOPE) == ("complete", None)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"totalRecords": 3, "count": 1, "resultTruncated": "true", "data": [row(ACCOUNT, "a")]}, "partial", "incomplete"),
        ({"totalRecords": 3, "count": 1, "resultTruncated": "false", "data": [row(ACCOUNT, "a")]}, "partial", "incomplete"),
        ({"totalRecords": 1, "count": 1, "resultTruncated": "true", "data": [row(ACCOUNT, "a")]}, "partial", "incomplete"),
        ({"totalRecords": 1, "resultTruncated": "false", "$skipToken": "x", "data": [row(ACCOUNT, "a")]}, "partial", "unreadable"),
        ({"count": 0, "data": []}, "failed", "unreadable"),
        ({"totalRecords": 1, "count": 1, "data": {"columns": [], "rows": []}}, "failed", "unreadable"),
    ],
)  # fmt: skip
def test_a_result_that_was_cut_is_partial(
    body: dict[str, Any], status: str, reason: str, azure: Azure, connect: Connect
) -> None:
    azure.faults.append(Fault(GRAPH, say(body)))

    found = look(connect(), account, ["account"]).status("azure.storage.account", scope=SCOPE)

    assert (found[0], found[1].reason if found[1] else None) == (status, reason)


def test_its_throttling_is_waited_for(azure: Azure, connect: Connect) -> None:
    limited = azure.refuse(429, x_ms_user_quota_resets_after="00:00:40")
    azure.faults.append(replace(fault(GRAPH, limited), times=1))
    clock = Clock()

    seen = look(connect(), account, ["account"], clock=clock)

    assert seen.status("azure.storage.account", scope=SCOPE) == ("complete", None)
    assert clock.monotonic() >= 40


def test_what_is_left_of_a_quota_is_heeded_before_anything_is_refused(azure: Azure, connect: Connect) -> None:
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/locks"
    azure.faults.append(fault(path, say({"value": []}, headers={"x-ms-ratelimit-remaining-subscription-reads": "3"})))
    azure.answers[f"/subscriptions/{SUBSCRIPTION}"] = {"subscriptionId": SUBSCRIPTION}
    clock = Clock()

    seen = look(connect(), subscription, ["locks", "about"], clock=clock)

    assert list(seen.values("azure.subscription", "locks", SCOPE).values()) == [[]]
    assert clock.monotonic() >= 1


# ── Resource Manager ──


def test_what_resource_graph_lacks_is_read_at_the_resource(azure: Azure, connect: Connect) -> None:
    azure.page = 1
    azure.inventory = {SQL: [row(SQL, "Db1", {"publicNetworkAccess": "Enabled"}, access="Enabled")]}
    rules = [{"name": n, "properties": {"startIpAddress": n, "endIpAddress": n}} for n in ("192.0.2.1", "192.0.2.2")]
    azure.answers[f"{at(SQL, 'db1')}/firewallRules"] = {"value": rules}

    seen = look(connect(), server, ["firewall_rules", "auditing"])

    id = at(SQL, "db1").lower()
    assert seen.values("azure.sql.server", "firewall_rules", SCOPE) == {id: rules}
    missing = Unknown(
        "failed", "{id}/extendedAuditingSettings/default", f"{SQL}/extendedAuditingSettings/read", "NotFound"
    )
    assert seen.values("azure.sql.server", "auditing", SCOPE) == {id: missing}


def test_an_account_without_a_lifecycle_policy_has_none(azure: Azure, connect: Connect) -> None:
    azure.inventory = {ACCOUNT: [row(ACCOUNT, "acme", access="")]}
    said = say({"error": {"code": "ManagementPolicyNotFound", "message": "none"}}, 404)
    azure.answers[f"{at(ACCOUNT, 'acme')}/managementPolicies/default"] = said

    seen = look(connect(), account, ["lifecycle", "perimeters"])

    assert list(seen.values("azure.storage.account", "lifecycle", SCOPE).values()) == [None]
    assert list(seen.values("azure.storage.account", "perimeters", SCOPE).values()) == [None]


def test_a_resource_that_went_meanwhile_has_vanished(azure: Azure, connect: Connect) -> None:
    kind = f"{SQL}/databases"
    azure.inventory = {kind: [row(kind, "db1/shop")]}
    gone = say({"error": {"code": "ResourceNotFound", "message": "gone"}}, 404)
    azure.answers[f"{at(kind, 'db1/shop')}/transparentDataEncryption/current"] = gone

    seen = look(connect(), database, ["encryption"])

    (found,) = seen.values("azure.sql.database", "encryption", SCOPE).values()
    assert isinstance(found, Unknown)
    assert (found.reason, found.code) == ("vanished", "ResourceNotFound")


def test_a_provider_that_is_not_registered_is_unsupported_not_empty(azure: Azure, connect: Connect) -> None:
    azure.answers[f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/pricings"] = azure.refuse(409)

    seen = look(connect(), subscription, ["plans"])

    (found,) = seen.values("azure.subscription", "plans", SCOPE).values()
    assert isinstance(found, Unknown)
    assert (found.reason, found.code) == ("unsupported", "MissingSubscriptionRegistration")


@pytest.mark.parametrize(
    "id", ["/subscriptions/other/x", f"/subscriptions/{SUBSCRIPTION}/../x", f"subscriptions/{SUBSCRIPTION}", "", "/x"]
)
def test_an_id_that_leads_elsewhere_is_not_asked(id: str, azure: Azure, connect: Connect) -> None:
    adapter = connect(subscriptions=(SUBSCRIPTION,))
    (scope,) = adapter.discover().scopes
    call = arm(SQL, "{id}/firewallRules", {"id": id}, items="value")

    with pytest.raises(Refused) as told:
        next(adapter.pages(call, call.params, scope))

    assert (told.value.reason, told.value.code) == ("unreadable", "BadId")


def test_a_part_of_an_id_is_quoted(azure: Azure, connect: Connect) -> None:
    adapter = connect(subscriptions=(SUBSCRIPTION,))
    (scope,) = adapter.discover().scopes
    id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/a?b#c/x"
    azure.answers[f"{id}/firewallRules"] = {"value": []}
    call = arm(SQL, "{id}/firewallRules", {"id": id}, items="value")

    page = next(adapter.pages(call, call.params, scope))

    assert page.body == {"value": []}


def test_only_ids_of_resources_are_folded_and_null_is_not_set() -> None:
    body = {
        "id": "/Subscriptions/A/Y",
        "role": "/providers/Microsoft.X/B",
        "path": "/Other/A",
        "name": ["A", {"b": None}],
    }

    kept = {"id": "/subscriptions/a/y", "role": "/providers/microsoft.x/b", "path": "/Other/A", "name": ["A", {}]}
    assert folded(body) == kept


# ── refusals ──


def answer(status: int, code: str = "", **headers: str) -> Refused:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(Answer(status, named, {"error": {"code": code}} if code else None, 1_000_000_000_000))


@pytest.mark.parametrize(
    ("refused", "reason", "code", "after"),
    [
        (answer(403, "AuthorizationFailed"), "denied", "AuthorizationFailed", 0.0),
        (answer(404, "SubscriptionNotFound"), "denied", "SubscriptionNotFound", 0.0),
        (answer(404, "ResourceNotFound"), "failed", "ResourceNotFound", 0.0),
        (answer(401, "InvalidAuthenticationToken"), "unauthenticated", "InvalidAuthenticationToken", 0.0),
        (answer(409, "MissingSubscriptionRegistration"), "unsupported", "MissingSubscriptionRegistration", 0.0),
        (answer(400, "NoRegisteredProviderFound"), "unsupported", "NoRegisteredProviderFound", 0.0),
        (
            answer(429, "SubscriptionRequestsThrottled", retry_after="17"),
            "throttled",
            "SubscriptionRequestsThrottled",
            17.0,
        ),
        (answer(429, "", x_ms_user_quota_resets_after="00:01:05"), "throttled", "429", 65.0),
        (answer(429), "throttled", "429", 1.0),
        (answer(503), "failed", "503", 0.0),
        (refusal(Answer(400, {}, {"code": "BadRequest", "message": "x"}, None)), "failed", "BadRequest", 0.0),
        (refusal(Answer(400, {}, [1], None)), "failed", "400", 0.0),
    ],
)
def test_a_refusal_is_told_apart_by_its_code(refused: Refused, reason: str, code: str, after: float) -> None:
    assert (refused.reason, refused.code, refused.after) == (reason, code, after)


def test_a_4xx_is_not_asked_again() -> None:
    assert (answer(404, "ResourceNotFound").again, answer(500).again) == (False, None)


# ── the provider ──


@pytest.mark.parametrize(
    ("pattern", "action", "allowed"),
    [
        ("*", "Microsoft.X/y/read", True),
        ("*/read", "Microsoft.X/y/z/read", True),
        ("*/read", "Microsoft.X/y/listKeys/action", False),
        ("microsoft.x/*/READ", "Microsoft.X/y/read", True),
        ("Microsoft.X/y/rea", "Microsoft.X/y/read", False),
    ],
)
def test_an_action_s_star_is_any_text_and_case_means_nothing(pattern: str, action: str, *, allowed: bool) -> None:
    assert allows({"actions": [pattern]}, action) is allowed


def test_the_role_holds_what_the_calls_need_and_nothing_else() -> None:
    role = provider.policy([graph(ACCOUNT)])

    assert f'"{ACCOUNT}/read"' in role
    assert '"DataActions": []' in role
    assert role.count("/read") == 7


@pytest.mark.parametrize("permission", ["Microsoft.Storage/storageAccounts/listKeys/action", "*/read", "read", ""])
def test_an_action_that_is_no_read_is_refused(permission: str) -> None:
    with pytest.raises(DeclarationError):
        provider.policy([Call(permission, "/x")])


def test_every_pinned_version_is_a_date() -> None:
    dated = [v for v in VERSIONS.values() if len(v.removesuffix("-preview")) == len("2024-01-01")]

    assert len(dated) == len(VERSIONS)
