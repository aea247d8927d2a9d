"""What one turn of the wheel is given."""

from __future__ import annotations

from pathlib import Path

from annexlog.cycle import _redaction_key
from annexlog.evidence_store import keys


def test_the_redaction_key_follows_from_the_signing_key_and_from_nothing_else(tmp_path: Path) -> None:
    for name in ("one", "other"):
        keys.generate(tmp_path / name)
    one, other = (keys.load(tmp_path / name) for name in ("one", "other"))

    assert _redaction_key(one) == _redaction_key(keys.load(tmp_path / "one"))
    assert _redaction_key(one) != _redaction_key(other)
    assert len(_redaction_key(one)) == 32
