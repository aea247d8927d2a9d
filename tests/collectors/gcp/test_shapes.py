"""What lists of assets are made into before anything is kept: one spelling, few members, and what belongs together."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.collectors.gcp._spelling import folded, spellings
from annexlog.collectors.gcp.compute import firewall_policy, instance, ssl_policy
from annexlog.collectors.gcp.dns import managed_zone, response_policy
from annexlog.collectors.gcp.machines import disk, instance_group, metadata
from annexlog.collectors.gcp.vpcsc import perimeter
from annexlog.collectors.gcp.workloads import backup_plan, cluster, place
from tests.collectors.gcp.conftest import Connect
from tests.providers import look
from tests.wire.gcp import ORG, GoogleCloud, asset

SHOP, HERE = "gcp/shop-prod", "//compute.googleapis.com/projects/shop-prod"
ZONE = f"{HERE}/zones/europe-west1-b"


def test_lists_have_one_name_and_what_is_no_list_keeps_its_own() -> None:
    given = {"disk": [{"license": ["a"], "source": "s"}], "zone": "z", "rules": [{"x": 1}], "rule": [{"x": 1}]}

    assert folded(given) == {"disks": [{"licenses": ["a"], "source": "s"}], "zone": "z", "rules": [{"x": 1}]}
    assert spellings("id", "disks.licenses") == (
        "id",
        "disks.licenses",
        "disks.license",
        "disk.licenses",
        "disk.license",
    )


def test_of_a_machine_few_members_are_kept_and_of_metadata_three_keys(connect: Connect) -> None:
    seen = look(connect(), instance)

    found: Any = seen.values("gcp.compute.instance", scope=SHOP)[f"{ZONE}/instances/web"]
    assert (found["zone"], found["data"]) == (
        "europe-west1-b",
        {
            "id": "4711",
            "status": "RUNNING",
            "labels": found["data"]["labels"],
            "selfLink": f"{ZONE}/instances/web",
            "metadata": {"serial-port-enable": "FALSE", "enable-oslogin": "TRUE"},
            "networkInterfaces": [{}],
            "shieldedInstanceConfig": {
                "enableSecureBoot": True,
                "enableVtpm": True,
                "enableIntegrityMonitoring": True,
            },
            "serviceAccounts": [
                {
                    "email": "app@shop-prod.iam.gserviceaccount.com",
                    "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
                }
            ],
            "disks": [
                {
                    "boot": True,
                    "source": f"{ZONE}/disks/web",
                    "guestOsFeatures": [{"type": "UEFI_COMPATIBLE"}],
                    "licenses": ["//compute.googleapis.com/projects/debian-cloud/global/licenses/debian-12"],
                }
            ],
        },
    )


def test_metadata_of_projects_is_a_list_and_of_zones_an_object(connect: Connect) -> None:
    seen = look(connect(), metadata)

    found: Any = seen.values("gcp.compute.metadata", scope=SHOP)
    assert {(row["zone"], *row["items"].items()) for row in found.values()} == {
        ("", ("enable-oslogin", "TRUE")),
        ("europe-west1-b", ("enable-oslogin-2fa", "TRUE")),
    }


def test_a_snapshot_is_a_disks_by_id_and_only_if_it_is_whole(google: GoogleCloud, connect: Connect) -> None:
    def snapshot(name: str, made: str, status: str = "READY", id: str = "81") -> dict[str, Any]:
        data = {"status": status, "sourceDiskId": id, "sourceDisk": f"{ZONE}/disks/web", "creationTimestamp": made}
        return asset("compute.googleapis.com/Snapshot", f"{HERE}/global/snapshots/{name}", data)

    google.answers["assets"][:] = [one for one in google.answers["assets"] if "Snapshot" not in one["assetType"]] + [
        snapshot("old", "2026-01-01T00:00:00Z"),
        snapshot("new", "2026-01-02T00:00:00Z"),
        snapshot("torn", "2026-01-03T00:00:00Z", status="FAILED"),
        snapshot("namesake", "2026-01-04T00:00:00Z", id="80"),
    ]

    seen = look(connect(), disk)

    found: Any = seen.values("gcp.compute.disk", scope=SHOP)
    assert list(found) == [f"{ZONE}/disks/web"]
    assert (found[f"{ZONE}/disks/web"]["snapshot"], found[f"{ZONE}/disks/web"]["schedules"]) == (
        "2026-01-02T00:00:00Z",
        [{"status": "READY", "days": 14, "scheduled": True}],
    )


@pytest.mark.parametrize(
    ("canary", "everywhere", "labels"),
    [
        ({"criticality": "critical", "team": "web"}, {}, {"criticality": "critical", "team": "web"}),
        ({"criticality": "low", "team": "web"}, {}, {"team": "web"}),
        ({}, {"criticality": "high"}, {"criticality": "high"}),
    ],
)
def test_a_group_has_the_labels_that_all_its_machines_get(
    canary: dict[str, str], everywhere: dict[str, str], labels: dict[str, str], google: GoogleCloud, connect: Connect
) -> None:
    def template(name: str, given: dict[str, str]) -> dict[str, Any]:
        data = {"selfLink": f"{HERE}/global/instanceTemplates/{name}", "properties": {"labels": given}}
        return asset("compute.googleapis.com/InstanceTemplate", f"{HERE}/global/instanceTemplates/{name}", data)

    data = {
        "versions": [{"instanceTemplate": f"{HERE}/global/instanceTemplates/{name}"} for name in ("main", "canary")],
        "allInstancesConfig": {"properties": {"labels": everywhere}},
    }
    name = f"{ZONE}/instanceGroupManagers/two"
    google.answers["assets"].extend(
        [
            template("main", {"criticality": "critical", "team": "web"}),
            template("canary", canary),
            asset("compute.googleapis.com/InstanceGroupManager", name, data),
        ]
    )

    seen = look(connect(), instance_group)

    found: Any = seen.values("gcp.compute.instance_group", scope=SHOP)
    assert found[name]["labels"] == labels


@pytest.mark.parametrize(
    ("spelled", "node"),
    [
        ("folders/5", "folders/5"),
        ("//cloudresourcemanager.googleapis.com/folders/5", "folders/5"),
        ("https://cloudresourcemanager.googleapis.com/v3/organizations/9", "organizations/9"),
        (
            "https://www.googleapis.com/compute/v1/projects/p/global/networks/n",
            "//compute.googleapis.com/projects/p/global/networks/n",
        ),
    ],
)
def test_what_a_firewall_policy_is_attached_to_is_spelled_as_everywhere(
    spelled: str, node: str, google: GoogleCloud, connect: Connect
) -> None:
    name = "//compute.googleapis.com/locations/global/firewallPolicies/2"
    data = {"association": [{"attachmentTarget": spelled}], "rule": [{"priority": 1}]}
    google.answers["assets"].append(
        asset("compute.googleapis.com/FirewallPolicy", name, data, node="", above=["folders/5", ORG])
    )

    seen = look(connect(), firewall_policy)

    found: Any = seen.values("gcp.compute.firewall_policy", scope=f"gcp/{ORG}")[name]
    assert found["data"] == {"associations": [{"attachmentTarget": node}], "rules": [{"priority": 1}]}


def test_ciphers_of_a_policy_are_read_by_either_name(google: GoogleCloud, connect: Connect) -> None:
    name = f"{HERE}/global/sslPolicies/own"
    data = {"profile": "CUSTOM", "enabledFeature": ["TLS_AES_128_GCM_SHA256"]}
    google.answers["assets"].append(asset("compute.googleapis.com/SslPolicy", name, data))

    seen = look(connect(), ssl_policy)

    found: Any = seen.values("gcp.compute.ssl_policy", scope=SHOP)[name]
    assert found["data"] == {"profile": "CUSTOM", "enabledFeatures": ["TLS_AES_128_GCM_SHA256"]}


def test_rules_belong_to_the_response_policy_in_whose_name_they_are_readable_or_not(
    google: GoogleCloud, connect: Connect
) -> None:
    other = "//dns.googleapis.com/projects/12/responsePolicies/other"
    rule = {"dnsName": "www.evil.example.", "behavior": "bypassResponsePolicy"}
    google.answers["assets"].extend(
        [
            asset("dns.googleapis.com/ResponsePolicy", other, {"networks": []}),
            asset("dns.googleapis.com/ResponsePolicyRule", f"{other}/rules/www", rule),
            asset("dns.googleapis.com/ResponsePolicyRule", f"{other}/rules/dark", resource={"version": "v1"}),
        ]
    )

    seen = look(connect(), response_policy)

    found: Any = seen.values("gcp.dns.response_policy", scope=SHOP)
    assert {name.rpartition("/")[2]: row["rules"] for name, row in found.items()} == {
        "block": [{"dnsName": "evil.example.", "behavior": None, "answers": ["0.0.0.0"]}],
        "other": [
            {"dnsName": None, "behavior": None, "answers": []},
            {"dnsName": "www.evil.example.", "behavior": "bypassResponsePolicy", "answers": []},
        ],
    }


def test_perimeters_have_names_of_their_own_and_what_is_tried_out_is_not_enforced(
    google: GoogleCloud, connect: Connect
) -> None:
    organization = ("cloudresourcemanager.googleapis.com/Organization", f"//cloudresourcemanager.googleapis.com/{ORG}")
    tried = {
        "name": "accessPolicies/1/servicePerimeters/tried",
        "perimeterType": "PERIMETER_TYPE_BRIDGE",
        "spec": {"resources": ["projects/12"]},
        "useExplicitDryRunSpec": True,
    }
    google.answers["assets"].append(asset(*organization, None, node="", above=[ORG], servicePerimeter=tried))

    seen = look(connect(), perimeter)

    assert seen.values("gcp.vpcsc.perimeter", scope=f"gcp/{ORG}") == {
        "accessPolicies/1/servicePerimeters/data": {
            "name": "accessPolicies/1/servicePerimeters/data",
            "type": "PERIMETER_TYPE_REGULAR",
            "status": {
                "resources": ["projects/12", "projects/13"],
                "restrictedServices": ["bigquery.googleapis.com", "storage.googleapis.com"],
                "ingressPolicies": [
                    {
                        "ingressFrom": {"sources": [{"accessLevel": "accessPolicies/1/accessLevels/office"}]},
                        "ingressTo": {"operations": [{"serviceName": "storage.googleapis.com"}], "resources": ["*"]},
                    }
                ],
            },
        },
        "accessPolicies/1/servicePerimeters/tried": {
            "name": "accessPolicies/1/servicePerimeters/tried",
            "type": "PERIMETER_TYPE_BRIDGE",
            "status": None,
        },
    }


def test_backups_that_somebody_made_or_that_failed_are_none_of_a_plan(google: GoogleCloud, connect: Connect) -> None:
    plan = "//gkebackup.googleapis.com/projects/shop-prod/locations/europe-west1/backupPlans/weekly"
    rest: list[dict[str, Any]] = [
        {"state": "SUCCEEDED", "completeTime": "2026-01-01T00:00:00Z"},
        {"state": "SUCCEEDED", "completeTime": "2026-01-02T00:00:00Z", "manual": True},
        {"state": "FAILED", "completeTime": "2026-01-03T00:00:00Z"},
    ]
    google.answers["assets"].append(asset("gkebackup.googleapis.com/BackupPlan", plan, {"state": "READY"}))
    google.answers["assets"].extend(
        asset("gkebackup.googleapis.com/Backup", f"{plan}/backups/{number}", data) for number, data in enumerate(rest)
    )

    seen = look(connect(), backup_plan)

    found: Any = seen.values("gcp.gke.backup_plan", scope=SHOP)
    assert found[plan]["backup"] == "2026-01-01T00:00:00Z"


def test_a_plan_may_call_a_cluster_by_its_projects_number_and_its_location_a_zone(
    google: GoogleCloud, connect: Connect
) -> None:
    name = "//container.googleapis.com/projects/shop-prod/zones/europe-west1-b/clusters/z"
    google.answers["assets"].append(asset("container.googleapis.com/Cluster", name, {}))

    seen = look(connect(), cluster)

    found: Any = seen.values("gcp.gke.cluster", scope=SHOP)
    assert found[name]["places"] == [
        "projects/shop-prod/locations/europe-west1-b/clusters/z",
        "projects/shop-prod/zones/europe-west1-b/clusters/z",
        "projects/12/locations/europe-west1-b/clusters/z",
        "projects/12/zones/europe-west1-b/clusters/z",
    ]


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("europe-west1-docker.pkg.dev/p/r/a/b:1", "projects/p/locations/europe-west1/repositories/r"),
        ("us-docker.pkg.dev/acme.example/p/r/a@sha256:0", "projects/acme.example:p/locations/us/repositories/r"),
        ("gcr.io/p/a", "projects/p/locations/us/repositories/gcr.io"),
        ("eu.gcr.io/p/a/b:1", "projects/p/locations/europe/repositories/eu.gcr.io"),
        ("evil.gcr.io/p/a", ""),
        ("docker.io/library/nginx", ""),
        ("nginx", ""),
        ("evil.example/europe-docker.pkg.dev/p/r/a", ""),
    ],
)
def test_which_repository_an_image_is_in(image: str, repository: str) -> None:
    assert place(image) == repository


@pytest.mark.parametrize(
    ("data", "signed", "keys"),
    [
        ({"visibility": "PUBLIC", "dnssecConfig": {"state": "ON"}}, "yes", 1),
        ({"dnssecConfig": {"state": "on"}}, "yes", 1),
        ({"visibility": "public", "dnssecConfig": {"state": "TRANSFER"}}, "no", 0),
        ({"visibility": "private", "dnssecConfig": {"state": "on"}}, "no", 0),
        ({}, "no", 0),
    ],
)
def test_only_public_zones_that_are_signed_are_asked_for_their_keys(
    data: dict[str, Any], signed: str, keys: int, google: GoogleCloud, connect: Connect
) -> None:
    name = "//dns.googleapis.com/projects/12/managedZones/acme"
    google.answers["assets"][:] = [one for one in google.answers["assets"] if "ManagedZone" not in one["assetType"]]
    google.answers["assets"].append(asset("dns.googleapis.com/ManagedZone", name, {"name": "acme", **data}))

    seen = look(connect(), managed_zone)

    found: Any = seen.values("gcp.dns.managed_zone", scope=SHOP)[name]
    asked = [path for path in google.asked if path.endswith("/managedZones/acme/dnsKeys")]
    assert (found["signed"], len(asked)) == (signed, keys)


def test_a_project_without_metadata_says_so_and_one_that_cannot_be_read_does_not(
    google: GoogleCloud, connect: Connect
) -> None:
    kind = "compute.googleapis.com/Project"
    google.answers["assets"][:] = [one for one in google.answers["assets"] if one["assetType"] != kind]
    google.answers["assets"].extend(
        [
            asset(kind, "//compute.googleapis.com/projects/a", {"name": "a"}),
            asset(kind, "//compute.googleapis.com/projects/b", resource={"version": "v1"}),
        ]
    )

    seen = look(connect(), metadata)

    found: Any = seen.values("gcp.compute.metadata", scope=SHOP)
    assert {name.rpartition("/")[2]: row.get("items") for name, row in found.items() if not row["zone"]} == {
        "a": {},
        "b": None,
    }
