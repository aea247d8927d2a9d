"""What Okta lets pass: sign-ins by one factor or one that can be phished, loose sessions, passwords and tokens."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = [
    "everyone_super",
    "loose_passwords",
    "loose_sessions",
    "loose_token",
    "phishable_rules",
    "single_factor_rules",
    "wide_zones",
]


def _allowing(rules: JSON) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Active rules that let someone in, each with how he is verified. Raises ValueError where there are no rules."""
    if not rules:
        raise ValueError("a policy without rules")
    for rule in rules:
        sign_on = rule["actions"]["appSignOn"]
        if rule["status"] == "ACTIVE" and sign_on["access"] != "DENY":
            yield str(rule["name"]), sign_on["verificationMethod"]


@derived
def single_factor_rules(rules: JSON) -> JSON:
    """Active rules of an access policy that let someone in with less than two factors.

    Source: Okta management API, AssuranceMethod (factorMode), AuthenticationMethodChainMethod (chains: each step after
    another is in `next`). A kind of verification that is neither makes the answer unreadable.
    """
    return [name for name, method in _allowing(rules) if not _two_factors(method)]


def _two_factors(method: Mapping[str, Any]) -> bool:
    if method["type"] == "ASSURANCE":
        return bool(method["factorMode"] == "2FA")
    if method["type"] == "AUTH_METHOD_CHAIN":
        return bool(method["chains"]) and all(chain.get("next") for chain in method["chains"])
    raise ValueError(method["type"])


@derived
def phishable_rules(rules: JSON) -> JSON:
    """Active rules of an access policy that let someone in without a second factor that resists phishing.

    Of a rule's constraints one is enough, so that each must demand it; of a chain some step must, by each of its
    methods. Source: Okta management API, AccessPolicyConstraints, PossessionConstraint (phishingResistant).
    """
    return [name for name, method in _allowing(rules) if not _resistant(method)]


def _resistant(method: Mapping[str, Any]) -> bool:
    if not _two_factors(method):
        return False
    if method["type"] == "ASSURANCE":
        constraints = method.get("constraints") or []
        return bool(constraints) and all(
            (one.get("possession") or {}).get("phishingResistant") == "REQUIRED" for one in constraints
        )
    return all(_chain_resists(chain) for chain in method["chains"])


def _chain_resists(chain: Mapping[str, Any]) -> bool:
    """Whether every way through a chain has a step that resists phishing."""
    methods = chain.get("authenticationMethods") or []
    if methods and all(one.get("phishingResistant") == "REQUIRED" for one in methods):
        return True
    following = chain.get("next") or []
    return bool(following) and all(_chain_resists(one) for one in following)


@derived
def everyone_super(super_admins: JSON) -> JSON:
    """The distinct ids of users who are super administrators, by themselves or by a group."""
    return sorted({*super_admins["users"], *(id for group in super_admins["groups"] for id in group["members"])})


@derived
def loose_sessions(policies: JSON, idle: JSON, lifetime: JSON) -> JSON:
    """Active rules of global session policies that let sessions last longer than these minutes, or outlive the browser.

    `policy/rule` each. 0 minutes is no limit. Source: Okta management API, OktaSignOnPolicyRuleSignonSessionActions.
    """
    found = []
    for policy in policies:
        for rule in policy["rules"]:
            sign_on = rule["actions"]["signon"]
            if policy["status"] != "ACTIVE" or rule["status"] != "ACTIVE" or sign_on["access"] == "DENY":
                continue
            session = sign_on["session"]
            within = (
                1 <= session["maxSessionIdleMinutes"] <= idle and 1 <= session["maxSessionLifetimeMinutes"] <= lifetime
            )
            if not within or session["usePersistentCookie"] is not False:
                found.append(f"{policy['name']}/{rule['name']}")
    return found


@derived
def loose_passwords(policies: JSON, length: JSON, attempts: JSON) -> JSON:
    """Names of active password policies that take shorter or common passwords, or more attempts than these.

    0 attempts is no limit. Source: Okta management API, PasswordPolicyPasswordSettings (complexity, lockout).
    """
    found = []
    for policy in policies:
        if policy["status"] != "ACTIVE":
            continue
        password = policy["settings"]["password"]
        common = ((password["complexity"].get("dictionary") or {}).get("common") or {}).get("exclude") is True
        guarded = 1 <= password["lockout"]["maxAttempts"] <= attempts
        if not (password["complexity"]["minLength"] >= length and guarded and common):
            found.append(policy["name"])
    return found


@derived
def loose_token(token: JSON, zones: JSON) -> JSON:
    """Why an API token can be used from anywhere; "" if it can not.

    `zones`: joined resources, each with its facet `zone`. Source: Okta management API, ApiToken.network.
    """
    network = token.get("network") or {}
    included = network.get("include") or []
    if network.get("connection") != "ZONE" or not included:
        return "it is not bound to zones"
    known = {one["zone"]["id"]: one["zone"] for one in zones}
    for id in included:
        zone = known.get(id)
        if zone is None or zone["status"] != "ACTIVE" or zone["type"] != "IP":
            return f"{id} is no active zone of addresses"
        if _widest(zone) == 0:
            return f"{id} is every address"
    return ""


@derived
def wide_zones(ids: JSON, zones: JSON) -> JSON:
    """Those of these zones that are not known as zones of addresses, or hold more than a /16 (IPv4) or a /32 (IPv6)."""
    known = {one["zone"]["id"]: one["zone"] for one in zones}
    return [id for id in ids if id not in known or known[id]["type"] != "IP" or _too_wide(known[id])]


def _networks(zone: Mapping[str, Any]) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for gateway in zone.get("gateways") or ():
        if gateway["type"] == "CIDR":
            yield ipaddress.ip_network(gateway["value"], strict=False)
        else:
            first, _, last = gateway["value"].partition("-")
            low, high = ipaddress.ip_address(first.strip()), ipaddress.ip_address((last or first).strip())
            # What the whole range lies in, not its parts: 0.0.0.0-255.255.255.254 is as wide as all.
            bits = (int(low) ^ int(high)).bit_length()
            yield ipaddress.ip_network((int(low) >> bits << bits, low.max_prefixlen - bits))


def _widest(zone: Mapping[str, Any]) -> int:
    return min((network.prefixlen for network in _networks(zone)), default=128)


def _too_wide(zone: Mapping[str, Any]) -> bool:
    return any(network.prefixlen < (16 if network.version == 4 else 32) for network in _networks(zone))
