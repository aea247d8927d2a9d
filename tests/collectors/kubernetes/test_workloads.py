"""Workloads: what runs, by what it belongs to, with every specification that differs."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.collectors.kubernetes.workloads import workload
from annexlog.evidence_store.model import Unknown
from tests.collectors.kubernetes.conftest import Look
from tests.wire.cluster import Cluster, Fault, thing

HERE = "kubernetes/test"
KINDS = (
    "apps/v1/deployments", "apps/v1/statefulsets", "apps/v1/daemonsets", "apps/v1/replicasets", "batch/v1/cronjobs",
    "batch/v1/jobs", "v1/replicationcontrollers", "v1/pods",
)  # fmt: skip


@pytest.fixture(autouse=True)
def kinds(cluster: Cluster) -> None:
    cluster.serve(*KINDS)


def owned(name: str, owner: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An object of the same namespace that another one controls."""
    meta = owner["metadata"]
    made = thing(name, meta["namespace"], **fields)
    made["metadata"]["ownerReferences"] = [{"controller": True, "uid": meta["uid"], "kind": "X", "name": meta["name"]}]
    return made


def spec(image: str = "web:1", **fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "main", "image": image}], **fields}


def pod(name: str, owner: dict[str, Any] | None, image: str = "web:1", phase: str = "Running", **fields: Any) -> Any:
    conditions = [{"type": "Ready", "status": "True"}]
    about = {"spec": spec(image, nodeName="n1", **fields), "status": {"phase": phase, "conditions": conditions}}
    return thing(name, "shop", **about) if owner is None else owned(name, owner, **about)


def web(replicas: int = 2) -> dict[str, Any]:
    return thing(
        "web", "shop", spec={"replicas": replicas, "template": {"metadata": {"labels": {"app": "web"}}, "spec": spec()}}
    )


def seen(look: Look) -> dict[str, Any]:
    return look(workload).values("kubernetes.workload", scope=HERE)


def test_a_deployment_with_all_of_its_pods_is_one_workload(cluster: Cluster, look: Look) -> None:
    deployment = web(500)
    replica_set = owned("web-5d9", deployment, spec={"template": {"spec": spec()}})
    cluster.add("apps/v1/deployments", [deployment])
    cluster.add("apps/v1/replicasets", [replica_set])
    cluster.add("v1/pods", [pod(f"web-5d9-{n:03}", replica_set) for n in range(500)])

    found = seen(look)

    assert list(found) == ["shop/Deployment/web"]
    told = found["shop/Deployment/web"]
    assert told["pods"] == {"count": 500, "phases": {"Running": 500}, "ready": 500}
    assert told["specs"] == [spec()]
    assert told["spec"] == {"replicas": 500}


def test_a_pod_that_differs_from_its_template_is_seen_as_it_is(cluster: Cluster, look: Look) -> None:
    daemon = thing("log", "shop", spec={"template": {"spec": spec("log:2")}})
    cluster.add("apps/v1/daemonsets", [daemon])
    cluster.add("v1/pods", [pod("log-a", daemon, "log:1"), pod("log-b", daemon, "log:2")])

    told = seen(look)["shop/DaemonSet/log"]

    assert [s["containers"][0]["image"] for s in told["specs"]] == ["log:1", "log:2"]


def test_what_makes_a_pod_one_of_many_makes_no_difference(cluster: Cluster, look: Look) -> None:
    claims = {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-*"}}
    db = thing("db", "shop", spec={"template": {"spec": spec(volumes=[])}})
    numbered = [
        pod(
            f"db-{n}",
            db,
            hostname=f"db-{n}",
            volumes=[
                {"name": "data", "persistentVolumeClaim": {"claimName": f"data-db-{n}"}},
                {"name": f"kube-api-access-abcd{n}", "projected": {}},
            ],
        )
        for n in range(3)
    ]
    cluster.add("apps/v1/statefulsets", [db])
    cluster.add("v1/pods", numbered)

    assert seen(look)["shop/StatefulSet/db"]["specs"] == [spec(volumes=[]), spec(volumes=[claims])]


def test_jobs_belong_to_their_cron_job_and_what_ended_runs_no_more(cluster: Cluster, look: Look) -> None:
    cron = thing(
        "nightly", "shop", spec={"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": spec()}}}}
    )
    job = owned("nightly-1", cron, spec={"template": {"spec": spec()}})
    cluster.add("batch/v1/cronjobs", [cron])
    cluster.add("batch/v1/jobs", [job])
    cluster.add("v1/pods", [pod("nightly-1-x", job, phase="Succeeded")])

    found = seen(look)

    assert list(found) == ["shop/CronJob/nightly"]
    assert found["shop/CronJob/nightly"]["pods"] == {"count": 0, "phases": {}, "ready": 0}
    assert found["shop/CronJob/nightly"]["specs"] == [spec()]


def test_a_pod_that_finds_no_node_is_told_with_the_time_since_when(cluster: Cluster, look: Look) -> None:
    waiting = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    daemon = thing("log", "shop", spec={"template": {"spec": spec(affinity={"nodeAffinity": {"x": "n1"}})}})
    times = ("2026-11-25T10:00:00Z", "2026-11-25T09:00:00Z")
    cluster.add("apps/v1/daemonsets", [daemon])
    states = [{"phase": "Pending", "conditions": [{**waiting, "lastTransitionTime": at}]} for at in times]
    cluster.add("v1/pods", [owned(f"log-{n}", daemon, spec=spec(), status=state) for n, state in enumerate(states)])

    told = seen(look)["shop/DaemonSet/log"]

    assert told["pods"] == {"count": 2, "phases": {"Pending": 2}, "ready": 0, "unplaced_since": times[1]}
    assert told["specs"] == [spec()]


def test_a_cron_job_tells_when_it_last_succeeded(cluster: Cluster, look: Look) -> None:
    at = "2026-11-25T03:00:07Z"
    job = {"spec": {"template": {"spec": spec()}}}
    cron = thing(
        "nightly", "shop", spec={"schedule": "0 3 * * *", "jobTemplate": job}, status={"lastSuccessfulTime": at}
    )
    cluster.add("batch/v1/cronjobs", [cron])

    assert seen(look)["shop/CronJob/nightly"]["last_success"] == at


def test_a_pod_of_nobody_is_a_workload_of_its_own(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/pods", [pod("alone", None), pod("ended", None, phase="Failed")])

    assert list(seen(look)) == ["shop/Pod/alone"]


def test_a_replica_set_of_a_controller_that_is_not_known_stands_for_its_pods(cluster: Cluster, look: Look) -> None:
    rollout = thing("canary", "shop")
    replica_set = owned("canary-1", rollout, spec={"template": {"spec": spec()}})
    cluster.add("apps/v1/replicasets", [replica_set])
    cluster.add("v1/pods", [pod("canary-1-a", replica_set), pod("canary-1-b", replica_set)])

    found = seen(look)

    assert {id: w["pods"]["count"] for id, w in found.items()} == {"shop/ReplicaSet/canary-1": 2}


def test_what_an_environment_holds_is_never_kept(cluster: Cluster, look: Look) -> None:
    secret = "postgres://shop:hunter2@db/shop"
    container = {"name": "main", "image": "web:1", "env": [{"name": "DB", "value": secret}]}
    cluster.add("v1/pods", [thing("alone", "shop", spec={"containers": [container]}, status={"phase": "Running"})])

    value = seen(look)["shop/Pod/alone"]["specs"][0]["containers"][0]["env"][0]["value"]

    assert (sorted(value), value["matches"]) == (["commitment", "length", "matches"], ["password-in-url"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_that_is_refused_leaves_what_the_others_show_and_says_so(
    cluster: Cluster, look: Look, kind: str
) -> None:
    cluster.add("v1/pods", [pod("alone", None)])
    cluster.add("apps/v1/deployments", [web()])
    group, _, resource = kind.rpartition("/")
    path = f"/api/{kind}" if group == "v1" else f"/apis/{kind}"
    cluster.faults += [Fault(path, 403), Fault("/api/v1/namespaces", 403)]

    found = look(workload)

    name, permission = (resource, f"{resource}:list")
    if group != "v1":
        name, permission = f"{resource}.{group.split('/')[0]}", f"{group.split('/')[0]}/{resource}:list"
    refusal = Unknown("denied", name, permission, "Forbidden")
    assert found.status("kubernetes.workload", scope=HERE) == (
        "denied" if kind == "v1/pods" else "partial",
        refusal,
    )
    # A Deployment may have replica sets, and these pods, that were not seen.
    gone = {"v1/pods": 2, "apps/v1/deployments": 1, "apps/v1/replicasets": 1}
    assert len(found.values("kubernetes.workload", scope=HERE)) == 2 - gone.get(kind, 0)


def test_a_workload_is_told_where_the_pods_of_its_namespace_were_seen(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/namespaces", [thing("shop"), thing("bank")])
    cluster.add("apps/v1/daemonsets", [thing("log", "shop", spec={}), thing("log", "bank", spec={})])
    cluster.faults += [Fault("/api/v1/pods", 403), Fault("/api/v1/namespaces/bank/pods", 403)]

    found = look(workload)

    refusal = Unknown("denied", "pods", "pods:list", "Forbidden")
    assert found.status("kubernetes.workload", scope=HERE) == ("partial", refusal)
    assert list(found.values("kubernetes.workload", scope=HERE)) == ["shop/DaemonSet/log"]


def test_where_every_list_is_refused_nothing_is_known(cluster: Cluster, look: Look) -> None:
    cluster.faults.append(Fault("/api", 401))

    coverage, refusal = look(workload).status("kubernetes.workload", scope=HERE)

    assert (coverage, refusal and refusal.reason) == ("denied", "unauthenticated")


def test_a_list_of_two_moments_shows_pods_of_nobody_and_no_workload_whole(cluster: Cluster, look: Look) -> None:
    cluster.add("apps/v1/daemonsets", [thing("log", "shop", spec={})])
    cluster.add("v1/pods", [pod(f"p{n:03}", None) for n in range(600)])
    gone = {"kind": "Status", "reason": "Expired", "metadata": {"continue": "NTAw"}}
    cluster.faults.append(Fault("/api/v1/pods", 410, containing="continue=", times=1, body=gone))

    found = look(workload)

    coverage, refusal = found.status("kubernetes.workload", scope=HERE)
    assert (coverage, refusal and refusal.reason) == ("partial", "mixed")
    assert {id.split("/")[1] for id in found.values("kubernetes.workload", scope=HERE)} == {"Pod"}
    assert len(found.values("kubernetes.workload", scope=HERE)) == 600


def test_a_list_behind_the_workloads_that_ends_too_early_is_said(cluster: Cluster, look: Look) -> None:
    cluster.add("apps/v1/daemonsets", [thing("log", "shop", spec={})])
    short = {"metadata": {"resourceVersion": "1", "remainingItemCount": 3}, "items": [pod("alone", None)]}
    cluster.faults.append(Fault("/api/v1/pods", 200, body=short))

    found = look(workload)

    refusal = Unknown("incomplete", "pods", "pods:list", "total")
    assert found.status("kubernetes.workload", scope=HERE) == ("partial", refusal)
    assert list(found.values("kubernetes.workload", scope=HERE)) == ["shop/Pod/alone"]


def test_what_each_list_behind_the_workloads_held_is_told(cluster: Cluster, look: Look) -> None:
    deployment = web(3)
    replica_set = owned("web-1", deployment, spec={"template": {"spec": spec()}})
    cluster.add("apps/v1/deployments", [deployment])
    cluster.add("apps/v1/replicasets", [replica_set])
    cluster.add("v1/pods", [pod(f"web-1-{n}", replica_set) for n in range(3)])

    told = look(workload).sweep("kubernetes.workload", scope=HERE).provenance

    held = {o["operation"]: (o["items"], o["first_version"]) for o in told["operations"] if o["items"]}
    assert told["items"] == 1
    assert held == {"deployments.apps": (1, "4711"), "pods": (3, "4711"), "replicasets.apps": (1, "4711")}


def test_pods_that_differ_in_their_node_and_token_alone_are_the_same(cluster: Cluster, look: Look) -> None:
    daemon = thing("log", "shop", spec={"template": {"spec": spec()}})
    pods = []
    for n in range(3):
        name = f"kube-api-access-abcd{n}"
        mounted = {"containers": [{"name": "main", "image": "web:1", "volumeMounts": [{"name": name}]}]}
        node = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": f"n{n}"}}
        about = {**mounted, "nodeName": f"n{n}", "volumes": [{"name": name, "projected": {}}], "affinity": node}
        pods.append(owned(f"log-{n}", daemon, spec=about, status={"phase": "Running"}))
    cluster.add("apps/v1/daemonsets", [daemon])
    cluster.add("v1/pods", pods)

    told = seen(look)["shop/DaemonSet/log"]

    mounts = {"containers": [{"name": "main", "image": "web:1", "volumeMounts": []}], "volumes": []}
    assert told["pods"] == {"count": 3, "phases": {"Running": 3}, "ready": 0}
    assert told["specs"] == [mounts, spec()]


def test_pods_of_nobody_beyond_a_page_are_all_told(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/pods", [pod(f"p{n:04}", None) for n in range(1203)])

    found = look(workload)

    assert len(found.values("kubernetes.workload", scope=HERE)) == 1203
    assert found.status("kubernetes.workload", scope=HERE) == ("complete", None)


def test_controllers_beyond_a_page_are_all_told(cluster: Cluster, look: Look) -> None:
    cluster.add("apps/v1/deployments", [thing(f"d{n:04}", "shop", spec={}) for n in range(501)])

    assert len(seen(look)) == 501


def test_a_list_of_pods_that_is_no_list_is_unreadable(cluster: Cluster, look: Look) -> None:
    cluster.faults.append(Fault("/api/v1/pods", 200, body={"metadata": {}, "items": [{"kind": "Pod"}]}))

    coverage, refusal = look(workload).status("kubernetes.workload", scope=HERE)

    assert (coverage, refusal and (refusal.reason, refusal.code)) == ("failed", ("unreadable", "NotAList"))
