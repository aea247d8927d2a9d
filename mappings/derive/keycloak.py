"""What Keycloak lets pass: sign-ins by one factor, passwords that can be guessed, redirects that lead elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["loose_client", "password_rules", "single_factor_ways"]

_KNOWN, _HELD = "something known", "something held"
_FACTORS: Mapping[str, frozenset[str]] = {
    "auth-username-password-form": frozenset({_KNOWN}),
    "auth-password-form": frozenset({_KNOWN}),
    "direct-grant-validate-password": frozenset({_KNOWN}),
    "auth-otp-form": frozenset({_HELD}),
    "direct-grant-validate-otp": frozenset({_HELD}),
    "webauthn-authenticator": frozenset({_HELD}),
    "auth-recovery-authn-code-form": frozenset({_HELD}),
    "auth-x509-client-username-form": frozenset({_HELD}),
    "direct-grant-auth-x509-username": frozenset({_HELD}),
}
_PASSWORDLESS = "webauthn-authenticator-passwordless"
_NO_WAY = frozenset({"auth-cookie", "identity-provider-redirector", "organization"})
"""Steps by which nobody signs in here: a session goes on, or another provider, judged by itself, is asked."""


_ENROLLED_BY: Mapping[str, str] = {
    "auth-otp-form": "CONFIGURE_TOTP",
    "webauthn-authenticator": "webauthn-register",
    "webauthn-authenticator-passwordless": "webauthn-register-passwordless",
    "auth-recovery-authn-code-form": "CONFIGURE_RECOVERY_AUTHN_CODES",
}
"""The required action by which somebody who has no such factor makes himself one while he signs in."""


@derived
def single_factor_ways(
    realm: JSON, flows: JSON, actions: JSON, clients: JSON, providers: JSON, unenrolled: JSON, believed: JSON
) -> JSON | Unknown:
    """Ways into a realm that ask for less than something known and something held.

    `flows`: [{id, alias, executions}]. `actions`: the realm's required actions. `clients`, `providers`: joined
    resources. `unenrolled`: users who have no one-time passwords and should. `believed`: aliases of identity providers
    that ask for two factors themselves. Each way: `browser`, `direct grant`, `browser of CLIENT`, `direct grant of
    CLIENT`, `identity provider ALIAS`.

    A required step is passed by who enrols the factor there and then, if the realm has the action for it: it counts for
    nothing while somebody is yet to enrol. Unknown(unobserved) where nobody can say who is: of keys it is not told, and
    users who come by an identity provider need no factor here. Source: Keycloak, DefaultAuthenticationFlow
    (alternatives beside what is required or conditional are ignored; a conditional part may be skipped, so nothing in
    it counts; isUserSetupAllowed) and Authenticator.areRequiredActionsEnabled.
    """

    def ways(late: frozenset[str]) -> list[str]:
        return _ways(realm, flows, clients, late) + _believing(providers, believed)

    open_ = {one["alias"] for one in actions if one["enabled"] is not False}
    late = frozenset({"CONFIGURE_TOTP"} & open_ if unenrolled else ())
    found = ways(frozenset())
    if found or not (weaker := ways(late)):
        keys = late | (open_ & set(_ENROLLED_BY.values()) - {"CONFIGURE_TOTP"})
        return Unknown("unobserved", code="who has a key is not told") if not found and ways(keys) else found
    if any(one["identity_provider"]["enabled"] is not False for one in providers):
        return Unknown("unobserved", code="users without a second factor may have no password")
    return [f"{way}: {len(unenrolled)} are yet to enrol" for way in weaker]


def _believing(providers: JSON, believed: JSON) -> list[str]:
    found = (one["identity_provider"] for one in providers)
    return [
        f"identity provider {one['alias']}"
        for one in found
        if one["enabled"] is not False and not one.get("linkOnly") and one["alias"] not in believed
    ]


def _ways(realm: JSON, flows: JSON, clients: JSON, late: frozenset[str]) -> list[str]:
    """The same without identity providers. `late`: actions by which a factor can be enrolled while one signs in."""
    verified = realm.get("webAuthnPolicyPasswordlessUserVerificationRequirement") == "required"
    by_alias = {flow["alias"]: _two_factors(flow["executions"], late, verified=verified) for flow in flows}
    by_id = {flow["id"]: by_alias[flow["alias"]] for flow in flows}
    found = [] if by_alias[realm["browserFlow"]] else ["browser"]
    for one in clients:
        client = one["client"]
        if client["enabled"] is not True or client.get("bearerOnly") is True:
            continue
        own = client.get("authenticationFlowBindingOverrides") or {}
        browser, grant = own.get("browser"), own.get("direct_grant")
        if browser and not by_id[browser]:
            found.append(f"browser of {client['clientId']}")
        safe = by_id[grant] if grant else by_alias[realm["directGrantFlow"]]
        if client.get("directAccessGrantsEnabled") is True and not safe:
            found.append(f"direct grant of {client['clientId']}")
    return found


def _two_factors(executions: Iterable[Mapping[str, Any]], late: frozenset[str], *, verified: bool) -> bool:
    factors = _asked(_tree(executions), late, verified=verified)
    return factors is not None and factors >= {_KNOWN, _HELD}


def _tree(executions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Executions below the flows that hold them. Raises ValueError where a level is left out."""
    levels: list[list[dict[str, Any]]] = [[]]
    for one in executions:
        if one["level"] >= len(levels):
            raise ValueError("an execution without the flow that it is in")
        node = {**one, "below": []}
        del levels[one["level"] + 1 :]
        levels[-1].append(node)
        levels.append(node["below"])
    return levels[0]


def _asked(level: Iterable[Mapping[str, Any]], late: frozenset[str], *, verified: bool) -> frozenset[str] | None:
    """The factors that whoever passes this level has shown; None: nobody signs in by it."""
    required, alternatives = list[frozenset[str] | None](), list[frozenset[str] | None]()
    for step in level:
        if step["requirement"] == "DISABLED" or str(step.get("providerId") or "").startswith("conditional-"):
            continue
        factors = _shown(step, late, verified=verified)
        if step["requirement"] == "ALTERNATIVE":
            alternatives.append(factors)
        elif step["requirement"] == "CONDITIONAL":
            required.append(None if factors is None else frozenset())
        elif step["requirement"] == "REQUIRED":
            required.append(factors)
        else:
            raise ValueError(step["requirement"])
    ways = [one for one in (required or alternatives) if one is not None]
    if not ways:
        return None
    return frozenset.union(*ways) if required else frozenset.intersection(*ways)


def _shown(step: Mapping[str, Any], late: frozenset[str], *, verified: bool) -> frozenset[str] | None:
    """The factors that whoever passes this step has shown; None: nobody signs in by it."""
    kind = step.get("providerId") or ""
    if step.get("authenticationFlow"):
        return _asked(step["below"], late, verified=verified)
    if kind in _NO_WAY:
        return None
    if step["requirement"] == "REQUIRED" and _ENROLLED_BY.get(kind) in late:
        return frozenset()
    if kind == _PASSWORDLESS:
        return frozenset({_KNOWN, _HELD} if verified else {_HELD})
    return _FACTORS.get(kind, frozenset())


_RULE = re.compile(r"\s*(\w+)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)\s*")


@derived
def password_rules(realm: JSON) -> JSON:
    """{rule: its number, or -1 where it has none} of a realm's password policy: `length(14) and passwordHistory(5)`.

    Source: Keycloak, PasswordPolicy.toString. Raises ValueError for what is no such policy.
    """
    found: dict[str, JSON] = {}
    for part in str(realm.get("passwordPolicy") or "").split(" and "):
        if not part.strip():
            continue
        match = _RULE.fullmatch(part) or re.fullmatch(r"\s*(\w+)\s*()", part)
        if match is None:
            raise ValueError(f"no rule: {part}")
        found[match[1]] = int(match[2]) if re.fullmatch(r"\d{1,9}", match[2]) else -1
    return found


_BUILT_IN = frozenset({"account", "account-console", "security-admin-console"})


@derived
def loose_client(client: JSON, policies: JSON) -> JSON:
    """What an OpenID Connect client lets pass: reasons, [] if nothing.

    `policies`: {pkce_for_all}, what the realm demands of every client.
    Source: Keycloak, ClientRepresentation. A relative redirect is below the client's root URL, or else below Keycloak
    itself; those of Keycloak's own consoles end with a wildcard. RFC 8252, 7.1: a scheme of one app's own has a dot.
    """
    found = []
    if client.get("implicitFlowEnabled") is not False:
        found.append("the implicit flow is on")
    if client.get("standardFlowEnabled") is not True:
        return found
    own = client["clientId"] in _BUILT_IN
    uris = client.get("redirectUris") or []
    if not uris:
        found.append("it has no redirect")
    found += [f"the redirect {uri}" for uri in uris if not _exact(str(uri), str(client.get("rootUrl") or ""), own=own)]
    if "*" in (client.get("webOrigins") or []):
        found.append("the web origin *")
    if client.get("publicClient") is True and client.get("pkce") != "S256" and policies["pkce_for_all"] is not True:
        found.append("it is public and need not use PKCE")
    return found


def _exact(uri: str, root: str, *, own: bool) -> bool:
    if own and uri.startswith("/"):
        return True
    # `${authBaseUrl}` is Keycloak's own address.
    parts = urlsplit(root if uri.startswith("/") and root and not root.startswith("${") else uri)
    if "*" in uri or not parts.scheme:
        return "*" not in uri and uri.startswith("/")
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return parts.scheme == "https" or (parts.scheme == "http" and local) or "." in parts.scheme
