"""What was found of the latest commit of a branch: by check runs and commit statuses, there and where it was reviewed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, keep, rows
from annexlog.collectors.github._calls import MOST
from annexlog.collectors.github._changes import CONTENTS, PULLS

CHECKS, STATUSES = "checks:read", "statuses:read"
RUNS = "/repos/{owner}/{repo}/commits/{ref}/check-runs"


def checked(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{head: {sha, results}, pulls: [{number, sha, results}]}; a result is {name, app, state}.

    `pulls`: the heads of the merged pull requests into this branch that the commit came by; many scans run only there.
    `app`: the id of the App whose check run it is; 0: a commit status, which anyone may set who can write. `state`: of a
    completed run its conclusion. Of a run that was repeated, and of a status, the newest alone is there.
    Source: REST API, "List commits", "List pull requests associated with a commit", "List check runs for a Git
    reference", "Get the combined status for a specific reference".
    """
    repo = {"owner": params["owner"], "repo": params["repo"]}
    asked = {**repo, "sha": params["branch"], "per_page": "1", **keep("sha")}
    page = ask(Call(CONTENTS, "/repos/{owner}/{repo}/commits"), asked)
    if not isinstance(page.body, list) or not page.body:
        raise Refused("unreadable", "NotAList", "the commits are no list, or none where there is a branch")
    head = page.body[0]["sha"]
    of_head = {**repo, "sha": head, **MOST, **keep("number", "merged_at", "base.ref", "head.sha")}
    pulls = [
        {"number": pull["number"], "sha": pull["head"]["sha"], "results": _results(ask, repo, pull["head"]["sha"])}
        for pull in rows(ask, Call(PULLS, "/repos/{owner}/{repo}/commits/{sha}/pulls"), of_head)
        if pull.get("merged_at") and pull["base"]["ref"] == params["branch"]
    ]
    found = {"head": {"sha": head, "results": _results(ask, repo, head)}, "pulls": pulls}
    yield Page(found, page.request_id, page.date)


def _results(ask: Asks, repo: Mapping[str, Any], sha: str) -> list[dict[str, Any]]:
    members = keep(*(f"check_runs.{name}" for name in ("name", "app.id", "status", "conclusion")))
    runs = rows(ask, Call(CHECKS, RUNS), {**repo, "ref": sha, **MOST, "filter": "latest", **members}, "check_runs")
    found = [
        {
            "name": run["name"],
            "app": (run.get("app") or {}).get("id"),
            "state": run.get("conclusion") if run["status"] == "completed" else run["status"],
        }
        for run in runs
    ]
    statuses = Call(STATUSES, "/repos/{owner}/{repo}/commits/{ref}/status")
    asked = {**repo, "ref": sha, **MOST, **keep("statuses.context", "statuses.state")}
    found += [
        {"name": one["context"], "app": 0, "state": one["state"]} for one in rows(ask, statuses, asked, "statuses")
    ]
    return sorted(found, key=lambda one: (one["name"], one["app"] or 0, str(one["state"])))
