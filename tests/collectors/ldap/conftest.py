"""A domain of Active Directory of each test's own, a real slapd for a module, and adapters to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annexlog.collectors.ldap import Options
from annexlog.collectors.ldap._adapter import Ldap
from tests.wire.ldap import BIND, PASSWORD, Domain, healthy
from tests.wire.slapd import SLAPD, Slapd, directory

Connect = Callable[..., Ldap]


@pytest.fixture
def domain() -> Iterator[Domain]:
    with Domain(healthy()) as running:
        yield running


@pytest.fixture
def connect(domain: Domain, tmp_path: Path) -> Iterator[Connect]:
    """As an account of which it is stated that it sees all, where nothing else is said."""
    opened: list[Ldap] = []

    def connecting(**options: object) -> Ldap:
        (tmp_path / "password").write_text(f"{PASSWORD}\n")
        who = {"bind_dn": BIND, "password_file": str(tmp_path / "password"), "all_visible_because": "it was counted"}
        probe = {"probe": True, "plain_port": domain.plain_port}
        given = {"url": domain.url, "ca_file": domain.ca_file, **who, **probe, **options}
        opened.append(Ldap(Options(**given), "home"))  # type: ignore[arg-type]
        return opened[-1]

    yield connecting
    for adapter in opened:
        adapter.close()


@pytest.fixture(scope="module")
def slapd() -> Iterator[Slapd]:
    if SLAPD is None:
        pytest.skip("slapd is not installed (Debian: apt-get install slapd)")
    with Slapd(directory(), more="security simple_bind=128") as running:
        yield running
