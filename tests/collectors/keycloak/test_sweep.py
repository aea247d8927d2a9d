"""Every answer of Keycloak replaced by every fault: no outcome becomes better, and nothing disappears."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.providers import KINDS, Ground, fault, ground, holds, kinds, leaked, unmet, untested
from tests.test_refusal_sweep import worsened
from tests.wire.keycloak import CLIENT, EMAIL, PLANTED, REALM, REGISTERS, SECRET, Keycloak, healthy

REACH = {
    r"/(clients/\w+/)?roles.*|/groups/.*": ("keycloak.realm", "admins"),
    "/events/config": ("keycloak.realm", "events"),
    "/authentication/required-actions": ("keycloak.realm", "required_actions"),
    "/authentication/flows.*": ("keycloak.realm", "flows"),
    "/client-policies/.*": ("keycloak.client", "policies"),
    "/identity-provider/.*": ("keycloak.identity_provider", ""),
    "/users.*": ("keycloak.user", ""),
}
"""{paths below the realm: the one type and facet that they feed}; all other paths feed several."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("keycloak")
    with Keycloak(healthy()) as api:
        (folder / "secret").write_text(SECRET)
        who = f'realm = "shop"\nclient_id = "{CLIENT}"\nclient_secret_file = "{folder}/secret"'
        yield ground(api, "keycloak", f'url = "{api.url}"\n{who}\nrequests_per_second = 1000', REGISTERS, folder)


def reached(path: str) -> tuple[str, str] | None:
    below = path.removeprefix(REALM)
    return next((cell for pattern, cell in REACH.items() if re.fullmatch(pattern, below)), None)


def turns(paths: tuple[str, ...]) -> list[list[str]]:
    """Paths to strike at once: what administers goes with one that no test reads beside it, all others alone."""
    alone = [[path] for path in paths if reached(path) is None]
    admins = [path for path in paths if reached(path) == ("keycloak.realm", "admins")]
    others = [path for path in paths if reached(path) not in (None, ("keycloak.realm", "admins"))]
    return alone + [[path for path in pair if path] for pair in zip_longest(admins, others, fillvalue="")]


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
    problems, reply = [], kinds(home.api)[kind]
    for number, paths in enumerate(turns(home.paths)):
        done, after = home.again(tmp_path / str(number), *(fault(path, reply) for path in paths))
        unseen = {(line.type, line.facet) for line in done.unseen}
        problems += [f"{paths}: {problem}" for problem in worsened(home.answers, after)]
        problems += [
            f"{path}: nothing is said" for path in paths if not unseen or (reached(path) or "") not in ("", *unseen)
        ]

    assert problems == []
