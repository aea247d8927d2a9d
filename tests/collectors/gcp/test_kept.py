"""What is kept of assets with personal data in them: what tests read, and how many or whose instead of whom."""

from __future__ import annotations

from typing import Any

from annexlog.collectors import ResourceType, resource_types
from annexlog.collectors.gcp.datastores import dataset, secret_version, table
from annexlog.collectors.gcp.iam import service_account
from annexlog.collectors.gcp.resourcemanager import access_approval, labelled
from tests.collectors.gcp.conftest import Connect
from tests.providers import look
from tests.wire.gcp import ORG, GoogleCloud, asset

SHOP = "gcp/shop-prod"


def only(google: GoogleCloud, *assets: dict[str, Any]) -> None:
    """Leave the projects, and put these in the place of everything else."""
    projects = [one for one in google.answers["assets"] if one["assetType"].endswith("/Project")]
    google.answers["assets"] = [*projects, *assets]


def rows(connect: Connect, type: ResourceType, scope: str = SHOP) -> dict[str, Any]:
    return dict(look(connect(), type).values(type.name, scope=scope))


def test_of_who_shares_a_dataset_no_address_is_kept(google: GoogleCloud, connect: Connect) -> None:
    entries = [
        {"role": "OWNER", "specialGroup": "projectOwners"},
        {"role": "READER", "userByEmail": "Ann@ACME.example"},
        {"role": "READER", "userByEmail": "nobody"},
        {"role": "READER", "groupByEmail": "g@other.example"},
        {"role": "READER", "userByEmail": "ci@shop-2.iam.gserviceaccount.com"},
        {"role": "READER", "userByEmail": "12-compute@developer.gserviceaccount.com"},
        {"role": "READER", "iamMember": "user:x@other.example"},
        {"role": "READER", "iamMember": "deleted:user:x@other.example?uid=1"},
        {"role": "READER", "iamMember": "allUsers"},
        {"role": "READER", "somebodyNew": "x"},
        {"view": {"projectId": "theirs", "datasetId": "d", "tableId": "t"}},
        {"dataset": {"dataset": {"projectId": "shop-2", "datasetId": "d"}, "targetTypes": ["VIEWS"]}},
    ]
    only(google, asset("bigquery.googleapis.com/Dataset", "//bigquery.googleapis.com/d", {"access": entries}))

    row = rows(connect, dataset)["//bigquery.googleapis.com/d"]

    assert row["data"]["access"] == [
        {"role": "OWNER", "specialGroup": "projectOwners"},
        {"role": "READER", "domain": "acme.example"},
        {"role": "READER", "domain": "unknown"},
        {"role": "READER", "domain": "other.example"},
        {"role": "READER", "of": "shop-2", "agent": False},
        {"role": "READER", "of": "projects/12", "agent": False},
        {"role": "READER", "domain": "other.example"},
        {"role": "READER"},
        {"role": "READER", "iamMember": "allUsers"},
        {"role": "READER", "iamMember": "unknown"},
        {"of": "theirs"},
        {"of": "shop-2"},
    ]
    assert row["owners"] == ["projects/12", "shop-2", "theirs"]


def test_a_part_names_what_it_is_in(connect: Connect) -> None:
    tables = rows(connect, table)
    versions = rows(connect, secret_version)

    assert [row["of"].rpartition("/")[2] for row in tables.values()] == ["sales", "sales"]
    assert [row["data"].get("view") for row in tables.values()] == [None, {"useLegacySql": False}]
    assert [row["of"] for row in versions.values()] == ["//secretmanager.googleapis.com/projects/12/secrets/db"]


def test_settings_of_access_approval_are_of_a_node_and_say_how_many_are_told(
    google: GoogleCloud, connect: Connect
) -> None:
    def settings(node: str, **more: Any) -> dict[str, Any]:
        name = f"{node}/accessApprovalSettings"
        place: dict[str, Any] = {} if node.startswith("projects/") else {"node": "", "above": [ORG]}
        kind = "accessapproval.googleapis.com/AccessApprovalSettings"
        return asset(kind, f"//accessapproval.googleapis.com/{name}", {"name": name, **more}, **place)

    only(google, settings(ORG, notificationEmails=["a@x.example", "b@x.example"]), settings("projects/shop-prod"))

    found = rows(connect, access_approval, f"gcp/{ORG}").values()

    assert [(row["node"], row["notified"], "notificationEmails" in row["data"]) for row in found] == [
        (ORG, 2, False),
        ("projects/12", 0, False),
    ]


def test_labels_are_found_where_each_api_has_them(google: GoogleCloud, connect: Connect) -> None:
    mine = {"owner": "shop"}
    only(
        google,
        asset("storage.googleapis.com/Bucket", "b", {"labels": mine}),
        asset("sqladmin.googleapis.com/Instance", "c", {"settings": {"userLabels": mine}}),
        asset("container.googleapis.com/Cluster", "d", {"resourceLabels": mine}),
        asset("run.googleapis.com/Service", "e", {"metadata": {"labels": mine}}),
        asset("pubsub.googleapis.com/Topic", "f", {}),
        asset("pubsub.googleapis.com/Topic", "g", resource={"version": "v1"}),
    )

    found = rows(connect, labelled)

    assert {name: row["labels"] for name, row in found.items() if not name.startswith("//")} == {
        "b": mine,
        "c": mine,
        "d": mine,
        "e": mine,
        "f": {},
        "g": "",  # it could not be read
    }


def test_an_account_says_when_it_last_changed(connect: Connect) -> None:
    found = rows(connect, service_account)

    assert [row["updated"] for row in found.values()] == ["2026-01-01T00:00:00Z"]


def test_each_api_counts_its_requests_for_itself(connect: Connect) -> None:
    adapter = connect(quota_project="payer")
    scope = next(one for one in adapter.discover().scopes if one.name == SHOP)
    kinds = resource_types()
    calls = [
        kinds[name].listed
        for name in ("gcp.iam.sign_in", "gcp.compute.region", "gcp.scc.finding", "gcp.storage.bucket")
    ]

    assert [adapter.lane(call, scope) for call in calls if call] == [
        "gcp/payer/policyanalyzer",
        "gcp/payer/compute",
        "gcp/payer/securitycenter",
        "gcp/payer/cloudasset",
    ]
