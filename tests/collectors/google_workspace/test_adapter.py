"""The adapter: in whose name it asks, one token for each scope, that all users are seen, and what refusals mean."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from annexlog.collectors import Call, Refused
from annexlog.collectors.google_workspace import provider
from annexlog.collectors.google_workspace._calls import ALERTS, DEVICES, MEMBERS, POLICIES, ROLES, UNITS, USERS
from annexlog.collectors.google_workspace._refusals import refusal
from annexlog.collectors.google_workspace.alerts import alert
from annexlog.collectors.google_workspace.devices import device
from annexlog.collectors.google_workspace.directory import customer, user
from annexlog.collectors.rest import Answer
from annexlog.evidence_store.model import ConfigError, DeclarationError, Unknown
from tests.collectors.acme import Clock
from tests.collectors.google_workspace.conftest import Connect
from tests.providers import fault, look
from tests.wire.google_workspace import CARDS, CUSTOMER, ROOT, SUBJECT, D, Workspace, policies, policy
from tests.wire.google_workspace import user as account

HERE = f"google_workspace/{CUSTOMER}"
SEEN_BY = f"{D}/users/{{user}}"


# ── who asks ──


def test_each_scope_has_a_token_of_its_own_and_only_those_that_are_needed(
    workspace: Workspace, connect: Connect
) -> None:
    seen = look(connect(), user)

    assert seen.status("google_workspace.user", scope=HERE) == ("complete", None)
    assert sorted(workspace.tokens.values()) == [MEMBERS, ROLES, USERS]


def test_a_scope_that_was_not_delegated_costs_what_needs_it_and_nothing_else(
    workspace: Workspace, connect: Connect
) -> None:
    workspace.delegated.remove(ALERTS)

    alerts, users = look(connect(), alert), look(connect(), user)

    told = Unknown("denied", "/v1beta1/alerts", ALERTS, "unauthorized_client")
    assert alerts.status("google_workspace.alert", scope=HERE) == ("denied", told)
    assert users.status("google_workspace.user", scope=HERE) == ("complete", None)


def test_a_key_that_google_does_not_know_is_unauthenticated(workspace: Workspace, connect: Connect) -> None:
    workspace.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    seen = look(connect(), alert)

    told = Unknown("unauthenticated", "/v1beta1/alerts", ALERTS, "invalid_grant")
    assert seen.status("google_workspace.alert", scope=HERE) == ("denied", told)


def test_a_token_that_runs_out_is_fetched_again_before_it_does(workspace: Workspace, connect: Connect) -> None:
    clock = Clock()
    session = connect(clock=clock).access.session(workspace.url, ALERTS)
    session.get("/v1beta1/alerts")
    clock.sleep(3500)

    session.get("/v1beta1/alerts")

    assert len(workspace.tokens) == 2


@pytest.mark.parametrize("content", ["", "{}", '{"client_email": "a", "private_key": "b", "token_uri": "https://x"}'])
def test_a_file_that_is_no_key_is_refused_and_never_quoted(content: str, connect: Connect, tmp_path: Any) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)

    with pytest.raises(ConfigError) as refused:
        connect(key_file=str(file))

    assert "client_email" not in str(refused.value)


# ── what is seen ──


def test_lists_are_read_to_their_end_and_one_that_is_left_out_is_empty(workspace: Workspace, connect: Connect) -> None:
    workspace.page = 2
    workspace.answers[f"{D}/users"] = {"kind": "x", "users": [account(str(n)) for n in range(5)]}
    workspace.answers["/v1beta1/alerts"] = {"alerts": []}

    users, alerts = look(connect(), user), look(connect(), alert)

    assert list(users.values("google_workspace.user", scope=HERE)) == ["0", "1", "2", "3", "4"]
    assert alerts.status("google_workspace.alert", scope=HERE) == ("complete", None)
    assert alerts.values("google_workspace.alert", scope=HERE) == {}


def test_roles_are_told_by_name_also_those_by_a_group_and_keys_as_commitments_only(
    workspace: Workspace, connect: Connect
) -> None:
    seen = look(connect(), user, ["roles"])

    nobody: dict[str, object] = {"roles": []}
    found: Any = seen.values("google_workspace.user", scope=HERE)
    assert seen.values("google_workspace.user", "roles", HERE) == {
        "1": {"user": "1", "roles": ["_SEED_ADMIN_ROLE"]},
        "2": {"user": "2", "roles": ["_SEED_ADMIN_ROLE"]},
        "3": nobody,
        "4": nobody,
        "9": {"user": "9", "roles": ["Auditors"]},
    }
    assert {
        (set(one["primaryEmail"]) >= {"commitment"}, type(one["externalIds"][0]["value"])) for one in found.values()
    } == {(True, dict)}


def test_super_administrators_by_a_group_are_found(workspace: Workspace, connect: Connect) -> None:
    workspace.answers[f"{D}/groups/g1/members"]["members"].append({"id": "7", "type": "USER"})

    seen = look(connect(), customer, ["super_admins"])

    found = seen.values("google_workspace.customer", "super_admins", HERE)
    assert found == {CUSTOMER: {"users": ["1", "2", "7"], "groups": ["g1"]}}


def test_a_group_of_administrators_that_everyone_is_in_does_not_count_as_one_of_nobody(
    workspace: Workspace, connect: Connect
) -> None:
    workspace.answers[f"{D}/groups/g1/members"]["members"].append({"id": CUSTOMER, "type": "CUSTOMER"})

    seen = look(connect(), customer, ["super_admins"])

    _, found = seen.status("google_workspace.customer", "super_admins", HERE)
    assert isinstance(found, Unknown)
    assert (found.reason, found.code) == ("unsupported", "Everyone")


@pytest.mark.parametrize(
    "assigned",
    [
        [],
        [{"roleId": "11", "scopeType": "ORG_UNIT", "orgUnitId": "x"}],
        [{"roleId": "12", "scopeType": "CUSTOMER"}],
    ],
)
def test_without_a_role_over_all_users_no_list_of_them_is_believed(
    assigned: list[object], workspace: Workspace, connect: Connect
) -> None:
    workspace.answers[f"{D}/customer/{CUSTOMER}/roleassignments?userKey={SUBJECT}"] = {"items": assigned}

    seen = look(connect(), user)

    told = Unknown("denied", SEEN_BY, USERS, "no proof of sight")
    assert seen.status("google_workspace.user", scope=HERE) == ("denied", told)


def test_a_super_administrator_sees_all_users(workspace: Workspace, connect: Connect) -> None:
    workspace.answers[f"{D}/users/{SUBJECT}"]["isAdmin"] = True
    workspace.delegated.remove(ROLES)

    assert look(connect(), user).status("google_workspace.user", scope=HERE) == ("complete", None)


@pytest.mark.parametrize(
    "assigned",
    [[], [{"roleId": "11", "scopeType": "CUSTOMER"}, {"roleId": "12", "scopeType": "ORG_UNIT", "orgUnitId": "x"}]],
)
def test_an_administrator_of_one_unit_does_not_prove_that_he_sees_all_devices(
    assigned: list[object], workspace: Workspace, connect: Connect
) -> None:
    workspace.answers[f"{D}/customer/{CUSTOMER}/roleassignments?userKey={SUBJECT}"] = {"items": assigned}

    seen = look(connect(), device)

    told = Unknown("denied", SEEN_BY, USERS, "no proof of sight")
    assert seen.status("google_workspace.device", scope=HERE) == ("denied", told)


def test_devices_are_told_with_the_accounts_on_them_and_whose_they_are_is_not(
    workspace: Workspace, connect: Connect
) -> None:
    workspace.page = 1
    other = {"name": "devices/d1/deviceUsers/u2", "userEmail": "x@acme.example", "managementState": "WIPED"}
    workspace.answers["/v1/devices/-/deviceUsers"]["deviceUsers"].append(other)

    seen = look(connect(), device)

    first = {"state": "APPROVED", "password": "PASSWORD_SET", "compromised": "NOT_COMPROMISED"}
    gone = {"state": "WIPED", "password": None, "compromised": None}
    told = {"device": "devices/d1", "users": [first, gone]}
    assert seen.values("google_workspace.device", "uses", HERE) == {"devices/d1": told}
    (listing,) = (r.target for r in workspace.log if r.target.startswith("/v1/devices?"))
    assert listing == "/v1/devices?customer=customers/my_customer&pageSize=100&view=USER_ASSIGNED_DEVICES"


def test_a_device_whose_accounts_are_not_told_is_unknown(workspace: Workspace, connect: Connect) -> None:
    workspace.answers["/v1/devices/-/deviceUsers"] = {"deviceUsers": []}

    (found,) = look(connect(), device).values("google_workspace.device", "uses", HERE).values()

    assert isinstance(found, Unknown)
    assert found.reason == "unlisted"


@pytest.mark.parametrize(
    ("condition", "query", "told"),
    [
        (CARDS, ROOT, ({"CREDIT_CARD_NUMBER": 1}, True, False)),
        (f"{CARDS.replace('count: 1', 'count: 500')} || {CARDS}", ROOT, ({"CREDIT_CARD_NUMBER": 1}, True, False)),
        # So many different ones are as many.
        (CARDS.replace("unique_match_count: 1", "unique_match_count: 9"), ROOT,
         ({"CREDIT_CARD_NUMBER": 9}, True, False)),
        (CARDS, ROOT.replace("org_unit, org_unit.", "orgUnit, orgUnit."), ({"CREDIT_CARD_NUMBER": 1}, True, False)),
        (f"{CARDS} && all_content.contains('x')", ROOT, ({}, False, False)),
        (f"{CARDS} || all_content.contains('x')", ROOT, ({"CREDIT_CARD_NUMBER": 1}, False, False)),
        (f"!{CARDS}", ROOT, ({}, False, False)),
        ("", ROOT, ({}, False, False)),
        (CARDS, f"{ROOT} && !entity.groups.exists(g, g.group_id == groupId('g'))",
         ({"CREDIT_CARD_NUMBER": 1}, True, True)),
    ],
)  # fmt: skip
def test_of_a_rule_only_what_it_finds_is_kept_and_whether_anything_is_taken_out(
    condition: str, query: str, told: Any, workspace: Workspace, connect: Connect
) -> None:
    value = {"state": "ACTIVE", "triggers": [], "condition": {"contentCondition": condition}}
    workspace.answers[policies(r"rule\.dlp")] = {"policies": [policy("c", value, "rule.dlp", query)]}

    seen: Any = look(connect(), customer, ["loss_rules"]).values("google_workspace.customer", "loss_rules", HERE)

    (found,) = seen[CUSTOMER]["policies"]
    assert (found["rule"]["matches"], found["rule"]["plain"], found["policyQuery"]["narrowed"]) == told


# ── refusals ──


def answer(status: int, body: object = None, **headers: str) -> Refused:
    return refusal(Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, None))


def error(**told: object) -> dict[str, object]:
    return {"error": {"message": "m", **told}}


@pytest.mark.parametrize(
    ("refused", "reason", "code"),
    [
        (answer(403, error(errors=[{"reason": "userRateLimitExceeded"}])), "throttled", "userRateLimitExceeded"),
        (answer(403, error(errors=[{"reason": "accessNotConfigured"}])), "unsupported", "accessNotConfigured"),
        (
            answer(403, error(status="PERMISSION_DENIED", details=[{"reason": "SERVICE_DISABLED"}])),
            "unsupported",
            "SERVICE_DISABLED",
        ),
        (answer(403, error(errors=[{"reason": "forbidden"}])), "denied", "forbidden"),
        (answer(401, {"error": "unauthorized_client"}), "denied", "unauthorized_client"),
        (answer(400, {"error": "invalid_grant"}), "unauthenticated", "invalid_grant"),
        (answer(401, error(status="UNAUTHENTICATED")), "unauthenticated", "UNAUTHENTICATED"),
        (answer(404, error(errors=[{"reason": "notFound"}])), "denied", "notFound"),
        (answer(429, None), "throttled", "429"),
        (answer(503, [1]), "failed", "503"),
        (answer(400, error(details="x", errors=[1])), "failed", "400"),
    ],
)
def test_a_refusal_is_told_apart_by_its_reason(refused: Refused, reason: str, code: str) -> None:
    assert (refused.reason, refused.code) == (reason, code)


def test_when_google_asks_to_wait_it_is_waited_for(workspace: Workspace, connect: Connect) -> None:
    limited = fault("/v1beta1/alerts", workspace.refuse(429, **{"Retry-After": "40"}))
    limited.times = 1
    workspace.faults.append(limited)
    clock = Clock()

    seen = look(connect(), alert, clock=clock)

    assert seen.status("google_workspace.alert", scope=HERE) == ("complete", None)
    assert clock.monotonic() >= 40


# ── the provider ──


def test_the_scopes_are_those_that_the_calls_need_and_what_could_write_is_named() -> None:
    calls = [Call(USERS, "/x", also=(ROLES,)), Call(ALERTS, "/y")]

    assert provider.policy(calls) == (
        '{\n  "scopes": [\n    "https://www.googleapis.com/auth/admin.directory.rolemanagement.readonly",\n'
        '    "https://www.googleapis.com/auth/admin.directory.user.readonly",\n'
        '    "https://www.googleapis.com/auth/apps.alerts"\n  ],\n'
        '  "without_read_only": [\n    "https://www.googleapis.com/auth/apps.alerts"\n  ]\n}'
    )
    assert all(scope.endswith(".readonly") for scope in (USERS, ROLES, MEMBERS, UNITS, POLICIES, DEVICES))


@pytest.mark.parametrize(
    "permission", ["https://www.googleapis.com/auth/admin.directory.user", "admin.directory.user.readonly", ""]
)
def test_a_scope_that_is_no_read_is_refused(permission: str) -> None:
    with pytest.raises(DeclarationError):
        provider.policy([Call(permission, "/x")])
