"""Keycloak as the engine sees it: who asks, pages, what is left out for want of a role, and what is kept."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from annexlog.collectors import Call, Refused
from annexlog.collectors.keycloak import provider
from annexlog.collectors.keycloak._refusals import refusal
from annexlog.collectors.keycloak.access import client, user
from annexlog.collectors.keycloak.realm import identity_provider, realm
from annexlog.collectors.rest import Answer
from annexlog.evidence_store.model import ConfigError, Coverage, DeclarationError, Unknown
from tests.collectors.acme import Clock
from tests.collectors.keycloak.conftest import Connect
from tests.providers import look
from tests.wire.jwt import pem
from tests.wire.keycloak import REALM, Keycloak, role, settings
from tests.wire.keycloak import user as account

ROLES = "access_token:roles"


def scope(keycloak: Keycloak, name: str = "shop") -> str:
    return f"keycloak/127.0.0.1-{keycloak.url.rpartition(':')[2]}:{name}"


# ── who asks ──


def test_the_clients_token_goes_with_each_request(keycloak: Keycloak, connect: Connect) -> None:
    look(connect(), realm, ["configuration"])

    (request,) = [request for request in keycloak.log if request.target == REALM]
    assert request.headers["authorization"] == f"Bearer {keycloak.tokens[0]}"


def test_a_token_is_renewed_before_it_runs_out(keycloak: Keycloak, connect: Connect) -> None:
    clock = Clock()
    session = connect(clock=clock).access.session
    session.get(REALM)
    clock.sleep(29)
    session.get(REALM)
    clock.sleep(2)

    session.get(REALM)

    assert len(keycloak.tokens) == 2


def test_a_client_can_sign_instead_of_telling_a_secret(
    keycloak: Keycloak, connect: Connect, key: rsa.RSAPrivateKey, tmp_path: Any
) -> None:
    (tmp_path / "key.pem").write_text(pem(key))
    keycloak.key = key

    seen = look(connect(client_secret_file="", private_key_file=str(tmp_path / "key.pem")), realm, ["configuration"])

    assert seen.status("keycloak.realm", scope=scope(keycloak)) == ("complete", None)


def test_a_secret_that_is_not_the_clients_is_unauthenticated(
    keycloak: Keycloak, connect: Connect, tmp_path: Any
) -> None:
    (tmp_path / "other").write_text("wrong")

    seen = look(connect(client_secret_file=str(tmp_path / "other")), user)

    told = Unknown("unauthenticated", ROLES, "view-users", "unauthorized_client")
    assert seen.status("keycloak.user", scope=scope(keycloak))[1] == told


@pytest.mark.parametrize(
    "options", [{"client_secret_file": ""}, {"private_key_file": "key.pem"}, {"url": "http://sso.example.com"}]
)
def test_a_target_that_does_not_say_who_asks_whom_is_refused(options: dict[str, object], connect: Connect) -> None:
    with pytest.raises(ConfigError):
        connect(**options)


# ── which realms ──


def test_a_client_of_a_realm_looks_at_that_one(keycloak: Keycloak, connect: Connect) -> None:
    found = connect().discover()

    assert [one.name for one in found.scopes] == [scope(keycloak)]
    assert keycloak.log == []


@pytest.mark.parametrize(
    ("realm_roles", "status", "codes"),
    [(("admin",), Coverage.COMPLETE, []), (("create-realm",), Coverage.PARTIAL, ["no proof of sight"])],
)
def test_what_a_client_of_master_is_shown_is_all_there_is_only_to_an_admin(
    realm_roles: tuple[str, ...], status: Coverage, codes: list[str], keycloak: Keycloak, connect: Connect
) -> None:
    keycloak.realm, keycloak.realm_roles = "master", realm_roles

    found = connect(realm="master").discover()

    assert [one.values["realm"] for one in found.scopes] == ["master", "shop"]
    assert (found.status, [refused.code for refused in found.refusals]) == (status, codes)


def test_realms_that_are_named_are_looked_at_whether_they_are_shown_or_not(
    keycloak: Keycloak, connect: Connect
) -> None:
    keycloak.realm = "master"

    seen = look(connect(realm="master", realms=["shop", "other"]), realm, ["configuration"])

    assert seen.values("keycloak.realm", "configuration", scope(keycloak, "other")) == {
        "other": Unknown("denied", "/admin/realms/{realm}", "view-realm", "404")
    }
    assert seen.status("keycloak.realm", "configuration", scope(keycloak))[0] == "complete"


# ── what is seen ──


def test_users_are_read_to_the_end_and_kept_without_names(keycloak: Keycloak, connect: Connect) -> None:
    keycloak.answers[f"{REALM}/users"] = [account(f"u{n}") for n in range(250)]
    keycloak.answers[f"{REALM}/users/count"] = 250

    seen = look(connect(), user)

    bodies: dict[str, Any] = seen.values("keycloak.user", scope=scope(keycloak))
    assert (len(bodies), seen.status("keycloak.user", scope=scope(keycloak))) == (250, ("complete", None))
    assert set(bodies["u7"]) == {"id", "enabled", "createdTimestamp", "totp", "requiredActions", "email", "username"}
    assert set(bodies["u7"]["email"]) == set(bodies["u7"]["username"]) == {"commitment"}
    assert keycloak.asked.count(f"{REALM}/users") == 3


def test_fewer_users_than_keycloak_counts_are_not_all(keycloak: Keycloak, connect: Connect) -> None:
    keycloak.answers[f"{REALM}/users/count"] = 4

    seen = look(connect(), user)

    status, told = seen.status("keycloak.user", scope=scope(keycloak))
    assert (status, told and told.reason, told and told.code) == ("partial", "incomplete", "total")


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        (("view-users",), "complete"),
        (("realm-admin",), "complete"),
        (("manage-users",), "complete"),
        (("query-users", "view-realm"), "denied"),
        ((), "denied"),
    ],
)
def test_without_the_role_that_sees_all_no_list_of_users_is_believed(
    roles: tuple[str, ...], status: str, keycloak: Keycloak, connect: Connect
) -> None:
    keycloak.roles = roles

    seen = look(connect(), user)

    assert seen.status("keycloak.user", scope=scope(keycloak))[0] == status


def test_roles_over_another_realm_prove_nothing(keycloak: Keycloak, connect: Connect) -> None:
    keycloak.realm, keycloak.over = "master", "other-realm"

    seen = look(connect(realm="master", realms=["shop"]), user)

    told = Unknown("denied", ROLES, "view-users", "no proof of sight")
    assert seen.status("keycloak.user", scope=scope(keycloak)) == ("denied", told)


def test_a_realm_of_which_only_its_name_is_shown_is_denied(keycloak: Keycloak, connect: Connect) -> None:
    keycloak.answers[REALM] = {"realm": "shop", "enabled": True, "bruteForceProtected": True}

    seen = look(connect(), realm, ["configuration"])

    told = Unknown("denied", "/admin/realms/{realm}", "view-realm", "NotShown")
    assert seen.values("keycloak.realm", "configuration", scope(keycloak)) == {"shop": told}


def test_a_client_of_which_only_its_name_is_shown_makes_the_list_incomplete(
    keycloak: Keycloak, connect: Connect
) -> None:
    keycloak.answers[f"{REALM}/clients"] = [{"id": "c9", "clientId": "hidden"}]

    seen = look(connect(), client)

    assert seen.status("keycloak.client", scope=scope(keycloak))[0] == "denied"


def test_of_a_client_neither_secret_nor_attributes_are_kept(keycloak: Keycloak, connect: Connect) -> None:
    seen = look(connect(), client)

    bodies: dict[str, Any] = seen.values("keycloak.client", scope=scope(keycloak))
    assert bodies["c1"]["pkce"] == "S256"
    assert not {"secret", "attributes", "registrationAccessToken"} & set(bodies["c1"])
    assert seen.values("keycloak.client", "policies", scope(keycloak))["c1"] == {
        "of": "every client",
        "pkce_for_all": True,
    }


def test_identity_providers_are_read_beyond_the_hundred_that_keycloak_gives_unasked(
    keycloak: Keycloak, connect: Connect
) -> None:
    many = [{"alias": f"p{n}", "providerId": "oidc", "enabled": True} for n in range(101)]
    keycloak.answers[f"{REALM}/identity-provider/instances"] = many

    seen = look(connect(), identity_provider)

    assert len(seen.values("keycloak.identity_provider", scope=scope(keycloak))) == 101


@pytest.mark.parametrize(("turned", "demanded"), [(None, True), (False, True), (True, False), ("true", False)])
def test_a_policy_for_any_client_that_is_turned_round_demands_nothing(
    turned: object, demanded: bool, keycloak: Keycloak, connect: Connect
) -> None:
    condition = {"condition": "any-client", "configuration": {"is-negative-logic": turned}}
    policy = {"name": "all", "enabled": True, "conditions": [condition], "profiles": ["strict"]}
    keycloak.answers[f"{REALM}/client-policies/policies"] = {"policies": [policy]}

    seen = look(connect(), client)

    told = {"of": "every client", "pkce_for_all": demanded}
    assert seen.values("keycloak.client", "policies", scope(keycloak))["c1"] == told


def test_administrators_are_found_behind_composite_roles_groups_and_groups_in_groups(
    keycloak: Keycloak, connect: Connect
) -> None:
    keycloak.answers[f"{REALM}/roles/boss/users"] = [account(f"u{n}") for n in range(10, 130)]

    seen = look(connect(), realm, ["admins"])

    (found,) = seen.values("keycloak.realm", "admins", scope(keycloak)).values()
    assert found == {"users": sorted([*(f"u{n}" for n in range(10, 130)), "u2"])}


def test_each_user_has_the_roles_by_which_he_administers(keycloak: Keycloak, connect: Connect) -> None:
    shown = look(connect(), user, ["power"]).values("keycloak.user", "power", scope(keycloak))
    keycloak.answers[f"{REALM}/clients/c2/roles"] = []
    hidden: Any = look(connect(), user, ["power"]).values("keycloak.user", "power", scope(keycloak))

    assert shown == {
        "u1": {"of": "u1", "roles": ["boss"]}, "u2": {"of": "u2", "roles": ["manage-users"]}, "u3": {"roles": []},
    }  # fmt: skip
    assert {told.reason for told in hidden.values()} == {"denied"}


def test_a_realm_that_shows_no_required_action_hides_them(keycloak: Keycloak, connect: Connect) -> None:
    keycloak.answers[f"{REALM}/authentication/required-actions"] = []

    (found,) = (
        look(connect(), realm, ["required_actions"])
        .values("keycloak.realm", "required_actions", scope(keycloak))
        .values()
    )

    assert isinstance(found, Unknown)
    assert (found.reason, found.code) == ("denied", "NotShown")


def test_a_realm_whose_own_roles_are_not_shown_does_not_have_no_administrators(
    keycloak: Keycloak, connect: Connect
) -> None:
    keycloak.answers[f"{REALM}/clients/c2/roles"] = [role("r5", "view-users")]

    seen = look(connect(), realm, ["admins"])

    told = Unknown("denied", f"{REALM}/roles".replace("shop", "{realm}"), "view-realm", "NotShown")
    assert seen.values("keycloak.realm", "admins", scope(keycloak)) == {"shop": told}


def test_of_the_realm_nothing_but_what_tests_read_is_kept(keycloak: Keycloak, connect: Connect) -> None:
    keycloak.answers[REALM] = settings(smtpServer={"password": "x"}, displayName="Shop")

    seen = look(connect(), realm, ["configuration"])

    (found,) = seen.values("keycloak.realm", "configuration", scope(keycloak)).values()
    assert isinstance(found, dict)
    assert not {"smtpServer", "displayName", "id"} & set(found)
    assert found["attributes"] == {"adminEventsExpiration": "31536000"}


# ── refusals ──


def answer(status: int, body: object = None) -> Refused:
    return refusal(Answer(status, {}, body, None))


@pytest.mark.parametrize(
    ("refused", "reason", "code"),
    [
        (answer(401, {"error": "unauthorized_client"}), "unauthenticated", "unauthorized_client"),
        (answer(400, {"error": "invalid_client"}), "unauthenticated", "invalid_client"),
        (answer(401, {"error": "HTTP 401 Unauthorized"}), "unauthenticated", "HTTP 401 Unauthorized"),
        (answer(403, {"error": "unknown_error"}), "denied", "unknown_error"),
        (answer(404, {"error": "Realm not found."}), "denied", "404"),
        (answer(503), "failed", "503"),
        (answer(429), "throttled", "429"),
    ],
)
def test_a_refusal_is_told_apart_by_its_code(refused: Refused, reason: str, code: str) -> None:
    assert (refused.reason, refused.code) == (reason, code)


# ── the provider ──


def test_the_roles_are_those_that_the_calls_need() -> None:
    calls = [Call("view-realm", "/x"), Call("view-users", "/y", also=("view-clients",))]

    assert provider.policy(calls) == (
        '{\n  "client": "realm-management; in master: <realm>-realm",\n  "roles": [\n    "view-clients",\n'
        '    "view-realm",\n    "view-users"\n  ]\n}'
    )


@pytest.mark.parametrize("permission", ["manage-users", "realm-admin", ""])
def test_a_role_that_is_no_read_is_refused(permission: str) -> None:
    with pytest.raises(DeclarationError):
        provider.policy([Call(permission, "/x")])
