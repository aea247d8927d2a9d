"""Assets that Asset Inventory really gave: read by Google's own messages without a crash, and believed as argued."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.asset_v1 import Asset
from google.protobuf.json_format import ParseDict

from annexlog.collectors.gcp._accounts import account
from annexlog.collectors.gcp._assets import plain, policy, tree
from annexlog.collectors.gcp._spelling import folded
from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.gcpiam import basic_role_holders, public_grants
from annexlog.mappings.derive.gcpmachines import machine_public_ways
from annexlog.mappings.derive.gcpnetwork import gcp_open_ports, gke_open, sql_wide_networks

RECORDED = Path(__file__).parents[4] / "shared/recorded/gcp"

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not here")


def library(folder: str) -> Iterator[Any]:
    """The recorded assets of a folder as messages."""
    for recorded in json.loads((RECORDED / "policy-library" / folder / "data.json").read_text()):
        yield message(recorded)


def message(recorded: Any) -> Any:
    return ParseDict(recorded, Asset.pb(Asset()), ignore_unknown_fields=True)


def data(folder: str) -> dict[str, Any]:
    """The resources of a folder by the last part of their names."""
    return {one.name.rpartition("/")[2]: plain(one.resource.data, {}) for one in library(folder)}


def open_to_the_internet(rule: Any) -> Any:
    network = {"name": "n", "data": {"selfLink": "n"}}
    return gcp_open_ports(network, [{"firewall": {"data": rule}}], [], [22, 3389], [3389])


def test_every_recorded_asset_is_read_and_what_is_not_kept_is_not_converted() -> None:
    files = [
        *RECORDED.glob("policy-library/**/data.json"),
        *RECORDED.glob("forseti/mock_cai_*resources.dump"),
        *RECORDED.glob("forseti/mock_cai_*iam_policies.dump"),
    ]
    texts = [file.read_text() for file in files]
    recorded = [
        one
        for text in texts
        for one in (json.loads(text) if text.lstrip().startswith("[") else map(json.loads, text.splitlines()))
        if "asset_type" in one
    ]

    messages = [message(one) for one in recorded]
    values = [plain(one.resource.data, {}) for one in messages if one.resource.HasField("data")]
    bound = [policy(one.iam_policy) for one in messages if one.HasField("iam_policy")]

    assert (len(messages) > 300, len(values) > 200, len(bound) > 20) == (True, True, True)
    assert [value for one in messages if (value := plain(one.resource.data, tree(["nothing"])))] == []
    assert {
        account(member)
        for one in bound
        for b in one["bindings"]
        for member in b["members"]
        if member.startswith("user:")
    } == {None}


def test_rules_that_are_disabled_go_out_or_keep_out_open_nothing() -> None:
    rules = data("restricted_firewall_rules/sources")

    found = {name.rpartition("-")[2]: open_to_the_internet(rule) for name, rule in rules.items()}

    everything = ["tcp/22", "tcp/3389", "udp/3389"]
    # 0, 2 and 3 let in every address, whatever tag is named beside it; 6 names only a tag and an account.
    assert {number: ports for number, ports in found.items() if ports} == {
        "0": everything,
        "2": everything,
        "3": everything,
    }
    assert found["6"] == []


def test_ports_are_found_in_ranges_and_under_both_spellings() -> None:
    rules = data("restricted_firewall_rules/protocol_and_port")

    assert open_to_the_internet(rules["cf-test-fw-rule-0"]) == ["udp/3389"]  # udp 1000-7000
    assert open_to_the_internet(data("gcp_enforce_naming")["gke-firewall-allow-all"]) == []  # from 10.10.10.0/24


def test_clusters_are_open_unless_nodes_and_control_plane_are_both_closed() -> None:
    clusters = data("gke_master_authorized_networks_enabled")

    found = {name: gke_open({"data": one}, by_name=False) for name, one in clusters.items()}

    plane, nodes = "its control plane is open to every address", "its nodes have public addresses"
    assert found == {
        "private-endpoint-public": [plane],
        "public": [nodes, plane],
        "private-endpoint-private": [],
        # Neither says whether addresses of Google Cloud may connect.
        "private-endpoint-restricted": Unknown("unresolved", operation="ListAssets"),
        "private-endpoint-restricted-bad": Unknown("unresolved", operation="ListAssets"),
    }


def test_buckets_and_datasets_for_everybody_are_found() -> None:
    found = {}
    for folder in ("storage_bucket_world_readable", "bigquery_dataset_world_readable"):
        for one in library(folder):
            joined = [{"iam_policy": {"key": one.name, "policy": policy(one.iam_policy)}}]
            found[one.name.rpartition("/")[2]] = bool(public_grants({"ancestors": []}, joined, []))

    assert found == {
        "my-test-bucket": True,
        "my-second-test-bucket": True,
        "my-third-test-bucket": False,
        "world-readable-allAuthenticatedUsers": True,
        "world-readable-allUsers": True,
        "world-readable-both": True,
        "not-world-readable": False,
    }


def test_an_owner_is_found_and_databases_without_networks_are_not_wide() -> None:
    owned = [one for one in library("iam_allowed_bindings") if "roles/owner" in str(one.iam_policy)]

    found = [basic_role_holders({"policy": policy(one.iam_policy), "accounts": []}, []) for one in owned]
    assert [len(holders) >= 1 for holders in found] == [True, True]

    assert {name: sql_wide_networks({"data": one}, 24) for name, one in data("sql_ssl").items()} == {
        "sql-instance-with-ssl": [],
        "sql-instance-without-ssl": [],
        "sql-instance-without-ipconfig": [],
    }


def test_machines_that_are_stopped_or_spelled_otherwise_have_their_public_addresses() -> None:
    machines = {
        one.name.rpartition("/")[2]: folded(plain(one.resource.data, {}))
        for folder in ("compute_network_interface", "compute_ip_forward")
        for one in library(folder)
        if one.asset_type.endswith("/Instance")
    }

    found = {name: len(machine_public_ways({"name": name, "data": data}, [], [])) for name, data in machines.items()}

    assert found == {
        "valid-instance1": 1,
        "invalid-instance": 1,
        "vm-cant-forward": 0,
        "vm-ip-forward": 1,
        "vm-ip-forward-two": 1,
        "instance-west1-b": 0,
        "instance-1": 0,
        "instance-east1-b": 0,
    }
    assert {bool(data["disks"] and data["serviceAccounts"]) for data in machines.values()} == {True}
