"""Lists of a cluster: pages, what cuts them short, and what is not the cluster's to list."""

from __future__ import annotations

import pytest

from annexlog.collectors.kubernetes._kinds import kind
from annexlog.collectors.kubernetes.cluster import cluster as a_cluster
from annexlog.collectors.kubernetes.cluster import namespace, node
from annexlog.evidence_store.model import Unknown
from tests.collectors.kubernetes.conftest import Look
from tests.wire.cluster import Cluster, Fault, status, thing

HERE = "kubernetes/test"
POD = kind("pod", "pods")
DEPLOYMENT = kind("deployment", "deployments.apps")
SECRET = kind("secret", "secrets", params={"metadata": True})
CUSTOM = kind("policy", "policies.kyverno.io", custom=True)


def pods(count: int, namespace: str = "shop") -> list[dict[str, object]]:
    return [thing(f"p{n:04}", namespace, spec={"nodeName": "n1"}) for n in range(count)]


def test_a_list_is_read_page_by_page_to_its_end(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/pods", pods(1203))

    seen = look(POD)

    told = seen.sweep("kubernetes.pod", scope=HERE).provenance
    assert seen.status("kubernetes.pod", scope=HERE) == ("complete", None)
    assert list(seen.values("kubernetes.pod", scope=HERE)) == [f"shop/p{n:04}" for n in range(1203)]
    assert [(o["pages"], o["items"], o["permission"]) for o in told["operations"]] == [(3, 1203, "pods:list")]


def test_a_kind_of_a_group_is_found_by_its_full_name(cluster: Cluster, look: Look) -> None:
    cluster.add("apps/v1/deployments", [thing("web", "shop")])

    assert list(look(DEPLOYMENT).values("kubernetes.deployment", scope=HERE)) == ["shop/web"]


def test_what_every_heartbeat_changes_is_no_evidence(cluster: Cluster, look: Look) -> None:
    conditions = [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-11-25T10:00:00Z"}]
    cluster.add("v1/nodes", [thing("n1", status={"conditions": conditions, "images": [{"names": ["a"]}]})])

    assert look(node).values("kubernetes.node", scope=HERE) == {
        "n1": {
            "metadata": {"labels": {}, "name": "n1", "uid": "uid--n1"},
            "status": {"conditions": [{"status": "True", "type": "Ready"}]},
        }
    }


def test_the_cluster_tells_its_version(cluster: Cluster, look: Look) -> None:
    found = look(a_cluster).values("kubernetes.cluster", "version", scope=HERE)

    version = {"major": "1", "minor": "34", "gitVersion": "v1.34.2", "platform": "linux/amd64"}
    assert found == {"test": version}


def test_of_a_secret_only_its_metadata_is_ever_asked_for(cluster: Cluster, look: Look) -> None:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": '{"data": {"password": "aHVudGVyMg=="}}', "a": "b"}
    secret = thing("db", "shop", type="Opaque", data={"password": "aHVudGVyMg=="})
    secret["metadata"]["annotations"] = applied
    cluster.add("v1/secrets", [secret])

    seen = look(SECRET, secrets=True)

    asked = [headers["Accept"] for path, _, headers in cluster.log if path == "/api/v1/secrets"]
    assert seen.values("kubernetes.secret", scope=HERE) == {
        "shop/db": {
            "metadata": {
                "annotations": {"a": "b"}, "labels": {}, "name": "db", "namespace": "shop", "uid": "uid-shop-db",
            }
        }
    }  # fmt: skip
    assert asked == ["application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"]


def test_secrets_are_never_asked_for_unless_the_target_says_so(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/secrets", [thing("db", "shop", type="Opaque")])

    seen = look(SECRET)

    refusal = Unknown("unset", "secrets", "secrets:list", "secrets")
    assert seen.status("kubernetes.secret", scope=HERE)[1] == refusal
    assert [path for path, _, _ in cluster.log if "secrets" in path] == []


# ── what the cluster does not have ────────────────────────────────────────────────────────


def test_a_custom_kind_that_is_not_installed_is_an_empty_population(look: Look) -> None:
    seen = look(CUSTOM)

    assert seen.status("kubernetes.policy", scope=HERE) == ("complete", None)
    assert seen.values("kubernetes.policy", scope=HERE) == {}


def test_a_kind_of_kubernetes_itself_that_is_not_served_is_unsupported(look: Look) -> None:
    refusal = Unknown("unsupported", "deployments.apps", "apps/deployments:list", "NotServed")

    assert look(DEPLOYMENT).status("kubernetes.deployment", scope=HERE) == ("unsupported", refusal)


@pytest.mark.parametrize("aggregated", [True, False])
def test_a_custom_kind_that_cannot_be_listed_is_no_empty_population(
    cluster: Cluster, look: Look, *, aggregated: bool
) -> None:
    cluster.aggregated = aggregated
    cluster.add("kyverno.io/v1/policies", [thing("p", "shop")])
    cluster.unlistable.add("kyverno.io/v1/policies")

    refusal = Unknown("unsupported", "policies.kyverno.io", "kyverno.io/policies:list", "NotListed")
    assert look(CUSTOM).status("kubernetes.policy", scope=HERE) == ("unsupported", refusal)


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_a_cluster_that_does_not_say_what_it_serves_has_no_empty_population(
    cluster: Cluster, look: Look, path: str
) -> None:
    cluster.faults.append(Fault(path, 403))

    refusal = Unknown("denied", "policies.kyverno.io", "kyverno.io/policies:list", "Forbidden")
    assert look(CUSTOM).status("kubernetes.policy", scope=HERE) == ("denied", refusal)


@pytest.mark.parametrize(("aggregated", "code"), [(True, "Stale"), (False, "ServiceUnavailable")])
def test_a_group_whose_server_is_away_is_not_taken_for_one_that_is_not_installed(
    cluster: Cluster, look: Look, *, aggregated: bool, code: str
) -> None:
    cluster.aggregated = aggregated
    cluster.serve("kyverno.io/v1/policies")
    cluster.stale.add("kyverno.io")
    cluster.faults.append(Fault("/apis/kyverno.io/v1", 503))

    refusal = Unknown("failed", "policies.kyverno.io", "kyverno.io/policies:list", code)
    assert look(CUSTOM).status("kubernetes.policy", scope=HERE) == ("failed", refusal)


@pytest.mark.parametrize("aggregated", [True, False])
def test_whichever_way_a_cluster_tells_what_it_serves_the_same_is_seen(
    cluster: Cluster, look: Look, *, aggregated: bool
) -> None:
    cluster.aggregated = aggregated
    cluster.add("v1/pods", pods(1))
    cluster.add("apps/v1/deployments", [thing("web", "shop")])
    cluster.add("kyverno.io/v1/policies", [thing("p", "shop")])

    found = [list(look(type).values(type.name, scope=HERE)) for type in (POD, DEPLOYMENT, CUSTOM)]

    assert found == [["shop/p0000"], ["shop/web"], ["shop/p"]]


@pytest.mark.parametrize("aggregated", [True, False])
def test_of_several_versions_that_which_the_cluster_prefers_is_asked(
    cluster: Cluster, look: Look, *, aggregated: bool
) -> None:
    cluster.aggregated = aggregated
    cluster.add("autoscaling/v2/horizontalpodautoscalers", [thing("new", "shop")])
    cluster.add("autoscaling/v1/horizontalpodautoscalers", [thing("old", "shop")])

    found = look(kind("scaler", "horizontalpodautoscalers.autoscaling"))

    assert list(found.values("kubernetes.scaler", scope=HERE)) == ["shop/new"]
    assert cluster.asked["/apis/autoscaling/v1/horizontalpodautoscalers"] == 0


@pytest.mark.parametrize("aggregated", [True, False])
def test_a_kind_that_only_a_version_before_has_is_found_there(
    cluster: Cluster, look: Look, *, aggregated: bool
) -> None:
    cluster.aggregated = aggregated
    cluster.serve("kyverno.io/v2/cleanups")
    cluster.add("kyverno.io/v1/policies", [thing("p", "shop")])

    assert list(look(CUSTOM).values("kubernetes.policy", scope=HERE)) == ["shop/p"]


def test_a_kind_that_is_not_served_is_not_asked_for(cluster: Cluster, look: Look) -> None:
    look(CUSTOM)

    assert sorted(cluster.asked) == ["/api", "/apis"]


def test_what_a_cluster_serves_is_asked_once(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/pods", pods(1203))

    look(POD)

    assert (cluster.asked["/api"], cluster.asked["/apis"], cluster.asked["/api/v1"]) == (1, 1, 0)


# ── refusals ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "coverage", "reason", "word"),
    [
        (401, "denied", "unauthenticated", "Unauthorized"),
        (403, "denied", "denied", "Forbidden"),
        (404, "failed", "failed", "NotFound"),
        (429, "failed", "throttled", "TooManyRequests"),
        (500, "failed", "failed", "InternalError"),
    ],
)
def test_a_refusal_is_told_as_what_it_is(
    cluster: Cluster, look: Look, code: int, coverage: str, reason: str, word: str
) -> None:
    cluster.add("v1/nodes", [thing("n1")])
    cluster.faults.append(Fault("/api/v1/nodes", code))

    assert look(node).status("kubernetes.node", scope=HERE) == (coverage, Unknown(reason, "nodes", "nodes:list", word))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"items": {}}', b'{"metadata": {}, "items": null}'])
def test_an_answer_that_is_no_list_is_unreadable(cluster: Cluster, look: Look, body: bytes) -> None:
    cluster.faults.append(Fault("/api/v1/nodes", 200, body=body))

    coverage, refusal = look(node).status("kubernetes.node", scope=HERE)
    assert (coverage, refusal and refusal.reason) == ("failed", "unreadable")


def test_a_connection_that_breaks_is_tried_again(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/nodes", [thing("n1")])
    cluster.faults.append(Fault("/api/v1/nodes", drop=True, times=1))

    assert look(node).status("kubernetes.node", scope=HERE) == ("complete", None)


def test_a_page_that_fails_leaves_a_partial_population(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/pods", pods(700))
    cluster.faults.append(Fault("/api/v1/pods", 500, containing="continue="))

    seen = look(POD)

    assert len(seen.values("kubernetes.pod", scope=HERE)) == 500
    refusal = Unknown("failed", "pods", "pods:list", "InternalError")
    assert seen.status("kubernetes.pod", scope=HERE) == ("partial", refusal)


def test_a_list_that_outlasts_the_servers_memory_says_that_it_is_a_mixture(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/pods", pods(700))
    gone = status(410, metadata={"continue": "NTAw"})
    cluster.faults.append(Fault("/api/v1/pods", 410, containing="continue=", times=1, body=gone))

    seen = look(POD)

    coverage, refusal = seen.status("kubernetes.pod", scope=HERE)
    assert len(seen.values("kubernetes.pod", scope=HERE)) == 700
    assert (coverage, refusal and refusal.reason) == ("partial", "mixed")


def test_pages_of_two_moments_are_a_mixture_though_nobody_says_so(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/pods", pods(700))
    later = {"metadata": {"resourceVersion": "4712"}, "items": pods(700)[500:]}
    cluster.faults.append(Fault("/api/v1/pods", 200, containing="continue=", body=later))

    seen = look(POD)

    coverage, refusal = seen.status("kubernetes.pod", scope=HERE)
    assert len(seen.values("kubernetes.pod", scope=HERE)) == 700
    assert (coverage, refusal and refusal.reason) == ("partial", "mixed")


@pytest.mark.parametrize(("later", "version"), [(False, "4711"), (True, "4720")])
def test_the_moment_of_a_list_is_kept_and_that_of_its_end(
    cluster: Cluster, look: Look, *, later: bool, version: str
) -> None:
    cluster.add("v1/pods", pods(1203))
    if later:
        last = {"metadata": {"resourceVersion": "4720"}, "items": pods(1203)[500:]}
        cluster.faults.append(Fault("/api/v1/pods", 200, containing="continue=", body=last))

    (told,) = look(POD).sweep("kubernetes.pod", scope=HERE).provenance["operations"]

    assert (told["first_version"], told["last_version"]) == ("4711", version)


def test_a_list_whose_rest_is_gone_is_partial(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/pods", pods(700))
    cluster.faults.append(Fault("/api/v1/pods", 410, containing="continue="))

    refusal = Unknown("failed", "pods", "pods:list", "Expired")
    assert look(POD).status("kubernetes.pod", scope=HERE) == ("partial", refusal)


def test_a_list_that_ends_before_it_said_it_would_is_not_complete(cluster: Cluster, look: Look) -> None:
    short = {"metadata": {"remainingItemCount": 3}, "items": [thing("n1")]}
    cluster.faults.append(Fault("/api/v1/nodes", 200, body=short))

    coverage, refusal = look(node).status("kubernetes.node", scope=HERE)
    assert (coverage, refusal and refusal.reason) == ("partial", "incomplete")


def test_what_the_server_counts_is_kept_beside_what_came(cluster: Cluster, look: Look) -> None:
    cluster.add("v1/pods", pods(1203))

    told = look(POD).sweep("kubernetes.pod", scope=HERE).provenance

    assert (told["total"], told["items"]) == (1203, 1203)


def test_where_namespaces_are_listed_one_by_one_each_is_of_a_moment_of_its_own(cluster: Cluster, look: Look) -> None:
    shops(cluster)
    other = {"metadata": {"resourceVersion": "4712"}, "items": pods(2, "shop")}
    cluster.faults.append(Fault("/api/v1/namespaces/shop/pods", 200, body=other))

    assert look(POD).status("kubernetes.pod", scope=HERE) == ("partial", DENIED)


# ── namespaces ────────────────────────────────────────────────────────────────────────────


def shops(cluster: Cluster) -> None:
    cluster.add("v1/namespaces", [thing(name) for name in ("shop", "bank", "vault")])
    cluster.add("v1/pods", [*pods(2, "shop"), *pods(1, "bank"), *pods(1, "vault")])
    cluster.faults += [Fault("/api/v1/pods", 403), Fault("/api/v1/namespaces/vault/pods", 403)]


DENIED = Unknown("denied", "pods", "pods:list", "Forbidden")


def test_where_the_whole_is_denied_what_may_be_seen_is_seen_and_called_partial(cluster: Cluster, look: Look) -> None:
    shops(cluster)

    seen = look(POD)

    assert list(seen.values("kubernetes.pod", scope=HERE)) == ["bank/p0000", "shop/p0000", "shop/p0001"]
    assert seen.status("kubernetes.pod", scope=HERE) == ("partial", DENIED)


def test_namespaces_that_are_named_need_not_be_listed(cluster: Cluster, look: Look) -> None:
    shops(cluster)
    cluster.faults.append(Fault("/api/v1/namespaces", 403))

    seen = look(POD, namespaces=("shop",))

    assert list(seen.values("kubernetes.pod", scope=HERE)) == ["shop/p0000", "shop/p0001"]
    assert seen.status("kubernetes.pod", scope=HERE) == ("partial", DENIED)
    assert cluster.asked["/api/v1/namespaces"] == 0


def test_where_no_namespace_may_be_seen_the_list_is_denied(cluster: Cluster, look: Look) -> None:
    shops(cluster)
    cluster.faults.append(Fault("/api/v1/namespaces", 403))

    assert look(POD).status("kubernetes.pod", scope=HERE) == ("denied", DENIED)


def test_what_lives_in_no_namespace_has_no_such_way(cluster: Cluster, look: Look) -> None:
    shops(cluster)
    cluster.faults.append(Fault("/api/v1/namespaces", 403))

    refusal = Unknown("denied", "namespaces", "namespaces:list", "Forbidden")
    assert look(namespace).status("kubernetes.namespace", scope=HERE) == ("denied", refusal)
