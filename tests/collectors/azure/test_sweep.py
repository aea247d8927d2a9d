"""Every answer of Azure replaced by every fault: no outcome becomes better, and nothing disappears."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from annexlog.evidence_store.model import Unknown
from tests.providers import KINDS, Ground, fault, ground, holds, kinds, leaked, unmet, untested
from tests.test_refusal_sweep import worsened
from tests.wire.api import Fault
from tests.wire.azure import GRAPH, Azure, at
from tests.wire.azure_estate import EMAIL, MACHINE, PLANTED, options
from tests.wire.azure_workloads import REGISTERS, answers, inventory, views
from tests.wire.microsoft import SECRET, TENANT

TOKEN = f"/{TENANT}/oauth2/v2.0/token"
ALONE = (
    "/subscriptions", "descendants", "permissions", "denyAssignments", "ruleCollections", "r/rules", "onboardingStates",
)  # fmt: skip
"""Ends of paths that others hang on, or that hang on others: each is faulted by itself."""
FEW = ("refused", "other")

ASSIGNMENTS = "/subscriptions/x/providers/Microsoft.Authorization/policyAssignments"
ASKED_BY = {
    "denyAssignments$": "permissions",
    "(?i)^/.*/policySetDefinitions.*": ASSIGNMENTS,
    "(?i)^/.*/securityConnectors/.*": "/subscriptions/x/providers/Microsoft.Security/securityConnectors",
    "(?i)(securityAdminConfigurations)/.*": r"\1",
    "(?i)(/dnsResolver)DomainLists/.*": r"\1Policies/Dns/dnsSecurityRules",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("azure")
    (folder / "secret").write_text(SECRET)
    with Azure(answers(), inventory=inventory(), views=views()) as api:
        yield ground(api, "azure", options(folder, api.url), REGISTERS, folder)


@pytest.fixture(scope="module")
def queried(home: Ground) -> list[str]:
    """The types that Resource Graph was asked for."""
    found = {re.search(r"of=([^&]*)&", request.target) for request in home.api.log if request.target.startswith(GRAPH)}
    return sorted({match[1] for match in found if match})


def together(paths: Sequence[str], groups: int) -> Iterator[list[str]]:
    """Neighbours in different groups: they are often of one resource."""
    yield from (list(paths[n::groups]) for n in range(groups))


def untold(path: str, unseen: Sequence[Unknown]) -> bool:
    """Whether nothing unseen is of an operation with this path, or of the one that asks it as well."""
    paths = (path, *(re.sub(end, first, path) for end, first in ASKED_BY.items()))
    patterns = {".*".join(map(re.escape, re.split(r"\{\w+\}", unknown.operation))) for unknown in unseen}
    return not any(re.fullmatch(pattern, one, re.IGNORECASE) for pattern in patterns for one in paths)


def faulted(home: Ground, kind: str, paths: Sequence[str], folder: Path) -> list[str]:
    """What goes wrong where these answers are all replaced by this fault."""
    faults = [fault(path, kinds(home.api)[kind]) for path in paths]
    done, after = home.again(folder / str(hash(tuple(paths))), *faults)
    silent = [f"{path}: nothing is said" for path in paths if untold(path, list(done.unseen.values()))]
    return worsened(home.answers, after) + silent


def test_in_a_healthy_subscription_every_test_passes(home: Ground) -> None:
    finding = f"{MACHINE}/providers/Microsoft.Security/assessments/k/subAssessments/f".lower()
    account = at("Microsoft.Storage/storageAccounts", "acme").lower()
    assert unmet(home) == {
        ("azure.defender.vulnerabilities-within-sla", finding): ("fail", None),
        # Its logs are in an immutable container, where it is not sure that a rule deletes anything.
        ("azure.storage.lifecycle-deletion", account): ("unknown", "unresolved"),
    }
    # It compares with Entra ID, and is asked where that is a target too.
    assert untested(home) == {"azure.rbac.orphaned-assignments"}


def test_nothing_personal_and_no_secret_gets_into_the_store(home: Ground) -> None:
    assert leaked(home, EMAIL, PLANTED, SECRET, "token-0") == set()
    assert holds(home, "TLS1_2")


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_resource_manager_makes_an_outcome_better_or_disappear(
    kind: str, home: Ground, tmp_path: Path
) -> None:
    paths = [path for path in home.paths if not path.endswith((*ALONE, TOKEN, GRAPH, "/openid-configuration"))]

    problems = [problem for part in together(paths, 2) for problem in faulted(home, kind, part, tmp_path)]

    assert problems == []


@pytest.mark.parametrize("kind", FEW)
@pytest.mark.parametrize("end", ALONE)
def test_no_fault_of_what_the_rest_hangs_on_makes_an_outcome_better_or_disappear(
    end: str, kind: str, home: Ground, tmp_path: Path
) -> None:
    (path,) = [path for path in home.paths if path.endswith(end)]

    assert faulted(home, kind, [path], tmp_path) == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_resource_graph_makes_an_outcome_better_or_disappear(
    kind: str, home: Ground, queried: list[str], tmp_path: Path
) -> None:
    problems = []

    for number, types in enumerate(together(queried, 2)):
        faults = [Fault(re.escape(GRAPH), kinds(home.api)[kind], containing=f"of={type}&") for type in types]
        done, after = home.again(tmp_path / str(number), *faults)
        problems += worsened(home.answers, after)
        told = [line for line, unknown in done.unseen.items() if unknown.operation == GRAPH]
        problems += [f"{types}: {len(told)} are told"] if len(told) < len(types) else []

    assert problems == []


@pytest.mark.parametrize("kind", [*FEW, "throttled", "html"])
def test_no_fault_of_the_authority_makes_an_outcome_better_or_disappear(
    kind: str, home: Ground, tmp_path: Path
) -> None:
    done, after = home.again(tmp_path / "token", fault(TOKEN, kinds(home.api)[kind]))

    assert (worsened(home.answers, after), bool(done.unseen)) == ([], True)


@pytest.mark.parametrize("grants", [[], [{"actions": ["Microsoft.Compute/*"], "notActions": []}]])
def test_a_caller_who_is_shown_less_is_believed_in_nothing(grants: list[object], home: Ground, tmp_path: Path) -> None:
    assert isinstance(home.api, Azure)
    before, home.api.grants_at = home.api.grants_at, grants  # type: ignore[assignment]

    try:
        _, after = home.again(tmp_path / "blind")
    finally:
        home.api.grants_at = before

    assert worsened(home.answers, after) == []
    stores = {str(a.status) for key, a in after.items() if key[0].startswith("azure.storage")}
    assert stores == {"unknown"}
