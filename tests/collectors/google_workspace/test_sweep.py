"""Every answer of Google Workspace replaced by every fault: no outcome becomes better, and nothing disappears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.providers import KINDS, Ground, ground, holds, leaked, swept, unmet, untested
from tests.wire.google_workspace import CUSTOMER, EMAIL, PLANTED, REGISTERS, SUBJECT, Workspace, healthy, key_file


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, key: rsa.RSAPrivateKey) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("google_workspace")
    with Workspace(healthy(), key=key) as api:
        (folder / "key.json").write_text(key_file(key, api.url))
        options = (
            f'customer = "{CUSTOMER}"\nsubject = "{SUBJECT}"\nkey_file = "{folder}/key.json"\nendpoint = "{api.url}"'
        )
        yield ground(api, "google_workspace", options, REGISTERS, folder)


def test_of_a_healthy_customer_every_test_passes(home: Ground) -> None:
    assert unmet(home) == {
        ("google_workspace.users.2sv-enforced", "4"): ("not_applicable", None),
        ("google_workspace.users.inactive-suspended", "4"): ("not_applicable", None),
    }
    assert untested(home) == set()


def test_nothing_personal_and_no_secret_gets_into_the_store(home: Ground) -> None:
    assert leaked(home, EMAIL, PLANTED, "s3cret-token") == set()
    assert holds(home, "isEnrolledIn2Sv")


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_answer_makes_an_outcome_better_or_disappear(kind: str, home: Ground, tmp_path: Path) -> None:
    assert swept(home, kind, tmp_path) == []
