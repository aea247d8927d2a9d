"""Entra ID: the provider. The resource types of each area are a module beside this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from annexlog.collectors import Adapter, Call, Provider, ResourceType
from annexlog.collectors.entra._options import Options

__all__ = ["Options", "provider"]


def _connect(options: Options, name: str) -> Adapter:
    from annexlog.collectors.entra._adapter import Entra  # noqa: PLC0415 — --help needs no HTTP client

    return Entra(options, name)


def _members(type: ResourceType) -> Mapping[str, frozenset[str]]:  # noqa: ARG001 — no client brings Graph's shapes
    return {}


def _policy(calls: Iterable[Call]) -> str:
    from annexlog.collectors.entra._policy import policy  # noqa: PLC0415 — as above

    return policy(calls)


def _ceilings(options: Options) -> Mapping[str, float]:
    return {"entra/*": options.requests_per_second}


provider = Provider("entra", Options, _connect, _members, _policy, _ceilings)
