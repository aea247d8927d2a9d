"""Every answer of Okta replaced by every fault: no outcome becomes better, and nothing disappears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from annexlog.evidence_store.model import Status
from tests.providers import Ground, fault, ground, kinds
from tests.test_refusal_sweep import worsened
from tests.test_secrets_stay_out import kept
from tests.wire.okta import EMAIL, PLANTED, REGISTERS, Okta, healthy

KINDS = ("refused", "hidden", "throttled", "broken", "expired", "dropped", "empty", "html", "other", "null")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("okta")
    with Okta(healthy()) as api:
        (folder / "token").write_text("s3cret-token")
        options = f'url = "{api.url}"\ntoken_file = "{folder}/token"'
        yield ground(api, "okta", options, REGISTERS, folder)


def test_in_a_healthy_organization_every_test_passes(home: Ground) -> None:
    others = {key[::2]: (str(a.status), a.reason) for key, a in home.answers.items() if a.status is not Status.PASS}
    assert others == {("okta.users.inactive-suspended", "u3"): ("not_applicable", None)}
    assert {test for test, _, _ in home.answers} == set(home.mappings.tests)


def test_nothing_personal_and_no_secret_gets_into_the_store(home: Ground) -> None:
    stored = list(kept(home.folder / "evidence.db"))

    found = {text for text in (EMAIL, PLANTED, "s3cret-token") for part in stored if text.encode() in part}

    assert found == set()
    assert any(b"READ_ONLY_ADMIN" in part for part in stored)


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_answer_makes_an_outcome_better_or_disappear(kind: str, home: Ground, tmp_path: Path) -> None:
    problems, silent = [], []

    for number, path in enumerate(home.paths):
        done, after = home.again(tmp_path / str(number), fault(path, kinds(home.api)[kind]))
        problems += [f"{path}: {problem}" for problem in worsened(home.answers, after)]
        silent += [] if done.unseen else [path]

    assert problems == []
    assert silent == []
