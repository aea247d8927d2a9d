"""The adapter: who asks, which organizations there are, how lists go on, and what GitHub's refusals mean."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from annexlog.collectors import Call, Refused
from annexlog.collectors.clock import HOST
from annexlog.collectors.github import provider
from annexlog.collectors.github._refusals import refusal
from annexlog.collectors.github.organization import organization, outside_collaborator
from annexlog.collectors.github.repository import repository
from annexlog.collectors.rest import Answer
from annexlog.evidence_store.model import ConfigError, DeclarationError, Unknown
from tests.collectors.acme import Clock
from tests.collectors.github.conftest import Connect
from tests.providers import fault, look
from tests.wire.github import GitHub, user

SCOPE = "github/127.0.0.1-{}:acme"


def scope(github: GitHub) -> str:
    return SCOPE.format(github.url.rpartition(":")[2])


def power(connect: Connect, github: GitHub) -> Any:
    (found,) = (
        look(connect(), outside_collaborator).values("github.outside_collaborator", "power", scope(github)).values()
    )
    return found


def test_an_outside_collaborator_is_told_which_repositories_he_administers(github: GitHub, connect: Connect) -> None:
    path = "/repos/acme/shop/collaborators?affiliation=outside"
    writes = power(connect, github)
    github.answers[path] = [{**one, "permissions": {"admin": True}} for one in github.answers[path]]
    administers = power(connect, github)
    github.answers.pop(path)
    hidden = power(connect, github)
    github.answers["/orgs/acme"] = {**github.answers["/orgs/acme"], "total_private_repos": 2}
    github.answers[path] = []
    one_of_two = power(connect, github)

    assert (writes, administers) == ({"repositories": []}, {"of": "kim", "repositories": ["shop"]})
    assert [(told.reason, told.code) for told in (hidden, one_of_two)] == [("denied", "404"), ("incomplete", "total")]


# ── who asks ──


def test_a_token_goes_with_each_request_and_the_version_is_pinned(github: GitHub, connect: Connect) -> None:
    look(connect(), outside_collaborator)

    assert {(r.headers["authorization"], r.headers["x-github-api-version"]) for r in github.log} == {
        ("Bearer s3cret-token", "2022-11-28")
    }


def test_an_app_is_given_a_token_for_each_organization_it_is_installed_in(github: GitHub, connect: Connect) -> None:
    adapter = connect(app=True)

    found = adapter.discover()
    seen = look(adapter, outside_collaborator)

    assert [s.name for s in found.scopes] == [scope(github), scope(github).replace("acme", "old")]
    assert found.skipped == {scope(github).replace("acme", "old"): "the App's installation is suspended"}
    assert list(seen.values("github.outside_collaborator", scope=scope(github))) == ["kim"]
    assert github.issued == 1
    assert "s3cret-token" not in {r.headers["authorization"].removeprefix("Bearer ") for r in github.log}


def test_a_token_that_is_revoked_meanwhile_is_replaced(github: GitHub, connect: Connect) -> None:
    clock = Clock(HOST.now())
    session = connect(app=True, clock=clock, organizations=("acme",)).access.session("acme")
    session.get("/orgs/acme")
    github.valid.clear()
    clock.sleep(60)

    answer = session.get("/orgs/acme")

    assert (answer.status, github.issued) == (200, 2)


def test_a_short_lived_token_is_renewed_before_it_ends(github: GitHub, connect: Connect) -> None:
    github.lasts = 0.0
    session = connect(app=True, organizations=("acme",)).access.session("acme")

    session.get("/orgs/acme")
    session.get("/orgs/acme")

    assert github.issued == 2


def test_an_app_that_is_not_installed_sees_nothing_and_says_so(github: GitHub, connect: Connect) -> None:
    seen = look(connect(app=True, organizations=("other",)), outside_collaborator)

    where = scope(github).replace("acme", "other")
    told = Unknown("denied", "/orgs/{org}/outside_collaborators", "members:read", "404")
    assert seen.status("github.outside_collaborator", scope=where) == ("denied", told)


def test_a_key_that_github_does_not_know_is_unauthenticated(github: GitHub, connect: Connect) -> None:
    github.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    found = connect(app=True).discover()

    assert (found.scopes, str(found.status)) == ([], "failed")
    assert found.refusals == [Unknown("unauthenticated", "/app/installations", "metadata:read", "401")]


@pytest.mark.parametrize(
    "options",
    [
        {"token_file": ""},
        {"app_id": "42"},
        {"organizations": ()},
        {"url": "http://github.example"},
        {"token_file": "/nonexistent"},
    ],
)
def test_a_target_that_does_not_say_who_asks_whom_is_refused(options: dict[str, object], connect: Connect) -> None:
    with pytest.raises(ConfigError):
        connect(**options)


# ── lists ──


def test_pages_are_followed_to_the_end(github: GitHub, connect: Connect) -> None:
    github.page = 2
    github.answers["/orgs/acme/outside_collaborators"] = [user(f"u{n}", n) for n in range(5)]

    seen = look(connect(), outside_collaborator)

    assert list(seen.values("github.outside_collaborator", scope=scope(github))) == ["u0", "u1", "u2", "u3", "u4"]
    assert github.asked.count("/orgs/acme/outside_collaborators") == 3


def test_fewer_repositories_than_the_organization_counts_are_part_of_them(github: GitHub, connect: Connect) -> None:
    github.answers["/orgs/acme"]["total_private_repos"] = 2

    seen = look(connect(), repository, ["rules"])

    assert seen.status("github.repository", scope=scope(github)) == (
        "partial", Unknown("incomplete", "/orgs/{org}/repos", "metadata:read", "total")
    )  # fmt: skip


def test_where_nothing_says_how_many_repositories_there_are_those_seen_are_part_of_them(
    github: GitHub, connect: Connect
) -> None:
    del github.answers["/orgs/acme"]["total_private_repos"]

    seen = look(connect(), repository, ["rules"])

    assert seen.status("github.repository", scope=scope(github)) == (
        "partial", Unknown("denied", "/orgs/{org}/repos", "metadata:read", "NotShown")
    )  # fmt: skip
    assert list(seen.values("github.repository", scope=scope(github))) == ["acme/shop"]


@pytest.mark.parametrize(("selection", "status"), [("all", "complete"), ("selected", "partial")])
def test_an_app_sees_all_repositories_if_it_is_installed_in_all(
    selection: str, status: str, github: GitHub, connect: Connect
) -> None:
    github.selection = selection
    del github.answers["/orgs/acme"]["total_private_repos"]

    seen = look(connect(app=True, organizations=("acme",)), repository, ["rules"])

    assert seen.status("github.repository", scope=scope(github))[0] == status


def test_results_that_single_sign_on_cuts_short_are_denied(github: GitHub, connect: Connect) -> None:
    path = "/orgs/acme/outside_collaborators"
    reply = github._found(path, {})
    github.faults.append(
        fault(path, replace(reply, headers={**reply.headers, "X-GitHub-SSO": "partial-results; organizations=1"}))
    )

    seen = look(connect(), outside_collaborator)

    told = Unknown("denied", "/orgs/{org}/outside_collaborators", "members:read", "PartialResults")
    assert seen.status("github.outside_collaborator", scope=scope(github)) == ("denied", told)


# ── refusals ──


def test_a_bare_404_is_never_an_unprotected_branch(github: GitHub, connect: Connect) -> None:
    github.faults.append(fault("/repos/acme/shop/branches/main/protection", github.refuse(404)))

    seen = look(connect(), repository, ["protection"])

    told = Unknown("denied", "/repos/{owner}/{repo}/branches/{branch}/protection", "administration:read", "404")
    assert seen.values("github.repository", "protection", scope(github)) == {"acme/shop": told}


@pytest.mark.parametrize(
    ("path", "facet", "status", "message", "value"),
    [
        ("branches/main/protection", "protection", 404, "Branch not protected", None),
        ("branches/main/protection", "protection", 403, "Upgrade to GitHub Pro or make this repository public", None),
        ("vulnerability-alerts", "dependabot", 404, "Vulnerability alerts are disabled.", {"enabled": False}),
        ("dependabot/alerts", "dependabot_alerts", 403, "Dependabot alerts are disabled for this repository.", None),
        ("secret-scanning/alerts", "secret_alerts", 404, "Secret scanning is disabled on this repository.", None),
        ("code-scanning/alerts", "code_alerts", 404, "no analysis found", None),
        ("code-scanning/analyses", "analyses", 404, "no analysis found", None),
        ("code-scanning/alerts", "code_alerts", 403, "Advanced Security must be enabled for this repository", None),
        ("commits", "changes", 409, "Git Repository is empty.", None),
        ("commits", "checks", 409, "Git Repository is empty.", None),
    ],
)  # fmt: skip
def test_what_github_says_in_words_is_an_answer(
    path: str, facet: str, status: int, message: str, value: object, github: GitHub, connect: Connect
) -> None:
    github.faults.append(fault(f"/repos/acme/shop/{path}", github.refuse(status, message)))

    seen = look(connect(), repository, [facet])

    assert seen.values("github.repository", facet, scope(github)) == {"acme/shop": value}


def test_who_may_bypass_a_ruleset_is_unknown_where_github_does_not_show_it(github: GitHub, connect: Connect) -> None:
    del github.answers["/repos/acme/shop/rulesets/7"]["bypass_actors"]

    seen = look(connect(), repository, ["rulesets"])

    told = Unknown("denied", "/repos/{owner}/{repo}/rulesets/{ruleset_id}", "metadata:read", "NotShown")
    assert seen.values("github.repository", "rulesets", scope(github)) == {"acme/shop": told}


def test_a_setting_of_the_organization_that_is_not_shown_is_denied(github: GitHub, connect: Connect) -> None:
    del github.answers["/orgs/acme"]["two_factor_requirement_enabled"]

    seen = look(connect(), organization, ["configuration"])

    told = Unknown("denied", "/orgs/{org}", "organization_administration:read", "NotShown")
    assert list(seen.values("github.organization", "configuration", scope(github)).values()) == [told]


def answer(status: int, message: str = "", **headers: str) -> Refused:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(Answer(status, named, {"message": message}, 1_000_000_000_000))


@pytest.mark.parametrize(
    ("refused", "reason", "after"),
    [
        (
            answer(403, "API rate limit exceeded", x_ratelimit_remaining="0", x_ratelimit_reset="1000000090"),
            "throttled",
            90.0,
        ),
        (answer(429, "", x_ratelimit_remaining="0", x_ratelimit_reset="999999999"), "throttled", 1.0),
        (answer(403, "You have exceeded a secondary rate limit."), "throttled", 60.0),
        (answer(403, "abuse", retry_after="7"), "throttled", 7.0),
        (answer(429), "throttled", 60.0),
        (answer(403, "Resource not accessible by integration", x_ratelimit_remaining="4999"), "denied", 0.0),
        (answer(404, "Not Found"), "denied", 0.0),
        (answer(422, "Only owners can use this filter."), "denied", 0.0),
        (answer(422, "Validation Failed"), "failed", 0.0),
        (answer(401, "Bad credentials"), "unauthenticated", 0.0),
        (answer(500), "failed", 0.0),
        (answer(301, "Moved Permanently"), "failed", 0.0),
    ],
)
def test_a_refusal_is_told_apart_by_its_headers_and_words(refused: Refused, reason: str, after: float) -> None:
    assert (refused.reason, refused.after) == (reason, after)


def test_the_end_of_a_rate_limit_is_waited_for(github: GitHub, connect: Connect) -> None:
    path = "/orgs/acme/outside_collaborators"
    reset = str(int(time.time()) + 40)
    limited = github.refuse(403, "API rate limit exceeded", x_ratelimit_remaining="0", x_ratelimit_reset=reset)
    github.faults.append(replace(fault(path, limited), times=1))
    clock = Clock()

    seen = look(connect(), outside_collaborator, clock=clock)

    assert seen.status("github.outside_collaborator", scope=scope(github)) == ("complete", None)
    assert clock.monotonic() >= 35


# ── the provider ──


def test_the_apps_manifest_asks_for_reading_only_what_the_calls_need() -> None:
    assert provider.policy([Call("members:read", "/x"), Call("contents:read", "/y", also=("pull_requests:read",))]) == (
        '{\n  "public": false,\n  "default_permissions": {\n    "contents": "read",\n    "members": "read",\n'
        '    "metadata": "read",\n    "pull_requests": "read"\n  },\n  "default_events": []\n}'
    )


@pytest.mark.parametrize("permission", ["members:write", "members", "repo", ""])
def test_a_permission_that_is_no_read_is_refused(permission: str) -> None:
    with pytest.raises(DeclarationError):
        provider.policy([Call(permission, "/x")])


def test_importing_the_provider_imports_no_http_client() -> None:
    code = "import sys, annexlog.collectors.github.repository; sys.exit('urllib3' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_checks_of_a_commit_are_told_there_and_on_the_merged_pull_requests_it_came_by(
    github: GitHub, connect: Connect
) -> None:
    found = look(connect(), repository, ["checks"]).values("github.repository", "checks", scope(github))

    assert found == {
        "acme/shop": {
            "head": {"sha": "c1", "results": [{"name": "test", "app": 15368, "state": "success"}]},
            "pulls": [
                {
                    "number": 3,
                    "sha": "h1",
                    "results": [
                        {"name": "ci/scan", "app": 0, "state": "success"},
                        {"name": "tfsec", "app": 15368, "state": "success"},
                    ],
                }
            ],
        }
    }


def test_a_check_that_is_not_done_and_one_of_an_app_that_is_gone_are_told_as_such(
    github: GitHub, connect: Connect
) -> None:
    github.answers["/repos/acme/shop/commits/c1/pulls"] = []
    github.answers["/repos/acme/shop/commits/c1/check-runs"] = {
        "total_count": 2,
        "check_runs": [
            {"name": "tfsec", "app": {"id": 15368}, "status": "in_progress", "conclusion": None},
            {"name": "old", "app": None, "status": "completed", "conclusion": "neutral"},
        ],
    }

    (found,) = look(connect(), repository, ["checks"]).values("github.repository", "checks", scope(github)).values()

    assert found["head"]["results"] == [
        {"name": "old", "app": None, "state": "neutral"},
        {"name": "tfsec", "app": 15368, "state": "in_progress"},
    ]
