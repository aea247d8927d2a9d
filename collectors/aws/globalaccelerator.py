"""AWS Global Accelerator: fixed addresses of the internet, and what answers to them."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType

__all__ = ["accelerator"]

accelerator = ResourceType(
    "aws.globalaccelerator.accelerator", facet="accelerator", id="{accelerator.AcceleratorArn}", per="account",
    listed=Call("globalaccelerator:ListAccelerators", "list_accelerators", items="Accelerators"),
    ignore=("accelerator.Events",),
)
