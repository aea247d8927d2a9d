"""AWS's tagging API: how many resources of a kind it has ever seen a tag on, beside what the services list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, ResourceType
from annexlog.collectors.aws._counting import TAGGED

__all__ = ["resource_count"]

KINDS = sorted(TAGGED.values())


def counted(ask: Any, params: Mapping[str, Any]) -> Iterator[Page]:
    """`{"Counts": [{ResourceType, Count, AtLeast: true}]}` of the kinds that it names anything of.

    What was never tagged is not named, so each number is a least one; what was deleted may be named for a while.
    Source: API GetResources.
    """
    found: Counter[str] = Counter()
    for page in ask.pages("get_resources", {**params, "ResourceTypeFilters": KINDS, "ResourcesPerPage": 100}):
        found.update(_kind(row["ResourceARN"]) for row in page.body["ResourceTagMappingList"])
    rows = [{"ResourceType": kind, "Count": found[kind], "AtLeast": True} for kind in KINDS if found[kind]]
    yield Page({"Counts": rows})


def _kind(arn: str) -> str:
    """`ec2:volume`, `rds:db`; of what has no kind in its ARN (topics, queues) the service alone."""
    service, resource = arn.split(":", 5)[2::3]
    return service if service in KINDS else f"{service}:{resource.replace('/', ':').partition(':')[0]}"


resource_count = ResourceType(
    "aws.tagging.resource_count",
    facet="resource_count",
    id="{resource_count.ResourceType}",
    listed=Call("tag:GetResources", "get_resources", items="Counts", fn=counted),
)
