"""A tenant that was really exported, by ScubaGear's own run: read without a crash, and judged as argued.

PowerShell writes members with a capital, and times in its own way; otherwise they are Graph's.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from annexlog.collectors.entra import access, apps
from annexlog.collectors.entra._policy import APP_ROLES, GRAPH
from annexlog.collectors.paths import kept
from annexlog.mappings.derive.conditionalaccess import legacy_open, mfa_unasked, risk_unanswered, unmanaged_admitted

RECORDED = Path(__file__).parents[4] / "shared/recorded/entra"

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not here")


def wire(value: Any) -> Any:
    """As Graph writes it: members begin with a small letter, times are RFC 3339."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: wire(item) for name, item in value.items()}
    if isinstance(value, list):
        return [wire(item) for item in value]
    found = re.fullmatch(r"/Date\((-?\d+)\)/", value) if isinstance(value, str) else None
    return datetime.fromtimestamp(int(found[1]) / 1000, UTC).isoformat() if found else value


def exported() -> Any:
    return json.loads((RECORDED / "scubagear_ProviderSettingsExport.json").read_text(encoding="utf-8-sig"))


def policies() -> list[dict[str, Any]]:
    """The policies as they would be kept, with nobody in the groups that they leave out."""
    assert access.ca_policy.listed is not None
    rows = kept({"value": wire(exported()["conditional_access_policies"])}, access.ca_policy.listed.params["keep"])
    return [{"ca_policy": one, "reach": {"excluded": [], "included": []}} for one in rows["value"]]


def strengths() -> list[dict[str, Any]]:
    rows = (wire(one["GrantControls"]) or {} for one in exported()["conditional_access_policies"])
    return [{"strength": row["authenticationStrength"]} for row in rows if row.get("authenticationStrength")]


def test_recorded_policies_have_what_the_declaration_names() -> None:
    found = [one["ca_policy"] for one in policies()]

    assert len(found) == 7
    assert {name for one in found for name in one} == {"id", "displayName", "state", "conditions", "grantControls"}
    assert {one["state"] for one in found} == {"enabled"}


def test_everybody_there_is_asked_for_a_second_factor_by_a_strength() -> None:
    # One policy for all users and apps, without a condition, whose strength is Microsoft's own "Multifactor
    # authentication"; those that limit sessions or block one way to sign in ask for nothing of the kind.
    assert mfa_unasked(policies(), strengths(), [], []) == []
    assert mfa_unasked(
        [p for p in policies() if "3.2v1" not in p["ca_policy"]["displayName"]], strengths(), [], []
    ) == ["everybody"]


def test_old_clients_and_risks_are_blocked_there_and_any_device_is_let_in() -> None:
    assert legacy_open(policies(), []) == []
    assert risk_unanswered(policies(), strengths(), []) == []
    assert unmanaged_admitted(policies(), ["Office365"], []) == ["everybody"]


def test_of_recorded_apps_no_secret_and_no_name_of_one_is_kept() -> None:
    assert apps.application.listed is not None
    rows = kept({"value": wire(exported()["risky_applications"])}, apps.application.listed.params["keep"])

    members = {name for one in rows["value"] for secret in one["passwordCredentials"] for name in secret}
    assert members == {"keyId", "startDateTime", "endDateTime"}


def test_what_it_calls_the_least_permission_is_what_is_declared() -> None:
    catalogue = json.loads((RECORDED / "ScubaGearApiCatalog.json").read_text(encoding="utf-8-sig"))
    least = {
        re.sub(r"^/(v1\.0|beta)", "", one["apiResource"]).lower(): set(one["leastPermissions"])
        for one in catalogue
        if one["resourceAPIAppId"] == GRAPH
    }
    ours = {
        "/identity/conditionalaccess/policies": "Policy.Read.All",
        "/policies/authorizationpolicy": "Policy.Read.All",
        "/rolemanagement/directory/roleassignments": "RoleManagement.Read.Directory",
        "/organization": "Organization.Read.All",
    }

    assert {path for path, permission in ours.items() if permission in least[path]} == set(ours)
    assert set(ours.values()) <= set(APP_ROLES)
