"""Who holds roles in Google Cloud: everybody, strangers, basic roles, accounts of programs, administrators."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = [
    "acting_as_all",
    "audit_gaps",
    "basic_role_holders",
    "gcp_admins",
    "loose_provider",
    "privileged_accounts",
    "public_grants",
    "sharing_strangers",
    "strangers",
]

PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})
BASIC = frozenset({"roles/owner", "roles/editor", "roles/admin", "roles/writer"})
CUSTOM = re.compile(r"(projects|organizations)/[^/]+/roles/")


def grants(policy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(role, member) of every binding; members that were deleted have nothing."""
    for binding in policy["bindings"]:
        for member in binding["members"]:
            if not member.startswith("deleted:"):
                yield binding["role"], member


def agents(row: Mapping[str, Any]) -> set[str]:
    """Members that are Google's own accounts: they do what services are asked to do, and nobody signs in as them."""
    return {one["member"] for one in row["accounts"] if one["agent"]}


def unseen(row: Mapping[str, Any], above: JSON) -> bool:
    """Whether a folder or the organization above was not among those that were seen."""
    return bool(set(row["ancestors"]) - {one["ancestor"]["node"] for one in above})


# ── everybody ─────────────────────────────────────────────────────────────────────────────


@derived
def public_grants(resource: JSON, policies: JSON, above: JSON) -> JSON | Unknown:
    """What `allUsers` and `allAuthenticatedUsers` hold on a resource: `role to member on where`, each.

    `policies`: joined, of the resource and of what it lies in; `above`: joined ancestors. A role given further up is
    inherited, and so counts whatever it is. Conditions do not make it less public.
    Unknown(unresolved) where nothing is found, and something above could not be seen.
    """
    held = [(one["iam_policy"]["key"], one["iam_policy"]["policy"]) for one in policies]
    held += [(one["ancestor"]["node"], one["ancestor"]["policy"]) for one in above]
    found = [f"{role} to {who} on {where}" for where, policy in held for role, who in grants(policy) if who in PUBLIC]
    if not found and unseen(resource, above):
        return Unknown("unresolved", operation="ListAssets")
    return sorted(found)


# ── strangers ─────────────────────────────────────────────────────────────────────────────


@derived
def strangers(row: JSON, projects: JSON, domains: JSON, known: JSON) -> JSON:
    """Members of a policy who are not the organization's own: `role to member`, each.

    `row`: of an IAM policy or an ancestor; its `accounts` say whose a service account is. `projects`: joined, those of
    the organization among them. `domains`: own ones. `known`: members, service accounts' projects and workforce pools
    that were agreed to. Source: IAM, principal identifiers; service agents.
    """
    own = {one["project"]["project"] for one in projects} | set(known)
    of = {one["member"]: one["of"] for one in row["accounts"]}
    own |= {*row["ancestors"], row.get("node", ""), row.get("project", "")} - {""}
    found = [
        f"{role} to {who}"
        for role, who in grants(row["policy"])
        if who not in own and not _ours(who, of.get(who, ""), own, {str(one).lower() for one in domains})
    ]
    return sorted(set(found))


def _ours(member: str, of: str, own: set[str], domains: set[str]) -> bool:
    kind, _, rest = member.partition(":")
    if kind in ("user", "group", "domain"):
        return rest.lower().rpartition("@")[2] in domains
    pool = re.match(r"//iam\.googleapis\.com/locations/global/workforcePools/([^/]+)/", rest)
    return of in own or bool(kind.startswith("principal") and pool and pool[1] in own)


@derived
def sharing_strangers(dataset: JSON, projects: JSON, numbered: JSON, domains: JSON, known: JSON) -> JSON:
    """Access entries of a dataset for others than the organization's own: one text for each.

    An entry without a domain or an owner is for everybody, or for whoever has a role on the project. `projects`,
    `numbered`: joined, those of the entries' owners that are the organization's own, by id and by number. `known`:
    projects and domains that were agreed to. Source: BigQuery API v2, Dataset.access.
    """
    own = {one["project"]["project"] for one in projects} | {one["project"]["key"] for one in numbered}
    own |= {*known, *dataset["ancestors"], dataset["project"], *dataset["holders"]} - {""}
    ours = {str(one).lower() for one in domains} | set(known)
    found = set()
    for entry in dataset["data"]["access"]:
        what = entry.get("role") or "a query of it"
        if {entry.get("specialGroup"), entry.get("iamMember")} & PUBLIC:
            found.add(f"{what} to everybody")
        elif "of" in entry and entry["of"] not in own:
            found.add(f"{what} to an account or view of {entry['of'] or 'an unknown project'}")
        elif entry.get("domain") and str(entry["domain"]).lower() not in ours:
            found.add(f"{what} to {entry['domain']}")
        elif entry.get("iamMember") and entry["iamMember"] not in own:
            found.add(f"{what} to {entry['iamMember']}")
    return sorted(found)


# ── roles that can do too much ────────────────────────────────────────────────────────────


@derived
def basic_role_holders(row: JSON, allowed: JSON) -> JSON:
    """Who holds owner, editor, admin or writer, Google's own agents and those allowed left out: `role to member`."""
    spared = {*allowed, *agents(row)}
    return sorted(f"{role} to {who}" for role, who in grants(row["policy"]) if role in BASIC and who not in spared)


ACTING = frozenset({
    "roles/dataproc.hubAgent",
    "roles/iam.dataScientist",
    "roles/iam.databasesAdmin",
    "roles/iam.devOps",
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/iam.workloadIdentityUser",
})  # fmt: skip
"""Predefined roles by which somebody acts as accounts. Source: IAM, roles and permissions (actAs, tokens)."""
_LEADING = frozenset({
    # What they start runs as an account that has more, and needs no iam.serviceAccounts.actAs: Cloud Build's and
    # Deployment Manager's own accounts, the agent of Vertex AI's custom code, the nodes and workers of clusters that
    # are there.
    "roles/aiplatform.user",
    "roles/cloudbuild.builds.builder",
    "roles/cloudbuild.builds.editor",
    "roles/composer.user",
    "roles/composer.worker",  # starts builds
    "roles/container.developer",
    "roles/dataproc.editor",
    "roles/deploymentmanager.editor",
    "roles/deploymentmanager.typeEditor",
    "roles/earthengine.appsPublisher",  # sets policies of accounts
    "roles/iam.mlEngineer",  # pods and jobs
    "roles/iam.siteReliabilityEngineer",  # sets policies
})  # fmt: skip
"""Predefined roles that lead to more rights by themselves.

Source: each service's page on access, and on the accounts that it runs as; IAM, roles and permissions."""

AGENT = re.compile(r"roles/[\w.]+[sS]erviceAgent\w*")
"""Roles of Google's own accounts (service agents): nobody else should have one. Many act as any account."""
_PROGRAM = re.compile(
    r"serviceAccount:|principalSet://cloudresourcemanager\.googleapis\.com/"
    r"|principal(Set)?://[a-z]+\.googleapis\.com/projects/[^/]+/locations/[^/]+/workloadIdentityPools/"
)
_POWERS = re.compile(
    r".*\.setIamPolicy|iam\.serviceAccounts\.(actAs|getAccessToken|getOpenIdToken|implicitDelegation|signBlob|signJwt)"
    r"|iam\.serviceAccountKeys\.(create|upload)|iam\.serviceAccountApiKeyBindings\.create|iam\.roles\.(update|create)"
    r"|iam\.workloadIdentityPool(Provider)?s\.(create|update)|orgpolicy\.(policy\.set|policies\.(create|delete|update))"
    r"|aiplatform\.customJobs\.create|cloudbuild\.builds\.create|dataproc\.jobs\.create"
    r"|deploymentmanager\.deployments\.(create|update)|container\.pods\.exec|container\.(pods|deployments|jobs|cronJobs"
    r"|daemonSets|replicaSets|replicationControllers|statefulSets)\.(create|update)"
)


@derived
def privileged_accounts(row: JSON, roles: JSON, allowed: JSON) -> JSON | Unknown:
    """Accounts of programs with a role by which they can get more: `role to member`, each.

    Service accounts and sets of them but for Google's own agents, and what comes by a workload identity pool. `roles`:
    joined custom roles, those that the policy names among them. A predefined role counts by its name: basic, with
    "admin" in it, to act as other accounts, one of those that lead to more rights, or a service agent's.
    Unknown(unresolved) where a custom role could not be found.
    """
    custom = permissions(roles)
    found, unresolved, spared = [], False, {*allowed, *agents(row)}
    for role, who in grants(row["policy"]):
        if not _PROGRAM.match(who) or who in spared:
            continue
        if CUSTOM.match(role):
            unresolved = unresolved or role not in custom
            strong = any(_POWERS.fullmatch(one) for one in custom.get(role, ()))
        else:
            strong = role in BASIC | ACTING | _LEADING or "admin" in role.lower() or bool(AGENT.fullmatch(role))
        found += [f"{role} to {who}"] if strong else []
    return sorted(found) if found or not unresolved else Unknown("unresolved", operation="ListAssets")


@derived
def acting_as_all(row: JSON, roles: JSON, allowed: JSON) -> JSON | Unknown:
    """Who may act as every service account of a project, or below a folder, or make keys of it: `role to member`, each.

    Google's own agents and those allowed are left out. `roles`: joined custom roles, those that the policy names among
    them. Unknown(unresolved) where a custom role could not be found. Source: IAM, roles for service accounts.
    """
    custom, spared = permissions(roles), {*allowed, *agents(row)}
    held = [(role, who) for role, who in grants(row["policy"]) if who not in spared]
    unresolved = any(CUSTOM.match(role) and role not in custom for role, _ in held)
    found = {
        f"{role} to {who}"
        for role, who in held
        if role in ACTING | {"roles/iam.serviceAccountKeyAdmin"}
        or AGENT.fullmatch(role)
        or any(_ACT_AS.fullmatch(one) for one in custom.get(role, ()))
    }
    return sorted(found) if found or not unresolved else Unknown("unresolved", operation="ListAssets")


_ACT_AS = re.compile(
    r"iam\.serviceAccounts\.(actAs|getAccessToken|getOpenIdToken|implicitDelegation|signBlob|signJwt)"
    r"|iam\.serviceAccountKeys\.(create|upload)"
)


def permissions(roles: JSON) -> dict[str, list[str]]:
    """Of custom roles by name; one that is deleted gives nothing. One that does not say is none of them."""
    rows = [one["role"]["data"] for one in roles]
    told = [one for one in rows if one.get("deleted") or one.get("includedPermissions")]
    return {one["name"]: [] if one.get("deleted") else one["includedPermissions"] for one in told}


_ADMIN = frozenset({
    *ACTING,
    *BASIC,
    "roles/accesscontextmanager.policyAdmin",
    "roles/billing.admin",
    "roles/iam.organizationRoleAdmin",
    "roles/iam.roleAdmin",
    "roles/iam.securityAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.workforcePoolAdmin",
    "roles/iam.workloadIdentityPoolAdmin",
    "roles/orgpolicy.policyAdmin",
    "roles/resourcemanager.folderAdmin",
    "roles/resourcemanager.folderIamAdmin",
    "roles/resourcemanager.organizationAdmin",
    "roles/resourcemanager.projectIamAdmin",
})  # fmt: skip
_HEAD = frozenset({"roles/owner", "roles/resourcemanager.organizationAdmin"})
_OVER = re.compile(
    r"resourcemanager\.(organizations|folders|projects)\.setIamPolicy|iam\.roles\.update|iam\.serviceAccounts\.setIamPolicy"
)


@derived
def gcp_admins(above: JSON, roles: JSON, register: JSON) -> JSON | Unknown:
    """{unlisted, heads}: who administers the organization or a folder and is not in the register (`role member`, each),
    and the users who administer the organization itself.

    `register`: texts `role member`. Everybody, or a whole domain, is never listed enough.
    Unknown(unresolved) where a custom role could not be found.
    """
    custom = permissions(roles)
    unlisted, heads, unresolved = set[str](), set[str](), False
    for one in above:
        row = one["ancestor"]
        for role, who in grants(row["policy"]):
            if who in agents(row):
                continue
            unresolved = unresolved or (bool(CUSTOM.match(role)) and role not in custom)
            if role not in _ADMIN and not any(_OVER.fullmatch(p) or _ACT_AS.fullmatch(p) for p in custom.get(role, ())):
                continue
            if f"{role} {who}" not in register or who in PUBLIC or who.startswith("domain:"):
                unlisted.add(f"{role} {who}")
            if role in _HEAD and who.startswith("user:") and row["node"].startswith("organizations/"):
                heads.add(who)
    if unresolved and not unlisted:
        return Unknown("unresolved", operation="ListAssets")
    return {"unlisted": sorted(unlisted), "heads": sorted(heads)}


# ── what is logged of it ──────────────────────────────────────────────────────────────────

_KINDS = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")


@derived
def audit_gaps(project: JSON, policies: JSON, above: JSON, exempt: JSON) -> JSON | Unknown:
    """Kinds of audit logs that a project does not write for all services, and members who are left out of them.

    The configurations of the project, its folders and the organization add up; so do their exemptions.
    Unknown(unresolved) where something is missing, and something above could not be seen.
    """
    held = [one["iam_policy"]["policy"] for one in policies] + [one["ancestor"]["policy"] for one in above]
    configs = [config for policy in held for config in policy["audit_configs"]]
    written = {log["type"] for config in configs if config["service"] == "allServices" for log in config["logs"]}
    spared = {who for config in configs for log in config["logs"] for who in log["exempted"]} - set(exempt)
    found = [*(kind for kind in _KINDS if kind not in written), *sorted(spared)]
    return Unknown("unresolved", operation="ListAssets") if unseen(project, above) and not spared else found


# ── identities from outside ───────────────────────────────────────────────────────────────

_SHARED = re.compile(
    r"https://(token\.actions\.githubusercontent\.com|gitlab\.com|app\.terraform\.io|vstoken\.dev\.azure\.com"
    r"|oidc\.circleci\.com|agent\.buildkite\.com|accounts\.google\.com|sts\.windows\.net"
    r"|api\.bitbucket\.org|oidc\.vercel\.com|oidc\.fly\.io)(/|$)"
)
_READ = r"(?:assertion|attribute|google)(?:\.\w+|\['\w+'\]|\[\"\w+\"\])*"
_LITERAL = r"(?:'[^']*'|\"[^\"]*\")"
_TESTS = re.compile(
    rf"({_READ})(?:\s*==\s*({_LITERAL})|\s+in\s+\[((?:\s*{_LITERAL}\s*,?)+)\]|\.startsWith\(\s*({_LITERAL})\s*\))"
)
_TURNED = re.compile(  # what may make a comparison count for nothing
    r"!\s*\(|!\s*(assertion|attribute|google)|\?|\+|\bfalse\b|!=\s*true\b|\btrue\s*!=|\)\s*!="
    r"|\.(all|exists|exists_one|filter|map)\("
)
_CHOSEN = frozenset({
    # GitHub, GitLab. A workflow or a configuration that may be used by others says nothing of who uses it.
    "actor", "aud", "base_ref", "ci_config_ref_uri", "environment", "event_name", "head_ref", "job_workflow_ref",
    "pipeline_source", "ref", "ref_path", "ref_type", "user_email", "user_login", "workflow",
    # Buildkite, Vercel, Terraform.
    "build_branch", "build_tag", "pipeline_slug", "project", "terraform_project_name", "terraform_workspace_name",
})  # fmt: skip
"""Claims that a stranger can have say what he likes. Source: each issuer's own description of its tokens."""


@derived
def loose_provider(provider: JSON, pools: JSON, tenants: JSON) -> JSON | Unknown:
    """Why a workload identity provider lets in whom it should not; "" if it does not, or is off.

    `pools`: joined, the provider's own. `tenants`: own organizations, namespaces and such, as they stand in conditions.
    An issuer that nobody shares, or an AWS account, says what it likes: it must be among the tenants itself. So may one
    that has a path of its own on a host that many share (`https://sts.windows.net/<tenant>`). Of the others each
    alternative of the condition must compare with an own tenant a claim, or an attribute mapped from one, that no
    stranger can choose.
    Unknown(unresolved) where the pool is not seen. Source: IAM, workload identity federation, attribute conditions.
    """
    if len(pools) != 1:
        return Unknown("unresolved", operation="ListAssets")
    data = provider["data"]
    if any(
        one.get("disabled") is True or one.get("state") == "DELETED"
        for one in (data, pools[0]["identity_pool"]["data"])
    ):
        return ""
    condition = str(data.get("attributeCondition") or "").strip()
    issuer = str((data.get("oidc") or {}).get("issuerUri") or "")
    account = (data.get("aws") or {}).get("accountId")
    if account or (issuer and not _SHARED.match(issuer)):
        return "" if (account or issuer) in tenants else f"{account or issuer} is not among the tenants"
    if issuer in tenants and urlsplit(issuer).path.strip("/"):
        return ""
    mapping = data.get("attributeMapping") or {}
    if condition and all(_bound(part, tenants, mapping) for part in condition.split("||")):
        return ""
    return f"anyone at {issuer.removeprefix('https://')} can fit its condition" if condition else "it has no condition"


def _bound(alternative: str, tenants: Iterable[str], mapping: Mapping[str, Any]) -> bool:
    """Whether some part of it, not negated, demands an own tenant."""
    quoted = any(re.search("['\"]", text[1:-1]) for text in re.findall(_LITERAL, alternative))
    if quoted or _TURNED.search(re.sub(_LITERAL, "", alternative)):
        return False
    for found in _TESTS.finditer(alternative):
        read, one, several, beginning = found.groups()
        if not _claimed(read, mapping):
            continue
        values = [text[1:-1] for text in re.findall(_LITERAL, one or several or beginning)]
        # Others may be called `acme-too`: what only begins so must go on to the end of the name.
        if all(_within(value, tenants) or (value in tenants and not beginning) for value in values):
            return True
    return False


def _claimed(read: str, mapping: Mapping[str, Any]) -> bool:
    """Whether it reads a claim, be it through an attribute, that says who somebody is."""
    steps = re.findall(r"\w+", read)
    if steps[0] != "assertion":
        mapped = str(mapping.get(".".join(steps)) or "").strip()
        return mapped.startswith("assertion") and bool(re.fullmatch(_READ, mapped)) and _claimed(mapped, mapping)
    return len(steps) > 1 and steps[1] not in _CHOSEN


def _within(value: str, tenants: Iterable[str]) -> bool:
    """Whether a text begins with an own tenant's whole name."""
    return any(re.match(rf"(repo:|project_path:|organization:)?{re.escape(one)}[/:]", value) for one in tenants)
