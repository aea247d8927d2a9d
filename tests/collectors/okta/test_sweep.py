"""Every answer of Okta replaced by every fault: no outcome becomes better, and nothing disappears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers import KINDS, Ground, ground, holds, leaked, swept, unmet, untested
from tests.wire.okta import EMAIL, PLANTED, REGISTERS, Okta, healthy


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("okta")
    with Okta(healthy()) as api:
        (folder / "token").write_text("s3cret-token")
        options = f'url = "{api.url}"\ntoken_file = "{folder}/token"'
        yield ground(api, "okta", options, REGISTERS, folder)


def test_in_a_healthy_organization_every_test_passes(home: Ground) -> None:
    assert unmet(home) == {("okta.users.inactive-suspended", "u3"): ("not_applicable", None)}
    assert untested(home) == set()


def test_nothing_personal_and_no_secret_gets_into_the_store(home: Ground) -> None:
    assert leaked(home, EMAIL, PLANTED, "s3cret-token") == set()
    assert holds(home, "READ_ONLY_ADMIN")


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_answer_makes_an_outcome_better_or_disappear(kind: str, home: Ground, tmp_path: Path) -> None:
    assert swept(home, kind, tmp_path, asks={}) == []
