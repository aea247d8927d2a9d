"""A real Active Directory domain controller as annexlog sees it. It takes half a minute, root, and LDAP's own ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from annexlog.collectors.ldap import Options
from annexlog.collectors.ldap._adapter import Ldap
from annexlog.collectors.ldap.domain import domain, group, user
from annexlog.evidence_store.model import Unknown
from tests.providers import look
from tests.wire.samba import ADMINISTRATOR, HERE, PASSWORD, READER, WANTED, Samba

SCOPE = "ldap/ad.example.test"

pytestmark = [
    pytest.mark.skipif(not WANTED, reason="ANNEXLOG_TEST_SAMBA=1 runs it"),
    pytest.mark.skipif(not HERE, reason="Samba's domain controller is not installed (Debian: samba-ad-dc)"),
]

Connect = Callable[..., Ldap]


@pytest.fixture(scope="module")
def samba() -> Iterator[Samba]:
    with Samba() as running:
        yield running


@pytest.fixture
def connect(samba: Samba, tmp_path: Path) -> Connect:
    def connecting(who: str = READER, url: str = "ldaps://127.0.0.1") -> Ldap:
        (tmp_path / "password").write_text(PASSWORD)
        told = {"bind_dn": who, "password_file": str(tmp_path / "password"), "all_visible_because": "it is a test's"}
        return Ldap(Options(url=url, ca_file=samba.ca_file, **told), "home")  # type: ignore[arg-type]

    return connecting


@pytest.mark.parametrize("url", ["ldaps://127.0.0.1", "ldap://localhost"])
def test_accounts_are_read_by_their_sids_with_flags_and_times(url: str, connect: Connect) -> None:
    seen = look(connect(url=url), user)

    bodies: dict[str, Any] = seen.values("ldap.ad.user", scope=SCOPE)
    rids = {sid.rpartition("-")[2]: body for sid, body in bodies.items()}
    assert seen.status("ldap.ad.user", scope=SCOPE) == ("complete", None)
    assert rids.keys() >= {"500", "502"}
    assert (rids["502"]["krbtgt"], rids["502"]["userAccountControl"] & 2) == (True, 2)
    assert {body["whenCreated"][:2] for body in bodies.values()} == {"20"}


def test_groups_in_groups_are_followed(connect: Connect) -> None:
    bodies: dict[str, Any] = look(connect(), group).values("ldap.ad.group", scope=SCOPE)

    (admins,) = (body for sid, body in bodies.items() if sid.endswith("-512"))
    (built_in,) = (body for sid, body in bodies.items() if sid == "S-1-5-32-544")
    assert len(admins["members"]) == 2
    assert set(admins["members"]) <= set(built_in["members"])


def test_each_account_has_the_powerful_groups_that_it_is_in(connect: Connect) -> None:
    power: dict[str, Any] = look(connect(), user).values("ldap.ad.user", "power", SCOPE)

    (administrator,) = (body for sid, body in power.items() if sid.endswith("-500"))
    held = {sid.rpartition("-")[2] for sid in administrator["groups"]}
    assert (held, power[next(sid for sid in power if sid.endswith("-502"))]["groups"]) == (
        {"512", "518", "519", "544"},
        [],
    )


def test_password_settings_are_hidden_from_ordinary_accounts_and_shown_to_administrators(connect: Connect) -> None:
    (hidden,) = look(connect(), domain, ["finer"]).values("ldap.ad.domain", "finer", SCOPE).values()
    (shown,) = look(connect(ADMINISTRATOR), domain, ["finer"]).values("ldap.ad.domain", "finer", SCOPE).values()

    assert isinstance(hidden, Unknown)
    assert (hidden.reason, shown) == ("denied", [])


def test_nobody_who_has_not_signed_in_sees_the_domain(connect: Connect) -> None:
    seen = look(connect(), domain, ["anonymous"])

    assert list(seen.values("ldap.ad.domain", "anonymous", SCOPE).values()) == [{"answer": "refused"}]
