"""`annexlog doctor` of a target that is GitHub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from annexlog.cli import run
from tests.wire.github import GitHub


def test_a_target_is_asked_only_for_what_its_own_provider_has(
    github: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["-C", str(tmp_path), "init"])
    (tmp_path / "token").write_text("s3cret-token")
    (tmp_path / "annexlog.toml").write_text(
        f'[targets.home]\nprovider = "github"\norganizations = ["acme"]\nurl = "{github.url}"\n'
        f'ca_file = "{github.ca_file}"\ntoken_file = "{tmp_path}/token"\n'
    )
    capsys.readouterr()

    code = run(["-C", str(tmp_path), "doctor", "--json"])

    told = json.loads(capsys.readouterr().out)
    states = {check["what"]: (check["state"], check["detail"]) for check in told["checks"]}
    assert code == 0
    assert states["target home: listings"] == ("ok", "2 of 2 answered")
    assert {what for what in states if what.startswith("target home")} == {"target home", "target home: listings"}
