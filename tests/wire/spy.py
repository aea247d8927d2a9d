"""Hear which operations an adapter calls, by botocore's own events: also those that never reach the wire."""

from __future__ import annotations

from typing import Any

from botocore import xform_name

from annexlog.collectors import Adapter
from annexlog.collectors.aws._adapter import Aws


def spy(adapter: Adapter) -> set[str]:
    """The set fills with `service.operation` as they are called. Spy before the first call: clients inherit the ear."""
    assert isinstance(adapter, Aws)
    called: set[str] = set()

    def hear(**event: Any) -> None:
        model = event["model"]
        called.add(f"{model.service_model.service_name}.{xform_name(model.name)}")

    adapter.connection.session.register("before-call", hear)
    return called
