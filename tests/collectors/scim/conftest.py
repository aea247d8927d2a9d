"""A SCIM service of each test's own, and an adapter to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annexlog.collectors.scim import Options
from annexlog.collectors.scim._adapter import Scim as Adapter
from tests.wire.scim import Scim, healthy

Connect = Callable[..., Adapter]


@pytest.fixture
def service() -> Iterator[Scim]:
    with Scim(healthy()) as running:
        yield running


@pytest.fixture
def connect(tmp_path: Path, service: Scim) -> Iterator[Connect]:
    """With a token of which it is stated that it sees all, where nothing else is said."""
    opened: list[Adapter] = []

    def connecting(**options: object) -> Adapter:
        (tmp_path / "token").write_text("s3cret-token\n")
        who = {"token_file": str(tmp_path / "token"), "all_visible_because": "an owner's token"}
        given = {"url": service.url, "ca_file": service.ca_file, **who, **options}
        opened.append(Adapter(Options(**given), "home"))  # type: ignore[arg-type]
        return opened[-1]

    yield connecting
    for adapter in opened:
        adapter.close()
