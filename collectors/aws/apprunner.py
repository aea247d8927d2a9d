"""AWS App Runner: services, and whether the internet reaches them."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["service"]

service = ResourceType(
    "aws.apprunner.service", facet="listed", id="{listed.ServiceArn}", gone=("ResourceNotFoundException",),
    listed=Call("apprunner:ListServices", "list_services", items="ServiceSummaryList"),
    details=[
        Detail("network", Call("apprunner:DescribeService", "describe_service", {"ServiceArn": "{listed.ServiceArn}"},
               take="Service.NetworkConfiguration")),
    ],
    incarnation="listed.ServiceId",
)
