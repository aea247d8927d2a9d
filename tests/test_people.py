"""People over several directories: whose an account is, what is left of those who left, and never a pass unseen."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from annexlog.answers import Reading, shapes
from annexlog.assessing import assess, present
from annexlog.config import load
from annexlog.evidence_store import keys
from annexlog.evidence_store.model import Millis
from annexlog.evidence_store.store import Store
from annexlog.mappings import Mappings
from annexlog.mappings import load as load_mappings
from annexlog.pipeline import Collected, Collector
from tests.providers import Answers, fault, kinds, turn
from tests.test_refusal_sweep import Hastened, worsened
from tests.test_secrets_stay_out import kept
from tests.wire.api import Api
from tests.wire.github import GitHub
from tests.wire.github import healthy as organization
from tests.wire.github import user as member
from tests.wire.jwt import pem
from tests.wire.okta import Okta, role
from tests.wire.okta import healthy as tenant
from tests.wire.okta import user as account

HR = """person,starts,ends,manager,email,github
17,2020-01-01,,3,ann@example.com,ann
18,2020-01-01,2025-06-30,3,bob@example.com,bob
19,2020-01-01,2025-06-30,3,cid@example.com,
3,2010-01-01,,,boss@example.com,
"""

REGISTERS: dict[str, Any] = {
    "people_accounts": [],
    "service_accounts": [],
    "privileged_rights": ["scim:owner"],
    "conflicting_rights": [{"one": "github:admin", "other": "okta:SUPER_ADMIN"}],
}

TESTS = (
    "people.accounts.owned",
    "people.accounts.privileged-owned",
    "people.persons.leavers-removed",
    "people.persons.duties-separated",
)


def profile(email: str) -> dict[str, str]:
    return {"login": email.upper(), "email": email}


def directories() -> tuple[Okta, GitHub]:
    """Ann has all rights everywhere; Bob left and is still on GitHub; Cid left and is gone; Eve is nobody's."""
    okta = {
        **tenant(),
        "/api/v1/users": [
            account("u1", profile=profile("Ann@Example.com")),
            account("u2", profile=profile("bob@example.com"), status="DEPROVISIONED"),
            account("u3", profile=profile("cid@example.com"), status="SUSPENDED"),
            account("u4", profile=profile("eve@example.com")),
        ],
        "/api/v1/iam/assignees/users": {"value": [{"id": "u1"}], "_links": {}},
        "/api/v1/users/u1/roles": [role("SUPER_ADMIN")],
        "/api/v1/groups/g1/users": [account("u1")],
    }
    github = {
        **organization(),
        "/orgs/acme/members?role=admin": [member("Ann", 1)],
        "/orgs/acme/members?role=member": [member("bob", 2)],
        "/orgs/acme/outside_collaborators": [],
    }
    return Okta(okta), GitHub(github)


@dataclass(frozen=True)
class World:
    folder: Path
    apis: tuple[Api, ...]
    mappings: Mappings
    at: Millis
    answers: Answers

    def again(self, folder: Path, hours: int = 1) -> tuple[Collected, Answers]:
        """Looked at and judged once more in another folder."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        for api in self.apis:
            api.date = self.at / 1000 + hours * 3600
        return turn(load(folder / "annexlog.toml"), self.mappings, Hastened(self.at + hours * 3_600_000))

    def told(self, test: str, answers: Answers | None = None) -> dict[str, str]:
        """{resource: status, or the reason why it is unknown}."""
        found = {k: a for k, a in (answers or self.answers).items() if k[0] == test}
        return {id: a.reason.reason if a.reason else str(a.status) for (_, _, id), a in found.items()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("people")
    okta, github = directories()
    with okta, github:
        yield started(folder, okta, github)


def started(folder: Path, okta: Okta, github: GitHub) -> World:
    (folder / "mappings/registers").mkdir(parents=True)
    for name, body in REGISTERS.items():
        (folder / f"mappings/registers/{name}.yaml").write_text(json.dumps(body))
    eve = f"okta/{okta.url.removeprefix('https://').replace(':', '-')} u4"
    (folder / "mappings/settings.yaml").write_text(json.dumps({"people_unowned_agreed": [eve]}))
    (folder / "hr.csv").write_text(HR)
    (folder / "token").write_text("s3cret-token")
    (folder / "annexlog.toml").write_text(f"""
mappings = ["mappings"]
[targets.staff]
provider = "hr"
file = "{folder}/hr.csv"
keys = {{email = "email", github = "github"}}
[targets.okta]
provider = "okta"
url = "{okta.url}"
token_file = "{folder}/token"
ca_file = "{okta.ca_file}"
[targets.github]
provider = "github"
organizations = ["acme"]
url = "{github.url}"
token_file = "{folder}/token"
ca_file = "{github.ca_file}"
""")
    keys.generate(folder / "annexlog.key")
    config = load(folder / "annexlog.toml")
    Store.open(config.store, create=True).close()
    known = load_mappings(shapes(), folders=config.mappings)
    mappings = replace(known, tests={id: known.tests[id] for id in TESTS})
    clock = Hastened(time.time_ns() // 1_000_000)
    _, answers = turn(config, mappings, clock)
    return World(folder, (okta, github), mappings, clock.now(), answers)


def test_each_account_is_joined_to_the_person_whose_it_is(world: World) -> None:
    assert world.told("people.accounts.owned") == {
        "okta.user:u1": "pass",
        "okta.user:u2": "not_applicable",
        "okta.user:u3": "not_applicable",
        "okta.user:u4": "fail",
        "github.member:ann": "pass",
        "github.member:bob": "fail",
    }


def test_a_leaver_fails_by_the_one_account_that_is_left(world: World) -> None:
    assert world.told("people.persons.leavers-removed") == {
        "17": "not_applicable",
        "18": "fail",
        "19": "pass",
        "3": "not_applicable",
    }


def test_an_account_that_lost_its_address_leaves_open_whether_a_leaver_is_gone(world: World, tmp_path: Path) -> None:
    okta, _ = world.apis
    users = okta.answers["/api/v1/users"]
    cleared = {"login": "cid.old", "email": ""}
    okta.answers["/api/v1/users"] = [account("u3", profile=cleared) if one["id"] == "u3" else one for one in users]

    _, after = world.again(tmp_path)
    okta.answers["/api/v1/users"] = users

    assert world.told("people.persons.leavers-removed", after) == {
        "17": "not_applicable", "18": "fail", "19": "unresolved", "3": "not_applicable",
    }  # fmt: skip
    why = next(a.reason for (test, _, id), a in after.items() if (test, id) == ("people.persons.leavers-removed", "19"))
    assert str(why) == "unresolved: people.account (1 of nobody)"


def test_rights_of_two_systems_come_together_in_one_person(world: World) -> None:
    assert world.told("people.persons.duties-separated") == {"17": "fail", "18": "pass", "19": "pass", "3": "pass"}


def test_administrators_are_persons_who_work_here(world: World) -> None:
    told = world.told("people.accounts.privileged-owned")

    assert {id: status for id, status in told.items() if status != "not_applicable"} == {
        "okta.user:u1": "pass",
        "github.member:ann": "pass",
    }


def test_the_evidence_of_an_account_is_what_its_directory_says_of_it(world: World) -> None:
    with Store.open(load(world.folder / "annexlog.toml").store, readonly=True) as store:
        reading = Reading(store.view(at=world.at))
        (answer,) = reading.answers(test="people.accounts.owned", resource="okta.user:u2")
        told = dict(reading.evidence(answer))

    directory = next(scope for _, scope, id in world.answers if id == "okta.user:u2")
    keys: Any = told.pop("keys")
    assert told == {
        "account": {"type": "okta.user", "directory": directory, "id": "u2"}, "enabled": False, "service": False,
    }  # fmt: skip
    assert [len(key) for key in keys] == [73, 73]


def test_no_address_and_no_name_gets_into_the_store(world: World) -> None:
    texts = ("ann@example.com", "eve@example.com", "Ann@Example.com", "EVE@EXAMPLE.COM")
    stored = list(kept(world.folder / "evidence.db"))

    assert {text for text in texts for part in stored if text.encode() in part} == set()
    assert any(b"okta.user" in part for part in stored)


def test_a_directory_that_was_not_read_leaves_open_whether_a_leaver_is_gone(world: World, tmp_path: Path) -> None:
    okta, _ = world.apis
    okta.faults[:] = [fault("/api/v1/users", okta.refuse(403))]

    _, after = world.again(tmp_path)
    okta.faults.clear()

    assert world.told("people.persons.leavers-removed", after) == {
        "17": "not_applicable", "18": "denied", "19": "denied", "3": "not_applicable",
    }  # fmt: skip


def test_without_the_register_nobody_can_say_whose_accounts_are(world: World, tmp_path: Path) -> None:
    again = tmp_path / "again"
    _, before = world.again(again)
    (world.folder / "hr.csv").rename(world.folder / "gone.csv")

    try:
        _, after = world.again(tmp_path / "more", 2)
    finally:
        (world.folder / "gone.csv").rename(world.folder / "hr.csv")

    assert world.told("people.accounts.owned", before) == world.told("people.accounts.owned")
    assert world.told("people.accounts.owned", after) == {
        "okta.user:u1": "failed", "okta.user:u2": "not_applicable", "okta.user:u3": "not_applicable",
        "okta.user:u4": "failed", "github.member:ann": "failed", "github.member:bob": "failed",
    }  # fmt: skip


def test_a_register_that_was_cut_says_of_nobody_that_he_is_gone(world: World, tmp_path: Path) -> None:
    short = "".join(line for line in HR.splitlines(keepends=True) if not line.startswith(("17,", "3,")))
    (world.folder / "hr.csv").write_text(short)

    try:
        _, after = world.again(tmp_path / "once")
        world_after = replace(world, folder=tmp_path / "once")
        done, again = world_after.again(tmp_path / "twice", 2)
    finally:
        (world.folder / "hr.csv").write_text(HR)

    owned = [world.told("people.accounts.owned", told)["github.member:ann"] for told in (after, again)]
    assert owned == ["incomplete", "incomplete"]
    assert [why.code for line, why in done.unseen.items() if line.type == "hr.person"] == ["Lost"]


def test_across_a_change_of_the_redaction_key_nothing_is_told(world: World, tmp_path: Path) -> None:
    again = tmp_path / "again"
    world.again(again)
    config, clock = load(again / "annexlog.toml"), Hastened(world.at + 2 * 3_600_000)

    with Store.open(config.store) as store:
        Collector(config, store, world.mappings, clock, redaction_key=b"n" * 32).collect(only=["staff"])
        assess(store, world.mappings, clock)
        at = present(store, clock)
    with Store.open(config.store, readonly=True) as store:
        after = {(a.test.id, a.line.scope, a.id): a for a in Reading(store.view(at=at)).answers()}

    assert world.told("people.persons.leavers-removed", after) == {
        "17": "not_applicable", "18": "stale", "19": "stale", "3": "not_applicable",
    }  # fmt: skip
    assert world.told("people.accounts.owned", after)["okta.user:u1"] == "stale"


@pytest.mark.parametrize("kind", ["refused", "hidden", "dropped", "empty", "other", "null"])
def test_no_fault_of_any_directory_makes_an_outcome_better(kind: str, world: World, tmp_path: Path) -> None:
    problems, silent = [], []

    for api in world.apis:
        for number, path in enumerate(sorted(set(api.asked))):
            api.faults[:] = [fault(path, kinds(api)[kind])]
            done, after = world.again(tmp_path / f"{api.scheme}{number}")
            api.faults.clear()
            problems += [f"{path}: {problem}" for problem in worsened(world.answers, after)]
            silent += [] if done.unseen else [path]

    assert problems == []
    assert silent == []


def test_a_directory_that_was_never_reached_leaves_open_whether_a_leaver_is_gone(tmp_path: Path) -> None:
    okta, github = directories()
    with okta, github:
        started(tmp_path, okta, github)
        config = tmp_path / "annexlog.toml"
        more = f'[targets.more]\nprovider = "github"\nurl = "{github.url}"\nca_file = "{github.ca_file}"\n'
        (tmp_path / "key.pem").write_text(_key())
        config.write_text(config.read_text() + more + f'app_id = "1"\nprivate_key_file = "{tmp_path}/key.pem"\n')
        known = load_mappings(shapes(), folders=load(config).mappings)
        mappings = replace(known, tests={id: known.tests[id] for id in TESTS})
        _, after = turn(load(config), mappings, Hastened(time.time_ns() // 1_000_000 + 3_600_000))

    told = {id: a.reason.reason if a.reason else str(a.status) for (t, _, id), a in after.items() if t == TESTS[2]}
    assert told == {"17": "not_applicable", "18": "unauthenticated", "19": "unauthenticated", "3": "not_applicable"}


def _key() -> str:
    return pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
