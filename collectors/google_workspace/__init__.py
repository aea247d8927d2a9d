"""Google Workspace: the provider. The resource types of each area are a module beside this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from annexlog.collectors import Adapter, Call, Provider, ResourceType
from annexlog.collectors.google_workspace._options import Options

__all__ = ["Options", "provider"]


def _connect(options: Options, name: str) -> Adapter:
    from annexlog.collectors.google_workspace._adapter import Workspace  # noqa: PLC0415 — --help needs no HTTP client

    return Workspace(options, name)


def _members(type: ResourceType) -> Mapping[str, frozenset[str]]:  # noqa: ARG001 — its descriptions are no part of a client
    return {}


def _policy(calls: Iterable[Call]) -> str:
    from annexlog.collectors.google_workspace._policy import policy  # noqa: PLC0415 — as above

    return policy(calls)


def _ceilings(options: Options) -> Mapping[str, float]:
    return {"google_workspace/*": options.requests_per_second}


provider = Provider("google_workspace", Options, _connect, _members, _policy, _ceilings)
