"""What stands before services of Google Cloud that the internet reaches: load balancers' backends and Cloud Armor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.network import covers_internet

__all__ = ["armor_gap", "proxied_outside"]

_PASSED = frozenset({"UDP", "UNSPECIFIED"})
_KEEPING = ("deny", "redirect", "throttle", "rate_based_ban")
_LAST = 2**31


@derived
def proxied_outside(backend: JSON) -> JSON:
    """Whether a backend service is behind a proxy load balancer that the internet reaches.

    Regional ones of the scheme EXTERNAL pass packets through, as all of UDP. Without a scheme it is EXTERNAL.
    Source: compute.v1, BackendService (loadBalancingScheme, protocol); Cloud Load Balancing, backend services overview.
    """
    data = backend["data"]
    scheme = data.get("loadBalancingScheme") or "EXTERNAL"
    classic = scheme == "EXTERNAL" and not data.get("region") and data.get("protocol") not in _PASSED
    return scheme == "EXTERNAL_MANAGED" or classic


@derived
def armor_gap(backend: JSON, policies: JSON) -> JSON | Unknown:
    """Why Cloud Armor keeps nothing out of a backend service; "" if it keeps something out.

    `policies`: joined, its own. A rule in preview is not enforced, and none counts behind one that lets everything in.
    Unknown(unresolved) if its policy is not there.
    Source: compute.v1, SecurityPolicyRule (action, preview, priority, match).
    """
    if not backend["data"].get("securityPolicy"):
        return "it has no security policy"
    if len(policies) != 1:
        return Unknown("unresolved", operation="ListAssets")
    rules = [one for one in policies[0]["security_policy"]["data"]["rules"] if one.get("preview") is not True]
    opened = min((int(one["priority"]) for one in rules if one["action"] == "allow" and _all(one)), default=_LAST)
    keeps = any(
        one["action"].startswith(_KEEPING) and int(one["priority"]) < opened and not _none(one) for one in rules
    )
    return "" if keeps else "no rule that is enforced keeps anything out"


def _expression(rule: Mapping[str, Any]) -> str:
    return (((rule.get("match") or {}).get("expr") or {}).get("expression") or "").strip()


def _none(rule: Mapping[str, Any]) -> bool:
    """Whether a rule is of no request."""
    return _expression(rule) == "false"


def _all(rule: Mapping[str, Any]) -> bool:
    """Whether a rule is of every request."""
    ranges = ((rule.get("match") or {}).get("config") or {}).get("srcIpRanges") or []
    expression = _expression(rule)
    if expression or not ranges:
        return expression in ("", "true")
    return "*" in ranges or covers_internet(ranges)
