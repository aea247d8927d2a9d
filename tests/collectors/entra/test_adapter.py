"""How Microsoft Graph is asked: who asks, what proves that all is seen, and what its refusals mean."""

# ruff: noqa: E501 — cases read as a table

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest

from annexlog.collectors import Call, Refused
from annexlog.collectors.engine import Ask, Engine
from annexlog.collectors.entra import provider
from annexlog.collectors.entra._policy import APP_ROLES
from annexlog.collectors.entra._refusals import refusal
from annexlog.collectors.entra.access import access_review, ca_policy
from annexlog.collectors.entra.apps import app_permission, application, consent, service_principal
from annexlog.collectors.entra.devices import (
    app_protection,
    compliance_policy,
    device_configuration,
    incident,
    managed_device,
)
from annexlog.collectors.entra.people import activity, guest, registration, risky_user, role, user
from annexlog.collectors.entra.tenant import activation_rule, tenant
from annexlog.collectors.limits import Limits
from annexlog.collectors.rest import Answer
from annexlog.evidence_store.model import Coverage, DeclarationError, Unknown
from tests.collectors.acme import Clock, Memory
from tests.collectors.entra.conftest import Connect
from tests.providers import fault, look
from tests.wire.entra import (
    EMAIL,
    GLOBAL,
    NO_INTUNE,
    NO_P1,
    NO_P2,
    NO_RISK,
    PLANTED,
    PRIVILEGED,
    V1,
    Entra,
    assignment,
    days_ago,
    eligible,
    grant,
    instance,
    intune,
    policy,
    rules,
    who,
)
from tests.wire.entra import (
    activity as active,
)
from tests.wire.entra import (
    user as account,
)
from tests.wire.microsoft import CLIENT, TENANT

SCOPE = f"entra/{TENANT}"


def asked(entra: Entra, path: str) -> list[str]:
    return [r.target for r in entra.log if r.target.partition("?")[0] == f"{V1}{path}"]


def set_(entra: Entra, path: str, body: Any) -> None:
    entra.answers[f"{V1}{path}"] = body


# ── the tenant, and who asks ──


def test_the_tenant_is_a_scope_by_what_it_says_of_itself(connect: Connect) -> None:
    adapter = connect()

    (scope,) = adapter.discover().scopes

    assert (scope.name, scope.level, scope.values) == (SCOPE, "tenant", {"tenant": TENANT})
    assert adapter.caller(scope).identity == f"app {CLIENT}"


def test_a_tenant_that_cannot_be_learnt_is_a_refusal_and_no_scope(entra: Entra, connect: Connect) -> None:
    entra.faults.append(fault(f"{V1}/organization", entra.refuse(403)))

    found = connect().discover()

    told = Unknown("denied", "/organization", "Organization.Read.All", "Authorization_RequestDenied")
    assert (found.scopes, found.status, found.refusals) == ([], Coverage.FAILED, [told])


def test_a_token_that_is_revoked_meanwhile_is_replaced(entra: Entra, connect: Connect) -> None:
    clock = Clock()
    adapter = connect(clock=clock)
    adapter.discover()
    entra.tokens.clear()
    clock.sleep(60)

    assert adapter.discover().status is Coverage.COMPLETE


# ── what proves that all is seen ──


@pytest.mark.parametrize(
    ("type", "missing"),
    [
        (user, "User.Read.All"), (activity, "AuditLog.Read.All"), (registration, "AuditLog.Read.All"), (ca_policy, "Policy.Read.All"),
        (role, "RoleManagement.Read.Directory"), (risky_user, "IdentityRiskyUser.Read.All"), (consent, "Directory.Read.All"),
        (managed_device, "DeviceManagementManagedDevices.Read.All"), (incident, "SecurityIncident.Read.All"), (access_review, "AccessReview.Read.All"),
        (guest, "User.Read.All"), (service_principal, "Application.Read.All"), (compliance_policy, "DeviceManagementConfiguration.Read.All"),
        (device_configuration, "DeviceManagementConfiguration.Read.All"), (app_protection, "DeviceManagementApps.Read.All"),
    ],
)  # fmt: skip
def test_without_the_permission_in_the_token_no_list_is_believed(
    type: Any, missing: str, entra: Entra, connect: Connect
) -> None:
    entra.roles -= {missing, "Directory.Read.All"}

    seen = look(connect(), type)

    told = Unknown("denied", ":roles", missing, "no proof of sight")
    assert seen.status(type.name, scope=SCOPE) == ("denied", told)


def test_to_read_the_directory_is_to_read_users_and_apps(entra: Entra, connect: Connect) -> None:
    entra.roles = {"Directory.Read.All", "Organization.Read.All"}

    assert look(connect(), user).status("entra.user", scope=SCOPE) == ("complete", None)
    assert look(connect(), application).status("entra.application", scope=SCOPE) == ("complete", None)


def test_a_token_of_a_person_proves_nothing(entra: Entra, connect: Connect) -> None:
    entra.roles = set()

    assert look(connect(), user).status("entra.user", scope=SCOPE)[0] == "denied"


def test_members_that_are_hidden_from_us_are_denied_and_never_nobody(entra: Entra, connect: Connect) -> None:
    entra.roles -= {"Member.Read.Hidden"}
    set_(entra, "/groups/g-glass", {"id": "g-glass", "visibility": "HiddenMembership"})
    set_(entra, "/groups/g-glass/transitiveMembers", {"value": []})

    seen = look(connect(), ca_policy)

    told = Unknown("denied", "/groups/{group}/transitiveMembers", "Member.Read.Hidden", "HiddenMembership")
    assert seen.values("entra.ca_policy", "reach", SCOPE)["mfa"] == told


def test_fewer_than_graph_counts_are_part_of_them(entra: Entra, connect: Connect) -> None:
    page = {"@odata.count": 3, "value": [account("u1"), account("u2")]}
    entra.faults.append(fault(f"{V1}/users", entra.give(page)))

    status, told = look(connect(), user).status("entra.user", scope=SCOPE)

    assert (status, told) == ("partial", Unknown("incomplete", "/users", "User.Read.All", "total"))


def test_a_group_whose_members_are_not_all_told_is_unknown(entra: Entra, connect: Connect) -> None:
    members = entra.give({"@odata.count": 2, "value": [who("b1")]})
    entra.faults.append(fault(f"{V1}/groups/g-glass/transitiveMembers", members))

    seen = look(connect(), ca_policy).values("entra.ca_policy", "reach", SCOPE)

    assert isinstance(seen["mfa"], Unknown)
    assert seen["mfa"].reason == "incomplete"


def test_groups_that_a_policy_names_are_looked_into_up_to_five_thousand(entra: Entra, connect: Connect) -> None:
    users = {"includeUsers": ["u1"], "includeGroups": ["g-all", "g-admins"], "excludeGroups": []}
    set_(entra, "/identity/conditionalAccess/policies", {"value": [policy("some", grant("mfa"), users=users)]})
    set_(entra, "/groups/g-all", {"id": "g-all", "visibility": None})
    set_(entra, "/groups/g-all/transitiveMembers", {"value": [who(f"m{n}") for n in range(5_001)]})

    seen = look(connect(), ca_policy)

    assert seen.values("entra.ca_policy", "reach", SCOPE) == {"some": {"excluded": [], "included": ["u1", "u2"]}}
    assert len(asked(entra, "/groups/g-all/transitiveMembers")) == 1


def test_a_group_that_does_not_say_how_many_it_has_is_unreadable(entra: Entra, connect: Connect) -> None:
    users = {"includeUsers": [], "includeGroups": ["g-admins"], "excludeGroups": []}
    set_(entra, "/identity/conditionalAccess/policies", {"value": [policy("some", grant("mfa"), users=users)]})
    entra.faults.append(fault(f"{V1}/groups/g-admins/transitiveMembers", entra.give({"value": [who("u2")]})))

    seen = look(connect(), ca_policy).values("entra.ca_policy", "reach", SCOPE)

    assert isinstance(seen["some"], Unknown)
    assert seen["some"].reason == "unreadable"


# ── how it is asked ──


def test_only_what_is_selected_is_kept_and_pages_are_followed_to_the_end(entra: Entra, connect: Connect) -> None:
    entra.page = 2

    bodies: dict[str, Any] = look(connect(), user).values("entra.user", scope=SCOPE)

    assert set(bodies) == {"u1", "u2", "b1", "b2", "u9", "x1"}
    assert {name for body in bodies.values() for name in body} >= {
        "id",
        "accountEnabled",
        "userType",
        "createdDateTime",
    }
    assert not {text for text in (EMAIL, PLANTED) if text in json.dumps(bodies)}
    first, *rest = asked(entra, "/users")
    assert "$select=id,accountEnabled,userType" in first
    assert "$top=999" in first
    assert len(rest) == 2
    counting = {r.headers.get("consistencylevel") for r in entra.log if "/users?" in r.target}
    assert counting == {"eventual"}


def test_activity_is_asked_in_the_pages_that_graph_allows(entra: Entra, connect: Connect) -> None:
    set_(entra, "/users?$select=id,signInActivity", {"value": [active("u1"), {"id": "u2"}]})

    bodies: dict[str, Any] = look(connect(), activity).values("entra.activity", scope=SCOPE)

    assert set(bodies["u1"]["signInActivity"]) == {
        "lastSignInDateTime",
        "lastNonInteractiveSignInDateTime",
        "lastSuccessfulSignInDateTime",
    }
    assert bodies["u2"] == {"id": "u2"}
    assert all("$top=120" in target for target in asked(entra, "/users"))


def test_a_next_page_elsewhere_is_not_followed(entra: Entra, connect: Connect) -> None:
    page = {"value": [account("u1")], "@odata.nextLink": "https://graph.example.com/v1.0/users?$skiptoken=x"}
    entra.faults.append(fault(f"{V1}/users", entra.give(page)))

    assert look(connect(), user).status("entra.user", scope=SCOPE)[0] == "partial"


def test_twenty_thousand_users_take_no_more_memory_than_their_pages(entra: Entra, connect: Connect) -> None:
    entra.page = 999
    set_(
        entra,
        "/users",
        {"value": [{"id": f"{n:08}-0000-4000-8000-000000000000", "accountEnabled": True} for n in range(20_000)]},
    )
    adapter = connect()
    (scope,) = adapter.discover().scopes
    assert user.listed is not None
    tracemalloc.start()

    counted = sum(len(page.body["value"]) for page in adapter.pages(user.listed, user.listed.params, scope))

    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (counted, len(asked(entra, "/users"))) == (20_000, 21)
    assert most < 6 << 20


@pytest.mark.parametrize("status", [429, 503])
def test_throttling_is_waited_for_as_long_as_graph_says(status: int, entra: Entra, connect: Connect) -> None:
    limited = entra.refuse(status, Retry_After="30")
    entra.faults.append(replace(fault(f"{V1}/applications", limited), times=1))
    clock = Clock()

    seen = look(connect(), application, clock=clock)

    assert seen.status("entra.application", scope=SCOPE) == ("complete", None)
    assert clock.monotonic() >= 30


def test_each_answer_leaves_its_request_id(entra: Entra, connect: Connect) -> None:
    seen = look(connect(), application)

    (sweep,) = [s for s in seen.sweeps if s.line.facet == ""]
    (told,) = [o for o in sweep.provenance["operations"] if o["operation"] == "/applications"]
    assert told["first_request"].startswith("r-")


# ── licences ──


@pytest.mark.parametrize(
    ("type", "path", "said"),
    [
        (activity, "/users", NO_P1),
        (registration, "/reports/authenticationMethods/userRegistrationDetails", NO_P1),
        (risky_user, "/identityProtection/riskyUsers", NO_RISK),
        (activation_rule, "/policies/roleManagementPolicyAssignments", NO_P2),
        (access_review, "/identityGovernance/accessReviews/definitions", (403, "AccessDenied", "Your tenant is not licensed for this feature.")),
        (ca_policy, "/identity/conditionalAccess/policies", (403, "AccessDenied", "Your tenant is not licensed for this feature.")),
        (managed_device, "/deviceManagement/managedDevices", NO_INTUNE),
        (compliance_policy, "/deviceManagement/deviceCompliancePolicies", NO_INTUNE),
        (device_configuration, "/deviceManagement/deviceConfigurations", NO_INTUNE),
        (app_protection, "/deviceAppManagement/iosManagedAppProtections", NO_INTUNE),
        (managed_device, "/deviceManagement/managedDevices", (401, "Unauthorized", "Unauthorized request - Account is not provisioned.")),
    ],
)  # fmt: skip
def test_what_a_licence_is_missing_for_is_unsupported(
    type: Any, path: str, said: tuple[int, str, str], entra: Entra, connect: Connect
) -> None:
    entra.without = {f"{V1}{path}": said}

    status, told = look(connect(), type).status(type.name, scope=SCOPE)

    assert told is not None
    assert (status, told.reason, told.code) == ("unsupported", "unsupported", said[1])


# ── roles ──


def holders(entra: Entra, connect: Connect, id: str = GLOBAL) -> Any:
    return look(connect(), role, ["holders"]).values("entra.role", "holders", SCOPE)[id]


def test_holders_are_told_one_by_one_with_how_long_and_by_what_group(entra: Entra, connect: Connect) -> None:
    found = holders(entra, connect)

    assert [(e["principal"], e["type"], e["end"]) for e in found["active"]] == [
        ("b1", "Assigned", None),
        ("u1", "Activated", days_ago(-1)),
    ]
    assert [(e["principal"], e["via"]) for e in found["eligible"]] == [("u1", ""), ("u2", "g-admins")]
    assert (found["people"], found["apps"], found["mailboxes"], found["pim"]) == (["b1", "u1", "u2"], [], [], True)


def test_an_assignment_that_no_schedule_knows_is_one_for_good(entra: Entra, connect: Connect) -> None:
    found = holders(entra, connect, PRIVILEGED)

    assert [(e["principal"], e["kind"], e["type"], e["end"]) for e in found["active"]] == [
        ("sp-pim", "app", "Assigned", None)
    ]
    assert found["apps"] == ["sp-pim"]


def test_without_privileged_identity_management_everything_assigned_is_for_good(entra: Entra, connect: Connect) -> None:
    entra.without = {f"{V1}{path}": NO_P2 for path in ("/roleManagement/directory/roleAssignmentScheduleInstances",)}

    found = holders(entra, connect)

    assert [(e["principal"], e["type"], e["end"]) for e in found["active"]] == [
        ("b1", "Assigned", None),
        ("u1", "Assigned", None),
    ]
    assert (found["eligible"], found["pim"]) == ([], False)


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_ways_to_a_role_the_one_for_good_counts(turned: bool, entra: Entra, connect: Connect) -> None:
    rows = [
        instance(GLOBAL, "u1", type="Activated", end=days_ago(-1)),
        {**instance(GLOBAL, "u1"), "id": "other", "roleAssignmentOriginId": "other"},
    ]
    set_(entra, "/roleManagement/directory/roleAssignmentScheduleInstances", {"value": rows[::-1] if turned else rows})
    set_(entra, "/roleManagement/directory/roleAssignments", {"value": [assignment(GLOBAL, "u1")]})

    found = holders(entra, connect)

    assert [(e["principal"], e["type"], e["end"]) for e in found["active"]] == [("u1", "Assigned", None)]


def test_where_nobody_is_shown_to_hold_a_role_it_is_denied(entra: Entra, connect: Connect) -> None:
    set_(entra, "/roleManagement/directory/roleAssignments", {"value": []})

    told = Unknown("denied", "/roleManagement/directory/roleAssignments", "RoleManagement.Read.Directory", "NotShown")
    assert holders(entra, connect) == told


def test_a_mailbox_is_one_that_is_enabled(entra: Entra, connect: Connect) -> None:
    set_(entra, "/users/u1", {"id": "u1", "assignedPlans": [{"service": "exchange", "capabilityStatus": "Enabled"}]})
    set_(entra, "/roleManagement/directory/roleEligibilityScheduleInstances", {"value": [eligible(GLOBAL, "u2")]})

    assert holders(entra, connect)["mailboxes"] == ["u1"]


def test_holders_of_roles_and_roles_of_people_are_asked_once(entra: Entra, connect: Connect) -> None:
    adapter, memory, clock = connect(), Memory(), Clock()
    (scope,) = adapter.discover().scopes
    engine = Engine(adapter, clock=clock, limits=Limits(clock), workers=4, redaction_key=b"k" * 32)
    asks = [Ask(of, frozenset({facet}), frozenset({facet}), None) for of, facet in ((role, "holders"), (user, "roles"))]

    sweeps = list(engine.collect(scope, {scope.name: scope}, asks, memory))

    assert {str(sweep.status) for sweep in sweeps} == {"complete"}
    assert len(asked(entra, "/roleManagement/directory/roleAssignments")) == 1
    assert len(asked(entra, "/groups/g-admins/transitiveMembers")) == 1


def test_the_roles_of_a_person_are_those_he_holds_or_may_activate(entra: Entra, connect: Connect) -> None:
    seen: dict[str, Any] = look(connect(), user, ["roles"]).values("entra.user", "roles", SCOPE)

    assert {id: one["roles"] for id, one in seen.items()} == {
        "b1": [GLOBAL], "u1": [GLOBAL], "u2": [GLOBAL], "b2": [], "u9": [], "x1": [],
    }  # fmt: skip


def test_an_authentication_context_counts_only_where_it_is_on(entra: Entra, connect: Connect) -> None:
    off = rules(PRIVILEGED, "c9")
    off["policy"]["rules"][-1]["isEnabled"] = False
    set_(entra, "/policies/roleManagementPolicyAssignments", {"value": [rules(GLOBAL, "c1"), off]})

    seen: dict[str, Any] = look(connect(), activation_rule).values("entra.activation_rule", scope=SCOPE)

    found = {id: (one["mfa"], one["context"]) for id, one in seen.items()}
    assert found == {GLOBAL: (False, "c1"), PRIVILEGED: (False, None)}


# ── other answers that are put together ──


def test_whoever_was_invited_is_a_guest_whatever_he_is_called_now(entra: Entra, connect: Connect) -> None:
    invited = account("m1", externalUserState="PendingAcceptance")
    set_(entra, "/users", {"value": [account("u1"), account("x1", userType="Guest"), invited]})
    set_(entra, "/users/x1/sponsors", {"value": [who("u1"), who("g-admins", "group")]})
    set_(entra, "/users/m1/sponsors", {"value": []})

    seen = look(connect(), guest)

    assert seen.values("entra.guest", "sponsors", SCOPE) == {
        "x1": {"people": ["u1", "u2"], "groups": ["g-admins"]},
        "m1": {"people": [], "groups": []},
    }


def test_fewer_users_than_graph_counts_hide_guests(entra: Entra, connect: Connect) -> None:
    page = {"@odata.count": 3, "value": [account("u1"), account("x1", userType="Guest")]}
    entra.faults.append(fault(f"{V1}/users", entra.give(page)))

    assert look(connect(), guest).status("entra.guest", scope=SCOPE)[0] == "partial"


def test_a_policy_of_intune_is_told_with_whom_it_is_for(entra: Entra, connect: Connect) -> None:
    ios = intune("iosCompliancePolicy", "allLicensedUsers", "g1", passcodeRequired=True, scheduledActionsForRule=[])
    ios["assignments"] += [
        {"target": {"@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget", "groupId": "g2"}},
        {"target": {"@odata.type": "#microsoft.graph.somethingNewAssignmentTarget", "groupId": "g3"}},
    ]
    set_(entra, "/deviceManagement/deviceCompliancePolicies", {"value": [ios]})

    seen = look(connect(), compliance_policy).values("entra.compliance_policy", scope=SCOPE)

    assert seen["iosCompliancePolicy"] == {
        "id": "iosCompliancePolicy", "name": "iosCompliancePolicy", "type": "iosCompliancePolicy", "password": True, "idle": None, "minutes": None,
        "block_hours": None, "to": ["filtered", "g1", "users"], "but": ["g2"],
    }  # fmt: skip
    assert (
        "$expand=assignments,scheduledActionsForRule" in asked(entra, "/deviceManagement/deviceCompliancePolicies")[0]
    )


def test_an_assignment_whose_filter_is_shown_is_for_nobody_in_particular(entra: Entra, connect: Connect) -> None:
    usb = intune("windows10GeneralConfiguration", "allDevices", storageBlockRemovableStorage=True)
    usb["assignments"][0]["target"]["deviceAndAppManagementAssignmentFilterId"] = "f1"
    set_(entra, "/deviceManagement/deviceConfigurations", {"value": [usb]})

    seen: Any = look(connect(), device_configuration).values("entra.device_configuration", scope=SCOPE)

    found = seen["windows10GeneralConfiguration"]
    assert (found["storage_blocked"], found["encrypted_to_write"], found["to"]) == (True, False, ["filtered"])


def test_a_policy_without_its_assignments_is_unreadable(entra: Entra, connect: Connect) -> None:
    bare = intune("iosManagedAppProtection")
    del bare["assignments"]
    set_(entra, "/deviceAppManagement/iosManagedAppProtections", {"value": [bare]})

    status, told = look(connect(), app_protection).status("entra.app_protection", scope=SCOPE)

    assert (status, told and told.reason) == ("failed", "unreadable")


def test_scores_are_told_day_by_day_the_latest_first(entra: Entra, connect: Connect) -> None:
    entra.page = 20
    rows = [
        {"createdDateTime": days_ago(n), "currentScore": 50 + n, "maxScore": 100, "enabledServices": ["B", "A"]}
        for n in (2, 1, *range(3, 60))
    ]
    set_(entra, "/security/secureScores", {"value": rows})

    seen: dict[str, Any] = look(connect(), tenant, ["secure_scores"]).values("entra.tenant", "secure_scores", SCOPE)

    assert seen[TENANT][0] == {"created": days_ago(1), "current": 51, "most": 100, "services": ["A", "B"]}
    assert (len(seen[TENANT]), "$top=31" in asked(entra, "/security/secureScores")[0]) == (31, True)


def test_the_latest_round_is_the_one_that_ended_last_by_the_providers_clock(entra: Entra, connect: Connect) -> None:
    seen = look(connect(), access_review, ["latest"])

    told = {"end": days_ago(28), "statuses": ["Applied"], "decisions": 2, "reviewed": 2, "own": 0, "denied_and_kept": 0}
    assert seen.values("entra.access_review", "latest", SCOPE) == {"r1": told}


def test_a_review_of_which_no_round_has_ended_has_none(entra: Entra, connect: Connect) -> None:
    rows = [{"id": "n2", "startDateTime": days_ago(2), "endDateTime": days_ago(-2), "status": "InProgress"}]
    set_(entra, "/identityGovernance/accessReviews/definitions/r1/instances", {"value": rows})

    assert look(connect(), access_review, ["latest"]).values("entra.access_review", "latest", SCOPE) == {"r1": None}


def test_a_risk_lasts_since_it_was_first_seen_whatever_was_detected_since(entra: Entra, connect: Connect) -> None:
    rows = [{"riskState": state, "riskLevel": level, "riskLastUpdatedDateTime": days_ago(days)}
            for state, level, days in (("atRisk", "high", 1), ("confirmedCompromised", "high", 5), ("remediated", "none", 9), ("atRisk", "high", 20))]  # fmt: skip
    set_(entra, "/identityProtection/riskyUsers/u2/history", {"value": rows})

    seen = look(connect(), risky_user, ["episode"])

    assert seen.values("entra.risky_user", "episode", SCOPE) == {"u2": {"since": days_ago(5)}}


def test_grants_to_people_are_no_application_permissions(entra: Entra, connect: Connect) -> None:
    seen = look(connect(), app_permission).values("entra.app_permission", scope=SCOPE)

    assert seen == {"g1": {"id": "g1", "api": "Microsoft Graph", "permission": "Mail.Send", "app": "sp-shop"}}


def test_without_graphs_own_principal_nothing_is_believed(entra: Entra, connect: Connect) -> None:
    set_(entra, "/servicePrincipals", {"value": []})

    status, told = look(connect(), app_permission).status("entra.app_permission", scope=SCOPE)

    assert (status, told and told.code) == ("denied", "NotShown")


def test_of_banned_words_only_their_number_is_kept(entra: Entra, connect: Connect) -> None:
    seen: dict[str, Any] = look(connect(), tenant, ["password_rules"]).values("entra.tenant", "password_rules", SCOPE)

    rules = {"checked": True, "banned": 2, "threshold": 10, "seconds": 60, "on_premises": False, "mode": "Audit"}
    assert seen == {TENANT: rules}


def test_without_settings_of_their_own_passwords_follow_microsofts(entra: Entra, connect: Connect) -> None:
    set_(
        entra,
        "/groupSettings",
        {"value": [{"id": "y", "templateId": "62375ab9-6b52-47ed-826b-58e47e0e304b", "values": []}]},
    )

    assert look(connect(), tenant, ["password_rules"]).values("entra.tenant", "password_rules", SCOPE) == {TENANT: None}


def test_logs_are_told_with_how_long_their_workspace_keeps_them(entra: Entra, connect: Connect) -> None:
    seen: dict[str, Any] = look(connect(), tenant, ["log_exports"]).values("entra.tenant", "log_exports", SCOPE)
    (found,) = seen.values()

    assert [(one["name"], one["days"]["SignInLogs"]) for one in found] == [("siem", 730)]


# ── refusals ──


def answer(status: int, code: str = "", message: str = "", **headers: str) -> Refused:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"error": {"code": code, "message": message}} if code else None
    return refusal(Answer(status, named, body, None))


@pytest.mark.parametrize(
    ("refused", "reason", "code", "after"),
    [
        (answer(429, "TooManyRequests", retry_after="17"), "throttled", "TooManyRequests", 17.0),
        (answer(429, "activityLimitReached"), "throttled", "activityLimitReached", 1.0),
        (answer(503, "serviceNotAvailable", retry_after="9"), "throttled", "serviceNotAvailable", 9.0),
        (answer(503, "serviceNotAvailable"), "failed", "serviceNotAvailable", 0.0),
        (answer(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."), "denied", "Authorization_RequestDenied", 0.0),
        (answer(403, "Authentication_MSGraphPermissionMissing"), "denied", "Authentication_MSGraphPermissionMissing", 0.0),
        (answer(403, "AccessDenied", "You cannot perform the requested operation, required scopes are missing in the token."), "denied", "AccessDenied", 0.0),
        (answer(403, NO_P1[1], "In other words."), "unsupported", NO_P1[1], 0.0),
        (answer(*NO_P1), "unsupported", NO_P1[1], 0.0),
        (answer(*NO_P2), "unsupported", NO_P2[1], 0.0),
        (answer(403, "Forbidden", "Your tenant is not licensed for this feature."), "unsupported", "Forbidden", 0.0),
        (answer(401, "InvalidAuthenticationToken"), "unauthenticated", "InvalidAuthenticationToken", 0.0),
        (answer(404, "Request_ResourceNotFound"), "denied", "Request_ResourceNotFound", 0.0),
        (answer(400, "Request_UnsupportedQuery"), "failed", "Request_UnsupportedQuery", 0.0),
        (answer(500), "failed", "500", 0.0),
    ],
)  # fmt: skip
def test_a_refusal_is_told_apart_by_its_code_and_words(refused: Refused, reason: str, code: str, after: float) -> None:
    assert (refused.reason, refused.code, refused.after) == (reason, code, after)


# ── the provider ──


def test_importing_entra_imports_no_client_and_connecting_only_microsofts() -> None:
    wanted = ("boto3", "botocore", "kubernetes", "google", "urllib3", "azure", "msal")
    areas = ", ".join(f"annexlog.collectors.entra.{area}" for area in ("access", "apps", "devices", "people", "tenant"))
    code = f"""
import sys, annexlog.collectors.entra as entra, {areas}
print([name for name in {wanted!r} if name in sys.modules])
entra.provider.connect(entra.Options(tenant_id={TENANT!r}, client_id={CLIENT!r}, client_secret_env="S"), "x")
print([name for name in {wanted!r} if name in sys.modules])
"""

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "S": "x"}
    )

    assert done.stdout.splitlines() == ["[]", "['urllib3', 'azure', 'msal']"]


def test_the_policy_names_each_permission_with_its_id() -> None:
    calls = [Call("User.Read.All", "/x"), Call("microsoft.aadiam/diagnosticSettings/read", "/y")]

    told = json.loads(provider.policy(calls))

    named = [
        {"name": "Organization.Read.All", "id": "498476ce-e0fe-48b0-b801-37ba7e2685c6"},
        {"name": "User.Read.All", "id": "df021288-bdef-4463-88db-98f22de89214"},
    ]
    assert told["azure"] == ["microsoft.aadiam/diagnosticSettings/read"]
    assert told["graph"]["permissions"] == named
    (access,) = told["graph"]["requiredResourceAccess"]
    assert access["resourceAccess"] == [{"id": one["id"], "type": "Role"} for one in named]


def test_every_permission_that_has_an_id_here_is_a_read() -> None:
    assert [name for name in APP_ROLES if not re.fullmatch(r"\w+\.Read(\.\w+)?", name)] == []


@pytest.mark.parametrize(
    "permission",
    ["User.ReadWrite.All", "Mail.Send", "User.Read.Everything", "microsoft.aadiam/diagnosticSettings/write"],
)
def test_a_permission_that_is_no_read_is_refused(permission: str) -> None:
    with pytest.raises(DeclarationError):
        provider.policy([Call(permission, "/x")])
