"""Who may do what: roles, and each subject with all the bindings that name it; and service accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, Refused
from annexlog.collectors.kubernetes._kinds import Asks, kind, kinds, listing, made_of

__all__ = ["rbac_subject", "role", "service_account", "token_secret"]

role = kinds("role", {
    "ClusterRole": "clusterroles.rbac.authorization.k8s.io",
    "Role": "roles.rbac.authorization.k8s.io",
})

service_account = kind("service_account", "serviceaccounts")

# Metadata only, and only of those that hold a token of a service account: the server looks at their type.
token_secret = kind("token_secret", "secrets", params={"metadata": True, "fieldSelector": "type=kubernetes.io/service-account-token"},
                    ignore=("token_secret.metadata.annotations",))

BINDINGS = {
    "ClusterRoleBinding": listing("clusterrolebindings.rbac.authorization.k8s.io"),
    "RoleBinding": listing("rolebindings.rbac.authorization.k8s.io"),
}
ACCOUNT = "system:serviceaccount:"


def subjects(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — a cluster is all it needs
    """Everyone whom a binding names, once, with each of these bindings: all in one page, or, if a list is refused or mixed, none.

    What binds a subject makes up what it may do, so that half of it would look like less.
    Source: Kubernetes, "Using RBAC Authorization", referring to subjects; rbac/validation/rule.go, appliesTo.
    """
    found: dict[str, dict[str, Any]] = {}
    last = Page(None)
    for name, call in BINDINGS.items():
        for page in ask.pages(call, {}):
            if page.mixed:
                raise Refused("mixed", page.mixed)
            last = page
            for item in page.body["items"]:
                _bind(found, name, item)
    yield Page({"items": [found[id] for id in sorted(found)]}, last.request_id, last.date)


def _bind(found: dict[str, dict[str, Any]], name: str, item: Mapping[str, Any]) -> None:
    meta, ref = item["metadata"], item["roleRef"]
    namespace = str(meta.get("namespace") or "")
    role = f"Role/{namespace}/{ref['name']}" if ref["kind"] == "Role" else f"ClusterRole/{ref['name']}"
    binding = {"kind": name, "name": meta["name"], "namespace": namespace, "role": role, "labels": meta.get("labels") or {}}
    for one in item.get("subjects") or ():
        subject = _subject(one, namespace)
        kept = found.setdefault(subject["id"], {**subject, "bindings": []})["bindings"]
        if binding not in kept:
            kept.append(binding)


def _subject(one: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """A subject under the one name that it is known by: a service account may be called by its user name as well."""
    kind, name, within = str(one["kind"]), str(one["name"]), str(one.get("namespace") or namespace)
    if kind == "User" and name.startswith(ACCOUNT) and name.count(":") == 3:
        kind, (within, name) = "ServiceAccount", name.removeprefix(ACCOUNT).split(":")
    if kind != "ServiceAccount":
        return {"id": f"{kind}:{name}", "kind": kind, "name": name}
    return {"id": f"{kind}:{within}/{name}", "kind": kind, "name": name, "namespace": within}


rbac_subject = made_of("rbac_subject", BINDINGS, subjects)
