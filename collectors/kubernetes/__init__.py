"""Kubernetes: the provider. The resource types of each area are a module beside this one.

The client is imported only when a target is connected, or when its published shapes are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from annexlog.collectors import Adapter, Call, Provider, ResourceType
from annexlog.collectors.kubernetes._options import Options

__all__ = ["Options", "provider"]


def _connect(options: Options, name: str) -> Adapter:
    from annexlog.collectors.kubernetes._adapter import Kubernetes  # noqa: PLC0415 — its client costs 300 ms

    return Kubernetes(options, name)


def _members(type: ResourceType) -> Mapping[str, frozenset[str]]:
    from annexlog.collectors.kubernetes._shapes import members  # noqa: PLC0415 — as above

    return members(type)


def _policy(calls: Iterable[Call]) -> str:
    from annexlog.collectors.kubernetes._policy import policy  # noqa: PLC0415 — --help need not read it

    return policy(calls)


def _fitted(calls: Iterable[Call], options: Sequence[Options]) -> str:
    """With the right to list Secrets if all of these targets want them."""
    from annexlog.collectors.kubernetes._policy import policy  # noqa: PLC0415 — as above

    return policy(calls, secrets=bool(options) and all(one.secrets for one in options))


def _ceilings(options: Options) -> Mapping[str, float]:
    return {"kubernetes/*": options.requests_per_second}


provider = Provider("kubernetes", Options, _connect, _members, _policy, _ceilings, _fitted)
