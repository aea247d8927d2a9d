"""What Azure's storage, databases, policies and tags come to, at their edges."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.azurepolicy import region_gaps
from annexlog.mappings.derive.azureresources import deletion_locks, other_environments, quota_gaps, tag_said
from annexlog.mappings.derive.azuresql import label_gaps, long_term_days, masking_gaps, personal_columns
from annexlog.mappings.derive.azurestorage import blob_erasure
from annexlog.mappings.derive.azurevault import audit_destinations, expiry_gaps, rotates

BOTH = ["blockBlob", "appendBlob"]


def deleting(**filters: Any) -> dict[str, Any]:
    """A lifecycle rule that deletes blobs and snapshots after 30 days."""
    actions = {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 30}}}
    actions["snapshot"] = {"delete": {"daysAfterCreationGreaterThan": 20}}
    return {"enabled": True, "definition": {"filters": {"blobTypes": BOTH, **filters}, "actions": actions}}


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({}, 0),
        ({"prefixMatch": []}, 0),
        ({"prefixMatch": ["or"]}, 0),
        ({"prefixMatch": ["orders/"]}, 0),
        ({"prefixMatch": ["orders/2"]}, 4),
        ({"prefixMatch": ["orders2"]}, 4),
        ({"blobTypes": ["blockBlob"]}, 2),
        ({"blobIndexMatch": [{"name": "a"}]}, 4),
    ],
)
def test_a_rule_is_of_a_container_only_if_it_takes_in_all_of_it(filters: dict[str, Any], kept: int) -> None:
    lifecycle = {"policy": {"rules": [deleting(**filters)]}}

    found = blob_erasure({}, lifecycle, {}, [{"name": "orders", "properties": {}}])

    assert len(found["kept"]) == kept


def test_what_is_deleted_twice_goes_by_the_sooner_and_stays_through_soft_delete() -> None:
    late = deleting()
    late["definition"]["actions"]["baseBlob"]["delete"] = {"daysAfterCreationGreaterThan": 400}

    found = blob_erasure(
        {}, {"policy": {"rules": [late, deleting()]}}, {"deleteRetentionPolicy": {"enabled": True, "days": 7}}, []
    )

    assert found == {"kept": [], "days": 37.0}


@pytest.mark.parametrize(
    ("policy", "days"),
    [
        ({}, 0),
        (None, 0),
        ({"weeklyRetention": "PT0S"}, 0),
        ({"weeklyRetention": "P5W", "monthlyRetention": "P1M"}, 35),
        ({"yearlyRetention": "P10Y"}, 3650),
        ({"weeklyRetention": "PT720H", "monthlyRetention": "odd"}, 0),
    ],
)
def test_backups_are_kept_as_long_as_the_longest(policy: Any, days: int) -> None:
    assert long_term_days(policy) == days


def column(name: str, **more: Any) -> dict[str, Any]:
    return {"properties": {"schemaName": "dbo", "tableName": "t", "columnName": name, **more}}


def test_columns_that_should_be_labelled_leave_a_database_open() -> None:
    names = column("Name", informationType="name")
    labels, standing, off = [names], [column("mail", informationType="Name")], [column("mail", isDisabled=True)]

    assert personal_columns(labels, off, ["Name"]) == ["dbo.t.name"]
    assert isinstance(personal_columns([column("x")], standing, ["Name"]), Unknown)
    assert isinstance(personal_columns(None, None, ["Name"]), Unknown)
    assert masking_gaps(["dbo.t.name"], off, {"state": "Enabled", "exempt": 1}, [], ["Name"], 0) == [
        "dbo.t.name",
        "1 principals see through it",
    ]
    id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/Db1/databases/Shop"
    assert label_gaps(id, labels, [*standing, *off], []) == ["dbo.t.mail", "dbo.t.mail (dismissed)"]
    assert label_gaps(id, labels, off, ["DB1/shop/dbo.t.mail"]) == []


@pytest.mark.parametrize(
    ("more", "gaps"),
    [
        ({}, []),
        ({"effect": "DENY"}, []),
        ({"effect": "audit"}, ["resources: its effect is audit"]),
        ({"locations": []}, []),
        ({"locations": ["West Europe", "Global"]}, []),
        ({"enforcementMode": "Enroll"}, ["resources: it is not enforced"]),
        ({"notScopes": ["/subscriptions/S1/x"]}, ["resources: it leaves out /subscriptions/s1/x"]),
        ({"notScopes": ["/subscriptions/s10"]}, []),
        # Names within an initiative are written in any case.
        ({"reference": "places"}, ["resources: e is exempt"]),
    ],
)  # fmt: skip
def test_regions_are_closed_only_by_a_policy_without_a_gap(more: dict[str, Any], gaps: list[str]) -> None:
    one = {"assignment": "a", "reference": "", "locations": ["westeurope"], "effect": ""}
    policies = [{**one, "of": "resources", **more}, {**one, "of": "groups"}]
    exempt = {"policyAssignmentId": "A", "policyDefinitionReferenceIds": ["Places"]}

    assert (
        region_gaps(
            "/subscriptions/s1", policies, [{"exemption": {"id": "e", "properties": exempt}}], ["westeurope"], [], 0
        )
        == gaps
    )


def test_a_lock_holds_what_is_below_it_and_nothing_beside() -> None:
    at = "/providers/Microsoft.Authorization/locks/x"
    shop, whole = "/subscriptions/s/resourceGroups/Shop", "/subscriptions/s"
    locks = [
        {"id": f"{place}{at}", "properties": {"level": "ReadOnly"}} for place in (shop, whole, f"{shop}2", f"{whole}2")
    ]

    assert deletion_locks(shop.lower(), locks) == sorted([f"{shop}{at}", f"{whole}{at}"])


def test_environments_are_compared_only_by_words_that_are_known() -> None:
    told = (["env"], ["prod"], ["test"], 50)
    group = {"id": "g", "tags": {"Env": "PROD "}}

    assert other_environments("production", [{"id": "r", "tags": {"env": "Test"}}], [group], *told) == ["r"]
    assert other_environments("development", [], [group], *told) == ["g"]
    assert other_environments("development", [], [group], ["Env"], *told[1:]) == ["g"]
    assert other_environments("production", [], [group, {"id": "h", "tags": {}}], *told) == []
    assert isinstance(other_environments("production", [], [{"id": "h", "tags": {}}], *told), Unknown)
    assert isinstance(other_environments("production", [{"id": "r", "tags": {"env": "blue"}}], [group], *told), Unknown)


def test_tags_quotas_and_dates_at_their_edges() -> None:
    usage = {"name": {"value": "cores"}, "currentValue": 8, "limit": 10}

    assert tag_said({"Owner": " "}, {"OWNER": " Shop "}, ["team", "owner"]) == "shop"
    assert tag_said(None, None, ["owner"]) == ""
    assert quota_gaps([usage], [], [], 80, []) == ["cores 8/10"]
    assert quota_gaps([usage], [], [], 80, ["CORES"]) == quota_gaps([{**usage, "limit": -1}], [], [], 80, []) == []
    assert expiry_gaps({"created": 0, "exp": 86_400}, 86_400_000, 1) == ["ended"]
    assert expiry_gaps({"created": 0, "exp": 86_401}, 86_400_000, 1) == ["1 days"]


@pytest.mark.parametrize(
    ("trigger", "renewed"),
    [
        ({}, False),
        ({"timeAfterCreate": "", "timeBeforeExpiry": ""}, False),
        ({"timeBeforeExpiry": "P30D"}, True),
        ({"timeAfterCreate": "P90D", "timeBeforeExpiry": ""}, True),
        ({"timeAfterCreate": "P11M"}, True),
        ({"timeAfterCreate": "P1Y"}, False),
        ({"timeAfterCreate": "P18M"}, False),
    ],
)
def test_a_key_is_made_anew_only_if_that_comes_before_its_end(trigger: dict[str, str], renewed: bool) -> None:
    attributes = {"created": 0, "exp": 365 * 86_400}
    rotation = {"rotationPolicy": {"lifetimeActions": [{"action": {"type": "Rotate"}, "trigger": trigger}]}}

    assert rotates(rotation, attributes) is renewed


def test_a_period_that_cannot_be_read_renews_nothing() -> None:
    actions = [{"action": {"type": "rotate"}, "trigger": {"timeAfterCreate": "soon"}}]

    with pytest.raises(ValueError, match="soon"):
        rotates({"rotationPolicy": {"lifetimeActions": actions}}, {"created": 0, "exp": 1})


def test_audit_events_go_to_a_place_only_by_a_log_that_is_on() -> None:
    def sink(**log: Any) -> list[Any]:
        return [{"properties": {"workspaceId": "W", "logs": [log]}}]

    workspaces = [{"id": "w"}]
    assert audit_destinations(sink(category="AuditEvent", enabled=True), workspaces, [], []) == ["w"]
    assert audit_destinations(sink(category="AuditEvent"), workspaces, [], []) == []
    assert audit_destinations(sink(categoryGroup="metrics", enabled=True), workspaces, [], []) == []
    assert isinstance(audit_destinations(sink(categoryGroup="audit", enabled=True), [], [], []), Unknown)
