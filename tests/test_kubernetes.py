"""A seeded cluster: what each control test says of it, and that no refused list makes any of it better."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from annexlog.answers import Answer, Reading, shapes
from annexlog.assessing import assess, present
from annexlog.collectors import ResourceType, providers, resource_types
from annexlog.config import load
from annexlog.cycle import Cycle
from annexlog.evidence_store import keys
from annexlog.evidence_store.model import Millis, Status
from annexlog.evidence_store.queries import View
from annexlog.evidence_store.store import Store
from annexlog.mappings import Mappings
from annexlog.mappings import load as load_mappings
from annexlog.mappings.derive.pods import containers
from annexlog.pipeline import Collected, Collector
from tests.clusters import ORGANIZATION, seed
from tests.test_refusal_sweep import Hastened, worsened
from tests.wire.cluster import Cluster, Fault

Answers = Mapping[tuple[str, str, str], Answer]

NOW: Millis = time.time_ns() // 1_000_000
SCOPE = "kubernetes/seeded"
CONFIG = """
mappings = ["org"]
[targets.k8s]
provider = "kubernetes"
kubeconfig = "{}"
requests_per_second = 1000
secrets = true
"""
TRUTH = Path(__file__).parent / "clusters.yaml"
TYPES = {name: kind for name, kind in resource_types().items() if kind.provider == "kubernetes"}


@dataclass(frozen=True)
class Ground:
    """A cluster that was looked at once without a fault."""

    folder: Path
    cluster: Cluster
    at: Millis
    answers: Answers

    mappings: Mappings
    paths: Mapping[str, str]

    def again(self, folder: Path, kinds: Collection[str], faults: Iterable[Fault]) -> tuple[Collected, Answers]:
        """What is known an hour later, after another look at these types with these faults."""
        shutil.copytree(self.folder, folder)
        config = load(folder / "annexlog.toml")
        clock = Hastened(self.at + 3_600_000)
        self.cluster.faults[:] = faults

        def concerned(_: View, scope: str, kind: ResourceType, facets: Mapping[str, Millis]) -> Collection[str] | None:
            return facets if kind.name in kinds else None

        try:
            with Store.open(config.store) as store:
                done = Collector(config, store, self.mappings, clock, redaction_key=b"k" * 32).collect(choose=concerned)
                assess(store, self.mappings, clock)
                return done, _answers(store, present(store, clock))
        finally:
            self.cluster.faults.clear()
            shutil.rmtree(folder)


def _answers(store: Store, at: Millis) -> Answers:
    known = Reading(store.view(at=at)).answers()
    return {(a.test.id, a.line.scope, a.id): a for a in known if a.line.scope == SCOPE}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("seeded")
    with Cluster() as cluster:
        seed(cluster, datetime.fromtimestamp(NOW / 1000 - 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        path = cluster.kubeconfig(folder, context="seeded")
        (folder / "annexlog.toml").write_text(CONFIG.format(path))
        (folder / "org" / "registers").mkdir(parents=True)
        for name, register in ORGANIZATION["registers"].items():
            (folder / "org" / "registers" / f"{name}.yaml").write_text(yaml.safe_dump(register))
        keys.generate(folder / "annexlog.key")
        config, clock = load(folder / "annexlog.toml"), Hastened(NOW)
        Cycle(config, clock=clock).turn()
        with Store.open(config.store, readonly=True) as store:
            at = present(store, clock)
            answers = _answers(store, at)
        yield Ground(folder, cluster, at, answers, load_mappings(shapes(), folders=config.mappings), paths(cluster))


def told(answers: Answers) -> dict[str, dict[str, str]]:
    """{test: {resource: its status, and why it is unknown}} of the tests that have anything to say."""
    found: dict[str, dict[str, str]] = {}
    for (test, _, id), answer in sorted(answers.items()):
        reason = f" ({answer.reason.reason})" if answer.reason else ""
        found.setdefault(test, {})[id] = f"{answer.status}{reason}"
    return found


def test_every_outcome_of_the_seeded_cluster_is_the_true_one(ground: Ground) -> None:
    assert told(ground.answers) == yaml.safe_load(TRUTH.read_text())


def test_every_control_test_has_something_that_passes_and_something_that_fails(ground: Ground) -> None:
    both = {test: {s.split()[0] for s in outcomes.values()} for test, outcomes in told(ground.answers).items()}
    # One cluster is one subject: of what is asked of it, here one half is seen. The examples have the other.
    single = {test for (test, _, _), answer in ground.answers.items() if answer.test.of.single}

    assert [test for test, seen in both.items() if test not in single and not {"pass", "fail"} <= seen] == []


# ── what a refused list does ──────────────────────────────────────────────────────────────


def operations(kind: ResourceType) -> set[str]:
    """What a type lists, by the permissions that it needs: `apps/deployments`."""
    calls = [call for call in kind.calls() if not call.operation.startswith("/")]
    return {name.removesuffix(":list") for call in calls for name in (call.permission, *call.also)}


def paths(cluster: Cluster) -> dict[str, str]:
    """{`apps/deployments`: its path} of all that the cluster serves and a control test asks for."""
    asked = set().union(*map(operations, TYPES.values()))
    served = {path: count for path, count in cluster.asked.items() if count and path.count("/") > 2}
    found = {}
    for path in served:
        _, root, *rest = path.split("/")
        name = rest[-1] if root == "api" else f"{rest[0]}/{rest[-1]}"
        if name in asked:
            found[name] = path
    return found


def cut(path: str, cluster: Cluster, later: Fault) -> list[Fault]:
    """The first page of a list, with what it begins with, and what the second page is instead of a page."""
    whole = cluster.answer(path, {}, {"Authorization": f"Bearer {cluster.token}"})
    items = whole["items"][: len(whole["items"]) // 2]
    first = {**whole, "metadata": {"resourceVersion": "1", "continue": "bW9yZQ=="}, "items": items}
    return [later, Fault(path, 200, body=first)]


def refused(path: str, cluster: Cluster) -> list[Fault]:
    """A list that is denied, in the whole cluster and in each namespace."""
    root, _, resource = path.rpartition("/")
    within = [f"{root}/namespaces/{name}/{resource}" for name in ("good", "bad", "kube-system")]
    return [Fault(one, 403) for one in (path, *within)]


FAULTS: Mapping[str, Callable[[str, Cluster], list[Fault]]] = {
    "403": refused,
    "401": lambda path, _: [Fault(path, 401)],
    "429": lambda path, _: [Fault(path, 429, headers={"Retry-After": "2"})],
    "500": lambda path, _: [Fault(path, 500)],
    "503": lambda path, _: [Fault(path, 503)],
    "reset": lambda path, _: [Fault(path, drop=True)],
    "410 in the middle": lambda path, cluster: cut(path, cluster, Fault(path, 410, containing="continue=")),
    "reset in the middle": lambda path, cluster: cut(path, cluster, Fault(path, containing="continue=", drop=True)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_refused_list_makes_an_outcome_better_or_disappear(fault: str, ground: Ground, tmp_path: Path) -> None:
    problems, silent = [], []

    for number, (name, path) in enumerate(ground.paths.items()):
        kinds = {kind.name for kind in TYPES.values() if name in operations(kind)}
        done, after = ground.again(tmp_path / str(number), kinds, FAULTS[fault](path, ground.cluster))
        problems += [f"{path}: {problem}" for problem in worsened(ground.answers, after)]
        problems += [
            f"{path}: {test} {id}: {answer.status}"
            for (test, _, id), answer in after.items()
            if operations(TYPES[answer.test.of.name]) == {name} and "middle" not in fault
            if answer.status is not Status.UNKNOWN
        ]
        silent += [path] if not {line.type for line in done.unseen} & kinds else []

    assert problems == []
    assert silent == []


def test_every_list_that_is_declared_is_asked_for_where_it_is_served(ground: Ground) -> None:
    served = {name for name in set().union(*map(operations, TYPES.values())) if _serves(ground.cluster, name)}

    assert set(ground.paths) == served


def _serves(cluster: Cluster, name: str) -> bool:
    group, _, resource = name.rpartition("/")
    return any(
        (one.rpartition("/")[2], "" if one.startswith("v1/") else one.partition("/")[0]) == (resource, group)
        for one in cluster.kinds()
    )


# ── the manifests of the documentation ────────────────────────────────────────────────────

DOCS = Path(__file__).parent.parent / "docs" / "kubernetes"


def test_the_documented_manifests_fit_together_and_meet_our_own_tests() -> None:
    objects = {one["kind"]: one for one in yaml.safe_load_all((DOCS / "annexlog.yaml").read_text())}
    role = yaml.safe_load(providers()["kubernetes"].policy([]))
    spec = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    judged = containers([spec])

    assert objects["ClusterRoleBinding"]["roleRef"]["name"] == role["metadata"]["name"]
    assert load(DOCS / "annexlog.toml").targets["here"].options.in_cluster == "production"
    assert spec["serviceAccountName"] == objects["ServiceAccount"]["metadata"]["name"]
    assert [c["run_as_non_root"] and c["read_only"] and not c["escalation"] for c in judged] == [True, True]
    assert [set(c["sized"].values()) for c in judged] == [{True}, {True}]
