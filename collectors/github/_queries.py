"""What only GitHub's GraphQL API tells: who a member is at the identity provider, whether there is a security policy.

Source: docs.github.com, GraphQL reference: Organization.samlIdentityProvider (shown to owners, and to Apps that may read
members), OrganizationIdentityProvider.externalIdentities, Repository.isSecurityPolicyEnabled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, keep, one, rows
from annexlog.collectors.github._calls import MOST

GRAPHQL = ":graphql"
"""The operation that is a query: its parameters are `query` and the query's variables."""

MEMBERS, METADATA, ADMINISTRATION = "members:read", "metadata:read", "administration:read"

_IDENTITIES = (
    "query($login: String!, $after: String) {organization(login: $login) {samlIdentityProvider {"
    "externalIdentities(first: 100, after: $after, membersOnly: true) {"
    "totalCount pageInfo {hasNextPage endCursor} nodes {user {login} samlIdentity {nameId}}}}}}"
)
_POLICY = "query($owner: String!, $name: String!) {repository(owner: $owner, name: $name) {isSecurityPolicyEnabled}}"

_KINDS = {
    "FORBIDDEN": "denied",
    "INSUFFICIENT_SCOPES": "denied",
    "NOT_FOUND": "denied",
    "RATE_LIMITED": "throttled",
    "RATE_LIMIT": "throttled",
}


def data(body: Any) -> Any:
    """The data of an answer. Raises Refused for one that says errors, and for one without data."""
    if not isinstance(body, dict):
        raise Refused("unreadable", "OtherAnswer", "the answer is no object")
    for error in body.get("errors") or ():
        kind = str(error.get("type") or "GraphQL") if isinstance(error, dict) else "GraphQL"
        reason = _KINDS.get(kind, "failed")
        again = False if reason == "failed" else None
        raise Refused(reason, kind, str(error.get("message") if isinstance(error, dict) else "")[:300], again=again)
    if not isinstance(body.get("data"), dict):
        raise Refused("unreadable", "OtherAnswer", "the answer has no data")
    return body["data"]


def _linked(ask: Asks, organization: str) -> dict[str, str] | None:
    """{login, folded: name at the identity provider} of all linked members; None: the organization has no provider."""
    found: dict[str, str] = {}
    nodes, after = 0, None
    while True:
        body = ask(Call(MEMBERS, GRAPHQL), {"query": _IDENTITIES, "login": organization, "after": after}).body
        about = body.get("organization")
        if not isinstance(about, dict) or "samlIdentityProvider" not in about:
            raise Refused("unreadable", "OtherAnswer", "the answer has no samlIdentityProvider")
        provider = about["samlIdentityProvider"]
        if provider is None:
            return None
        part = provider["externalIdentities"]
        for node in part["nodes"]:
            login = (node.get("user") or {}).get("login")
            if login:
                found[str(login).casefold()] = str((node.get("samlIdentity") or {}).get("nameId") or "")
        nodes += len(part["nodes"])
        if not part["pageInfo"]["hasNextPage"]:
            break
        if part["pageInfo"]["endCursor"] == after:
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")
        after = part["pageInfo"]["endCursor"]
    if nodes < int(part["totalCount"]):
        raise Refused("incomplete", "total", f"{nodes} of {part['totalCount']}")
    return found


def identities(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """[{login, name_id}]: the members' names at the organization's identity provider; none where it has none."""
    found = _linked(ask, params["org"])
    yield Page([{"login": login, "name_id": name or None} for login, name in sorted((found or {}).items())])


def unlinked(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{unlinked: [login]}: members without an identity at the organization's own identity provider.

    Raises Refused (unsupported) where it has none: single sign-on of an enterprise is not shown here.
    """
    found = _linked(ask, params["org"])
    if found is None:
        raise Refused("unsupported", "NoProvider", "the organization has no identity provider of its own", again=False)
    asked = {"org": params["org"], **MOST, "filter": "all", "role": "all", **keep("login")}
    members = rows(ask, Call(MEMBERS, "/orgs/{org}/members"), asked)
    if not members:
        raise Refused("denied", "NotShown", "an organization has members, and none is shown", again=False)
    yield Page({"unlinked": sorted({m["login"] for m in members if m["login"].casefold() not in found})})


def security_policy(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{policy, private_reporting}: whether the repository has a security policy, and takes reports in private."""
    body = ask(Call(METADATA, GRAPHQL), {"query": _POLICY, "owner": params["owner"], "name": params["repo"]}).body
    about = body.get("repository")
    if not isinstance(about, dict) or not isinstance(about.get("isSecurityPolicyEnabled"), bool):
        raise Refused("unreadable", "OtherAnswer", "the answer has no isSecurityPolicyEnabled")
    call = Call(ADMINISTRATION, "/repos/{owner}/{repo}/private-vulnerability-reporting")
    told = one(ask, call, {"owner": params["owner"], "repo": params["repo"]}, "enabled")
    yield Page({"policy": about["isSecurityPolicyEnabled"], "private_reporting": told["enabled"] is True})
