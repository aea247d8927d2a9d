"""An adapter that is connected to what the wire leads to, and words for what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from annexlog.collectors import Call, Page, Refused, Scope
from annexlog.collectors.aws import Options
from annexlog.collectors.aws._adapter import Aws
from tests.wire.moto import ACCOUNT

OWN = Scope(f"aws/{ACCOUNT}", "account", {"partition": "aws", "account": ACCOUNT})

Connect = Callable[..., Aws]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """`connect(**options)`: an adapter to wherever AWS_ENDPOINT_URL leads."""
    open_ones: list[Aws] = []

    def connect(**options: Any) -> Aws:
        adapter = Aws(msgspec.convert(options, Options), "test", sleep=lambda _seconds: None)
        open_ones.append(adapter)
        return adapter

    yield connect
    for adapter in open_ones:
        adapter.close()


def bodies(adapter: Aws, call: Call, scope: Scope = OWN, **params: Any) -> list[Any]:
    return [page.body for page in adapter.pages(call, params, scope)]


def refused(adapter: Aws, call: Call, scope: Scope = OWN, **params: Any) -> tuple[str, str]:
    """Reason and code."""
    with pytest.raises(Refused) as caught:
        bodies(adapter, call, scope, **params)
    return caught.value.reason, caught.value.code


def first(adapter: Aws, call: Call, scope: Scope = OWN, **params: Any) -> Page:
    return next(iter(adapter.pages(call, params, scope)))
