"""The adapter: who asks, how lists go on, that all of them is seen, and what Okta's refusals mean."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from annexlog.collectors import Call, Refused
from annexlog.collectors.clock import HOST
from annexlog.collectors.okta import provider
from annexlog.collectors.okta._refusals import refusal
from annexlog.collectors.okta.access import api_token, app, user
from annexlog.collectors.okta.org import log_stream, org
from annexlog.collectors.options import Reach
from annexlog.collectors.rest import Answer, Fixed, Session
from annexlog.evidence_store.model import ConfigError, DeclarationError, Unknown
from tests.collectors.acme import Clock
from tests.collectors.okta.conftest import Connect
from tests.providers import fault, look
from tests.wire.okta import CLIENT, Okta, role
from tests.wire.okta import user as account

SIGHT = "/oauth2/v1/clients/{client}/roles"


def scope(okta: Okta) -> str:
    return f"okta/127.0.0.1-{okta.url.rpartition(':')[2]}"


# ── who asks ──


def test_an_api_token_goes_with_each_request(okta: Okta, connect: Connect) -> None:
    look(connect(), log_stream)

    assert {request.headers["authorization"] for request in okta.log} == {"SSWS s3cret-token"}


def test_a_service_app_gets_a_token_for_each_scope_and_none_for_more(okta: Okta, connect: Connect) -> None:
    okta.granted = {"okta.logStreams.read", "okta.roles.read", "okta.users.read"}

    seen = look(connect(app=True), log_stream)

    assert seen.status("okta.log_stream", scope=scope(okta)) == ("complete", None)
    assert sorted(okta.tokens.values()) == ["okta.logStreams.read", "okta.roles.read"]
    assert "/api/v1/users/me" not in okta.asked


def test_a_scope_that_was_not_granted_costs_what_needs_it_and_nothing_else(okta: Okta, connect: Connect) -> None:
    okta.granted = {"okta.roles.read", "okta.apps.read"}

    seen = look(connect(app=True), app)

    told = Unknown("denied", "/api/v1/policies/{policy}/rules", "okta.policies.read", "invalid_scope")
    assert seen.status("okta.app", scope=scope(okta)) == ("complete", None)
    assert seen.values("okta.app", "access_rules", scope(okta))["a2"] == told


def test_a_key_that_okta_does_not_know_is_unauthenticated(okta: Okta, connect: Connect) -> None:
    okta.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    seen = look(connect(app=True), log_stream)

    told = Unknown("unauthenticated", SIGHT, "okta.roles.read", "invalid_client")
    assert seen.status("okta.log_stream", scope=scope(okta))[1] == told


def test_a_token_that_is_revoked_meanwhile_is_replaced(okta: Okta, connect: Connect) -> None:
    okta.granted = {"okta.logStreams.read"}
    clock = Clock(HOST.now())
    session = connect(app=True, clock=clock).access.session("okta.logStreams.read")
    session.get("/api/v1/logStreams")
    okta.tokens["bearer0"] = okta.tokens.pop("bearer0") and "revoked"
    okta.tokens = {"other": "x"}
    clock.sleep(60)

    answer = session.get("/api/v1/logStreams")

    assert (answer.status, sorted(okta.tokens)) == (200, ["bearer1", "other"])


@pytest.mark.parametrize(
    "options",
    [{"token_file": ""}, {"client_id": "x"}, {"url": "https://acme-admin.okta.com"}, {"url": "http://acme.okta.com"}],
)
def test_a_target_that_does_not_say_who_asks_whom_is_refused(options: dict[str, object], connect: Connect) -> None:
    with pytest.raises(ConfigError):
        connect(**options)


@pytest.mark.parametrize("tokens", [1, 2])
def test_an_app_that_must_prove_possession_does_so_with_every_request(
    okta: Okta, connect: Connect, tokens: int
) -> None:
    okta.possession, okta.granted = True, {"okta.logStreams.read", "okta.users.read"}
    access = connect(app=True).access
    scopes = ["okta.logStreams.read", "okta.users.read"][:tokens]

    found = [access.session(scope).get("/api/v1/logStreams", {"limit": 1}).status for scope in scopes]

    assert found == [200] * tokens
    assert {r.headers["authorization"].partition(" ")[0] for r in okta.log if r.method == "GET"} == {"DPoP"}
    assert okta.asked.count("/oauth2/v1/token") == 2 + tokens  # without a proof, without the nonce, and each as wanted


def test_a_stolen_token_is_of_no_use_without_the_key(okta: Okta, connect: Connect) -> None:
    okta.possession, okta.granted = True, {"okta.logStreams.read"}
    connect(app=True).access.session("okta.logStreams.read").get("/api/v1/logStreams")
    (token,) = okta.bound
    okta.valid = set()
    thief = Session(okta.url, Fixed({"Authorization": f"DPoP {token}"}), "x", reach=Reach(ca_file=okta.ca_file))

    with pytest.raises(Refused, match="unauthenticated"):
        thief.get("/api/v1/logStreams")


# ── what is seen ──


def test_users_are_asked_for_in_every_state_and_kept_without_names(okta: Okta, connect: Connect) -> None:
    seen = look(connect(), user)

    bodies: dict[str, Any] = seen.values("okta.user", scope=scope(okta))
    members = {"id", "status", "created", "activated", "lastLogin", "statusChanged", "profile"}
    assert {id: set(body) for id, body in bodies.items()} == dict.fromkeys(("u1", "u2", "u3"), members)
    assert {(name, *value) for body in bodies.values() for name, value in body["profile"].items()} == {
        ("login", "commitment"), ("email", "commitment"),
    }  # fmt: skip
    (request,) = [r for r in okta.log if r.target.startswith("/api/v1/users?")]
    assert "DEPROVISIONED" in request.target


def test_a_users_roles_are_his_own_and_those_of_his_groups(okta: Okta, connect: Connect) -> None:
    okta.answers["/api/v1/groups/g1/users"] = [account("u1"), account("u3")]

    seen = look(connect(), user, ["roles"])

    roles: dict[str, Any] = seen.values("okta.user", "roles", scope=scope(okta))
    assert {id: value["roles"] for id, value in roles.items()} == {
        "u1": ["SUPER_ADMIN"], "u2": ["READ_ONLY_ADMIN"], "u3": ["SUPER_ADMIN"],
    }  # fmt: skip


def test_roles_of_the_organizations_own_are_told_apart(okta: Okta, connect: Connect) -> None:
    own = [{**role("CUSTOM"), "role": id, "resource-set": "iam1"} for id in ("cr1", "cr2")]
    okta.answers["/api/v1/users/u2/roles"] = [role("READ_ONLY_ADMIN"), *own]

    seen = look(connect(), user, ["roles"])

    roles: dict[str, Any] = seen.values("okta.user", "roles", scope=scope(okta))
    assert roles["u2"]["roles"] == ["CUSTOM:cr1", "CUSTOM:cr2", "READ_ONLY_ADMIN"]


def test_pages_are_followed_by_links_to_the_end(okta: Okta, connect: Connect) -> None:
    okta.page = 2
    okta.answers["/api/v1/users"] = [account(f"u{n}") for n in range(5)]

    seen = look(connect(), user)

    assert list(seen.values("okta.user", scope=scope(okta))) == ["u0", "u1", "u2", "u3", "u4"]
    assert okta.asked.count("/api/v1/users") == 3


def test_assignments_are_followed_by_the_bodys_own_link(okta: Okta, connect: Connect) -> None:
    more = f"{okta.url}/api/v1/iam/assignees/users?after=x"
    okta.answers["/api/v1/iam/assignees/users"] = {"value": [{"id": "u2"}], "_links": {"next": {"href": more}}}
    okta.answers["/api/v1/iam/assignees/users?after=x"] = {"value": [{"id": "u1"}], "_links": {}}

    seen = look(connect(), org, ["super_admins"])

    (found,) = seen.values("okta.org", "super_admins", scope(okta)).values()
    assert found == {"users": ["u1"], "groups": [{"id": "g1", "name": "Admins", "members": ["u1"]}], "apps": []}


@pytest.mark.parametrize("roles", [[], [role("GROUP_MEMBERSHIP_ADMIN")], [role("SUPER_ADMIN", "INACTIVE")]])
def test_without_a_role_that_sees_everything_no_list_is_believed(
    roles: list[object], okta: Okta, connect: Connect
) -> None:
    okta.answers["/api/v1/users/u1/roles"] = roles

    seen = look(connect(), user)

    told = Unknown("denied", SIGHT, "okta.roles.read", "no proof of sight")
    assert seen.status("okta.user", scope=scope(okta)) == ("denied", told)


def test_a_service_app_is_asked_for_its_own_roles(okta: Okta, connect: Connect) -> None:
    okta.granted = {"okta.roles.read", "okta.logStreams.read"}
    okta.answers[f"/oauth2/v1/clients/{CLIENT}/roles"] = []

    seen = look(connect(app=True), log_stream)

    assert seen.status("okta.log_stream", scope=scope(okta))[0] == "denied"


def test_an_app_without_an_access_policy_has_none_and_on_classic_nobody_can_say(okta: Okta, connect: Connect) -> None:
    for one in okta.answers["/api/v1/apps"]:
        one["_links"] = {}
    now = look(connect(), app).values("okta.app", "access_rules", scope(okta))["a2"]
    okta.answers["/.well-known/okta-organization"]["pipeline"] = "v1"

    classic = look(connect(), app).values("okta.app", "access_rules", scope(okta))["a2"]

    operation = "/api/v1/policies/{policy}/rules"
    assert (now, classic) == (None, Unknown("unsupported", operation, "okta.policies.read", "ClassicEngine"))


def test_where_no_super_administrator_is_shown_it_is_denied(okta: Okta, connect: Connect) -> None:
    okta.answers["/api/v1/iam/assignees/users"] = {"value": [], "_links": {}}
    okta.answers["/api/v1/groups"] = []

    seen = look(connect(), org, ["super_admins"])

    told = Unknown("denied", "/api/v1/iam/assignees/users", "okta.roles.read", "NotShown")
    assert list(seen.values("okta.org", "super_admins", scope(okta)).values()) == [told]


def test_roles_that_a_tokens_owner_has_by_a_group_count(okta: Okta, connect: Connect) -> None:
    okta.answers["/api/v1/groups/g2/roles"] = [role("SUPER_ADMIN")]

    seen = look(connect(), api_token)

    assert seen.values("okta.api_token", "owner", scope(okta)) == {"t1": {"roles": ["READ_ONLY_ADMIN", "SUPER_ADMIN"]}}


# ── refusals ──


def answer(status: int, body: object = None, **headers: str) -> Refused:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(Answer(status, named, body, 1_000_000_000_000))


@pytest.mark.parametrize(
    ("refused", "reason", "code", "after"),
    [
        (answer(429, {"errorCode": "E0000047"}, x_rate_limit_reset="1000000030"), "throttled", "E0000047", 30.0),
        (answer(429, {"errorCode": "E0000047"}, x_rate_limit_reset="999999999"), "throttled", "E0000047", 1.0),
        (answer(429, None, retry_after="9"), "throttled", "429", 9.0),
        (answer(403, {"errorCode": "E0000006"}), "denied", "E0000006", 0.0),
        (answer(403, {"errorCode": "E0000015"}), "unsupported", "E0000015", 0.0),
        (answer(401, {"errorCode": "E0000011"}), "unauthenticated", "E0000011", 0.0),
        (answer(404, {"errorCode": "E0000007"}), "denied", "E0000007", 0.0),
        (answer(400, {"error": "invalid_scope"}), "denied", "invalid_scope", 0.0),
        (answer(400, {"error": "invalid_dpop_proof"}), "unsupported", "invalid_dpop_proof", 0.0),
        (answer(400, {"errorCode": "E0000001"}), "failed", "E0000001", 0.0),
        (answer(500, [1]), "failed", "500", 0.0),
    ],
)
def test_a_refusal_is_told_apart_by_its_code(refused: Refused, reason: str, code: str, after: float) -> None:
    assert (refused.reason, refused.code, refused.after) == (reason, code, after)


def test_the_end_of_a_rate_limit_is_waited_for(okta: Okta, connect: Connect) -> None:
    limited = okta.refuse(429, x_rate_limit_remaining="0", x_rate_limit_reset=str(int(time.time()) + 40))
    okta.faults.append(replace(fault("/api/v1/logStreams", limited), times=1))
    clock = Clock()

    seen = look(connect(), log_stream, clock=clock)

    assert seen.status("okta.log_stream", scope=scope(okta)) == ("complete", None)
    assert clock.monotonic() >= 35


# ── the provider ──


def test_the_scopes_are_those_that_the_calls_need() -> None:
    calls = [Call("okta.users.read", "/x"), Call("okta.roles.read", "/y", also=("okta.groups.read",))]

    assert provider.policy(calls) == (
        '{\n  "role": "READ_ONLY_ADMIN",\n  "scopes": [\n    "okta.groups.read",\n    "okta.roles.read",\n'
        '    "okta.users.read"\n  ]\n}'
    )


@pytest.mark.parametrize("permission", ["okta.users.manage", "users.read", ""])
def test_a_scope_that_is_no_read_is_refused(permission: str) -> None:
    with pytest.raises(DeclarationError):
        provider.policy([Call(permission, "/x")])
