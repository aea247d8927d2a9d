"""Okta: the provider. The resource types of each area are a module beside this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from annexlog.collectors import Adapter, Call, Provider, ResourceType
from annexlog.collectors.okta._options import Options

__all__ = ["Options", "provider"]


def _connect(options: Options, name: str) -> Adapter:
    from annexlog.collectors.okta._adapter import Okta  # noqa: PLC0415 — --help needs no HTTP client

    return Okta(options, name)


def _members(type: ResourceType) -> Mapping[str, frozenset[str]]:  # noqa: ARG001 — its descriptions are no part of a client
    return {}


def _policy(calls: Iterable[Call]) -> str:
    from annexlog.collectors.okta._policy import policy  # noqa: PLC0415 — as above

    return policy(calls)


def _ceilings(options: Options) -> Mapping[str, float]:
    return {"okta/*": options.requests_per_second}


provider = Provider("okta", Options, _connect, _members, _policy, _ceilings)
