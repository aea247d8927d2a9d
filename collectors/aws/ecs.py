"""Amazon ECS: the task definitions that run, or would run next, and daemon task definitions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType

__all__ = ["daemon_task_definition", "task_definition"]

Row = Mapping[str, Any]


def in_use(ask: Any, params: Mapping[str, Any]) -> Iterator[Page]:
    """What a service, a task set, a deployment or a task names, and the latest active revision of each family.

    `{"Definitions": [{Arn, Overrides}]}`: `Overrides` is what running tasks change in a container's command and
    environment, each change once. A revision that is no longer active may still run; older ones that nothing names
    do not, and there are many.
    """
    overrides: dict[str, set[str]] = {arn: set() for arn in _latest(ask)}
    for page in ask.pages("list_clusters", params):
        for cluster in page.body["clusterArns"]:
            for arn in _of_services(ask, cluster):
                overrides.setdefault(arn, set())
            for task in _described(ask, cluster, "list_tasks", "taskArns", "describe_tasks", "tasks", 100):
                changed = overrides.setdefault(task["taskDefinitionArn"], set())
                changed.update(_changes((task.get("overrides") or {}).get("containerOverrides", [])))
    rows = [{"Arn": arn, "Overrides": [json.loads(text) for text in sorted(texts)]} for arn, texts in sorted(overrides.items())]
    yield Page({"Definitions": rows})


def _latest(ask: Any) -> Iterator[str]:
    """The active revision of each family that starts where only the family is named."""
    highest: dict[str, tuple[int, str]] = {}
    for page in ask.pages("list_task_definitions", {"status": "ACTIVE"}):
        for arn in page.body["taskDefinitionArns"]:
            family, _, revision = arn.rpartition(":")
            highest[family] = max(highest.get(family, (0, "")), (int(revision), arn))
    return (arn for _, arn in highest.values())


def _of_services(ask: Any, cluster: str) -> Iterator[str]:
    for service in _described(ask, cluster, "list_services", "serviceArns", "describe_services", "services", 10):
        for row in (service, *service.get("deployments", []), *service.get("taskSets", [])):
            if row.get("taskDefinition"):
                yield row["taskDefinition"]


def _described(ask: Any, cluster: str, lister: str, arns: str, describer: str, items: str, size: int) -> Iterator[Row]:
    """The services or tasks of a cluster. Raises Refused where one cannot be described, but for those that ended meanwhile."""
    try:
        found = [arn for page in ask.pages(lister, {"cluster": cluster}) for arn in page.body[arns]]
        for start in range(0, len(found), size):
            yield from _whole(ask(describer, {"cluster": cluster, items: found[start : start + size]}).body, items)
    except Refused as refused:
        if refused.code != "ClusterNotFoundException":  # deleted meanwhile
            raise


def _whole(body: Mapping[str, Any], items: str) -> Sequence[Row]:
    for failure in body.get("failures", []):
        if failure.get("reason") != "MISSING":
            raise Refused("incomplete", str(failure.get("reason")))
    return body[items]  # type: ignore[no-any-return]  # a list, by AWS's shapes


def _changes(containers: Sequence[Row]) -> Iterator[str]:
    for container in containers:
        changed = {name: container[name] for name in ("name", "command", "environment") if container.get(name)}
        if changed.keys() - {"name"}:
            yield json.dumps(changed, sort_keys=True)


def _hidden(facet: str) -> Mapping[str, str]:
    """All of a container that may hold a secret by mistake: searched and thrown away."""
    container = f"{facet}.containerDefinitions[]"
    paths = ("environment[].value", "command", "entryPoint", "dockerLabels", "logConfiguration.options",
             "firelensConfiguration.options", "healthCheck.command")
    return dict.fromkeys((f"{container}.{path}" for path in paths), "secrets")


task_definition = ResourceType(
    "aws.ecs.task_definition", facet="usage", id="{usage.Arn}",
    listed=Call("ecs:ListTaskDefinitions", "list_task_definitions", items="Definitions", fn=in_use,
                also=("ecs:ListClusters", "ecs:ListServices", "ecs:DescribeServices", "ecs:ListTasks", "ecs:DescribeTasks")),
    details=[
        Detail("task_definition", Call("ecs:DescribeTaskDefinition", "describe_task_definition", {"taskDefinition": "{usage.Arn}"},
               take="taskDefinition")),
    ],
    redact={"usage.Overrides[].environment[].value": "secrets", "usage.Overrides[].command": "secrets", **_hidden("task_definition")},
)

daemon_task_definition = ResourceType(
    "aws.ecs.daemon_task_definition", facet="daemon", id="{daemon.arn}",
    listed=Call("ecs:ListDaemonTaskDefinitions", "list_daemon_task_definitions", {"status": "ACTIVE"}, items="daemonTaskDefinitions"),
    details=[
        Detail("daemon_task_definition", Call("ecs:DescribeDaemonTaskDefinition", "describe_daemon_task_definition",
               {"daemonTaskDefinition": "{daemon.arn}"}, take="daemonTaskDefinition")),
    ],
    redact=_hidden("daemon_task_definition"),
)
