"""`annexlog key`: make, encrypt, change and show the signing key; and what else needs its passphrase."""

from __future__ import annotations

import io
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from annexlog.cli import run
from annexlog.cli.shapes import Keys, LogKey
from annexlog.evidence_store import keys
from annexlog.evidence_store.model import Run
from annexlog.evidence_store.store import Store
from tests.home import Told, strictly

PASSPHRASE = "correct horse battery"


class Folder:
    """A configured folder with a store of one signed record."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.key = folder / "annexlog.key"
        self.passphrase = folder.parent / "passphrase"
        self.passphrase.touch(0o600)
        self.passphrase.write_text(f"{PASSPHRASE}\n")
        self.annexlog("init")
        with Store.open(folder / "evidence.db", create=True) as store, store.spool() as spool:
            store.record(Run("first", "collect", "main", "aws/1", ()), spool, recorded=1)
            store.checkpoint(keys.load(self.key))

    @property
    def public(self) -> str:
        return keys.public(self.key).text

    def configure(self, line: str) -> None:
        file = self.folder / "annexlog.toml"
        file.write_text(f"{line}\n{file.read_text()}")

    def annexlog(self, *arguments: str) -> Told:
        self.capsys.readouterr()
        code = run(["-C", str(self.folder), *arguments])
        return Told(code, *self.capsys.readouterr())


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.delenv("ANNEXLOG_PASSPHRASE_FILE", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody is there to ask
    return Folder(tmp_path / "home", capsys)


# ── encryption ──


def test_an_encrypted_key_signs_where_the_configuration_names_its_passphrase(here: Folder) -> None:
    here.configure(f'key_passphrase_file = "{here.passphrase}"')

    encrypted = here.annexlog("key", "encrypt")
    assessed = here.annexlog("assess", "--fail-on", "never")
    verified = here.annexlog("verify")

    assert (encrypted.code, assessed.err, verified.code) == (0, "", 0)
    assert "BEGIN ENCRYPTED PRIVATE KEY" in here.key.read_text()
    with Store.open(here.folder / "evidence.db", readonly=True) as store:
        assert store.last_checkpoint().size == store.size() > 1  # type: ignore[union-attr]


def test_the_file_of_the_passphrase_may_be_named_by_a_variable(here: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNEXLOG_PASSPHRASE_FILE", str(here.passphrase))

    codes = [here.annexlog("key", word).code for word in ("encrypt", "decrypt")]

    assert (codes, keys.encrypted(here.key)) == ([0, 0], False)


def test_an_encrypted_key_that_nobody_opens_stops_before_anything_is_recorded(here: Folder) -> None:
    here.annexlog("key", "encrypt", "--passphrase-file", str(here.passphrase))

    told = here.annexlog("assess")

    assert told.code == 2
    assert "the signing key is encrypted, and nobody is there to ask." in told.err
    assert "key_passphrase_file in annexlog.toml, or ANNEXLOG_PASSPHRASE_FILE" in told.err


def test_checking_needs_no_passphrase(here: Folder) -> None:
    here.annexlog("key", "encrypt", "--passphrase-file", str(here.passphrase))

    told = [here.annexlog(*words) for words in (("verify",), ("key", "export"), ("key", "show"))]

    assert [t.code for t in told] == [0, 0, 0]


@pytest.mark.parametrize(("mode", "text", "said"), [
    (0o644, PASSPHRASE, "others can read or change the passphrase (mode 0644)."),
    (0o600, "", "the passphrase cannot be read: it is the file's first line."),
    (0o600, "short\n", "a passphrase has at least 12 characters; nothing was changed."),
])  # fmt: skip
def test_a_passphrase_that_is_not_one_is_refused(here: Folder, mode: int, text: str, said: str) -> None:
    here.passphrase.write_text(text)
    here.passphrase.chmod(mode)

    told = here.annexlog("key", "encrypt", "--passphrase-file", str(here.passphrase))

    assert (told.code, keys.encrypted(here.key)) == (2, False)
    assert said in told.err


def test_a_passphrase_beside_its_key_is_warned_of(here: Folder) -> None:
    beside = here.folder / "passphrase"
    shutil.copy(here.passphrase, beside)

    told = here.annexlog("key", "encrypt", "--passphrase-file", str(beside))

    assert "Its passphrase lies beside it" in told.out.replace("\n", " ")


def test_a_person_types_the_passphrase_on_the_terminal_and_it_is_not_shown(here: Folder) -> None:
    shown = typed(["-C", str(here.folder), "key", "encrypt"], PASSPHRASE, PASSPHRASE)
    opened = typed(["-C", str(here.folder), "key", "decrypt"], PASSPHRASE)

    assert PASSPHRASE not in shown + opened
    assert not keys.encrypted(here.key)


def test_two_passphrases_that_differ_change_nothing(here: Folder) -> None:
    shown = typed(["-C", str(here.folder), "key", "encrypt"], PASSPHRASE, PASSPHRASE + "x")

    assert "the two passphrases differ; nothing was changed." in shown
    assert not keys.encrypted(here.key)


def typed(arguments: list[str], *lines: str) -> str:
    """What a command shows on a terminal of its own, while a person types these lines when asked."""
    terminal, side = pty.openpty()
    command = [sys.executable, "-m", "annexlog", *arguments]
    child = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, start_new_session=True)
    os.close(side)
    shown, left = b"", list(lines)
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # Linux: the other side is closed
            break
        if not data:
            break
        shown += data
        if data.rstrip().endswith(b":") and left:
            os.write(terminal, left.pop(0).encode() + b"\n")
    os.close(terminal)
    child.wait()
    return shown.decode().replace("\r\n", " ")


# ── the rest ──


def test_a_key_is_made_where_there_is_none_and_never_over_one(here: Folder) -> None:
    refused = here.annexlog("key", "generate")
    here.key.rename(here.folder / "elsewhere")
    (here.folder / "annexlog.key.pub").unlink()

    made = here.annexlog("key", "generate", "--name", "example.com/log", "--passphrase-file", str(here.passphrase))

    assert (refused.code, made.code, keys.encrypted(here.key)) == (2, 0, True)
    assert here.public.startswith("example.com/log+")


def test_the_public_key_is_exported_as_text_and_as_other_tools_read_it(here: Folder, tmp_path: Path) -> None:
    text, pem = here.annexlog("key", "export").out, here.annexlog("key", "export", "--pem").out

    assert text == f"{here.public}\n"
    openssl = shutil.which("openssl")
    if openssl is not None:
        asked = [openssl, "pkey", "-pubin", "-outform", "DER"]
        der = subprocess.run(asked, input=pem.encode(), capture_output=True, check=True).stdout
        assert der[-32:] == keys.Verifier.parse(text.strip()).public


def test_a_rotation_is_shown_and_verified_from_the_first_public_key_on(here: Folder) -> None:
    first = here.public

    rotated = here.annexlog("key", "rotate", "--reason", "yearly")
    here.annexlog("assess")

    known = strictly(here.annexlog("key", "show", "--json").out, Keys)
    assert rotated.code == 0
    assert {(k.key, k.status) for k in known.keys} == {(first, "retired"), (here.public, "current")}
    assert known == Keys(key=here.public, file=str(here.key), encrypted=False, record=2, keys=known.keys)
    assert isinstance(known.keys[0], LogKey)
    assert [here.annexlog("verify", *of).code for of in ((), ("--public-key", first))] == [0, 0]
    assert "Who signed the checkpoint of size 1" in here.annexlog("verify").out.replace("\n", " ")


def test_a_key_is_lost_or_compromised_and_not_both(here: Folder) -> None:
    assert here.annexlog("key", "rotate", "--lost", "--compromised", "2026-01-01").code == 2
