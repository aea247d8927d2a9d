"""Every answer of Graph replaced by every fault: no outcome becomes better, and nothing disappears."""

# ruff: noqa: E501 — paths read as a table

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from tests.providers import KINDS, Ground, fault, ground, holds, kinds, leaked, unmet, untested
from tests.test_refusal_sweep import worsened
from tests.wire.entra import (
    CATEGORIES,
    EMAIL,
    GLOBAL,
    NO_INTUNE,
    NO_P1,
    NO_P2,
    NO_RISK,
    PLANTED,
    READER,
    REGISTERS,
    SETTINGS,
    WORKSPACE,
    Entra,
    healthy,
)
from tests.wire.http import Reply
from tests.wire.microsoft import CLIENT, SECRET, TENANT


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("entra")
    with Entra(healthy()) as api:
        (folder / "secret").write_text(SECRET)
        keys = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret_file": f"{folder}/secret"}
        keys |= {"authority": api.url, "graph_url": api.url, "arm_url": api.url}
        (folder / "mappings").mkdir()
        (folder / "mappings/settings.yaml").write_text(json.dumps(SETTINGS))
        options = "\n".join(f'{name} = "{value}"' for name, value in keys.items())
        yield ground(api, "entra", options, REGISTERS, folder)


def test_in_a_healthy_tenant_every_test_passes(home: Ground) -> None:
    others = unmet(home)
    assert {key for key, told in others.items() if told != ("not_applicable", None)} == set()
    assert ("entra.users.inactive-disabled", "u9") in others
    assert ("entra.pim.activation-rules", READER) in others
    assert untested(home) == set()


def test_nothing_personal_and_no_secret_gets_into_the_store(home: Ground) -> None:
    assert leaked(home, EMAIL, PLANTED, SECRET) == set()
    assert holds(home, GLOBAL)


# ── licences ──

UNLICENSED = {
    "/v1.0/reports/authenticationMethods/userRegistrationDetails": NO_P1,
    "/v1.0/identityProtection/riskyUsers": NO_RISK,
    "/v1.0/identityGovernance/accessReviews/definitions": (
        403,
        "AccessDenied",
        "Your tenant is not licensed for this feature.",
    ),
    "/v1.0/roleManagement/directory/role(Assignment|Eligibility)ScheduleInstances": NO_P2,
    "/v1.0/policies/roleManagementPolicyAssignments": NO_P2,
    "/v1.0/identity/conditionalAccess/policies": (403, "AccessDenied", "Your tenant is not licensed for this feature."),
    "/v1.0/device(App)?Management(/.*)?": NO_INTUNE,
}


@pytest.fixture
def unlicensed(home: Ground) -> Iterator[dict[str, Any]]:
    """Without P1, P2 and Intune, and with security defaults; what security defaults say can be changed in a test."""
    assert isinstance(home.api, Entra)
    defaults = home.api.answers["/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"]
    home.api.without, defaults["isEnabled"] = UNLICENSED, True
    yield defaults
    home.api.without, defaults["isEnabled"] = {}, False


def test_a_tenant_without_licences_passes_only_what_needs_none(unlicensed: Any, home: Ground, tmp_path: Path) -> None:
    _, after = home.again(tmp_path)

    of_tenant = {
        test: (str(a.status), a.reason.reason if a.reason else None)
        for (test, _, id), a in after.items()
        if id == TENANT
    }
    unsupported = ("unknown", "unsupported")
    assert of_tenant == {
        "entra.ca.mfa-all-users": ("pass", None), "entra.ca.legacy-auth-blocked": ("pass", None),
        "entra.ca.risk-based": unsupported, "entra.ca.compliant-device": unsupported, "entra.breakglass.ready": unsupported,
        "entra.accessreviews.completed-on-time": unsupported, "entra.idprotection.risky-users-handled": unsupported,
        "entra.apps.consent-restricted": ("pass", None), "entra.guests.restricted": ("pass", None), "entra.logs.exported": ("pass", None),
        "m365.defender.incidents-handled": ("pass", None), "m365.sharepoint.sharing-restricted": ("pass", None),
        "entra.termsofuse.required": unsupported, "entra.password.protection": ("pass", None), "entra.breakglass.tested": unsupported,
        "intune.devices.policies-assigned": unsupported, "intune.devices.screen-lock": unsupported, "intune.devices.removable-media-control": unsupported,
        "intune.apps.protection-on-byod": unsupported, "m365.securescore.tracked": ("pass", None),
    }  # fmt: skip
    one = {(test, id): str(a.status) for (test, _, id), a in after.items()}
    assert one["entra.users.mfa-registered", "u1"] == "unknown"
    assert one["entra.ca.phishing-resistant-admins", GLOBAL] == "unknown"
    assert one["entra.roles.pim-just-in-time", GLOBAL] == "fail"  # u1 was only there for the day, and is there for good
    assert not {
        test
        for (test, _), status in one.items()
        if status == "pass" and test.startswith(("intune.", "entra.pim.", "entra.ca.phish"))
    }


def test_without_security_defaults_and_conditional_access_nobody_can_say(
    unlicensed: Any, home: Ground, tmp_path: Path
) -> None:
    unlicensed["isEnabled"] = False

    _, after = home.again(tmp_path)

    (mfa,) = (a for (test, _, _), a in after.items() if test == "entra.ca.mfa-all-users")
    assert (str(mfa.status), mfa.reason and mfa.reason.reason) == ("unknown", "unsupported")


# ── faults ──

TABLES = sorted(f"{WORKSPACE}/tables/{table}" for table in CATEGORIES.values())
REVIEWS = "/v1.0/identityGovernance/accessReviews/definitions"
ROLES = "/v1.0/roleManagement/directory"

APART = [
    ["/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", f"{ROLES}/roleAssignments", "/v1.0/applications", "/v1.0/security/incidents", "/v1.0/admin/sharepoint/settings",
     "/v1.0/security/secureScores", "/v1.0/deviceAppManagement/iosManagedAppProtections", "/v1.0/users/x1/sponsors", "/v1.0/identityProtection/riskyUsers/u2/history", REVIEWS, "/providers/microsoft.aadiam/diagnosticSettings", "/v1.0/deviceManagement", "/v1.0/policies/authorizationPolicy"],
    ["/v1.0/identity/conditionalAccess/policies", "/v1.0/deviceManagement/deviceCompliancePolicies", "/v1.0/servicePrincipals", "/v1.0/deviceManagement/managedDevices",
     "/v1.0/identityProtection/riskyUsers", f"{REVIEWS}/r1/instances", "/v1.0/reports/authenticationMethods/userRegistrationDetails", TABLES[0], "/v1.0/policies/adminConsentRequestPolicy",
     "/v1.0/groupSettings"],
    ["/v1.0/policies/authenticationStrengthPolicies", "/v1.0/servicePrincipals/sp-graph/appRoleAssignedTo", f"{REVIEWS}/r1/instances/n1/decisions", "/v1.0/oauth2PermissionGrants", TABLES[1], "/v1.0/applications/o1/federatedIdentityCredentials", "/v1.0/deviceManagement/managedDeviceOverview",
     "/v1.0/deviceAppManagement/androidManagedAppProtections"],
    ["/v1.0/users", TABLES[2], "/v1.0/policies/roleManagementPolicyAssignments", "/v1.0/deviceManagement/deviceConfigurations"],
]  # fmt: skip
"""Paths whose faults are told apart in one look: no test reads two of a line."""

CHAINED = [
    f"/{TENANT}/oauth2/v2.0/token", f"/{TENANT}/v2.0/.well-known/openid-configuration", "/v1.0/organization", "/v1.0/groups/g-glass", "/v1.0/groups/g-glass/transitiveMembers",
    f"{ROLES}/roleDefinitions", f"{ROLES}/roleAssignmentScheduleInstances", f"{ROLES}/roleEligibilityScheduleInstances", "/v1.0/groups/g-admins", "/v1.0/groups/g-admins/transitiveMembers", "/v1.0/users/u1",
]  # fmt: skip
"""Paths of which much else depends, each faulted alone, in two of the ways; its neighbours in others."""

ALIKE = {*TABLES[3:], "/v1.0/users/b1", "/v1.0/users/u2", "/v1.0/users/u9/sponsors"}
"""Paths of an operation that another path stands for."""


def faulted(kind: str) -> list[list[str]]:
    """The paths to fault in this way, together where that tells them apart."""
    at = KINDS.index(kind)
    return [*APART, *([path] for number, path in enumerate(CHAINED) if (at - 2 * number) % len(KINDS) < 2)]


def spoiled(home: Ground, kind: str) -> Reply:
    """What comes instead of an answer, at the time of the look."""
    reply = kinds(home.api)[kind]
    return replace(reply, headers={"Date": formatdate(home.at / 1000 + 3600, usegmt=True), **reply.headers})


def test_every_path_is_faulted(home: Ground) -> None:
    assert {*(path for paths in APART for path in paths), *CHAINED, *ALIKE} == set(home.paths)
    assert {path for kind in KINDS for paths in faulted(kind) for path in paths} == set(home.paths) - ALIKE


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_answer_makes_an_outcome_better_or_disappear(kind: str, home: Ground, tmp_path: Path) -> None:
    problems, silent = [], []

    for number, paths in enumerate(faulted(kind)):
        done, after = home.again(tmp_path / str(number), *(fault(path, spoiled(home, kind)) for path in paths))
        problems += [f"{paths}: {problem}" for problem in worsened(home.answers, after)]
        silent += (
            [] if len({why.operation for why in done.unseen.values()}) >= len(paths) or done.unreachable else [paths]
        )

    assert problems == []
    assert silent == []
