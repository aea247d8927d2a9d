"""Lists that a real API server gave (1.36): read whole, and what Kubernetes grants is told from what was added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annexlog.collectors.kubernetes._kinds import kind
from annexlog.collectors.kubernetes.cluster import namespace
from annexlog.collectors.kubernetes.rbac import rbac_subject, role, service_account
from annexlog.collectors.kubernetes.workloads import workload
from annexlog.mappings.derive.rbac import administering, public_rights, rights_held
from tests.collectors.kubernetes.conftest import Look
from tests.wire.cluster import Cluster, Fault

HERE = "kubernetes/test"
RECORDED = Path(__file__).parents[4] / "shared/recorded/kubernetes"
EVERYBODY = ("Group:system:authenticated", "Group:system:unauthenticated", "User:system:anonymous")
RBAC = ("clusterroles", "clusterrolebindings", "roles", "rolebindings")

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not here")


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text())


@pytest.fixture(autouse=True)
def filled(cluster: Cluster) -> None:
    """All that was recorded, in a cluster."""
    for name in ("namespaces", "serviceaccounts"):
        cluster.add(f"v1/{name}", recorded(name)["items"])
    for name in RBAC:
        cluster.add(f"rbac.authorization.k8s.io/v1/{name}", recorded(name)["items"])
    cluster.add("apps/v1/deployments", recorded("deployments.apps")["items"])


def test_every_object_is_one_resource(look: Look) -> None:
    found = {type.name: len(look(type).values(type.name, scope=HERE)) for type in (namespace, service_account, role)}

    counts = {name: len(recorded(name)["items"]) for name in (*RBAC, "namespaces", "serviceaccounts")}
    assert found == {
        "kubernetes.namespace": counts["namespaces"],
        "kubernetes.service_account": counts["serviceaccounts"],
        "kubernetes.role": counts["clusterroles"] + counts["roles"],
    }


def test_what_kubernetes_grants_by_itself_is_told_from_what_was_added(look: Look) -> None:
    subjects = look(rbac_subject).values("kubernetes.rbac_subject", scope=HERE)
    roles = [{"id": id, "role": one} for id, one in look(role).values("kubernetes.role", scope=HERE).items()]
    everybody = [{"id": id, "rbac_subject": subjects[id]} for id in EVERYBODY if id in subjects]

    secrets = {id for id, one in subjects.items() if rights_held(one, roles, ["get secrets", "list secrets"])}
    admins = {id for id, one in subjects.items() if administering(one, roles)}
    viewers = {id for id, one in subjects.items() if rights_held(one, roles, ["list pods"])}

    assert (admins, secrets, viewers) == (set(), set(), {"Group:auditors"})
    viewer = "ClusterRoleBinding/system:openshift:public-info-viewer"
    assert public_rights(everybody, roles, []) == [
        f"{viewer}: Group:system:authenticated",
        f"{viewer}: Group:system:unauthenticated",
    ]


def test_a_first_page_whose_rest_is_gone_is_no_population(cluster: Cluster, look: Look) -> None:
    page = recorded("pods_page1")
    cluster.serve("v1/pods")
    cluster.faults += [Fault("/api/v1/pods", 410, containing="continue="), Fault("/api/v1/pods", 200, body=page)]

    seen = look(kind("pod", "pods"))

    coverage, refusal = seen.status("kubernetes.pod", scope=HERE)
    told = seen.sweep("kubernetes.pod", scope=HERE).provenance
    assert (coverage, refusal and refusal.code, told["items"], told["total"]) == ("partial", "Expired", 5, 1201)
    assert told["operations"][0]["first_version"] == page["metadata"]["resourceVersion"]


def test_a_real_deployment_and_real_pods_are_workloads(cluster: Cluster, look: Look) -> None:
    cluster.serve("apps/v1/statefulsets", "apps/v1/daemonsets", "apps/v1/replicasets", "v1/replicationcontrollers")
    cluster.serve("batch/v1/cronjobs", "batch/v1/jobs")
    cluster.add("v1/pods", recorded("pods_page1")["items"])

    found = look(workload).values("kubernetes.workload", scope=HERE)

    kinds = sorted(one["kind"] for one in found.values())
    assert kinds == ["Deployment", *["Pod"] * 5]
