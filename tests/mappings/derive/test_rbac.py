"""What subjects may do, against the documented rules written down once more, plainly, over the objects themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexlog.collectors import Call, Page
from annexlog.collectors.kubernetes._kinds import named
from annexlog.collectors.kubernetes.rbac import subjects
from annexlog.mappings.derive.rbac import administering, public_rights, rights_held

VERBS = ("get", "create", "escalate", "impersonate")
GROUPS = ("", "rbac.authorization.k8s.io", "apps")
RESOURCES = ("secrets", "pods", "pods/exec", "clusterroles", "nodes/proxy", "userextras/scopes", "deployments")
NAMESPACES = ("shop", "bank")
NAMES = ("a", "b")
PEOPLE: list[Any] = [
    {"kind": "User", "name": "ann"},
    {"kind": "Group", "name": "devs"},
    {"kind": "ServiceAccount", "name": "bot", "namespace": "shop"},
    {"kind": "ServiceAccount", "name": "bot"},
    {"kind": "User", "name": "system:serviceaccount:shop:bot"},
]
RIGHTS = [
    "get secrets", "create pods/exec", "escalate clusterroles.rbac.authorization.k8s.io", "* nodes/proxy",
    "impersonate userextras/*", "get deployments.apps",
]  # fmt: skip


class Cluster:
    """Objects of a cluster, to be listed."""

    def __init__(self, roles: Any, cluster_roles: Any, bindings: Any, cluster_bindings: Any) -> None:
        self.roles, self.cluster_roles = roles, cluster_roles
        self.bindings, self.cluster_bindings = bindings, cluster_bindings

    def pages(self, operation: Call, params: Mapping[str, Any]) -> Iterable[Page]:
        assert params == {}
        cluster_wide = operation.operation.startswith("clusterrolebindings")
        yield Page({"items": self.cluster_bindings if cluster_wide else self.bindings})

    def subjects(self) -> list[Any]:
        return [subject for page in subjects(self, {}) for subject in page.body["items"]]

    def all_roles(self) -> list[Any]:
        made = [named("Role", role) for role in self.roles] + [named("ClusterRole", r) for r in self.cluster_roles]
        return [{"id": role["id"], "role": role} for role in made]

    # ── the oracle ────────────────────────────────────────────────────────────────────────

    def allows(self, who: Mapping[str, str], verb: str, group: str, resource: str, namespace: str, name: str) -> bool:
        """Whether a request is allowed, as documented: any rule of any binding's role that matches all of it."""
        for binding in self.cluster_bindings:
            if self._is_of(binding, who, "") and self._role_allows(binding, verb, group, resource, name, ""):
                return True
        return bool(namespace) and any(
            binding["metadata"]["namespace"] == namespace
            and self._is_of(binding, who, namespace)
            and self._role_allows(binding, verb, group, resource, name, namespace)
            for binding in self.bindings
        )

    def _is_of(self, binding: Any, who: Mapping[str, str], namespace: str) -> bool:
        for subject in binding["subjects"]:
            if subject["kind"] == "ServiceAccount":
                within = subject.get("namespace") or namespace
                user = f"system:serviceaccount:{within}:{subject['name']}"
                if who["kind"] == "User" and who["name"] == user:
                    return True
            elif subject["kind"] == who["kind"] and subject["name"] == who["name"]:
                return True
        return False

    def _role_allows(self, binding: Any, verb: str, group: str, resource: str, name: str, namespace: str) -> bool:
        ref = binding["roleRef"]
        if ref["kind"] == "ClusterRole":
            found = [role for role in self.cluster_roles if role["metadata"]["name"] == ref["name"]]
        else:
            found = [
                r for r in self.roles if (r["metadata"]["name"], r["metadata"]["namespace"]) == (ref["name"], namespace)
            ]
        for role in found:
            for rule in role.get("rules") or []:
                if "*" not in rule["verbs"] and verb not in rule["verbs"]:
                    continue
                if "*" not in rule["apiGroups"] and group not in rule["apiGroups"]:
                    continue
                covered = {"*", resource} | ({"*/" + resource.split("/")[1]} if "/" in resource else set())
                if not covered & set(rule["resources"]):
                    continue
                if rule.get("resourceNames") and name not in rule["resourceNames"]:
                    continue
                return True
        return False


def subset(values: Iterable[str], wildcard: str = "*") -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from([*values, wildcard]), min_size=1, max_size=2, unique=True)


rules = st.lists(
    st.fixed_dictionaries(
        {
            "verbs": subset(VERBS),
            "apiGroups": subset(GROUPS),
            "resources": st.lists(st.sampled_from([*RESOURCES, "*", "*/exec", "*/scopes"]), min_size=1, max_size=2),
        },
        optional={"resourceNames": st.lists(st.sampled_from(NAMES), max_size=2, unique=True)},
    ),
    max_size=3,
)


def _called(one: Any) -> tuple[str, str]:
    return one["metadata"]["name"], one["metadata"].get("namespace", "")


def objects(kinds: tuple[str, ...], *, within: bool) -> Any:
    """Roles, or bindings to such roles, of which there are few names."""
    meta = {"name": st.sampled_from(["r1", "r2"]), **({"namespace": st.sampled_from(NAMESPACES)} if within else {})}
    if not kinds:
        one = st.fixed_dictionaries({"metadata": st.fixed_dictionaries(meta)}, optional={"rules": rules})
    else:
        ref = st.fixed_dictionaries({"kind": st.sampled_from(kinds), "name": st.sampled_from(["r1", "r2", "gone"])})
        people = st.lists(st.sampled_from(PEOPLE[: 5 if within else 3]), min_size=1, max_size=2)
        one = st.fixed_dictionaries({"metadata": st.fixed_dictionaries(meta), "roleRef": ref, "subjects": people})
    return st.lists(one, max_size=3, unique_by=_called)


clusters = st.builds(
    Cluster,
    objects((), within=True),
    objects((), within=False),
    objects(("Role", "ClusterRole"), within=True),
    objects(("ClusterRole",), within=False),
)

NO_NAMESPACE = ("clusterroles", "nodes", "userextras")


def asked(right: str) -> Iterable[tuple[str, str, str]]:
    """The requests that a right stands for."""
    verb, _, rest = right.partition(" ")
    resource, _, group = rest.partition(".")
    # Any key of what is told of a user: each that a rule here can name.
    resources = ("userextras/scopes", "userextras/exec") if resource == "userextras/*" else (resource,)
    for one in VERBS if verb == "*" else (verb,):
        yield from ((one, each, group) for each in resources)


def told(cluster: Cluster) -> set[tuple[str, str, str, str]]:
    """(subject's id, right, namespace, name) of all that is held, by the code."""
    found = set()
    for subject in cluster.subjects():
        for held in rights_held(subject, cluster.all_roles(), RIGHTS):
            places = ("", *NAMESPACES) if held["namespace"] == "*" else (held["namespace"],)
            if held["right"].split()[1].split(".")[0].split("/")[0] in NO_NAMESPACE:
                places = ("",)
            names = held["names"] or ("", *NAMES)
            found |= {(subject["id"], held["right"], place, name) for place in places for name in names}
    return found


def true(cluster: Cluster) -> set[tuple[str, str, str, str]]:
    """The same, by asking the oracle about every request there could be."""
    user = "system:serviceaccount:{}:bot"
    who = {"User:ann": PEOPLE[0], "Group:devs": PEOPLE[1]}
    who |= {f"ServiceAccount:{n}/bot": {"kind": "User", "name": user.format(n)} for n in NAMESPACES}
    found = set()
    for id, subject in who.items():
        for right in RIGHTS:
            base = right.split()[1].split(".")[0].split("/")[0]
            for place in ("",) if base in NO_NAMESPACE else ("", *NAMESPACES):
                for name in ("", *NAMES):
                    if any(cluster.allows(subject, v, g, r, place, name) for v, r, g in asked(right)):
                        found.add((id, right, place, name))
    return found


@settings(max_examples=300, deadline=None)
@given(clusters)
def test_what_is_held_is_what_the_documented_rules_allow(cluster: Cluster) -> None:
    assert told(cluster) == true(cluster)


# ── what Kubernetes itself grants, and what others add to it ──────────────────────────────


def binding(name: str, role: str, *people: Any, labels: Any = None, namespace: str = "") -> Any:
    meta = {"name": name, "labels": labels or {}, **({"namespace": namespace} if namespace else {})}
    return {"metadata": meta, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": list(people)}


OWN = {"kubernetes.io/bootstrapping": "rbac-defaults"}
ALL = {"metadata": {"name": "cluster-admin"}, "rules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}
MASTERS, BOB = {"kind": "Group", "name": "system:masters"}, {"kind": "User", "name": "bob"}


@pytest.mark.parametrize(
    ("who", "name", "labels", "own"),
    [
        (MASTERS, "cluster-admin", OWN, True),
        (MASTERS, "cluster-admin", {}, False),
        (MASTERS, "more-admins", OWN, False),
        (BOB, "cluster-admin", OWN, False),
        ({"kind": "User", "name": "system:kube-scheduler"}, "system:x", OWN, True),
        ({"kind": "Group", "name": "system:authenticated"}, "system:x", OWN, False),
        ({"kind": "Group", "name": "system:serviceaccounts:shop"}, "system:x", OWN, False),
        ({"kind": "ServiceAccount", "name": "x", "namespace": "kube-system"}, "system:x", OWN, True),
        ({"kind": "ServiceAccount", "name": "x", "namespace": "shop"}, "system:x", OWN, False),
    ],
)
def test_only_what_the_api_server_grants_to_parts_of_kubernetes_is_left_out(
    who: Any, name: str, labels: Any, own: bool
) -> None:
    cluster = Cluster([], [ALL], [], [binding(name, "cluster-admin", who, labels=labels)])
    (subject,) = cluster.subjects()

    assert (rights_held(subject, cluster.all_roles(), ["get secrets"]) == []) is own
    assert (administering(subject, cluster.all_roles()) == []) is own


def test_a_role_that_allows_everything_is_as_good_as_cluster_admin_and_one_that_is_gone_is_too() -> None:
    wild = {"metadata": {"name": "wild"}, "rules": [{"verbs": ["get", "*"], "apiGroups": ["*"], "resources": ["*"]}]}
    reader = {"metadata": {"name": "reader"}, "rules": [{"verbs": ["get"], "apiGroups": ["*"], "resources": ["*"]}]}
    roles = ("wild", "reader", "cluster-admin")
    cluster = Cluster([], [wild, reader], [binding(r, r, BOB, namespace="shop") for r in roles], [])
    (subject,) = cluster.subjects()

    assert administering(subject, cluster.all_roles()) == [
        "RoleBinding/shop/cluster-admin in shop",
        "RoleBinding/shop/wild in shop",
    ]


# ── everybody ─────────────────────────────────────────────────────────────────────────────

ANYONE, SIGNED_IN = {"kind": "User", "name": "system:anonymous"}, {"kind": "Group", "name": "system:authenticated"}
VERSION = {"verbs": ["get"], "nonResourceURLs": ["/version"]}
APIS = {"verbs": ["get"], "nonResourceURLs": ["/apis/*"]}
REVIEW = {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"]}
PODS = {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}
INFO = {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["cluster-info"]}


@pytest.mark.parametrize(
    ("who", "rule", "namespace", "harmless"),
    [
        (ANYONE, VERSION, "", True),
        (ANYONE, APIS, "", False),
        (ANYONE, REVIEW, "", False),
        (ANYONE, INFO, "kube-public", True),
        (ANYONE, INFO, "shop", False),
        (ANYONE, {**INFO, "resourceNames": []}, "kube-public", False),
        (ANYONE, {**INFO, "verbs": ["*"]}, "kube-public", False),
        (SIGNED_IN, APIS, "", True),
        (SIGNED_IN, REVIEW, "", True),
        (SIGNED_IN, {**REVIEW, "apiGroups": ["*"]}, "", False),
        (SIGNED_IN, {"verbs": ["get"], "nonResourceURLs": ["*"]}, "", False),
        (SIGNED_IN, {"verbs": ["post"], "nonResourceURLs": ["/version"]}, "", False),
        (SIGNED_IN, PODS, "", False),
        (SIGNED_IN, {**VERSION, "apiGroups": [""], "resources": ["pods"]}, "", False),
    ],
)
def test_everybody_may_see_that_there_is_a_cluster_and_little_else(
    who: Any, rule: Any, namespace: str, harmless: bool
) -> None:
    role = {"metadata": {"name": "r"}, "rules": [VERSION if not namespace else INFO, rule]}
    bound = binding("b", "r", who, labels=OWN, namespace=namespace)
    cluster = Cluster([], [role], [bound] if namespace else [], [] if namespace else [bound])
    people = [{"id": s["id"], "rbac_subject": s} for s in cluster.subjects()]

    name = f"RoleBinding/{namespace}/b" if namespace else "ClusterRoleBinding/b"
    expected = [] if harmless else [f"{name}: {who['kind']}:{who['name']}"]
    if namespace == "shop":
        role["rules"] = [rule]
    assert public_rights(people, cluster.all_roles(), []) == expected
    assert public_rights(people, cluster.all_roles(), [name]) == []
