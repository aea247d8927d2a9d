"""Every answer of a SCIM service replaced by every fault: no outcome becomes better, and nothing disappears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers import KINDS, Ground, ground, holds, leaked, swept, unmet, untested
from tests.wire.scim import EMAIL, PLANTED, REGISTERS, Scim, healthy


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("scim")
    with Scim(healthy()) as api:
        (folder / "token").write_text("s3cret-token")
        options = f'url = "{api.url}"\ntoken_file = "{folder}/token"\nall_visible_because = "an owner\'s token"'
        yield ground(api, "scim", options, REGISTERS, folder)


def test_in_a_healthy_service_every_test_passes(home: Ground) -> None:
    left_out = {("scim.users.privileged-approved", id): ("not_applicable", None) for id in ("u2", "u3")}
    assert unmet(home) == left_out
    assert untested(home) == set()


def test_nothing_personal_and_no_secret_gets_into_the_store(home: Ground) -> None:
    assert leaked(home, EMAIL, PLANTED, "s3cret-token") == set()
    assert holds(home, "an owner's token")


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_answer_makes_an_outcome_better_or_disappear(kind: str, home: Ground, tmp_path: Path) -> None:
    assert swept(home, kind, tmp_path) == []
