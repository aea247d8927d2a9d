"""LDAP: the provider, of Active Directory and of every other directory. Resource types are modules beside this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from annexlog.collectors import Adapter, Call, Provider, ResourceType
from annexlog.collectors.ldap._options import Options

__all__ = ["Options", "provider"]


def _connect(options: Options, name: str) -> Adapter:
    from annexlog.collectors.ldap._adapter import Ldap  # noqa: PLC0415 — --help needs no protocol

    return Ldap(options, name)


def _members(type: ResourceType) -> Mapping[str, frozenset[str]]:  # noqa: ARG001 — no client brings a directory's shapes
    return {}


def _policy(calls: Iterable[Call]) -> str:
    from annexlog.collectors.ldap._policy import policy  # noqa: PLC0415 — as above

    return policy(calls)


def _ceilings(options: Options) -> Mapping[str, float]:
    return {"ldap/*": options.requests_per_second}


provider = Provider("ldap", Options, _connect, _members, _policy, _ceilings)
