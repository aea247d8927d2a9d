"""What a subject of Kubernetes' role-based access control may do, by all the bindings that name it.

Rights are written as kubectl's `auth can-i` takes them: `get secrets`, `create pods/exec`,
`escalate clusterroles.rbac.authorization.k8s.io`; `* nodes/proxy` is any verb, `impersonate userextras/*` any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["administering", "public_rights", "rights_held"]

EVERYWHERE = "*"
BOOTSTRAPPING = "kubernetes.io/bootstrapping"
EVERYBODY = ("system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts")

# Granting one of these in a namespace grants nothing: they are in none, or asked about in none.
_OF_NO_NAMESPACE = frozenset({
    "certificatesigningrequests", "clusterrolebindings", "clusterroles", "groups", "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings", "mutatingwebhookconfigurations", "namespaces", "nodes", "persistentvolumes",
    "signers", "uids", "userextras", "users", "validatingadmissionpolicies", "validatingadmissionpolicybindings",
    "validatingwebhookconfigurations",
})  # fmt: skip


@derived
def rights_held(subject: JSON, roles: JSON, rights: JSON) -> JSON:
    """Which of these rights the subject has: [{right, namespace, names, binding}], sorted.

    `subject`: its bindings; `roles`: [{id, role}], those that they name; one that is not there grants nothing. An
    aggregated ClusterRole's rules are those that the control plane has filled in. `namespace`: `*` for the whole
    cluster; `names`: of which objects alone, [] for all. Left out is what Kubernetes itself grants to its own parts.
    Source: Kubernetes, "Using RBAC Authorization"; rbac/validation/rule.go, apis/rbac/v1/evaluation_helpers.go.
    """
    wanted = [(str(right), *_parsed(str(right))) for right in rights]
    found = []
    for binding, rules in _granted(subject, roles):
        namespace = binding["namespace"] or EVERYWHERE
        for rule in rules:
            for right, verb, resource, group in wanted:
                inside = namespace == EVERYWHERE or resource.partition("/")[0] not in _OF_NO_NAMESPACE
                if inside and _allows(rule, verb, resource, group):
                    names = sorted(rule.get("resourceNames") or ())
                    held = {"right": right, "namespace": namespace, "names": names, "binding": _named(binding)}
                    found += [held] if held not in found else []
    return sorted(found, key=lambda h: (h["right"], h["namespace"], h["binding"], h["names"]))


@derived
def administering(subject: JSON, roles: JSON) -> JSON:
    """The bindings that let the subject do everything, sorted: to cluster-admin, or to a role that is as good."""
    return sorted(
        f"{_named(binding)} in {binding['namespace'] or EVERYWHERE}"
        for binding, rules in _granted(subject, roles)
        if binding["role"] == "ClusterRole/cluster-admin" or any(_is_everything(rule) for rule in rules)
    )


def _is_everything(rule: Mapping[str, Any]) -> bool:
    return all("*" in (rule.get(member) or ()) for member in ("verbs", "apiGroups", "resources"))


def _granted(subject: Mapping[str, Any], roles: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """(binding, rules) of each binding that is not one of Kubernetes' own for this subject."""
    known = {one["id"]: one["role"].get("rules") or () for one in roles}
    for binding in subject["bindings"]:
        if not _is_own(binding, subject):
            yield binding, known.get(binding["role"], ())


def _named(binding: Mapping[str, Any]) -> str:
    return "/".join(filter(None, (binding["kind"], binding["namespace"], binding["name"])))


def _is_own(binding: Mapping[str, Any], subject: Mapping[str, Any]) -> bool:
    """Whether the API server made the binding for this subject, a part of Kubernetes.

    The API server adds what is missing in its own bindings, and leaves there whom somebody else adds.
    """
    name = str(binding["name"])
    made = binding["labels"].get(BOOTSTRAPPING) == "rbac-defaults" and (
        name == "cluster-admin" or name.startswith("system:")
    )
    if subject["kind"] == "ServiceAccount":
        return bool(made) and subject["namespace"] == "kube-system"
    who = str(subject["name"])
    everybody = who in EVERYBODY or who.startswith("system:serviceaccounts:")
    return bool(made) and who.startswith("system:") and not everybody


def _parsed(right: str) -> tuple[str, str, str]:
    """(verb, resource with its part, group) of `approve certificatesigningrequests/approval.certificates.k8s.io`."""
    verb, _, rest = right.partition(" ")
    resource, _, group = rest.partition(".")
    return verb, resource, group


def _allows(rule: Mapping[str, Any], verb: str, resource: str, group: str) -> bool:
    verbs, groups, resources = (rule.get(member) or () for member in ("verbs", "apiGroups", "resources"))
    if not ("*" in verbs or verb in verbs or (verb == "*" and verbs)):
        return False
    if not ("*" in groups or group in groups):
        return False
    base, _, part = resource.partition("/")
    if "*" in resources or resource in resources or (part and f"*/{part}" in resources):
        return True
    return part == "*" and any(one.partition("/")[0] in (base, "*") and "/" in one for one in resources)


# ── everybody ─────────────────────────────────────────────────────────────────────────────

_STATE = {"/healthz", "/livez", "/readyz", "/version", "/version/"}
_DISCOVERY = {
    "/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/",
}  # fmt: skip
_ABOUT_ONESELF = {
    ("authorization.k8s.io", "selfsubjectaccessreviews"), ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
}  # fmt: skip


@derived
def public_rights(subjects: JSON, roles: JSON, approved: JSON) -> JSON:
    """The bindings that give everybody more than Kubernetes does: `binding: subject`, sorted.

    `subjects`: [{id, rbac_subject}], those that everybody is, or everybody who has signed in; `approved`: names of
    bindings that the provider makes. Anonymous callers may see versions and states, and the configuration of a
    cluster that kubeadm publishes in kube-public; those who have signed in may see which APIs there are and ask about
    themselves. What a binding of Kubernetes' own gives is looked at as well: its role may have been changed.
    Source: Kubernetes, "Using RBAC Authorization", default roles; bootstrappolicy/policy.go.
    """
    known = {one["id"]: one["role"].get("rules") or () for one in roles}
    found = set()
    for one in subjects:
        subject = one["rbac_subject"]
        anonymous = subject["name"] in ("system:anonymous", "system:unauthenticated")
        for binding in subject["bindings"]:
            rules = known.get(binding["role"], ())
            harmless = all(_is_harmless(rule, anonymous, binding["namespace"]) for rule in rules)
            if not harmless and _named(binding) not in approved:
                found.add(f"{_named(binding)}: {one['id']}")
    return sorted(found)


def _is_harmless(rule: Mapping[str, Any], anonymous: bool, namespace: str) -> bool:
    verbs, urls = set(rule.get("verbs") or ()), set(rule.get("nonResourceURLs") or ())
    groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
    if urls:
        return verbs <= {"get", "head"} and urls <= (_STATE if anonymous else _STATE | _DISCOVERY) and not resources
    kinds = {(group, resource) for group in groups for resource in resources}
    if namespace == "kube-public":
        named = rule.get("resourceNames")
        return verbs <= {"get"} and kinds <= {("", "configmaps")} and named == ["cluster-info"]
    return not anonymous and verbs <= {"create"} and kinds <= _ABOUT_ONESELF
