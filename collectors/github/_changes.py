"""What really happened to the latest commits of a branch: the pull requests they came by, and who approved these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, keep, rows
from annexlog.collectors.github._calls import MOST

LATEST = "20"
"""Commits looked at each time: a day's of most repositories, at some 50 requests."""

CONTENTS, PULLS = "contents:read", "pull_requests:read"

_PULL = keep("number", "merged_at", "base.ref", "head.sha", "user.login")
_REVIEW = keep("user.login", "user.type", "state", "commit_id", "submitted_at", "author_association")


def changes(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{commits: [{sha, author, date, pulls}], pulls: [{number, merged_at, head, authors, commits, reviews}]}.

    `pulls` of a commit: numbers of the merged pull requests into this branch that it came by; none: pushed directly.
    Source: REST API, "List commits", "List pull requests associated with a commit", "List reviews for a pull request".
    """
    repo = {"owner": params["owner"], "repo": params["repo"]}
    asked = {**repo, "sha": params["branch"], "per_page": LATEST}
    page = ask(
        Call(CONTENTS, "/repos/{owner}/{repo}/commits"),
        {**asked, **keep("sha", "author.login", "commit.committer.date")},
    )
    if not isinstance(page.body, list):
        raise Refused("unreadable", "NotAList", "the commits are no list")
    commits, pulls = [], dict[int, dict[str, Any]]()
    for one in page.body:
        by = [
            p
            for p in rows(
                ask,
                Call(PULLS, "/repos/{owner}/{repo}/commits/{sha}/pulls"),
                {**repo, "sha": one["sha"], **MOST, **_PULL},
            )
            if _merged(p, params)
        ]
        for pull in by:
            if pull["number"] not in pulls:
                pulls[pull["number"]] = _pull(ask, repo, pull)
        commits.append(
            {
                "sha": one["sha"],
                "author": _login(one.get("author")),
                "date": one["commit"]["committer"]["date"],
                "pulls": [p["number"] for p in by],
            }
        )
    yield Page({"commits": commits, "pulls": [pulls[number] for number in sorted(pulls)]}, page.request_id, page.date)


def _merged(pull: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    return bool(pull.get("merged_at")) and pull["base"]["ref"] == params["branch"]


def _pull(ask: Asks, repo: Mapping[str, Any], pull: Mapping[str, Any]) -> dict[str, Any]:
    one = {**repo, "number": pull["number"], **MOST}
    commits = rows(
        ask,
        Call(PULLS, "/repos/{owner}/{repo}/pulls/{number}/commits"),
        {**one, **keep("sha", "author.login", "parents.sha")},
    )
    reviews = rows(ask, Call(PULLS, "/repos/{owner}/{repo}/pulls/{number}/reviews"), {**one, **_REVIEW})
    authors = {_login(pull.get("user")), *(_login(c.get("author")) for c in commits)} - {""}
    return {
        "number": pull["number"],
        "merged_at": pull["merged_at"],
        "head": pull["head"]["sha"],
        "author": _login(pull.get("user")),
        "authors": sorted(authors),
        "commits": [{"sha": c["sha"], "merge": len(c.get("parents") or ()) > 1} for c in commits],
        "reviews": [{**{k: r.get(k) for k in ("state", "commit_id", "submitted_at", "author_association")},
                     "user": _login(r.get("user")), "type": str((r.get("user") or {}).get("type") or "")} for r in reviews],
    }  # fmt: skip


def _login(user: Any) -> str:
    """The login; empty of a commit whose address belongs to no account, and of an account that is gone."""
    return str(user.get("login") or "") if isinstance(user, dict) else ""
