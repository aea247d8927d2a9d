"""The least-privilege ClusterRole for a set of calls, and the proof that it only reads."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

import orjson

from annexlog.collectors import Call
from annexlog.collectors.kubernetes._kinds import SECRETS
from annexlog.evidence_store.model import DeclarationError

_GROUP = r"[a-z0-9-]+(?:\.[a-z0-9-]+)+|apps|autoscaling|batch|extensions|policy"
"""Groups have a dot, but for the oldest. `pods/exec`, which runs programs by a GET, is no group's kind."""
_PERMISSION = re.compile(
    rf"(?:(?P<group>{_GROUP})/)?(?P<resource>[a-z0-9-]+):(?P<verb>get|list)|(?P<path>/[a-z0-9/._-]*):get"
)

NAMESPACES = "namespaces:list"
"""Asked for besides, where a list of the whole cluster is refused."""

_HEAD = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: annexlog-read
rules:
"""

_CONSEQUENCE = """\
# To list Secrets lets the holder of this role read what they all hold, of the whole cluster. annexlog asks for their
# metadata only, but Kubernetes cannot grant the one without the other: whoever gets its token can read them. The target
# says `secrets = true`; without it this rule is not needed.
"""

_SECRETS = """\
# Left out: to list Secrets. annexlog would ask for their metadata only, but this rule lets its holder read what they
# hold: Kubernetes cannot grant the one without the other. Tests that need it are unknown without it. To have them,
# take the rule in, and say `secrets = true` in the target.
# - apiGroups: [""]
#   resources: [secrets]
#   verbs: [list]
"""


def policy(calls: Iterable[Call], *, secrets: bool = False) -> str:
    """A ClusterRole, as YAML, that allows these calls and no more. Bind it with a ClusterRoleBinding.

    What every authenticated user may read (`system:discovery`: /version, /api, /apis) is in it all the same: some
    clusters take that away. The right to list Secrets is in it as a comment alone, unless `secrets`: then with what
    follows from it. Raises DeclarationError for a permission that does not read.
    """
    resources: dict[tuple[str, str], set[str]] = defaultdict(set)
    paths = {"/api", "/api/*", "/apis", "/apis/*", "/version"}
    asked = {permission for call in calls for permission in (call.permission, *call.also)}
    for permission in sorted({*asked, NAMESPACES} - {SECRETS}):
        match = check(permission)
        if match["path"]:
            paths.add(match["path"])
        else:
            resources[match["group"] or "", match["verb"]].add(match["resource"])
    rules = [_rule(group, sorted(names), verb) for (group, verb), names in sorted(resources.items())]
    more = ""
    if SECRETS in asked:
        more = _CONSEQUENCE + _rule("", ["secrets"], "list") if secrets else _SECRETS
    return _HEAD + "".join(rules) + f"- nonResourceURLs: {_list(sorted(paths))}\n  verbs: [get]\n" + more


def _rule(group: str, resources: list[str], verb: str) -> str:
    return f"- apiGroups: {_list([group])}\n  resources: {_list(resources)}\n  verbs: [{verb}]\n"


def _list(values: list[str]) -> str:
    return f"[{', '.join(value if value.isalpha() else orjson.dumps(value).decode() for value in values)}]"


def check(permission: str) -> re.Match[str]:
    """Raises DeclarationError unless it is `group/resource:list`, `resource:get` or `/path:get`."""
    match = _PERMISSION.fullmatch(permission)
    if match is None:
        raise DeclarationError(
            f"{permission!r} is not a permission such as apps/deployments:list, or does not read",
            next="annexlog only lists and gets; of the core group: pods:list.",
        )
    if match["resource"] == "secrets" and match["verb"] == "get":
        raise DeclarationError(f"{permission} reads secrets", next="annexlog lists their metadata only.")
    return match
