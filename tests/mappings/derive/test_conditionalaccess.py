"""Conditional access compared with its documented rules, written down once more for one person at a time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexlog.mappings.derive.conditionalaccess import (
    holders_unasked,
    legacy_open,
    mfa_unasked,
    risk_unanswered,
    terms_unaccepted,
    unmanaged_admitted,
)

USERS = ("u1", "u2", "b1")
STRENGTHS = [
    {"strength": {"id": "s-mfa", "requirementsSatisfied": "mfa", "allowedCombinations": ["password,sms", "fido2"]}},
    {"strength": {"id": "s-fido", "requirementsSatisfied": "mfa", "allowedCombinations": ["fido2"]}},
    {"strength": {"id": "s-weak", "requirementsSatisfied": "none", "allowedCombinations": ["password"]}},
]
ROLE = {"id": "r1", "templateId": "r1", "isBuiltIn": True}


def policy(**more: Any) -> dict[str, Any]:
    """A policy that asks everybody for a second factor; `users`, `grant` and conditions in `more` differ."""
    users = {"includeUsers": ["All"], **more.pop("users", {})}
    grant = more.pop("grant", {"operator": "OR", "builtInControls": ["mfa"]})
    reach = {"excluded": more.pop("excluded", []), "included": more.pop("included", [])}
    apps = {"includeApplications": ["All"], "excludeApplications": []}
    state = more.pop("state", "enabled")
    conditions = {"users": users, "applications": apps, "clientAppTypes": ["all"], **more}
    return {"ca_policy": {"state": state, "conditions": conditions, "grantControls": grant}, "reach": reach}


# ── one person at a time ──

policies = st.builds(
    policy,
    users=st.sampled_from([{}, {"includeUsers": ["None"]}]),
    excluded=st.lists(st.sampled_from(USERS), unique=True, max_size=2),
    included=st.lists(st.sampled_from(USERS), unique=True, max_size=2),
    state=st.sampled_from(["enabled", "enabled", "enabledForReportingButNotEnforced", "disabled"]),
    grant=st.sampled_from([
        None,
        {"operator": "OR", "builtInControls": ["mfa"]},
        {"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]},
        {"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]},
        {"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": "s-mfa"}},
        {"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": "s-weak"}},
        {"operator": "OR", "builtInControls": ["block"]},
    ]),
    locations=st.sampled_from([None, {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}]),
)  # fmt: skip


def asked(one: dict[str, Any], user: str) -> bool:
    """Whether a policy asks this user for a second factor whenever he signs in, by the pages of its parts."""
    policy, reach = one["ca_policy"], one["reach"]
    conditions, grant = policy["conditions"], policy["grantControls"]
    if policy["state"] != "enabled" or conditions["locations"] or not grant:
        return False
    named = conditions["users"]["includeUsers"] == ["All"] or user in reach["included"]
    strength = (grant.get("authenticationStrength") or {}).get("id")
    controls = [*grant["builtInControls"], *([strength] if strength else [])]
    met = [control in ("mfa", "block", "s-mfa", "s-fido") for control in controls]
    return named and user not in reach["excluded"] and (any(met) if grant["operator"] == "AND" else all(met))


@settings(max_examples=300, deadline=None)
@given(st.lists(policies, max_size=4))
def test_whoever_is_found_slips_through_every_policy_and_nobody_else(found: list[dict[str, Any]]) -> None:
    slipping = mfa_unasked(found, STRENGTHS, ["b1"], [])

    alone = {f"user {user}" for user in ("u1", "u2") if not any(asked(one, user) for one in found)}
    everybody = not any(
        one["ca_policy"]["conditions"]["users"]["includeUsers"] == ["All"] and asked(one, "x") for one in found
    )
    assert slipping == (["everybody"] if everybody else sorted(alone))


# ── what narrows a policy ──


@pytest.mark.parametrize(
    "more",
    [
        {"platforms": {"includePlatforms": ["windows"]}},
        {"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}},
        {"locations": {"includeLocations": ["x"]}},
        {"devices": {"deviceFilter": {"mode": "include", "rule": "x"}}},
        {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}},
        {"insiderRiskLevels": "elevated"},
        {"signInRiskLevels": ["high"]},
        {"userRiskLevels": ["low"]},
        {"clientApplications": {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]}},
        {"clientAppTypes": ["browser", "mobileAppsAndDesktopClients"]},
        {"applications": {"includeApplications": ["All"], "applicationFilter": {"mode": "include", "rule": "x"}}},
        {"applications": {"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]}},
        {"applications": {"includeApplications": ["All"], "excludeApplications": ["app1"]}},
        {"something": {"new": ["x"]}},
    ],
)
def test_a_policy_with_a_condition_counts_for_nothing(more: dict[str, Any]) -> None:
    assert mfa_unasked([policy(**more)], STRENGTHS, [], []) == ["everybody"]


@pytest.mark.parametrize(
    "more",
    [
        {"platforms": {"includePlatforms": ["all"], "excludePlatforms": []}},
        {"locations": {"includeLocations": ["All"], "excludeLocations": []}},
        {"devices": {"deviceFilter": None}, "authenticationFlows": {"transferMethods": "none"}},
        {"clientAppTypes": ["browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"]},
        {"clientAppTypes": []},
    ],
)
def test_a_condition_that_says_nothing_takes_nothing_away(more: dict[str, Any]) -> None:
    assert mfa_unasked([policy(**more)], STRENGTHS, [], []) == []


def test_an_app_may_be_left_out_where_that_was_agreed() -> None:
    spared = policy(applications={"includeApplications": ["All"], "excludeApplications": ["app1"]})

    assert mfa_unasked([spared], STRENGTHS, [], ["app1"]) == []


def test_who_is_left_out_of_the_policy_that_names_him_is_not_reached_by_it() -> None:
    wide, named = policy(excluded=["u1"]), policy(users={"includeUsers": ["u1"]}, included=["u1"])

    assert mfa_unasked([wide, named], STRENGTHS, [], []) == []
    assert mfa_unasked([wide, {**named, "reach": {"included": ["u1"], "excluded": ["u1"]}}], STRENGTHS, [], []) == [
        "user u1"
    ]


# ── guests ──


def guests(kinds: str, **tenants: Any) -> dict[str, Any]:
    return {"guestOrExternalUserTypes": kinds, "externalTenants": {"membershipKind": "all"} | tenants}


def test_guests_who_are_left_out_need_a_policy_of_their_own() -> None:
    without = policy(users={"excludeGuestsOrExternalUsers": guests("b2bCollaborationGuest,serviceProvider")})
    own = policy(users={"includeUsers": [], "includeGuestsOrExternalUsers": guests("b2bCollaborationGuest")})

    assert mfa_unasked([without], STRENGTHS, [], []) == ["guests b2bCollaborationGuest", "guests serviceProvider"]
    assert mfa_unasked([without, own], STRENGTHS, [], []) == ["guests serviceProvider"]


@pytest.mark.parametrize(
    "hole",
    [{"excluded": ["g1"]}, {"users": {"excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest"}}}],
)
def test_a_policy_for_guests_that_leaves_some_out_is_none_for_all(hole: dict[str, Any]) -> None:
    without = policy(users={"excludeGuestsOrExternalUsers": guests("internalGuest")})
    users = {"includeUsers": [], "includeGuestsOrExternalUsers": guests("internalGuest"), **hole.get("users", {})}
    own = policy(users=users, excluded=hole.get("excluded", []))

    assert mfa_unasked([without, own], STRENGTHS, [], []) == ["guests internalGuest"]


def test_guests_of_some_tenants_are_not_all_guests() -> None:
    without = policy(users={"excludeGuestsOrExternalUsers": guests("internalGuest")})
    own = policy(
        users={"includeUsers": [], "includeGuestsOrExternalUsers": guests("internalGuest", membershipKind="enumerated")}
    )

    assert mfa_unasked([without, own], STRENGTHS, [], []) == ["guests internalGuest"]


def test_a_user_who_may_be_a_guest_of_a_kind_that_is_left_out_slips_through() -> None:
    one, two = policy(excluded=["u1"]), policy(users={"excludeUsers": ["GuestsOrExternalUsers"]})

    assert mfa_unasked([one, two], STRENGTHS, [], []) == ["user u1"]


# ── roles ──


def held(scope: str = "/") -> dict[str, Any]:
    return {"active": [{"principal": "u1", "scope": scope}], "eligible": [], "people": ["u1"]}


FIDO = {"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": "s-fido"}}
BY_ROLE = {"includeUsers": [], "includeRoles": ["r1"]}
UNIT = "/administrativeUnits/a"
MEMBER = [{"user": {"id": "u1", "userType": "Member"}}]


@pytest.mark.parametrize(
    ("found", "scope", "role", "unasked"),
    [
        (policy(grant=FIDO), "/", ROLE, []),
        (policy(grant=FIDO, users=BY_ROLE), "/", ROLE, []),
        (policy(grant=FIDO, users={"includeUsers": [], "includeRoles": ["r2"]}), "/", ROLE, ["u1"]),
        (policy(grant=FIDO, users=BY_ROLE), UNIT, ROLE, ["u1"]),
        (policy(grant=FIDO, users=BY_ROLE), "/", {**ROLE, "isBuiltIn": False}, ["u1"]),
        (policy(grant=FIDO, users={"includeUsers": ["u1"]}, included=["u1"]), UNIT, ROLE, []),
        (policy(grant={**FIDO, "authenticationStrength": {"id": "s-mfa"}}), "/", ROLE, ["u1"]),
        (policy(grant={**FIDO, "builtInControls": ["mfa"]}), "/", ROLE, ["u1"]),
        (policy(grant={**FIDO, "builtInControls": ["mfa"], "operator": "AND"}), "/", ROLE, []),
        (policy(grant=FIDO, excluded=["u1"]), "/", ROLE, ["u1"]),
        (policy(grant=FIDO, users={"excludeRoles": ["r1"]}), "/", ROLE, ["u1"]),
    ],
)  # fmt: skip
def test_who_holds_a_role_is_reached_by_everybody_by_the_role_or_by_name(
    found: Any, scope: str, role: Any, unasked: list[str]
) -> None:
    assert holders_unasked(role, held(scope), MEMBER, [found], STRENGTHS, []) == unasked


def test_who_has_a_role_in_a_unit_now_and_may_have_it_everywhere_is_not_reached_by_it() -> None:
    both = {**held(UNIT), "eligible": [{"principal": "u1", "scope": "/"}]}
    by_role = policy(grant=FIDO, users=BY_ROLE)

    assert holders_unasked(ROLE, both, MEMBER, [by_role], STRENGTHS, []) == ["u1"]


def test_an_external_administrator_is_not_reached_where_guests_are_left_out() -> None:
    without = policy(grant=FIDO, users={"excludeGuestsOrExternalUsers": guests("b2bCollaborationMember")})
    external = [{"user": {"id": "u1", "userType": "Member", "externalUserState": "Accepted"}}]

    assert holders_unasked(ROLE, held(), external, [without], STRENGTHS, []) == ["u1"]
    assert holders_unasked(ROLE, held(), MEMBER, [without], STRENGTHS, []) == []


# ── the rest ──


def test_each_old_kind_of_client_must_be_blocked_by_some_policy() -> None:
    block = {"operator": "OR", "builtInControls": ["block"]}
    one, two = (policy(grant=block, clientAppTypes=[kind]) for kind in ("exchangeActiveSync", "other"))

    assert legacy_open([one, two], []) == []
    assert legacy_open([two], []) == ["exchangeActiveSync: everybody"]
    assert legacy_open([policy(clientAppTypes=["exchangeActiveSync", "other"])], []) == [
        "exchangeActiveSync: everybody",
        "other: everybody",
    ]


def test_a_risk_is_answered_by_a_policy_of_its_own() -> None:
    sign_in = policy(signInRiskLevels=["high"])
    user = policy(userRiskLevels=["high"], grant={"operator": "AND", "builtInControls": ["mfa", "passwordChange"]})
    both = policy(
        signInRiskLevels=["high"], userRiskLevels=["high"], grant={"operator": "OR", "builtInControls": ["block"]}
    )

    assert risk_unanswered([sign_in, user], STRENGTHS, []) == []
    assert risk_unanswered([both], STRENGTHS, []) == ["sign-in: everybody", "user: everybody"]
    assert risk_unanswered([sign_in, policy(userRiskLevels=["high"])], STRENGTHS, []) == ["user: everybody"]


def test_a_managed_device_has_no_alternative() -> None:
    def asks(*controls: str, apps: str = "Office365") -> dict[str, Any]:
        return policy(
            grant={"operator": "OR", "builtInControls": list(controls)}, applications={"includeApplications": [apps]}
        )

    assert unmanaged_admitted([asks("compliantDevice", "domainJoinedDevice")], ["Office365"], []) == []
    assert unmanaged_admitted([asks("compliantDevice", "mfa")], ["Office365"], []) == ["everybody"]
    assert unmanaged_admitted([asks("compliantDevice", apps="other-app")], ["Office365"], []) == ["everybody"]


def test_terms_are_accepted_where_nothing_else_will_do() -> None:
    def asks(operator: str, *controls: str) -> dict[str, Any]:
        return policy(grant={"operator": operator, "builtInControls": list(controls), "termsOfUse": ["t1"]})

    assert terms_unaccepted([asks("OR")], []) == []
    assert terms_unaccepted([asks("AND", "mfa")], []) == []
    assert terms_unaccepted([asks("OR", "mfa")], []) == ["everybody"]
    assert terms_unaccepted([policy()], []) == ["everybody"]
