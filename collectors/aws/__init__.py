"""Amazon Web Services: the provider. Each service's resource types are a module beside this one.

botocore is imported only when a target is connected, or when its published shapes are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from annexlog.collectors import Adapter, Call, Provider, ResourceType
from annexlog.collectors.aws._options import Accounts, Options

__all__ = ["Accounts", "Options", "provider"]


def _connect(options: Options, name: str) -> Adapter:
    from annexlog.collectors.aws._adapter import Aws  # noqa: PLC0415 — botocore costs 100 ms that --help need not pay

    return Aws(options, name)


def _members(type: ResourceType) -> Mapping[str, frozenset[str]]:
    from annexlog.collectors.aws._shapes import members  # noqa: PLC0415 — as above

    return members(type)


def _policy(calls: Iterable[Call]) -> str:
    from annexlog.collectors.aws._policy import policy  # noqa: PLC0415 — as above

    return policy(calls)


QUOTAS = {"aws/*/ec2": 20.0, "aws/*/cloudtrail": 10.0}
"""Reads per second, account and region that AWS publishes (EC2: the refill rate of an API's bucket; CloudTrail: get,
describe and list APIs). For the others it publishes none, and the limiter finds out by being told to slow down.
Sources: Amazon EC2 Developer Guide, "Request throttling"; AWS CloudTrail User Guide, "Quotas".
"""


def _ceilings(options: Options) -> Mapping[str, float]:
    return {lanes: quota * options.quota_share for lanes, quota in QUOTAS.items()}


provider = Provider("aws", Options, _connect, _members, _policy, _ceilings)
