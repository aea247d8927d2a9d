"""AWS CodeBuild: projects, what is passed to their builds, and how the last builds were logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType

__all__ = ["project"]

Ask = Callable[[str, Mapping[str, Any]], Page]


def newest(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """How a project's newest 100 builds were logged: `{"Builds": [{id, startTime, logs}]}`.

    The first page of the list, newest first; a project keeps its builds for a year, and older ones are settled.
    """
    ids = ask("list_builds_for_project", {**params, "sortOrder": "DESCENDING"}).body.get("ids", [])[:100]
    found = ask("batch_get_builds", {"ids": ids}).body["builds"] if ids else []
    yield Page({"Builds": [{"id": build["id"], "startTime": build["startTime"], "logs": _kinds(build.get("logs") or {})} for build in found]})


def _kinds(logs: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: logs[name]["status"] for name in ("cloudWatchLogs", "s3Logs") if logs.get(name)}


project = ResourceType(
    "aws.codebuild.project", facet="project_name", id="arn:{partition}:codebuild:{region}:{account}:project/{project_name}",
    tags="project.tags", gone=("ResourceNotFoundException",),
    listed=Call("codebuild:ListProjects", "list_projects", items="projects"),
    details=[
        Detail("project", Call("codebuild:BatchGetProjects", "batch_get_projects", items="projects"),
               key="name", match="{project_name}", batch=("names", 100)),
        Detail("builds", Call("codebuild:BatchGetBuilds", "batch_get_builds", {"projectName": "{project_name}"}, items="Builds", fn=newest,
               also=("codebuild:ListBuildsForProject",))),
    ],
    redact=dict.fromkeys(("project.environment.environmentVariables[].value", "project.source.location", "project.source.buildspec",
                          "project.secondarySources[].location", "project.secondarySources[].buildspec"), "secrets"),
    # What lets anyone start builds or see their state.
    ignore=("project.webhook.secret", "project.webhook.payloadUrl", "project.badge.badgeRequestUrl"),
    sets=("project.environment.environmentVariables", "project.secondarySources", "project.tags", "builds"),
)
