"""Every answer of a domain controller replaced by every fault: no outcome becomes better, and nothing disappears."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.providers import Ground, ground, holds, leaked, unmet, untested
from tests.test_refusal_sweep import worsened
from tests.wire.api import Api
from tests.wire.ldap import BIND, EMAIL, PASSWORD, PLANTED, REGISTERS, Domain, Fault, healthy

KINDS: tuple[int | str, ...] = (50, 32, 51, 52, 1, "cut", "drop", "garbage", "empty", "stripped")
"""insufficientAccessRights, noSuchObject, busy, unavailable, operationsError, and what Fault does."""

QUIET = ("(primaryGroupID=", "(objectClass=msDS-PasswordSettings)")
"""Answers that may be empty, so that an empty one says nothing: the target's statement stands for these."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("ldap")
    with Domain(healthy()) as server:
        (folder / "password").write_text(PASSWORD)
        who = f'bind_dn = "{BIND}"\npassword_file = "{folder}/password"\nall_visible_because = "it was counted"'
        options = (
            f'url = "{server.url}"\n{who}\nprobe = true\nplain_port = {server.plain_port}\nrequests_per_second = 1000'
        )
        yield ground(cast("Api", server), "ldap", options, REGISTERS, folder)


def test_in_a_healthy_domain_every_test_of_domains_passes(home: Ground) -> None:
    disabled, krbtgt, ann = "S-1-5-21-1-2-3-1102", "S-1-5-21-1-2-3-502", "S-1-5-21-1-2-3-1101"
    left_out = [("ldap.users.stale-enabled", id) for id in (disabled, krbtgt)]
    left_out += [("ldap.users.no-weak-flags", id) for id in (disabled, krbtgt)]
    left_out += [("ldap.krbtgt.password-age", id) for id in (disabled, ann, "S-1-5-21-1-2-3-500")]
    assert unmet(home) == dict.fromkeys(left_out, ("not_applicable", None))
    assert {test for test in untested(home) if home.mappings.tests[test].of.level == "domain"} == set()


def test_nothing_personal_and_no_secret_gets_into_the_store(home: Ground) -> None:
    assert leaked(home, EMAIL, PLANTED, PASSWORD, "CN=Ann") == set()
    assert holds(home, "S-1-5-21-1-2-3-1101")


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_answer_makes_an_outcome_better_or_disappear(
    kind: int | str, home: Ground, tmp_path: Path
) -> None:
    problems = []
    for number, told in enumerate(home.paths):
        done, after = home.again(tmp_path / str(number), cast("Any", Fault(re.escape(told), kind)))
        problems += [f"{told}: {problem}" for problem in worsened(home.answers, after)]
        may_be_empty = kind in ("empty", "stripped") and any(quiet in told for quiet in QUIET)
        problems += [] if done.unseen or may_be_empty else [f"{told}: nothing is said"]

    assert problems == []
