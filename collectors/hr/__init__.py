"""The HR register: the provider. It reads a CSV file of persons, and asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from annexlog.collectors import Adapter, Call, Provider, ResourceType
from annexlog.collectors.hr._options import Options

__all__ = ["Options", "provider"]


def _connect(options: Options, name: str) -> Adapter:
    from annexlog.collectors.hr._adapter import Register  # noqa: PLC0415 — --help needs no CSV

    return Register(options, name)


def _members(type: ResourceType) -> Mapping[str, frozenset[str]]:  # noqa: ARG001 — a file publishes no shapes
    return {}


def _policy(calls: Iterable[Call]) -> str:  # noqa: ARG001 — the same whatever is read
    return "Read access to the file that `file` names, for the account that annexlog runs as. Nothing else.\n"


provider = Provider("hr", Options, _connect, _members, _policy)
