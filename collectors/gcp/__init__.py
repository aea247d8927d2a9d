"""Google Cloud: the provider. The resource types of each service are a module beside this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from annexlog.collectors import Adapter, Call, Provider, ResourceType
from annexlog.collectors.gcp._options import Options

__all__ = ["Options", "provider"]


def _connect(options: Options, name: str) -> Adapter:
    from annexlog.collectors.gcp._adapter import GoogleCloud  # noqa: PLC0415 — --help needs no SDK

    return GoogleCloud(options, name)


def _members(type: ResourceType) -> Mapping[str, frozenset[str]]:  # noqa: ARG001 — Asset Inventory has resources as untyped objects
    return {}


def _policy(calls: Iterable[Call]) -> str:
    from annexlog.collectors.gcp._policy import policy  # noqa: PLC0415 — as above

    return policy(calls)


def _ceilings(options: Options) -> Mapping[str, float]:
    return {"gcp/*": options.requests_per_minute / 60}


provider = Provider("gcp", Options, _connect, _members, _policy, _ceilings)
