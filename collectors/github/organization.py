"""The organization: its settings, its owners, its roles, the Apps installed in it, its members and those who are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.declaring import Asks, keep, rows
from annexlog.collectors.github._calls import MOST, ORG, shown
from annexlog.collectors.github._queries import GRAPHQL, METADATA, identities, unlinked
from annexlog.collectors.github.repository import repositories

__all__ = ["access_token", "app_installation", "member", "organization", "outside_collaborator"]

ADMINISTRATION = "organization_administration:read"
MEMBERS = "members:read"
ROLES = "organization_custom_org_roles:read"

COLLABORATORS = "/repos/{org}/{repo}/collaborators"
_PEOPLE = {**ORG, **MOST, **keep("login", "id", "type")}
_WIDE = ("write", "maintain", "admin")


def wide_roles(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The roles that give write access or more to every repository, each with the people and teams that have it."""
    page = ask("/orgs/{org}/organization-roles", {**params, **keep("roles.id", "roles.name", "roles.base_role")})
    found = []
    for role in page.body["roles"]:
        if role.get("base_role") not in _WIDE:
            continue
        who = {**params, "role_id": role["id"], **MOST}
        users = rows(ask, Call(MEMBERS, "/orgs/{org}/organization-roles/{role_id}/users"), {**who, **keep("login")})
        teams = rows(ask, Call(MEMBERS, "/orgs/{org}/organization-roles/{role_id}/teams"), {**who, **keep("slug")})
        found.append({**role, "users": sorted(u["login"] for u in users), "teams": sorted(t["slug"] for t in teams)})
    yield Page({"roles": found}, page.request_id, page.date)


def keyed(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Outside collaborators, each with his login as the key that accounts elsewhere are compared by."""
    for page in ask.pages("/orgs/{org}/outside_collaborators", params):
        yield replace(page, body=[{**one, "key": one["login"], "folded": one["login"].casefold()} for one in _listed(page)])


def powers(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{rows: [{of: login in small letters, repositories: [name]}]}: outside collaborators who administer a repository.

    Asked of each repository, once there is one outside collaborator. Raises Refused: incomplete where not all repositories
    are seen. Source: REST API, List repository collaborators (who asks needs write access to the repository).
    """
    found: dict[str, list[str]] = {}
    seen, total = 0, None
    for page in repositories(ask, {**params, **keep("name")}):
        total = page.total
        for repository in _listed(page):
            seen += 1
            asked = {"org": params["org"], "repo": repository["name"], "affiliation": "outside", **MOST, **keep("login", "permissions.admin")}
            for one in rows(ask, Call(METADATA, COLLABORATORS), asked):
                if one["permissions"]["admin"] is not False:
                    found.setdefault(one["login"].casefold(), []).append(repository["name"])
    if total is not None and seen < total:
        raise Refused("incomplete", "total", f"{seen} of {total} repositories", again=False)
    yield Page({"rows": [{"of": of, "repositories": sorted(names)} for of, names in sorted(found.items())]})


def members(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The members with their role (admin: an owner), which the list itself does not say, and the login as a key."""
    for role in ("admin", "member"):
        for page in ask.pages("/orgs/{org}/members", {**params, "role": role}):
            yield replace(page, body=[{**one, "role": role, "key": one["login"], "folded": one["login"].casefold()} for one in _listed(page)])


def owners_eyes(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """That we see all members, and not the public ones alone: this filter is for owners, and for Apps that may."""
    page = ask("/orgs/{org}/members", {**params, "filter": "2fa_disabled", "per_page": "1", **keep("id")})
    _listed(page)
    yield replace(page, body=[{"sees": True}])


def _listed(page: Page) -> list[Any]:
    if not isinstance(page.body, list):
        raise Refused("unreadable", "NotAList", "the answer is no list")
    return page.body


organization = ResourceType(
    "github.organization", facet="organization", id="{organization}", listed=None, per="organization", fold=True,
    details=[
        Detail("configuration", Call(ADMINISTRATION, "/orgs/{org}", {**ORG, **keep("id", "login", "two_factor_requirement_enabled", "default_repository_permission", "members_can_create_public_repositories")},
               fn=shown("/orgs/{org}", "two_factor_requirement_enabled", "default_repository_permission", always="id"))),
        Detail("without_2fa", Call(MEMBERS, "/orgs/{org}/members", {**_PEOPLE, "filter": "2fa_disabled"}, items="")),
        Detail("collaborators_without_2fa", Call(MEMBERS, "/orgs/{org}/outside_collaborators", {**_PEOPLE, "filter": "2fa_disabled"}, items="")),
        Detail("owners", Call(MEMBERS, "/orgs/{org}/members", {**_PEOPLE, "role": "admin"}, items="")),
        Detail("invited_owners", Call(MEMBERS, "/orgs/{org}/invitations", {**ORG, **MOST, "role": "admin", **keep("id", "login", "role")}, items="")),
        Detail("wide_roles", Call(ROLES, "/orgs/{org}/organization-roles", ORG, items="roles", fn=wide_roles, also=(MEMBERS,))),
        Detail("sso", Call(MEMBERS, GRAPHQL, ORG, fn=unlinked)),
        Detail("actions", Call(ADMINISTRATION, "/orgs/{org}/actions/permissions", ORG, fn=shown("/orgs/{org}/actions/permissions", always="enabled_repositories"))),
    ],
    sets=("without_2fa", "collaborators_without_2fa", "owners", "invited_owners"),
)

app_installation = ResourceType(
    "github.app_installation", facet="installation", id="{installation.id}", per="organization",
    listed=Call(ADMINISTRATION, "/orgs/{org}/installations",
                {**ORG, **MOST, **keep(*(f"installations.{m}" for m in ("id", "app_id", "app_slug", "permissions", "events", "repository_selection", "suspended_at")))},
                items="installations"),
    sets=("installation.events",),
)

outside_collaborator = ResourceType(
    "github.outside_collaborator", facet="collaborator", id="{collaborator.login}", per="organization", fold=True,
    listed=Call(MEMBERS, "/orgs/{org}/outside_collaborators", _PEOPLE, items="", fn=keyed), incarnation="collaborator.id",
    details=[
        Detail("power", Call(METADATA, "/orgs/{org}/repos", {**ORG, **MOST, "type": "all"}, items="rows", fn=powers, also=(MEMBERS,)), key="of", match="{collaborator.folded}", otherwise={"repositories": []}),
    ],
    redact={"collaborator.key": "key:github"}, sets=("power.repositories",),
)

member = ResourceType(
    "github.member", facet="member", id="{member.login}", per="organization", fold=True,
    sight=Call(MEMBERS, "/orgs/{org}/members", ORG, items="", fn=owners_eyes),
    listed=Call(MEMBERS, "/orgs/{org}/members", {**_PEOPLE, "filter": "all"}, items="", fn=members), incarnation="member.id",
    details=[Detail("identity", Call(MEMBERS, GRAPHQL, ORG, items="", fn=identities), key="login", match="{member.folded}", otherwise=None)],
    redact={"member.key": "key:github", "identity.name_id": "key:email"},
)

# Fine-grained tokens of members; GitHub shows them to Apps only.
access_token = ResourceType(
    "github.access_token", facet="access_token", id="{access_token.id}", per="organization",
    listed=Call("organization_personal_access_tokens:read", "/orgs/{org}/personal-access-tokens",
                {**ORG, **MOST, **keep("id", "token_id", "owner.login", "repository_selection", "permissions", "access_granted_at", "token_expired", "token_expires_at")}, items=""),
)
