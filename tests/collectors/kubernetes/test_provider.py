"""The provider: found by name, what it may read, and the fields that Kubernetes publishes."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from annexlog.collectors import Call
from annexlog.collectors.kubernetes import Options, provider
from annexlog.collectors.kubernetes._kinds import kind
from annexlog.collectors.kubernetes.cluster import cluster, namespace, node
from annexlog.collectors.kubernetes.rbac import token_secret
from annexlog.evidence_store.model import DeclarationError


def test_importing_the_provider_imports_no_client() -> None:
    code = "import sys, annexlog.collectors.kubernetes.cluster; sys.exit('kubernetes' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_cluster_role_allows_what_the_calls_need_and_no_more() -> None:
    calls = [*namespace.calls(), *node.calls(), *cluster.calls(), Call("apps/deployments:list", "deployments.apps")]

    assert (
        provider.policy(calls)
        == """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: annexlog-read
rules:
- apiGroups: [""]
  resources: [namespaces, nodes]
  verbs: [list]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [list]
- nonResourceURLs: ["/api", "/api/*", "/apis", "/apis/*", "/version"]
  verbs: [get]
"""
    )


@pytest.mark.parametrize(
    "permission", ["pods:create", "pods:*", "*:list", "pods/exec:get", "secrets:get", "/metrics:post", "pods", ""]
)
def test_a_permission_that_is_no_read_is_refused(permission: str) -> None:
    with pytest.raises(DeclarationError):
        provider.policy([Call(permission, "pods")])


def test_the_fields_that_kubernetes_publishes_are_known() -> None:
    names = provider.members(kind("network_policy", "networkpolicies.networking.k8s.io"))["network_policy"]

    assert {"podSelector", "policyTypes", "ipBlock", "except", "matchLabels"} <= names
    assert "pod_selector" not in names


def test_the_newest_version_of_a_kind_is_read() -> None:
    kinds = kind("horizontal_pod_autoscaler", "horizontalpodautoscalers.autoscaling")

    assert "scaleTargetRef" in provider.members(kinds)["horizontal_pod_autoscaler"]
    assert "metrics" in provider.members(kinds)["horizontal_pod_autoscaler"]


def test_of_a_custom_kind_nobody_publishes_any() -> None:
    assert provider.members(kind("cluster_policy", "clusterpolicies.kyverno.io", custom=True)) == {}


@pytest.mark.parametrize(("said", "granted"), [((True,), True), ((True, False), False), ((False,), False), ((), False)])
def test_the_right_to_list_secrets_follows_what_the_targets_say(said: tuple[bool, ...], *, granted: bool) -> None:
    assert provider.fitted is not None

    text = provider.fitted(token_secret.calls(), [Options(secrets=one) for one in said])

    rules = yaml.safe_load(text)["rules"]
    assert ({"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]} in rules) is granted
    assert ("whoever gets its token can read them" in text) is granted
    assert ("secrets = true" in text) is True


def test_the_right_to_list_secrets_is_printed_with_its_consequence_and_not_granted() -> None:
    granted = yaml.safe_load(provider.policy(token_secret.calls()))

    assert [rule.get("resources") for rule in granted["rules"]] == [["namespaces"], None]
    assert "#   resources: [secrets]" in provider.policy(token_secret.calls())
    assert "secrets" not in provider.policy(node.calls())
