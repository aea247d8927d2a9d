"""Every answer of Google Workspace replaced by every fault: no outcome becomes better, and nothing disappears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.providers import KINDS, Ground, fault, ground, holds, kinds, leaked, unmet, untested
from tests.test_refusal_sweep import worsened
from tests.wire.google_workspace import CUSTOMER, EMAIL, PLANTED, REGISTERS, SUBJECT, D, Workspace, healthy, key_file


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


TURNS = [
    ["/v1beta1/alerts", "/v1/policies", "/v1/devices"],
    [f"{D}/customer/{CUSTOMER}/orgunits", f"{D}/groups/g1/members", "/v1/devices/-/deviceUsers"],
    [f"{D}/users"],
    [f"{D}/users/{SUBJECT}"],
    [f"{D}/customer/{CUSTOMER}/roles"],
    [f"{D}/customer/{CUSTOMER}/roleassignments"],
    ["/token"],
]
"""Paths whose faults are told apart in one look: no test reads two of a line."""


def test_every_path_is_faulted(home: Ground) -> None:
    assert sorted(path for paths in TURNS for path in paths) == sorted(home.paths)


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_answer_makes_an_outcome_better_or_disappear(kind: str, home: Ground, tmp_path: Path) -> None:
    problems, silent = [], []

    for number, paths in enumerate(TURNS):
        spoiled = kinds(home.api)[kind]
        done, after = home.again(tmp_path / str(number), *(fault(path, spoiled) for path in paths))
        problems += [f"{paths}: {problem}" for problem in worsened(home.answers, after)]
        silent += [] if len({why.operation for why in done.unseen.values()}) >= len(paths) else [paths]

    assert problems == []
    assert silent == []
