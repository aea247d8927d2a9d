"""Microsoft Azure: the provider. The resource types of each service are a module beside this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from annexlog.collectors import Adapter, Call, Provider, ResourceType
from annexlog.collectors.azure._options import Options

__all__ = ["Options", "provider"]


def _connect(options: Options, name: str) -> Adapter:
    from annexlog.collectors.azure._adapter import Azure  # noqa: PLC0415 — --help needs no HTTP client

    return Azure(options, name)


def _members(type: ResourceType) -> Mapping[str, frozenset[str]]:  # noqa: ARG001 — no client brings Azure's shapes
    return {}


def _policy(calls: Iterable[Call]) -> str:
    from annexlog.collectors.azure._policy import policy  # noqa: PLC0415 — as above

    return policy(calls)


def _ceilings(options: Options) -> Mapping[str, float]:
    # Resource Graph counts the queries of a caller, 15 in 5 seconds; Resource Manager those of each subscription.
    return {"azure/resource-graph": min(3.0, options.requests_per_second), "azure/*": options.requests_per_second}


provider = Provider("azure", Options, _connect, _members, _policy, _ceilings)
