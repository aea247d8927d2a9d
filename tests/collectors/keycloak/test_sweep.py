"""Every answer of Keycloak replaced by every fault: no outcome becomes better, and nothing disappears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers import KINDS, Ground, ground, holds, leaked, swept, unmet, untested
from tests.wire.keycloak import CLIENT, EMAIL, PLANTED, REGISTERS, SECRET, Keycloak, healthy


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("keycloak")
    with Keycloak(healthy()) as api:
        (folder / "secret").write_text(SECRET)
        who = f'realm = "shop"\nclient_id = "{CLIENT}"\nclient_secret_file = "{folder}/secret"'
        yield ground(api, "keycloak", f'url = "{api.url}"\n{who}\nrequests_per_second = 1000', REGISTERS, folder)


def test_in_a_healthy_realm_every_test_passes(home: Ground) -> None:
    assert unmet(home) == {
        ("keycloak.clients.redirects-and-secrets", "c2"): ("not_applicable", None),
        ("keycloak.users.temporary-passwords-replaced", "u1"): ("not_applicable", None),
        ("keycloak.users.temporary-passwords-replaced", "u3"): ("not_applicable", None),
    }
    assert untested(home) == set()


def test_nothing_personal_and_no_secret_gets_into_the_store(home: Ground) -> None:
    assert leaked(home, EMAIL, PLANTED, SECRET, *home.api.tokens) == set()  # type: ignore[attr-defined]
    assert holds(home, "passwordHistory")


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_answer_makes_an_outcome_better_or_disappear(kind: str, home: Ground, tmp_path: Path) -> None:
    assert swept(home, kind, tmp_path) == []
