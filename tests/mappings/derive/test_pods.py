"""Containers as they really run: what is implicit, what comes from the pod, what a size of zero means."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.images import foreign_images, full_name
from annexlog.mappings.derive.pods import claims_on_hosts, containers, default_token_users, images, suspicious


def one(spec: dict[str, Any] | None = None, **container: Any) -> dict[str, Any]:
    """The one container of a pod."""
    (found,) = containers([{**(spec or {}), "containers": [{"name": "web", **container}]}])
    return found  # type: ignore[no-any-return]


def test_a_container_that_says_nothing_runs_with_the_defaults_of_the_api() -> None:
    assert one() == {
        "name": "web",
        "part": "container",
        "sidecar": False,
        "image": "",
        "windows": False,
        "privileged": False,
        "host_process": False,
        "proc_mount": "Default",
        "added": [],
        "dropped": [],
        "run_as_non_root": False,
        "run_as_user": None,
        "escalation": True,
        "read_only": False,
        "seccomp": None,
        "host_ports": [],
        "liveness": False,
        "readiness": False,
        "sized": {"requests_cpu": False, "requests_memory": False, "limits_memory": False},
    }


def test_every_kind_of_container_of_every_specification_is_told() -> None:
    specs = [
        {"containers": [{"name": "a"}], "initContainers": [{"name": "b"}, {"name": "c", "restartPolicy": "Always"}]},
        {"containers": [{"name": "a"}], "ephemeralContainers": [{"name": "d"}]},
    ]

    assert [(c["name"], c["part"], c["sidecar"]) for c in containers(specs)] == [
        ("a", "container", False),
        ("b", "init", False),
        ("c", "init", True),
        ("a", "container", False),
        ("d", "ephemeral", False),
    ]


def test_what_a_container_says_counts_before_what_its_pod_says() -> None:
    pod = {"securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}}
    own = {"runAsNonRoot": False, "runAsUser": 0, "seccompProfile": {"type": "Unconfined"}}

    inherited, overridden = one(pod), one(pod, securityContext=own)

    names = ("run_as_non_root", "run_as_user", "seccomp")
    assert [inherited[name] for name in names] == [True, 1000, "RuntimeDefault"]
    assert [overridden[name] for name in names] == [False, 0, "Unconfined"]


@pytest.mark.parametrize(
    "context", [{"privileged": True}, {"capabilities": {"add": ["cap_sys_admin"]}}], ids=["privileged", "SYS_ADMIN"]
)
def test_some_containers_may_always_gain_rights_whatever_they_say(context: dict[str, Any]) -> None:
    assert one(securityContext={**context, "allowPrivilegeEscalation": False})["escalation"] is True
    assert one(securityContext={"allowPrivilegeEscalation": False})["escalation"] is False


@pytest.mark.parametrize(
    ("quantity", "sized"),
    [("100m", True), ("1Gi", True), ("0.5", True), ("1e3", True), (1, True), ("0", False), ("0.0", False), (0, False),
     ("0e9", False), ("0Gi", False), (None, False)],
)  # fmt: skip
def test_a_size_of_zero_is_none(quantity: Any, sized: bool) -> None:
    assert one(resources={"limits": {"memory": quantity}})["sized"]["limits_memory"] is sized


def test_a_limit_alone_is_a_request_as_well_and_a_pod_may_say_both_for_all() -> None:
    expected = {"requests_cpu": True, "requests_memory": True, "limits_memory": True}
    resources = {"limits": {"cpu": "1", "memory": "1Gi"}}

    assert [one(resources=resources)["sized"], one({"resources": resources})["sized"]] == [expected, expected]


@pytest.mark.parametrize(
    ("reference", "name", "tag", "digest"),
    [
        ("nginx", "docker.io/library/nginx", "", ""),
        ("nginx:1.27", "docker.io/library/nginx", "1.27", ""),
        ("acme/web:1", "docker.io/acme/web", "1", ""),
        ("index.docker.io/nginx", "docker.io/library/nginx", "", ""),
        ("localhost/web", "localhost/web", "", ""),
        ("registry:5000/a/b:2", "registry:5000/a/b", "2", ""),
        ("ghcr.io/a/b:2@sha256:0f", "ghcr.io/a/b", "2", "sha256:0f"),
        ("web@sha256:0f", "docker.io/library/web", "", "sha256:0f"),
    ],
)
def test_a_reference_is_written_out(reference: str, name: str, tag: str, digest: str) -> None:
    assert full_name(reference) == {"name": name, "tag": tag, "digest": digest}


def test_images_are_approved_part_by_part() -> None:
    host = "r.example.com"
    references = [f"{host}/shop/web", f"{host}/shopping/web", f"{host}.evil.org/shop/web", f"{host}/shop"]
    used = images([{"containers": [{"name": "a", "image": reference}]} for reference in references])

    assert foreign_images(used, ["r.example.com/shop/", ""]) == [
        "r.example.com.evil.org/shop/web",
        "r.example.com/shopping/web",
    ]


def test_images_that_are_mounted_are_images_too() -> None:
    spec = {
        "containers": [{"name": "a", "image": "a"}],
        "volumes": [{"image": {"reference": "q.io/m:1"}}, {"emptyDir": {}}],
    }

    assert [used["image"] for used in images([spec, spec])] == ["a", "q.io/m:1"]


def test_what_looks_like_a_secret_is_told_by_where_it_stands() -> None:
    value = {"commitment": "0f", "length": 9, "matches": ["github-token"]}
    container = {"name": "web", "env": [{"name": "T", "value": value}, {"name": "U", "valueFrom": {}}], "args": [value]}

    assert suspicious([{"containers": [container]}]) == ["web.args: github-token", "web.env.T: github-token"]


def test_numbered_claims_are_found_by_their_pattern_in_their_own_namespace() -> None:
    specs = [{"volumes": [{"persistentVolumeClaim": {"claimName": "data-db-*"}}]}]
    volumes = [
        {"persistent_volume": {"metadata": {"name": name}, "spec": {"claimRef": {"namespace": within, "name": claim}}}}
        for name, within, claim in (("v1", "shop", "data-db-1"), ("v2", "bank", "data-db-1"), ("v3", "shop", "other"))
    ]

    assert claims_on_hosts(specs, "shop", volumes) == ["data-db-1: v1"]


def projecting(**source: Any) -> dict[str, Any]:
    return {"automountServiceAccountToken": False, "volumes": [{"projected": {"sources": [source]}}]}


@pytest.mark.parametrize(
    ("spec", "account", "told"),
    [
        ({}, None, True),
        ({}, False, False),
        ({"serviceAccountName": "default"}, True, True),
        ({"serviceAccountName": "web"}, True, False),
        ({"automountServiceAccountToken": True}, False, True),
        ({"automountServiceAccountToken": False}, True, False),
        (projecting(serviceAccountToken={"path": "t"}), False, True),
        (projecting(configMap={"name": "c"}), False, False),
    ],
)
def test_a_pod_gets_a_token_unless_it_or_its_account_says_no(spec: Any, account: Any, told: bool) -> None:
    workloads = [{"id": "w", "workload": {"specs": [{"automountServiceAccountToken": False}, spec]}}]

    assert (
        default_token_users(workloads, [{"service_account": {"automountServiceAccountToken": account}}]) == ["w"] * told
    )
