"""A secret that cannot be had says what to do, and never what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from annexlog.collectors.tokens import secret
from annexlog.evidence_store.model import ConfigError


@pytest.mark.parametrize(
    ("env", "file", "what", "next"),
    [
        ("NOT_SET", "", "the environment variable NOT_SET is not set.", "Set it to the secret"),
        ("", "missing", "missing cannot be read: No such file or directory.", "Put the secret into it"),
        ("", "empty", "empty is empty.", "Put the secret into it"),
    ],
)
def test_a_secret_that_is_not_there_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, env: str, file: str, what: str, next: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").touch()

    with pytest.raises(ConfigError) as refused:
        secret(env, file, "targets.acme.token")

    assert (refused.value.what, refused.value.where) == (what, "targets.acme.token")
    assert refused.value.next.startswith(next)
