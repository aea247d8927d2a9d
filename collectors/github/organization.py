"""The organization: its settings, its owners, its roles, the Apps installed in it, and those who are not its members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType
from annexlog.collectors.declaring import Asks, keep, rows
from annexlog.collectors.github._calls import MOST, ORG, shown

__all__ = ["access_token", "app_installation", "organization", "outside_collaborator"]

ADMINISTRATION = "organization_administration:read"
MEMBERS = "members:read"
ROLES = "organization_custom_org_roles:read"

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
    listed=Call(MEMBERS, "/orgs/{org}/outside_collaborators", _PEOPLE, items=""), incarnation="collaborator.id",
)

# Fine-grained tokens of members; GitHub shows them to Apps only.
access_token = ResourceType(
    "github.access_token", facet="access_token", id="{access_token.id}", per="organization",
    listed=Call("organization_personal_access_tokens:read", "/orgs/{org}/personal-access-tokens",
                {**ORG, **MOST, **keep("id", "token_id", "owner.login", "repository_selection", "permissions", "access_granted_at", "token_expired", "token_expires_at")}, items=""),
)
