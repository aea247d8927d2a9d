"""The command line as a user meets it: help, errors, exit codes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest

from annexlog.cli import COMMANDS, main, run
from annexlog.cli.lazy import Lazy

CONTEXT = click.Context(main)
SDKS = ("boto3", "botocore", "azure", "google.cloud", "kubernetes")


def annexlog(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "annexlog", *arguments]
    return subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True)


@pytest.fixture
def initialised(tmp_path: Path) -> Path:
    assert run(["-C", str(tmp_path), "init"]) == 0
    return tmp_path


def target(folder: Path, text: str = "") -> None:
    with (folder / "annexlog.toml").open("a") as file:
        file.write(f'\n[targets.acme]\nprovider = "aws"\nregions = ["eu-west-1"]\n{text}')


# ── help ──


def test_every_commands_help_line_is_the_first_line_of_its_own_help() -> None:
    context = click.Context(main)

    shown = {name: (main.get_command(context, name) or main).get_short_help_str(200) for name in COMMANDS}

    assert shown == {name: text for name, (_, text) in COMMANDS.items()}


@pytest.mark.parametrize("name", sorted(n for n in COMMANDS if isinstance(main.get_command(CONTEXT, n), Lazy)))
def test_every_help_line_of_a_lazy_group_is_the_first_line_of_its_commands_own_help(name: str) -> None:
    group = main.get_command(CONTEXT, name)

    assert isinstance(group, Lazy)
    shown = {inner: (group.get_command(CONTEXT, inner) or main).get_short_help_str(200) for inner in group.families}
    assert shown == {inner: text for inner, (_, text) in group.families.items()}


def test_help_loads_no_cloud_sdk(tmp_path: Path) -> None:
    program = (
        f"import sys; from annexlog.cli import run; run(['--help']); print([m for m in {SDKS!r} if m in sys.modules])"
    )

    shown = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert shown.stdout.splitlines()[-1] == "[]"


# ── init ──


def test_init_writes_a_configuration_and_a_key_that_only_the_owner_can_read(tmp_path: Path) -> None:
    code = run(["-C", str(tmp_path / "new"), "init"])

    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "new").iterdir() if p.suffix != ".pub"}
    assert code == 0
    assert modes == {"annexlog.toml": 0o600, "annexlog.key": 0o600}


def test_init_overwrites_nothing(initialised: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {p.name: p.read_bytes() for p in initialised.iterdir()}

    code = run(["-C", str(initialised), "init"])

    assert code == 2
    assert "exists already" in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in initialised.iterdir()} == before


# ── wrong input: one paragraph, what, where, what next ──


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("store = x", ["annexlog.toml:1:", "not TOML"]),
        ('stroe = "x"', ["stroe", "unknown key", "did you mean 'store'?"]),
        ("store = 3", ["store", "Expected `str`, got `int`"]),
        ('[collect]\nfloor = "6h"', ["collect.floor", "'6h' is not a duration such as PT6H"]),
        ("[collect]\nworkers = 0", ["collect.workers", "1 to 128"]),
        ('[targets.a]\nregions = ["eu-west-1"]', ["targets.a", "no provider", "aws"]),
        ('[targets.a]\nprovider = "asw"', ["targets.a.provider", "did you mean 'aws'?"]),
        ('[targets.a]\nprovider = "aws"\nrole_arm = "x"', ["targets.a", "role_arm", "did you mean 'role_arn'?"]),
        ('[targets.a]\nprovider = "aws"\nsecret_key = "x"', ["targets.a", "secret_key", "unknown key"]),
        ('[targets."a/b"]\nprovider = "aws"', ["targets.a/b", "letters, digits"]),
        ('mappings = ["nowhere"]', ["mappings", "nowhere", "not a folder"]),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_place_and_what_was_expected(
    text: str, told: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "annexlog.toml").write_text(text)

    code = run(["-C", str(tmp_path), "status"])

    error = capsys.readouterr().err
    assert code == 2
    assert [word for word in told if word not in error] == []
    assert "Traceback" not in error


def test_a_suggestion_ends_with_its_question_mark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "annexlog.toml").write_text('[targets.a]\nprovider = "aws"\nrole_arm = "x"')

    run(["-C", str(tmp_path), "status"])

    assert capsys.readouterr().err.rstrip().endswith("did you mean 'role_arn'?")


def test_a_collection_without_a_target_says_that_nothing_was_looked_at(
    initialised: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["-C", str(initialised), "collect"])

    assert code == 0
    assert f"{initialised / 'annexlog.toml'} has no target. Add one, then: annexlog doctor" in capsys.readouterr().out


def test_without_a_configuration_it_says_where_it_looked_and_how_to_write_one(tmp_path: Path) -> None:
    shown = annexlog("status", cwd=tmp_path, HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path / "config"))

    assert shown.returncode == 2
    assert "no configuration" in shown.stderr
    assert "annexlog init" in shown.stderr


def test_without_evidence_status_says_how_to_collect_some(
    initialised: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["-C", str(initialised), "status"])

    assert code == 2
    assert "annexlog collect" in capsys.readouterr().err


def test_a_key_that_others_can_read_is_refused(initialised: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target(initialised)
    (initialised / "annexlog.key").chmod(0o644)

    code = run(["-C", str(initialised), "collect"])

    assert code == 2
    assert "chmod 600" in capsys.readouterr().err


def test_a_file_that_is_no_store_is_left_alone_and_said_to_be_none(
    initialised: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (initialised / "evidence.db").write_text("my notes")

    code = run(["-C", str(initialised), "status"])

    assert code == 2
    assert "evidence.db" in capsys.readouterr().err
    assert (initialised / "evidence.db").read_text() == "my notes"


def test_a_time_that_is_none_is_refused(initialised: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["-C", str(initialised), "status", "--at", "yesterday"])

    assert code == 2
    assert "'yesterday' is not a time such as 2026-11-25" in capsys.readouterr().err


def test_an_endpoint_that_nobody_answers_at_ends_collect_with_3_and_a_plain_sentence(initialised: Path) -> None:
    target(initialised, 'endpoint_url = "http://127.0.0.1:9"\nconnect_timeout = 0.2\n')

    shown = annexlog("-C", str(initialised), "collect", cwd=initialised)

    assert shown.returncode == 3, shown.stderr
    assert "Nothing could be seen." in shown.stdout
    assert "Traceback" not in shown.stderr
