"""How calls to Microsoft Graph are declared: what is selected, lists to their end, groups, and the proof of sight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, Fn, keep

ROLES = ":roles"
"""The operation that tells the application permissions in our own token; nothing is asked of Graph."""

ARM = "arm:"
"""Before an operation of Azure Resource Manager, which alone knows where a tenant's logs go."""

DISCOVERY = "Organization.Read.All"
"""The permission to learn which tenant it is, which every app needs."""
GROUPS = "GroupMember.Read.All"
HIDDEN = "Member.Read.Hidden"

NO_PIM = "AadPremiumLicenseRequired"
"""What Graph says where a tenant has no Privileged Identity Management, which comes with P2 and ID Governance."""

MOST: Mapping[str, Any] = {"$top": "999"}
COUNTED: Mapping[str, Any] = {"$count": "true"}
"""Goes with the header `ConsistencyLevel: eventual`; Graph then says how many there are."""


def select(*members: str) -> dict[str, Any]:
    """The parameters that ask for these members of each item of a list (`a.b`), and keep no others."""
    names = dict.fromkeys(member.partition(".")[0] for member in members)
    return {"$select": ",".join(names), **keep(*(f"value.{member}" for member in members))}


def select_one(*members: str) -> dict[str, Any]:
    """The same for one object."""
    names = dict.fromkeys(member.partition(".")[0] for member in members)
    return {"$select": ",".join(names), **keep(*members)}


def listed(*members: str) -> dict[str, Any]:
    """The same for a list that takes no `$select`: what is not wanted is dropped when it arrives."""
    return keep(*(f"value.{member}" for member in members))


def seen(*permissions: str) -> Call:
    """The proof of sight: our token holds these permissions, without which Graph leaves out what it would not refuse.

    Members of objects, and memberships that are hidden, are left out without a word. `Directory.Read.All` stands for
    reading users and apps too, as their pages say.
    """

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the token's
        held = set(ask(ROLES, {}).body)
        wider = {"Directory.Read.All"} & held
        missing = [p for p in permissions if p not in held and not (p in _IN_DIRECTORY and wider)]
        yield Page([] if missing else sorted(held & {*permissions, *wider}))

    return Call(permissions[0], ROLES, items="", fn=fn, also=permissions[1:])


_IN_DIRECTORY = frozenset({"User.Read.All", "Application.Read.All", "GroupMember.Read.All", "Organization.Read.All"})


def values(ask: Asks, operation: str | Call, params: Mapping[str, Any]) -> list[Any]:
    """A list to its end. Raises Refused: unreadable for what is none, incomplete where Graph counts more."""
    found: list[Any] = []
    total = 0
    for page in ask.pages(operation, params):
        found += items(page)
        total = max(total, page.total or 0)
    if len(found) < total:
        raise Refused("incomplete", "total", f"{len(found)} of {total}")
    return found


def items(page: Page) -> list[Any]:
    """The items of one page of a list. Raises Refused (unreadable) of what is none."""
    found = page.body.get("value") if isinstance(page.body, dict) else None
    if not isinstance(found, list):
        raise Refused("unreadable", "NotAList", "the answer is no list")
    return found


def members(ask: Asks, group: str, *, most: int | None = None) -> list[dict[str, str]] | None:
    """Everything in a group and the groups in it: [{id, kind}], `kind` user, app or other; by id.

    `most`: None of a group that has more. Raises Refused (denied) of a group whose members are hidden from us. Source:
    List group transitive members.
    """
    about = ask(Call(GROUPS, "/groups/{group}"), {"group": group, **select_one("id", "visibility")}).body
    if not isinstance(about, dict) or about.get("id") != group:
        raise Refused("unreadable", "OtherAnswer", "the answer is not this group")
    if about.get("visibility") == "HiddenMembership" and HIDDEN not in ask(ROLES, {}).body:
        refused = Refused("denied", "HiddenMembership", f"the members of {group} are hidden", again=False)
        refused.operation, refused.permission = "/groups/{group}/transitiveMembers", HIDDEN
        raise refused
    asked = {"group": group, "$select": "id", **MOST, **COUNTED}
    within = Call(GROUPS, "/groups/{group}/transitiveMembers")
    if most is not None:
        first = ask(within, {**asked, "$top": "1"})
        if first.total is None:
            raise Refused("unreadable", "OtherAnswer", "the answer does not say how many there are")
        if first.total > most:
            return None
    found = {row["id"]: kind(row) for row in values(ask, within, asked)}
    return [{"id": id, "kind": found[id]} for id in sorted(found)]


def kind(principal: Mapping[str, Any]) -> str:
    """user, group, app or other, by the type that Graph writes beside a directory object."""
    type = str(principal.get("@odata.type") or "").rpartition(".")[2]
    return {"user": "user", "group": "group", "servicePrincipal": "app"}.get(type, "other")


def inside(operation: str, always: str) -> Fn:
    """A declaration's one answer, in which this member must be; Intune's and SharePoint's pages show theirs inside `value`."""

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
        page = ask(operation, params)
        body = page.body.get("value", page.body) if isinstance(page.body, dict) else None
        if not isinstance(body, dict) or always not in body:
            raise Refused("unreadable", "OtherAnswer", f"the answer has no {always}")
        yield Page(body, page.request_id, page.date)

    return fn
