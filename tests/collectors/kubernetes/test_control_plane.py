"""What a cluster shows of its API servers: their flags, their certificate, and what stands before them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from annexlog.collectors.kubernetes.admission import webhook
from annexlog.collectors.kubernetes.cluster import cluster as a_cluster
from annexlog.collectors.kubernetes.control_plane import api_server, flags
from annexlog.evidence_store.model import Unknown, instant
from tests.collectors.kubernetes.conftest import Look
from tests.wire.cluster import Cluster, Fault, thing

HERE = "kubernetes/test"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["kube-apiserver", "--anonymous-auth=false"], {"anonymous-auth": "false"}),
        (["/usr/local/bin/kube-apiserver", "--anonymous-auth"], {"anonymous-auth": "true"}),
        (["kube-apiserver", "--audit-policy-file", "/p", "--audit_log_path=/l"],
         {"audit-policy-file": "/p", "audit-log-path": "/l"}),
        (["kube-apiserver", "--tls-min-version=VersionTLS12", "--tls-min-version=VersionTLS10"],
         {"tls-min-version": "VersionTLS10"}),
        (["/go-runner", "--also-stdout", "kube-apiserver", "--authorization-mode=Node,RBAC"],
         {"authorization-mode": "Node,RBAC"}),
        (["kube-apiserver", "--oidc-client-id=shop", "--etcd-servers=https://10.0.0.1"], {}),
        (["/bin/sh", "-c", "exec kube-apiserver --anonymous-auth=false"], None),
        ([], None),
    ],
)  # fmt: skip
def test_a_command_line_is_read_as_the_api_server_reads_it(words: list[str], found: dict[str, str] | None) -> None:
    assert flags(words) == found


def server(name: str, *words: str, namespace: str = "kube-system", label: str = "component", **notes: str) -> Any:
    made = thing(
        name, namespace, spec={"nodeName": "m0", "containers": [{"name": "s", "image": "i", "command": words}]}
    )
    made["metadata"]["labels"] = {label: "kube-apiserver"}
    made["metadata"]["annotations"] = notes or {"kubernetes.io/config.mirror": "0f1e"}
    return made


def test_the_kubelets_own_pods_of_api_servers_are_told_each_once(cluster: Cluster, look: Look) -> None:
    both = server("b", "kube-apiserver", "--anonymous-auth=false")
    both["metadata"]["labels"] |= {"k8s-app": "kube-apiserver"}
    wrapped = server("c", "/bin/sh", "-c", "exec kube-apiserver --token=hunter2", label="k8s-app")
    cluster.add("v1/pods", [server("a", "kube-apiserver", "--oidc-client-id=x"), both, wrapped])

    found = look(api_server)

    assert found.status("kubernetes.api_server", scope=HERE) == ("complete", None)
    assert found.values("kubernetes.api_server", scope=HERE) == {
        "a": {"name": "a", "node": "m0", "image": "i", "flags": {}},
        "b": {"name": "b", "node": "m0", "image": "i", "flags": {"anonymous-auth": "false"}},
        "c": {"name": "c", "node": "m0"},
    }


def test_what_only_looks_like_an_api_server_is_none(cluster: Cluster, look: Look) -> None:
    elsewhere = server("a", "kube-apiserver", namespace="shop")
    made = server("b", "kube-apiserver", note="x")
    cluster.add("v1/pods", [elsewhere, made, server("c", "kube-apiserver", label="app")])

    found = look(api_server)

    assert found.values("kubernetes.api_server", scope=HERE) == {}
    assert found.status("kubernetes.api_server", scope=HERE) == ("complete", None)


def test_where_pods_may_not_be_listed_nobody_knows_of_api_servers(cluster: Cluster, look: Look) -> None:
    cluster.serve("v1/pods")
    cluster.faults.append(Fault("/api/v1/pods", 403))

    refusal = Unknown("denied", "pods", "pods:list", "Forbidden")
    assert look(api_server).status("kubernetes.api_server", scope=HERE) == ("denied", refusal)


def test_the_certificate_that_the_server_shows_is_told(cluster: Cluster, look: Look, tmp_path: Path) -> None:
    file = cluster.kubeconfig(tmp_path, context="tls", authority=cluster.over_tls())

    found = look(a_cluster, kubeconfig=str(file), clusters={"test": "tls"})

    told = found.values("kubernetes.cluster", "certificate", scope=HERE)["test"]
    now = datetime.now(UTC).timestamp() * 1000
    assert sorted(told) == ["issuer", "not_after", "not_before"]
    assert instant(told["not_before"]) < now < instant(told["not_after"])


def test_without_tls_there_is_no_certificate(look: Look) -> None:
    found = look(a_cluster)

    refusal = Unknown("unsupported", "/version", "/version:get", "NoTLS")
    assert found.values("kubernetes.cluster", "certificate", scope=HERE) == {"test": refusal}


def test_webhooks_of_both_kinds_are_one_population(cluster: Cluster, look: Look) -> None:
    group = "admissionregistration.k8s.io/v1"
    cluster.add(
        f"{group}/validatingwebhookconfigurations", [thing("a", webhooks=[{"name": "x", "failurePolicy": "Ignore"}])]
    )
    cluster.add(f"{group}/mutatingwebhookconfigurations", [thing("a")])

    found = look(webhook).values("kubernetes.webhook", scope=HERE)

    told = {id: value.get("webhooks") for id, value in found.items()}
    assert told == {
        "MutatingWebhookConfiguration/a": None,
        "ValidatingWebhookConfiguration/a": [{"name": "x", "failurePolicy": "Ignore"}],
    }
