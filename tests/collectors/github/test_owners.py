"""What GitHub tells beyond settings: identities, CODEOWNERS, names of secrets, security policies."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from annexlog.collectors.github.organization import member, organization
from annexlog.collectors.github.repository import repository
from annexlog.collectors.rules import redactor
from annexlog.evidence_store.model import Unknown
from tests.collectors.github.conftest import Connect
from tests.providers import fault, look
from tests.wire.api import say
from tests.wire.github import EMAIL, SHOP, GitHub, user

FILE = "contents/.github/CODEOWNERS"


def scope(github: GitHub) -> str:
    return f"github/{github.url.removeprefix('https://').replace(':', '-')}:acme"


def keyed(kind: str, text: str) -> Any:
    return redactor(f"key:{kind}", b"k" * 32)(text)


# ── members ──


def test_members_have_their_role_and_keys_that_tell_nothing(github: GitHub, connect: Connect) -> None:
    github.answers["/orgs/acme/members?role=member"] = [user("Bob", 2), user("kim", 5)]
    github.answers["/orgs/acme/members?role=admin"] = [user("ann", 1)]

    seen = look(connect(), member)

    found: Any = seen.values("github.member", scope=scope(github))
    names: Any = seen.values("github.member", "identity", scope(github))
    assert {login: (one["role"], one["key"]) for login, one in found.items()} == {
        "ann": ("admin", keyed("github", "ann")),
        "bob": ("member", keyed("github", "bob")),
        "kim": ("member", keyed("github", "kim")),
    }
    assert {login: one and one["name_id"] for login, one in names.items()} == {
        "ann": keyed("email", EMAIL), "bob": keyed("email", f"b.{EMAIL}"), "kim": None,
    }  # fmt: skip


def test_members_are_not_believed_of_somebody_who_sees_the_public_ones_alone(github: GitHub, connect: Connect) -> None:
    github.answers["/orgs/acme/members?filter=2fa_disabled"] = github.refuse(422, "Only owners can use this filter.")

    seen = look(connect(), member)

    assert seen.status("github.member", scope=scope(github)) == (
        "denied", Unknown("denied", "/orgs/{org}/members", "members:read", "422"),
    )  # fmt: skip


def sso(github: GitHub, connect: Connect) -> Any:
    return seen_value(look(connect(), organization, ["sso"]).values("github.organization", "sso", scope(github)))


def seen_value(found: Any) -> Any:
    (value,) = found.values()
    return value


def test_members_without_an_identity_are_named_whatever_their_case(github: GitHub, connect: Connect) -> None:
    github.answers["/orgs/acme/members?role=all"] = [user("ANN", 1), user("bob", 2), user("kim", 5)]

    assert sso(github, connect) == {"unlinked": ["kim"]}


def test_identities_are_read_to_the_end(github: GitHub, connect: Connect) -> None:
    def page(asked: Any) -> Any:
        at = int(asked["variables"]["after"] or 0)
        node = {"user": {"login": ("ann", "bob")[at]}, "samlIdentity": None}
        info = {"hasNextPage": at == 0, "endCursor": str(at + 1)}
        part = {"totalCount": 2, "pageInfo": info, "nodes": [node]}
        return {"organization": {"samlIdentityProvider": {"externalIdentities": part}}}

    github.queries = {"samlIdentityProvider": page}

    assert sso(github, connect) == {"unlinked": []}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"organization": {"samlIdentityProvider": None}}, ("unsupported", "NoProvider")),
        ({"organization": None}, ("unreadable", "OtherAnswer")),
        (say({"data": None, "errors": [{"type": "FORBIDDEN", "message": "no"}]}), ("denied", "FORBIDDEN")),
        (say({"data": {}, "errors": [{"message": "Something went wrong"}]}), ("failed", "GraphQL")),
        (say([]), ("unreadable", "OtherAnswer")),
        (say({"data": None}), ("unreadable", "OtherAnswer")),
    ],
)
def test_without_identities_nobody_can_say_who_is_linked(
    answer: Any, told: tuple[str, str], github: GitHub, connect: Connect
) -> None:
    github.queries = {"samlIdentityProvider": answer}

    assert sso(github, connect) == Unknown(told[0], ":graphql", "members:read", told[1])


def test_fewer_identities_than_github_counts_are_not_all(github: GitHub, connect: Connect) -> None:
    part = {"totalCount": 3, "pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": []}
    github.queries = {"samlIdentityProvider": {"organization": {"samlIdentityProvider": {"externalIdentities": part}}}}

    assert sso(github, connect) == Unknown("incomplete", ":graphql", "members:read", "total")


# ── files ──


def facet(name: str, github: GitHub, connect: Connect) -> Any:
    return seen_value(look(connect(), repository, [name]).values("github.repository", name, scope(github)))


def test_of_codeowners_only_patterns_are_kept_and_whether_anybody_is_named(github: GitHub, connect: Connect) -> None:
    assert facet("codeowners", github, connect) == {
        "path": ".github/CODEOWNERS",
        "rules": [{"pattern": "*", "owned": True}, {"pattern": "/.github/", "owned": True}],
        "errors": 0,
    }


def test_the_first_place_counts_and_comments_own_nothing(github: GitHub, connect: Connect) -> None:
    text = base64.b64encode(b"#* @a\n\n/src/ # nobody\n!x @a\ndocs @b").decode()
    github.answers = {
        **github.answers,
        f"{SHOP}/contents": [{"name": "CODEOWNERS", "type": "file"}, {"name": "docs", "type": "dir"}],
        f"{SHOP}/contents/CODEOWNERS": {"size": 9, "encoding": "base64", "content": text[:20] + "\n" + text[20:]},
        f"{SHOP}/codeowners/errors": {"errors": [{"line": 4, "kind": "Invalid pattern"}]},
    }

    assert facet("codeowners", github, connect) == {
        "path": "CODEOWNERS",
        "rules": [{"pattern": "/src/", "owned": False}, {"pattern": "docs", "owned": True}],
        "errors": 1,
    }


def test_that_there_is_no_codeowners_is_known_from_the_folders(github: GitHub, connect: Connect) -> None:
    github.answers[f"{SHOP}/contents/.github"] = [{"name": "workflows", "type": "dir"}]

    assert facet("codeowners", github, connect) == {"path": None, "rules": [], "errors": 0}


@pytest.mark.parametrize(
    ("path", "reply", "reason", "code"),
    [
        ("contents", None, "denied", "404"),
        ("contents/.github", None, "denied", "404"),
        (FILE, None, "denied", "404"),
        ("codeowners/errors", None, "denied", "404"),
        ("contents", say([{"name": str(n), "type": "file"} for n in range(1000)]), "denied", "NotShown"),
        ("contents", say({"name": "a"}), "unreadable", "NotAList"),
        (FILE, say({"content": "", "encoding": "none", "size": 9}), "unreadable", "OtherAnswer"),
        (FILE, say({"content": "%", "encoding": "base64", "size": 9}), "unreadable", "OtherAnswer"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_shown_is_never_no_file(
    path: str, reply: Any, reason: str, code: str, github: GitHub, connect: Connect
) -> None:
    github.faults.append(fault(f"{SHOP}/{path}", reply or github.refuse(404)))

    told = facet("codeowners", github, connect)

    assert isinstance(told, Unknown)
    assert (told.reason, told.code) == (reason, code)


def test_secrets_are_known_by_name_and_kind(github: GitHub, connect: Connect) -> None:
    github.answers[f"{SHOP}/dependabot/secrets"] = {"total_count": 1, "secrets": [{"name": "REGISTRY"}]}

    assert facet("secrets", github, connect) == {
        "repository": ["NPM_READ"], "organization": [], "dependabot": ["REGISTRY"],
    }  # fmt: skip


@pytest.mark.parametrize(("policy", "private"), [(True, True), (True, False), (False, True)])
def test_a_security_policy_is_what_both_apis_say(policy: bool, private: bool, github: GitHub, connect: Connect) -> None:
    github.queries = {"isSecurityPolicyEnabled": {"repository": {"isSecurityPolicyEnabled": policy}}}
    github.answers[f"{SHOP}/private-vulnerability-reporting"] = {"enabled": private}

    assert facet("security_policy", github, connect) == {"policy": policy, "private_reporting": private}
