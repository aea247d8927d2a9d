"""Where a client's requests go, worked out once for all that go the same way, and what clients of a service share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.client import BaseClient
from botocore.model import OperationModel

_MOST = 1024
"""So many places before all are forgotten: S3 has one a bucket."""


class Remembered:
    """Stands in for a client's resolver of endpoints: its rules take longer than the rest of a request's making.

    An endpoint follows from what an operation's model says of itself and from parameters that it names, until S3 sends
    a bucket's requests elsewhere: a request takes `forget_endpoints` along for that.
    """

    def __init__(self, resolver: Any) -> None:
        self._resolver = resolver
        self._places: dict[tuple[Any, ...], Any] = {}
        self._ways: dict[str, tuple[tuple[Any, ...], tuple[str, ...]] | None] = {}

    def construct_endpoint(
        self, operation_model: OperationModel, call_args: Mapping[str, Any] | None, request_context: Any
    ) -> Any:
        """botocore's, remembered. Raises what botocore raises."""
        if operation_model.name not in self._ways:
            self._ways[operation_model.name] = _way(operation_model)
        way = self._ways[operation_model.name]
        if request_context is not None:
            request_context["forget_endpoints"] = self._places.clear
        if way is None:
            return self._resolver.construct_endpoint(operation_model, call_args, request_context)
        said, asked = way
        key = (said, *((call_args or {}).get(name) for name in asked))
        found = self._places.get(key)
        if found is None:
            if len(self._places) >= _MOST:
                self._places.clear()
            found = self._resolver.construct_endpoint(operation_model, call_args, request_context)
            self._places[key] = found
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._resolver, name)


def _way(model: OperationModel) -> tuple[tuple[Any, ...], tuple[str, ...]] | None:
    """(what the operation says of itself, parameters that count); None: to be worked out each time."""
    if model.operation_context_parameters or model.name == "GetBucketLocation":  # the latter by its name, in botocore
        return None
    said = tuple(sorted((one.name, one.value) for one in model.static_context_parameters))
    return said, tuple(one.member_name for one in model.context_parameters)


def lighten(client: BaseClient, first: BaseClient) -> BaseClient:
    """The client, its endpoints remembered and its models those of the first client of its service.

    What of botocore is not as it was expected stays as it is: then a client is heavier, and no less right.
    """
    inside, model = vars(client), vars(first.meta).get("_service_model")
    if hasattr(inside.get("_ruleset_resolver"), "construct_endpoint"):
        inside["_ruleset_resolver"] = Remembered(inside["_ruleset_resolver"])
    if model is not None:
        vars(client.meta)["_service_model"] = model
    return client
