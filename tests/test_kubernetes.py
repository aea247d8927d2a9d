"""A seeded cluster: what each control test says of it, and that no refused list makes any of it better."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from annexlog.answers import shapes
from annexlog.assessing import assess, present
from annexlog.cli.setup import permissions
from annexlog.collectors import Call, ResourceType, providers, resource_types
from annexlog.collectors.kubernetes._adapter import METADATA
from annexlog.config import Config, load
from annexlog.evidence_store import keys
from annexlog.evidence_store.model import Millis, Status
from annexlog.evidence_store.queries import View
from annexlog.evidence_store.store import Store
from annexlog.mappings import Mappings
from annexlog.mappings import load as load_mappings
from annexlog.mappings.derive.pods import containers
from annexlog.pipeline import Collected, Collector, everything
from tests.clusters import ORGANIZATION, seed
from tests.reach import Reach, joined, reaches, turns
from tests.test_refusal_sweep import Answers, Hastened, answers, worsened
from tests.wire.cluster import Cluster, Fault

NOW: Millis = time.time_ns() // 1_000_000
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
DISCOVERY = ("/api", "/apis")
"""What says which kinds there are: a fault of it concerns everything."""


@dataclass(frozen=True)
class Ground:
    """A cluster that was looked at once without a fault. `paths`: {operation, as permissions name it: its path}."""

    folder: Path
    cluster: Cluster
    at: Millis
    answers: Answers
    mappings: Mappings
    paths: Mapping[str, str]

    def again(self, folder: Path, faults: list[Fault], reach: Reach | None) -> tuple[Collected, Answers]:
        """What is known an hour later, after another look at what these faults reach (None: at everything)."""
        shutil.copytree(self.folder, folder)
        clock = Hastened(self.at + 3_600_000)
        self.cluster.faults[:] = faults

        def concerned(_: View, scope: str, kind: ResourceType, facets: Mapping[str, Millis]) -> Collection[str] | None:
            return facets if reach and any(kind.name == type for type, _ in reach.cells) else None

        try:
            return turn(load(folder / "annexlog.toml"), self.mappings, clock, concerned if reach else everything)
        finally:
            self.cluster.faults.clear()
            shutil.rmtree(folder)


def turn(config: Config, mappings: Mappings, clock: Hastened, choose: Any = everything) -> tuple[Collected, Answers]:
    """One collection and assessment, and what is known after it."""
    with Store.open(config.store) as store:
        done = Collector(config, store, mappings, clock, redaction_key=b"k" * 32).collect(choose=choose)
        assess(store, mappings, clock)
        at = present(store, clock)
    return done, answers(config, at, mappings)


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
        Store.open(config.store, create=True).close()
        known = load_mappings(shapes(), folders=config.mappings)
        own = {id: test for id, test in known.tests.items() if test.of.provider == "kubernetes"}
        mappings = replace(known, tests=own)
        _, first = turn(config, mappings, clock)
        yield Ground(folder, cluster, clock.now(), first, mappings, paths(cluster))


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


# ── what a refused answer does ────────────────────────────────────────────────────────────


def asked_by(call: Call) -> set[str]:
    """What a call asks for, as permissions name it: `apps/deployments`, `/version`."""
    return {name.rpartition(":")[0] for name in (call.permission, *call.also)}


def operations() -> set[str]:
    """All that is ever asked of a cluster, but for what it serves."""
    return set().union(*(asked_by(call) for kind in TYPES.values() for call in kind.calls()))


def paths(cluster: Cluster) -> dict[str, str]:
    """{`apps/deployments`: its path} of all that the cluster was asked for."""
    found = {}
    for path, count in cluster.asked.items():
        _, root, *rest = path.split("/")
        name = path if not rest else rest[-1] if root == "api" else f"{rest[0]}/{rest[-1]}"
        if count and name in operations():
            found[name] = path
    return found


def cut(path: str, cluster: Cluster, later: Fault) -> list[Fault]:
    """The first page of a list, with what it begins with, and what the second page is instead of a page."""
    whole = cluster.answer(path, {}, {"Authorization": f"Bearer {cluster.token}"})
    if "items" not in whole:
        return [Fault(path, drop=True)]
    items = whole["items"][: len(whole["items"]) // 2]
    first = {**whole, "metadata": {"resourceVersion": "1", "continue": "bW9yZQ=="}, "items": items}
    return [later, Fault(path, 200, body=first)]


def within(path: str, *names: str) -> list[Fault]:
    """A list that is denied in the whole cluster and in these namespaces."""
    root, _, resource = path.rpartition("/")
    return [Fault(one, 403) for one in (path, *(f"{root}/namespaces/{name}/{resource}" for name in names))]


FAULTS: Mapping[str, Callable[[str, Cluster], list[Fault]]] = {
    "403": lambda path, _: within(path, "good", "bad", "kube-system"),
    "403 but for some namespaces": lambda path, _: within(path, "kube-system"),
    "401": lambda path, _: [Fault(path, 401)],
    "410": lambda path, _: [Fault(path, 410)],
    "429": lambda path, _: [Fault(path, 429, headers={"Retry-After": "2"})],
    "503": lambda path, _: [Fault(path, 503)],
    "reset": lambda path, _: [Fault(path, drop=True)],
    "410 in the middle": lambda path, cluster: cut(path, cluster, Fault(path, 410, containing="continue=")),
    "reset in the middle": lambda path, cluster: cut(path, cluster, Fault(path, containing="continue=", drop=True)),
    "an end too early": lambda path, cluster: cut(
        path,
        cluster,
        Fault(path, 200, containing="continue=", body={"metadata": {"resourceVersion": "2"}, "items": []}),
    ),
}
PARTIAL = {name for name in FAULTS if "middle" in name or "some" in name or "early" in name}
"""Faults that leave some of what there is."""


@pytest.mark.parametrize("fault", FAULTS)
def test_no_refused_answer_makes_an_outcome_better_or_disappear(fault: str, ground: Ground, tmp_path: Path) -> None:
    reach = reaches(TYPES, ground.mappings, asked_by)
    problems, silent, better = [], [], []

    for number, names in enumerate(turns(ground.paths, reach, ())):
        faults = [one for name in names for one in FAULTS[fault](ground.paths[name], ground.cluster)]
        done, after = ground.again(tmp_path / str(number), faults, joined(reach[name] for name in names))
        problems += [f"{names}: {problem}" for problem in worsened(ground.answers, after)]
        silent += [name for name in names if not reach[name].shows(done.unseen)]
        alone = {(kind.name, "") for kind in TYPES.values() if kind.listed and asked_by(kind.listed) <= set(names)}
        better += [
            f"{test} {id}: {answer.status}"
            for (test, _, id), answer in after.items()
            if fault not in PARTIAL and (answer.test.of.name, "") in alone and answer.status is not Status.UNKNOWN
        ]

    assert problems == []
    assert silent == []
    assert better == []


@pytest.mark.parametrize("fault", ["403", "503"])
@pytest.mark.parametrize("path", DISCOVERY)
def test_without_what_says_which_kinds_there_are_nothing_is_known(
    path: str, fault: str, ground: Ground, tmp_path: Path
) -> None:
    done, after = ground.again(tmp_path / "store", FAULTS[fault](path, ground.cluster)[:1], None)

    assert worsened(ground.answers, after) == []
    assert {line.type for line in done.unseen} >= {kind.name for kind in TYPES.values() if kind.listed}


def test_a_cluster_that_is_away_changes_nothing_of_another_in_the_same_run(ground: Ground, tmp_path: Path) -> None:
    shutil.copytree(ground.folder, tmp_path, dirs_exist_ok=True)
    kubeconfig = yaml.safe_load((tmp_path / "seeded.kubeconfig").read_text())
    kubeconfig["clusters"].append({"name": "away", "cluster": {"server": "http://127.0.0.1:1"}})
    kubeconfig["contexts"].append({"name": "away", "context": {"cluster": "away", "user": "u"}})
    (tmp_path / "both.kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    more = 'clusters = {seeded = "seeded", away = "away"}\n'
    (tmp_path / "annexlog.toml").write_text(CONFIG.format(tmp_path / "both.kubeconfig") + more)

    done, after = turn(load(tmp_path / "annexlog.toml"), ground.mappings, Hastened(ground.at + 60_000))

    assert {line.scope for line in done.unseen if line.scope != "kubernetes/seeded"} == {"kubernetes/away"}
    assert {key: after[key].status for key in ground.answers} == {k: a.status for k, a in ground.answers.items()}
    told = {test for (test, scope, _), a in after.items() if scope.endswith("/away") and a.status is not Status.UNKNOWN}
    assert told == {"k8s.cronjobs.healthy"}  # no register says of this cluster that it applies


def test_every_answer_that_is_declared_is_asked_for_where_it_is_served(ground: Ground) -> None:
    served = {name for name in operations() if name.startswith("/") or _serves(ground.cluster, name)}

    assert set(ground.paths) == served


def test_neither_config_maps_nor_what_secrets_hold_are_asked_for(ground: Ground) -> None:
    asked = [(path, headers) for path, _, headers in ground.cluster.log if "/secrets" in path or "/configmaps" in path]

    assert "configmaps" not in operations()
    assert {path.rpartition("/")[2] for path, _ in asked} == {"secrets"}
    assert {headers["Accept"] for _, headers in asked} == {METADATA}


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


def test_the_printed_role_follows_what_a_target_says_of_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, opted = ('[targets.a]\nprovider = "kubernetes"\n', '[targets.b]\nprovider = "kubernetes"\nsecrets = true\n')
    (tmp_path / "annexlog.toml").write_text(plain + opted)
    monkeypatch.chdir(tmp_path)

    told = {
        target: CliRunner().invoke(permissions, ["kubernetes", *target]).output
        for target in ((), ("--target", "a"), ("--target", "b"))
    }

    granted = {target: '- apiGroups: [""]\n  resources: [secrets]\n' in text for target, text in told.items()}
    assert granted == {(): False, ("--target", "a"): False, ("--target", "b"): True}
