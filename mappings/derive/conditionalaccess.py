"""What conditional access of Entra ID really demands, of whom, and who slips through.

Only a policy that is on counts, and only for what none of its conditions takes away: whatever a policy has that is not
understood here narrows it. Source: Microsoft Graph v1.0, conditionalAccessPolicy and the types of its members;
learn.microsoft.com, "Conditional Access policy components".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = [
    "activation_guarded", "holders_unasked", "legacy_open", "mfa_unasked", "phones_admitted", "risk_unanswered",
    "terms_unaccepted", "unmanaged_admitted",
]  # fmt: skip

GUESTS = frozenset({
    "internalGuest", "b2bCollaborationGuest", "b2bCollaborationMember", "b2bDirectConnectUser", "otherExternalUser",
    "serviceProvider",
})  # fmt: skip
"""All kinds of guests and external users there are (conditionalAccessGuestOrExternalUserTypes)."""

RESISTANT = frozenset({"fido2", "windowsHelloForBusiness", "x509CertificateMultiFactor"})
"""Methods that resist phishing (authenticationMethodModes)."""

SYNCHRONISING = frozenset({"d29b2b05-8046-44ba-8758-1e26182fcf32", "a92aed5d-d78a-4d16-b381-09adb37eb3b0"})
"""Templates of the roles of accounts that synchronise directories, which Microsoft hides from people who give roles."""

CLIENTS = frozenset({"browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"})
LEGACY = ("exchangeActiveSync", "other")
_MODERN = CLIENTS - set(LEGACY)
_EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
"""Exchange Online, the one app that Exchange ActiveSync leads to."""

_SCOPE = ("users", "applications", "clientAppTypes")
Satisfies = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


# ── what a policy asks for ────────────────────────────────────────────────────────────────


def _strengths(strengths: JSON) -> dict[str, Any]:
    return {one["strength"]["id"]: one["strength"] for one in strengths}


def _alternatives(grant: Mapping[str, Any]) -> Iterator[str]:
    """All that a policy asks for, each as `kind:name`."""
    yield from (f"control:{name}" for name in grant.get("builtInControls") or ())
    yield from (f"factor:{id}" for id in grant.get("customAuthenticationFactors") or ())
    yield from (f"terms:{id}" for id in grant.get("termsOfUse") or ())
    strength = grant.get("authenticationStrength")
    if strength:
        yield f"strength:{strength['id']}"


def _demands(policy: Mapping[str, Any], wanted: Callable[[str], bool]) -> bool:
    """Whether nobody gets in by a policy's grant without something wanted; blocking everybody is such a grant."""
    grant = policy.get("grantControls")
    if not grant:
        return False
    asked = list(_alternatives(grant))
    if "control:block" in asked:
        return True
    if grant.get("operator") == "AND":
        return any(map(wanted, asked))
    return bool(asked) and all(map(wanted, asked))


def _second_factor(known: Mapping[str, Any]) -> Callable[[str], bool]:
    """A control that a second factor satisfies. Raises KeyError (unreadable) for a strength that nobody knows."""

    def wanted(control: str) -> bool:
        kind, _, name = control.partition(":")
        return control == "control:mfa" or (kind == "strength" and known[name]["requirementsSatisfied"] == "mfa")

    return wanted


def _resistant(known: Mapping[str, Any]) -> Callable[[str], bool]:
    def wanted(control: str) -> bool:
        kind, _, name = control.partition(":")
        allowed = known[name]["allowedCombinations"] if kind == "strength" else []
        return bool(allowed) and set(allowed) <= RESISTANT

    return wanted


def _managed(control: str) -> bool:
    return control in ("control:compliantDevice", "control:domainJoinedDevice")


# ── when a policy holds ───────────────────────────────────────────────────────────────────


def _says(value: Any) -> bool:
    """Whether a condition says anything: null, empty lists and objects of such do not."""
    if isinstance(value, Mapping):
        return any(_says(item) for name, item in value.items() if not name.startswith("@"))
    return value not in (None, [], "", "none", False)


def _narrows(name: str, value: Any) -> bool:
    """Whether a condition takes some sign-ins out."""
    if not _says(value):
        return False
    if name == "platforms":
        return "all" not in (value.get("includePlatforms") or []) or _says(value.get("excludePlatforms"))
    if name == "locations":
        return "All" not in (value.get("includeLocations") or []) or _says(value.get("excludeLocations"))
    return True


def _holds_always(conditions: Mapping[str, Any], but: Collection[str] = ()) -> bool:
    return not any(
        _narrows(name, value) for name, value in conditions.items() if name not in _SCOPE and name not in but
    )


def _of_apps(conditions: Mapping[str, Any], apps: Collection[str] = (), spared: Collection[str] = ()) -> bool:
    """Whether a policy holds for every app, or for one of these sets of apps, but those that may be `spared`."""
    of = conditions["applications"]
    said = ("applicationFilter", "includeUserActions", "includeAuthenticationContextClassReferences")
    wide = bool({"All", *apps} & set(of["includeApplications"] or ()))
    return (
        wide
        and not any(_says(of.get(name)) for name in said)
        and set(of.get("excludeApplications") or ()) <= set(spared)
    )


def _clients(conditions: Mapping[str, Any]) -> frozenset[str]:
    types = set(conditions.get("clientAppTypes") or ["all"])
    return CLIENTS if "all" in types else frozenset(types)


# ── for whom ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Policy:
    """One policy that counts. `spared`, `named`: ids of users left out and named; the same of kinds of guests."""

    everybody: bool
    roles: frozenset[str]
    spared: frozenset[str]
    named: frozenset[str]
    guests_spared: frozenset[str]
    guests_named: frozenset[str]


def _guests(users: Mapping[str, Any], member: str, people: str, *, whole: bool) -> frozenset[str]:
    """Kinds of guests that a policy names. `whole`: only those of every tenant."""
    if "GuestsOrExternalUsers" in (users.get(people) or ()):
        return GUESTS
    said = users.get(member) or {}
    if whole and (said.get("externalTenants") or {}).get("membershipKind") not in (None, "all"):
        return frozenset()
    return frozenset(
        kind for kind in str(said.get("guestOrExternalUserTypes") or "").split(",") if kind and kind != "none"
    )


def _policy(one: Mapping[str, Any]) -> _Policy:
    users, reach = one["ca_policy"]["conditions"]["users"], one["reach"]
    return _Policy(
        "All" in (users.get("includeUsers") or ()),
        frozenset(users.get("includeRoles") or ()),
        frozenset(reach["excluded"]),
        frozenset(reach["included"]),
        _guests(users, "excludeGuestsOrExternalUsers", "excludeUsers", whole=False),
        _guests(users, "includeGuestsOrExternalUsers", "includeUsers", whole=True),
    )


def _counting(policies: JSON, fits: Callable[[Mapping[str, Any]], bool]) -> list[_Policy]:
    """The policies that are on, are of users, leave out no role but of synchronisation, and fit."""
    found = []
    for one in policies:
        policy = one["ca_policy"]
        users = policy["conditions"].get("users")
        spares = set((users or {}).get("excludeRoles") or ()) - SYNCHRONISING
        if policy["state"] == "enabled" and users and not spares and fits(policy):
            found.append(_policy(one))
    return found


def _slipping(policies: Iterable[_Policy], approved: Collection[str]) -> list[str]:
    """Who is left out of all these policies: `user ID`, `guests KIND`, `everybody`; approved users do not count."""
    wide = [one for one in policies if one.everybody]
    narrow = [one for one in policies if not one.everybody]
    if not wide:
        return ["everybody"]
    found = []
    for user in sorted(frozenset().union(*(one.spared for one in wide)) - set(approved)):
        # Whether a user is a guest of a kind that another policy leaves out is not known here: he may be.
        left_out = all(user in one.spared or one.guests_spared for one in wide)
        if left_out and not any(user in one.named and user not in one.spared for one in narrow):
            found.append(f"user {user}")
    covering = [one for one in narrow if not one.guests_spared and one.spared <= set(approved)]
    kinds = sorted(frozenset.intersection(*(one.guests_spared for one in wide)))
    return found + [f"guests {kind}" for kind in kinds if not any(kind in one.guests_named for one in covering)]


# ── what tests ask ────────────────────────────────────────────────────────────────────────


@derived
def mfa_unasked(policies: JSON, strengths: JSON, approved: JSON, apps: JSON) -> JSON:
    """Whom no policy asks for a second factor, whatever he signs in to and from wherever; approved users left out.

    `policies`, `strengths`: joined resources with their facets `ca_policy` and `reach`, `strength`. `apps`: ids of apps
    that a policy may leave out.
    """
    wanted = _second_factor(_strengths(strengths))

    def fits(policy: Mapping[str, Any]) -> bool:
        conditions = policy["conditions"]
        always = _holds_always(conditions) and _clients(conditions) >= CLIENTS and _of_apps(conditions, (), apps)
        return always and _demands(policy, wanted)

    return _slipping(_counting(policies, fits), approved)


@derived
def legacy_open(policies: JSON, approved: JSON) -> JSON:
    """Who may sign in by protocols that know no second factor: `KIND of client: who`."""
    found = []
    for client in LEGACY:

        def fits(policy: Mapping[str, Any], client: str = client) -> bool:
            conditions = policy["conditions"]
            always = _holds_always(conditions) and client in _clients(conditions) and _of_apps(conditions)
            return always and _demands(policy, lambda _: False)

        found += [f"{client}: {who}" for who in _slipping(_counting(policies, fits), approved)]
    return found


@derived
def risk_unanswered(policies: JSON, strengths: JSON, approved: JSON) -> JSON:
    """Who signs in at high risk without being stopped or asked: `sign-in: who`, `user: who`.

    A policy with both risks holds only where both are there, so it counts for neither.
    """
    factor = _second_factor(_strengths(strengths))

    def at(risk: str, answered: Callable[[Mapping[str, Any]], bool]) -> list[str]:
        def fits(policy: Mapping[str, Any]) -> bool:
            conditions = policy["conditions"]
            always = _holds_always(conditions, (risk,)) and _clients(conditions) >= CLIENTS and _of_apps(conditions)
            return always and "high" in (conditions.get(risk) or ()) and answered(policy)

        return _slipping(_counting(policies, fits), approved)

    def changes(policy: Mapping[str, Any]) -> bool:
        grant = policy.get("grantControls") or {}
        both = grant.get("operator") == "AND" and "passwordChange" in (grant.get("builtInControls") or ())
        return _demands(policy, lambda c: c == "control:riskRemediation") or (both and _demands(policy, factor))

    by_sign_in = at("signInRiskLevels", lambda policy: _demands(policy, factor))
    return [*(f"sign-in: {who}" for who in by_sign_in), *(f"user: {who}" for who in at("userRiskLevels", changes))]


@derived
def unmanaged_admitted(policies: JSON, apps: JSON, approved: JSON) -> JSON:
    """Who gets to this set of apps (`Office365`; every app counts too) from a device that is not managed."""

    def fits(policy: Mapping[str, Any]) -> bool:
        conditions = policy["conditions"]
        always = _holds_always(conditions) and _clients(conditions) >= CLIENTS and _of_apps(conditions, apps)
        return always and _demands(policy, _managed)

    return _slipping(_counting(policies, fits), approved)


@derived
def phones_admitted(policies: JSON, apps: JSON, approved: JSON) -> JSON:
    """Who gets to this set of apps from a phone, with an app that is not protected on a device that is not managed:
    `PLATFORM: who`, or `PLATFORM by Exchange ActiveSync: who`, each.
    """
    ways = {"": (_MODERN, apps), " by Exchange ActiveSync": (frozenset({"exchangeActiveSync"}), [*apps, _EXCHANGE])}
    found = []
    for platform, (way, (clients, to)) in product(("iOS", "android"), ways.items()):

        def fits(policy: Mapping[str, Any], at: str = platform, clients: Any = clients, to: Any = to) -> bool:
            here = _on_platform(policy["conditions"], at) and _clients(policy["conditions"]) >= clients
            return here and _of_apps(policy["conditions"], to) and _demands(policy, _kept_in)

        found += [f"{platform}{way}: {who}" for who in _slipping(_counting(policies, fits), approved)]
    return found


def _on_platform(conditions: Mapping[str, Any], platform: str) -> bool:
    """Whether a policy holds for every sign-in from this platform."""
    of = conditions.get("platforms") or {}
    there = not _says(of) or bool({"all", platform} & set(of.get("includePlatforms") or ()))
    return there and platform not in (of.get("excludePlatforms") or ()) and _holds_always(conditions, ("platforms",))


def _kept_in(control: str) -> bool:
    return control in ("control:compliantApplication", "control:compliantDevice")


@derived
def activation_guarded(rule: JSON, held: JSON, policies: JSON, strengths: JSON, approved: JSON) -> JSON:
    """Whether activating a role takes a second factor: by its own rule, or by its authentication context.

    A context asks for nothing by itself: it does where policies that are on demand a second factor in it of everybody
    who may activate the role. `held`: the role, joined, with its facet `holders`. A policy that leaves out guests
    counts for nobody here, since who is one is not known.
    """
    if rule["mfa"]:
        return True
    if not rule["context"]:
        return False
    wanted = _second_factor(_strengths(strengths))

    def fits(policy: Mapping[str, Any]) -> bool:
        conditions = policy["conditions"]
        of = conditions["applications"]
        return (
            rule["context"] in (of.get("includeAuthenticationContextClassReferences") or ())
            and not _says(of.get("applicationFilter"))
            and _holds_always(conditions)
            and _clients(conditions) >= _MODERN
            and _demands(policy, wanted)
        )

    counting = _counting(policies, fits)
    people = {e["principal"] for e in held["holders"]["eligible"] if e["kind"] == "user"} - set(approved)
    if not people:
        return any(one.everybody and not one.guests_spared for one in counting)
    return all(any(_reaches(one, id, "", external=True) for one in counting) for id in people)


@derived
def terms_unaccepted(policies: JSON, approved: JSON) -> JSON:
    """Who gets in without having accepted any terms of use."""

    def fits(policy: Mapping[str, Any]) -> bool:
        conditions = policy["conditions"]
        always = _holds_always(conditions) and _clients(conditions) >= CLIENTS and _of_apps(conditions)
        return always and _demands(policy, lambda control: control.startswith("terms:"))

    return _slipping(_counting(policies, fits), approved)


@derived
def holders_unasked(role: JSON, holders: JSON, people: JSON, policies: JSON, strengths: JSON, approved: JSON) -> JSON:
    """Ids of users who hold a role, or may activate it, and are not asked for a factor that resists phishing.

    `people`: those users as joined resources with their facet `user`. A policy for a role holds for who has it in the
    whole tenant, and for built-in roles only. Raises ValueError (unreadable) where a holder is not among the users.
    """
    wanted = _resistant(_strengths(strengths))

    def fits(policy: Mapping[str, Any]) -> bool:
        conditions = policy["conditions"]
        always = _holds_always(conditions) and _clients(conditions) >= CLIENTS and _of_apps(conditions)
        return always and _demands(policy, wanted)

    counting = _counting(policies, fits)
    known = {one["user"]["id"]: one["user"] for one in people}
    entries = [*holders["active"], *holders["eligible"]]
    everywhere = {entry["principal"] for entry in entries if entry["scope"] == "/"} if role["isBuiltIn"] else set()
    narrower = {entry["principal"] for entry in entries if entry["scope"] != "/"}
    found = []
    for person in sorted(set(holders["people"]) - set(approved)):
        if person not in known:
            raise ValueError(person)
        external = known[person]["userType"] != "Member" or known[person].get("externalUserState") is not None
        by_role = person in everywhere and person not in narrower
        if not any(_reaches(one, person, role["templateId"] if by_role else "", external=external) for one in counting):
            found.append(person)
    return found


def _reaches(policy: _Policy, person: str, role: str, *, external: bool) -> bool:
    if person in policy.spared or (external and policy.guests_spared):
        return False
    return policy.everybody or person in policy.named or role in policy.roles
