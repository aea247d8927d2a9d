"""Answers that Azure really gave, as another tool's tests recorded them: read without a crash, and judged as argued."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from annexlog.answers import published_shapes
from annexlog.collectors import Call
from annexlog.collectors.azure import authorization, containerservice, keyvault, network, storage
from annexlog.collectors.azure._adapter import folded
from annexlog.collectors.azure._refusals import refusal
from annexlog.collectors.paths import kept
from annexlog.collectors.rest import Answer, member
from annexlog.mappings.definitions import Example, Test
from annexlog.mappings.derive.azureranges import firewall_openings
from annexlog.mappings.derive.azureresources import deletion_locks
from annexlog.mappings.derive.azureroles import escalating_actions, inherited_owners, root_holders
from annexlog.mappings.derive.azuresql import long_term_days
from annexlog.mappings.derive.azurestorage import rewritable_logs
from annexlog.mappings.examples import judge_example
from annexlog.mappings.packs import Contents, Reading, read_tests

RECORDED = Path(__file__).parents[4] / "shared/recorded/azure/c7n_azure_recorded.jsonl"

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not here")


@pytest.fixture(scope="module")
def tests() -> dict[str, Test]:
    reading, found = Reading(published_shapes()), Contents()
    for file in sorted((resources.files("annexlog.mappings") / "tests/azure").iterdir(), key=lambda one: one.name):
        read_tests(reading, file, found)
    return dict(found.tests)


def recorded() -> Iterator[dict[str, Any]]:
    with RECORDED.open() as lines:
        for line in lines:
            one = json.loads(line)
            if one["host"].startswith("management.") and isinstance(one["body"], dict):
                yield one


def listed(type: str, call: Call) -> list[dict[str, Any]]:
    """Resources that lists of a type showed, with what the declaration keeps of them."""
    wanted = [path.removeprefix("data.").removeprefix("value.") for path in call.params["keep"]]
    return [
        folded(kept(row, wanted))
        for one in recorded()
        if one["status"] == 200 and re.search(rf"/providers/{re.escape(type)}$", one["path"], re.IGNORECASE)
        for row in one["body"]["value"]
    ]


def outcomes(test: Test, facets: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """How often each outcome, with its reason, comes of these facets."""
    judged = (judge_example(test, Example("pass", one, "recorded"), {}) for one in facets)
    return Counter((str(outcome.status), outcome.reason.reason if outcome.reason else "") for outcome in judged)


def test_every_body_is_folded_and_every_link_leads_on() -> None:
    links = Counter(bool(member("nextLink")(Answer(200, {}, folded(one["body"]), None), {})) for one in recorded())

    assert links[True] > 0
    assert links[False] > 400


def test_every_refusal_has_a_reason_and_azure_s_own_code() -> None:
    found = {
        (refused.reason, refused.code)
        for one in recorded()
        if one["status"] >= 400
        for refused in [refusal(Answer(one["status"], {}, one["body"], None))]
    }

    assert found == {("failed", "ResourceNotFound"), ("failed", "ManagementPolicyNotFound"), ("failed", "BadRequest")}


def test_accounts_of_before_the_setting_existed_allow_public_blobs(tests: dict[str, Test]) -> None:
    assert storage.account.listed is not None
    accounts = [{"account": one} for one in listed(storage.ACCOUNT, storage.account.listed)]

    found = outcomes(tests["azure.storage.public-blob-access-disabled"], accounts)

    # Those of api-version 2024-01-01 say false; the old ones say nothing, which means allowed.
    assert set(found) == {("pass", ""), ("fail", "")}
    assert found["fail", ""] > found["pass", ""]


def test_vaults_pass_that_say_both_and_no_others(tests: dict[str, Test]) -> None:
    assert keyvault.vault.listed is not None
    vaults = [{"vault": one} for one in listed(keyvault.VAULT, keyvault.vault.listed)]
    both = {"enableSoftDelete": True, "enablePurgeProtection": True}
    guarded = sum(both.items() <= one["vault"]["properties"].items() for one in vaults)

    found = outcomes(tests["azure.keyvault.recoverable"], vaults)

    assert found == {("pass", ""): guarded, ("fail", ""): len(vaults) - guarded}
    assert 0 < guarded < len(vaults)


def test_groups_are_judged_and_none_is_unreadable(tests: dict[str, Test]) -> None:
    assert network.security_group.listed is not None
    groups = [{"security_group": one} for one in listed(network.GROUP, network.security_group.listed)]

    found = outcomes(tests["azure.network.nsg-no-admin-ports-from-internet"], groups)

    assert groups
    assert set(found) <= {("pass", ""), ("fail", "")}


def test_a_cluster_without_ranges_or_entra_fails_both_tests(tests: dict[str, Test]) -> None:
    assert containerservice.cluster.listed is not None
    clusters = [{"cluster": one} for one in listed(containerservice.CLUSTER, containerservice.cluster.listed)]

    api = outcomes(tests["azure.aks.private-or-restricted-api"], clusters)
    entra = outcomes(tests["azure.aks.entra-rbac-local-accounts-off"], clusters)

    assert (set(api), set(entra)) == ({("fail", "")}, {("fail", "")})


def test_a_server_that_lets_all_of_azure_in_is_seen() -> None:
    lists = [one["body"]["value"] for one in recorded() if one["path"].endswith("/firewallRules")]

    assert ["all of Azure"] in [firewall_openings(rules, 24, 48) for rules in lists]


def test_assignments_and_roles_are_read() -> None:
    (assignments,) = [one["body"]["value"] for one in recorded() if one["path"].endswith("/roleAssignments")]
    (definitions,) = [one["body"]["value"] for one in recorded() if one["path"].endswith("/roleDefinitions")]
    subscription = next(one["path"] for one in recorded() if one["path"].endswith("/roleAssignments"))

    owners = inherited_owners(folded(assignments), subscription.partition("/providers/")[0])

    assert owners
    # The list of a subscription holds what is assigned at "/" as well.
    assert any(one["properties"]["scope"] == "/" for one in assignments) is bool(root_holders(folded(assignments)))
    strong = {
        one["properties"]["roleName"] for one in definitions if escalating_actions(one["properties"]["permissions"])
    }
    assert authorization.role_definition.listed is not None
    assert {"Owner", "User Access Administrator"} <= strong
    assert not {"Reader", "Contributor"} & strong


def answered(end: str) -> list[Any]:
    """What answers with paths of this end say, once they are folded."""
    return [folded(one["body"]) for one in recorded() if one["status"] == 200 and one["path"].endswith(end)]


def test_the_longest_of_three_kinds_of_backups_counts_however_it_is_written() -> None:
    policies = [body["properties"] for body in answered("/backupLongTermRetentionPolicies/default")]

    # P1M and P12M; P1M and P6W; P14D, P3M and P2Y. What is not kept is PT0S.
    assert {long_term_days(policy) for policy in policies} == {360, 42, 730}


def test_a_group_s_lock_is_told_from_that_of_what_is_in_it() -> None:
    locks = [lock for body in answered("/locks") for lock in body["value"]]
    group = locks[0]["id"].partition("/providers/")[0]

    assert deletion_locks(group, locks) == sorted(lock["id"] for lock in locks)
    assert deletion_locks(f"{group}2", locks) == []


def test_containers_without_a_policy_keep_nothing() -> None:
    containers = [one for body in answered("/blobServices/default/containers") for one in body["value"]]
    names = sorted({one["name"] for one in containers})

    open = rewritable_logs({"properties": {}}, containers[:2], names, 1)

    assert open == [f"{one['name']}: no policy" for one in sorted(containers[:2], key=lambda one: one["name"])]
