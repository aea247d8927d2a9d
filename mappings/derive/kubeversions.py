"""Versions of Kubernetes and its nodes, as `v1.34.2-eks-ab12` says them."""

from __future__ import annotations

import re

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["minors_behind", "support_ends"]

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\D.*)?")


def _minor(text: str) -> tuple[int, int]:
    """(1, 34). Raises ValueError on a text that is no version."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return int(match[1]), int(match[2])


@derived
def minors_behind(kubelet: JSON, server: JSON) -> JSON:
    """By how many minor versions a kubelet is older than its API server; negative: newer."""
    ours, theirs = _minor(str(kubelet)), _minor(str(server))
    if ours[0] != theirs[0]:
        raise ValueError(f"{kubelet} and {server}")
    return theirs[1] - ours[1]


@derived
def support_ends(version: JSON, register: JSON) -> JSON | Unknown:
    """The date, as a time, on which support of this version's minor ends by the register {`1.34`: `2026-10-27`}.

    Unknown(unresolved) where the register does not have it.
    """
    minor = ".".join(map(str, _minor(str(version))))
    date = register.get(minor)
    return (
        Unknown("unresolved", operation="kubernetes_versions", code=minor)
        if date is None
        else f"{str(date)[:10]}T00:00:00Z"
    )
