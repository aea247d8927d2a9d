"""Whether Azure's web application firewalls inspect and block: on gateways, listeners and paths, and at the edge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["front_door_gaps", "gateway_waf_gaps"]

_WEAK = frozenset({"allow", "log"})
_ATTACKS = ("owasp", "defaultruleset")
"""Rule sets against attacks, by the end of their type; others are against bots or floods, and inspect nothing."""


@derived
def gateway_waf_gaps(gateway: JSON, own: JSON, listeners: JSON, paths: JSON, agreed: JSON) -> JSON | Unknown:
    """Why not all that comes through an application gateway is inspected and blocked, sorted; [] if it is.

    `own`, `listeners`, `paths`: [{id, policy}] that the gateway, its listeners and its paths name; `agreed`: ids of
    rules, names of custom rules and exclusions that may be. The policy of a path rules before that of its listener, and
    that before the gateway's. Unknown(unresolved) where a named policy is not seen. Source: REST API, Application
    Gateways (firewallPolicy, webApplicationFirewallConfiguration); learn.microsoft.com, "Azure Web Application Firewall
    (WAF) policy overview", "Application Gateway TCP/TLS proxy overview" (listeners).
    """
    value = gateway["properties"]
    if str((value.get("sku") or {}).get("tier")) not in ("WAF", "WAF_v2"):
        return ["its tier has no firewall"]
    known = {str(one["id"]).lower(): one["policy"]["properties"] for one in (*own, *listeners, *paths)}
    whole = str((value.get("firewallPolicy") or {}).get("id") or "").lower()
    named = {"gateway": whole} if whole else {}
    named |= dict(_named(value))
    unseen = sorted({id for id in named.values() if id not in known})
    if unseen:
        return Unknown("unresolved", operation="Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies")
    found = {f"{where}: {gap}" for where, id in named.items() for gap in _policy_gaps(known[id], agreed)}
    deaf = [str(one.get("name")) for one in value.get("listeners") or ()]  # of TCP or TLS: no firewall looks into these
    found |= {f"listener {name}: not inspected" for name in deaf if name not in agreed}
    heard = [str(one.get("name")) for one in value.get("httpListeners") or ()]
    if not whole and any(f"listener {name}" not in named for name in heard):
        found |= {
            f"gateway: {gap}" for gap in _own_gaps(value.get("webApplicationFirewallConfiguration") or {}, agreed)
        }
    return sorted(found)


def _named(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The policies that listeners and path rules have of their own."""
    for one in value.get("httpListeners") or ():
        id = ((one.get("properties") or {}).get("firewallPolicy") or {}).get("id")
        if id:
            yield f"listener {one.get('name')}", str(id).lower()
    for path in value.get("urlPathMaps") or ():
        for one in (path.get("properties") or {}).get("pathRules") or ():
            id = ((one.get("properties") or {}).get("firewallPolicy") or {}).get("id")
            if id:
                yield f"path {path.get('name')}/{one.get('name')}", str(id).lower()


def _own_gaps(value: Mapping[str, Any], agreed: JSON) -> Iterator[str]:
    """What is wrong with the configuration that a gateway without a policy has in itself."""
    if value.get("enabled") is not True:
        yield "off"
    if value.get("firewallMode") != "Prevention":
        yield "it only detects"
    if not value.get("ruleSetType"):
        yield "no rules"
    yield from _bodies(value, agreed)
    for group in value.get("disabledRuleGroups") or ():
        rules = [str(rule) for rule in group.get("rules") or ()] or [str(group.get("ruleGroupName"))]
        yield from (f"{rule} is off" for rule in rules if rule not in agreed)
    yield from _excluded(value.get("exclusions"), agreed)


def _bodies(settings: Mapping[str, Any], agreed: JSON) -> Iterator[str]:
    """Attacks in the bodies of requests pass where these are not looked at."""
    if settings.get("requestBodyCheck") in (False, "Disabled") and "requestBodyCheck" not in agreed:
        yield "bodies are not inspected"


def _excluded(exclusions: Iterable[Mapping[str, Any]] | None, agreed: JSON) -> Iterator[str]:
    names = {str(one.get("matchVariable")) for one in exclusions or ()}
    yield from (f"{name} is excluded" for name in names if name not in agreed)


def _policy_gaps(value: Mapping[str, Any], agreed: JSON) -> Iterator[str]:
    """What is wrong with a policy, of a gateway or of the edge: they name the same things in two ways."""
    settings = value.get("policySettings") or {}
    if (settings.get("state") or settings.get("enabledState")) != "Enabled":
        yield "off"
    if settings.get("mode") != "Prevention":
        yield "it only detects"
    managed = value.get("managedRules") or {}
    sets = managed.get("managedRuleSets") or ()
    against = [one for one in sets if str(one.get("ruleSetType")).lower().endswith(_ATTACKS)]
    if not against:
        yield "no rules"
    if any(str(one.get("ruleSetAction")).lower() in _WEAK for one in against):
        yield "its rules only log"
    yield from _bodies(settings, agreed)
    for name in ("exclusions", "exceptions"):
        yield from _excluded(managed.get(name), agreed)
    for one in sets:
        yield from _excluded(one.get("exclusions"), agreed)
        for group in one.get("ruleGroupOverrides") or ():
            yield from _overridden(group, agreed)
    custom = value.get("customRules") or ()
    for rule in custom.get("rules") or () if isinstance(custom, dict) else custom:
        on = (rule.get("state") or rule.get("enabledState") or "Enabled") == "Enabled"
        if on and str(rule.get("action")).lower() == "allow" and rule.get("name") not in agreed:
            yield f"{rule.get('name')} lets past"


def _overridden(group: Mapping[str, Any], agreed: JSON) -> Iterator[str]:
    """Rules that a policy switched off, or that only log or allow. A group without rules is all of them, off."""
    rules = group.get("rules")
    if not rules and str(group.get("ruleGroupName")) not in agreed:
        yield f"{group.get('ruleGroupName')} is off"
    for rule in rules or ():
        # Without a word on it, an overridden rule is off.
        off = (rule.get("state") or rule.get("enabledState") or "Disabled") != "Enabled"
        if (off or str(rule.get("action")).lower() in _WEAK) and str(rule.get("ruleId")) not in agreed:
            yield f"{rule.get('ruleId')} is off"


@derived
def front_door_gaps(endpoints: JSON, domains: JSON, security: JSON, policies: JSON, agreed: JSON) -> JSON | Unknown:
    """Names of a Front Door's endpoints and domains that no firewall inspects and blocks for, each with why, sorted.

    An endpoint that is off takes nothing. `security`: its security policies; `policies`: [{id, policy}] that they name.
    Every policy of a domain must block, and one of them for every path. Unknown(unresolved) where a named one is not
    seen. Source: REST API, Security Policies (associations: domains, patternsToMatch), FrontDoor Web Application
    Firewall Policies.
    """
    known = {str(one["id"]).lower(): one["policy"]["properties"] for one in policies}
    used = {
        str(one["id"]).lower(): str(one.get("name"))
        for one in (*endpoints, *domains)
        if (one.get("properties") or {}).get("enabledState") != "Disabled"
    }
    guards = list(_guards(security))
    if any(policy not in known for _, _, policy in guards):
        return Unknown("unresolved", operation="Microsoft.Network/FrontDoorWebApplicationFirewallPolicies")
    found = []
    for id, name in used.items():
        mine = [(paths, policy) for domain, paths, policy in guards if domain == id]
        if not any("/*" in paths for paths, _ in mine):
            found.append(f"{name}: no firewall")
        found += [f"{name}: {gap}" for _, policy in mine for gap in _policy_gaps(known[policy], agreed)]
    return sorted(set(found))


def _guards(security: JSON) -> Iterator[tuple[str, list[str], str]]:
    """Of each association the domain, its paths and the policy."""
    for one in security:
        value = one["properties"]
        parameters = value.get("parameters") or {}
        policy = str((parameters.get("wafPolicy") or {}).get("id") or "").lower()
        if not policy or str(value.get("provisioningState")) != "Succeeded":
            continue
        for each in parameters.get("associations") or ():
            paths = [str(path) for path in each.get("patternsToMatch") or ()]
            for domain in each.get("domains") or ():
                if domain.get("isActive") is not False:
                    yield str(domain["id"]).lower(), paths, policy
