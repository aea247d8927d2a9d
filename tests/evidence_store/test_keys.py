"""Keys in files: encrypted, read back by OpenSSL, and refused where others or something odd could be at them."""

import os
import shutil
import stat
import subprocess

import pytest

from annexlog.evidence_store import keys, pkcs8, secret_files
from annexlog.evidence_store.model import ConfigError

SECRET = b"correct horse battery"
OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="there is no openssl here")


def secret():
    return SECRET


def wrong():
    return b"incorrect horse"


def refused(*args, call=keys.load):
    with pytest.raises(ConfigError) as caught:
        call(*args)
    return caught.value


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A key that was made, then encrypted: the file's bytes of each, and its public key."""
    path = tmp_path_factory.mktemp("key") / "annexlog.key"
    public = keys.generate(path, "example.com/log")
    plain = path.read_bytes()
    keys.encrypt(path, SECRET)
    return plain, path.read_bytes(), public


@pytest.fixture
def sealed(tmp_path, made):
    path = tmp_path / "annexlog.key"
    path.touch(0o600)
    path.write_bytes(made[1])
    return path


# ── encryption ────────────────────────────────────────────────────────────────────────────


def test_an_encrypted_key_opens_with_its_passphrase_and_shows_only_its_public_half(sealed, made):
    plain, text, public = made

    signer = keys.load(sealed, secret)

    assert signer.text.encode() == plain.strip()
    assert text.decode().splitlines()[:2] == [public.text, pkcs8.BEGIN]
    assert plain.strip().rpartition(b"+")[2] not in text
    assert (keys.public(sealed), keys.encrypted(sealed), stat.S_IMODE(sealed.stat().st_mode)) == (public, True, 0o600)


def test_a_key_can_be_made_encrypted_from_the_start(tmp_path):
    path = tmp_path / "annexlog.key"

    public = keys.generate(path, "example.com/log", SECRET)

    assert (keys.encrypted(path), keys.load(path, secret).verifier) == (True, public)


def test_a_decrypted_key_is_what_it_was_before(sealed, made):
    keys.decrypt(sealed, secret)

    assert (sealed.read_bytes(), stat.S_IMODE(sealed.stat().st_mode)) == (made[0], 0o600)


def test_nothing_of_the_plain_key_is_left_where_it_lay(tmp_path):
    path = tmp_path / "annexlog.key"
    keys.generate(path)
    size = path.stat().st_size
    with path.open("rb") as before:
        keys.encrypt(path, SECRET)

        assert before.read() == bytes(size)


def test_the_same_key_is_never_encrypted_to_the_same_bytes(made):
    seed = keys.Signer.parse(made[0].decode().strip()).seed

    assert pkcs8.encrypt(seed, SECRET) != pkcs8.encrypt(seed, SECRET)


def test_a_wrong_passphrase_is_refused_without_a_change(sealed, made):
    error = refused(sealed, wrong, call=keys.decrypt)

    assert (error.what, error.where) == (
        "the signing key cannot be opened: the passphrase is wrong, or the file is damaged.",
        str(sealed),
    )
    assert sealed.read_bytes() == made[1]


def test_a_key_is_not_encrypted_twice(sealed, made):
    error = refused(sealed, b"another passphrase", call=keys.encrypt)

    assert error.what == "the signing key is encrypted already."
    assert sealed.read_bytes() == made[1]


def test_an_encrypted_key_without_a_passphrase_says_where_to_name_it(sealed):
    error = refused(sealed)

    assert (error.what, error.next) == (
        "the signing key is encrypted, and no passphrase is known.",
        "Name the file of its passphrase: key_passphrase_file in annexlog.toml.",
    )


def test_an_encrypted_key_that_was_damaged_anywhere_opens_as_no_other_key(sealed, made):
    whole = made[1]
    body = whole.index(pkcs8.BEGIN.encode()) + len(pkcs8.BEGIN) + 1
    places = [*range(0, body, 7), *range(body, len(whole), 23)]

    opened = set()
    for place in places:
        sealed.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            opened.add(keys.load(sealed, secret).verifier)
        except ConfigError:
            continue

    assert opened <= {made[2]}  # a newline may be another blank


def test_an_encrypted_key_that_was_cut_is_refused(sealed, made):
    sealed.write_bytes(made[1][:-60])

    assert refused(sealed, secret).where == str(sealed)


def test_an_encrypted_key_under_the_public_key_of_another_is_refused(sealed, made, tmp_path):
    other = keys.generate(tmp_path / "other.key", "example.com/log")
    sealed.write_bytes(made[1].replace(made[2].text.encode(), other.text.encode()))

    assert "its first line is not the public key of the key below it" in refused(sealed, secret).what


@needs_openssl
def test_openssl_opens_what_was_encrypted_and_exports_the_same_public_key(sealed, made, tmp_path):
    (tmp_path / "passphrase").write_bytes(SECRET + b"\n")
    opened = [OPENSSL, "pkey", "-in", sealed, "-passin", f"file:{tmp_path / 'passphrase'}", "-pubout"]

    found = subprocess.run(opened, capture_output=True, text=True, check=True)

    assert found.stdout == pkcs8.spki(made[2].public) + "\n"


@needs_openssl
def test_a_key_that_openssl_encrypted_is_opened_under_its_public_key(sealed, made, tmp_path):
    (tmp_path / "passphrase").write_bytes(SECRET + b"\n")
    plain = tmp_path / "plain.pem"
    with plain.open("wb") as out:
        subprocess.run([OPENSSL, "genpkey", "-algorithm", "ed25519"], stdout=out, check=True)
    asked = [OPENSSL, "pkcs8", "-topk8", "-scrypt", "-in", plain, "-passout", f"file:{tmp_path / 'passphrase'}"]
    pem = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    seed = pkcs8.decrypt(pem, SECRET)
    signer = keys.Signer("example.com/log", seed)
    sealed.write_text(f"{signer.verifier}\n{pem}")

    assert keys.load(sealed, secret) == signer


# ── files that are not what they should be ────────────────────────────────────────────────


def test_a_link_is_refused_with_the_name_of_the_file_itself(sealed, tmp_path):
    link = tmp_path / "link.key"
    link.symlink_to(sealed)

    error = refused(link, secret)

    assert (error.what, error.next) == (
        "the signing key cannot be read: this is a link.",
        f"Name the file itself: {sealed}",
    )


def test_a_link_that_leads_nowhere_is_refused(tmp_path):
    link = tmp_path / "link.key"
    link.symlink_to(tmp_path / "none")

    assert refused(link).what == "the signing key cannot be read: this is a link."


def test_a_folder_is_refused(tmp_path):
    assert refused(tmp_path).what == "the signing key cannot be read: this is not a file."


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)

    assert refused(tmp_path / "pipe").what == "the signing key cannot be read: this is not a file."


def test_a_folder_that_nobody_may_write_in_leaves_the_key_as_it_was(sealed, made, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    error = refused(sealed, secret, call=keys.decrypt)

    assert error.what == "the key cannot be written: No space left on device."
    assert sealed.read_bytes() == made[1]


def test_a_credential_of_systemd_may_show_a_group_bit_and_nothing_more(tmp_path, monkeypatch):
    folder = tmp_path / "credentials"
    folder.mkdir()
    for name, mode in {"annexlog.key": 0o440, "open": 0o444}.items():
        (folder / name).write_text("x")
        (folder / name).chmod(mode)
    refused(folder / "annexlog.key", "the passphrase", "", call=secret_files.read)

    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))

    assert secret_files.read(folder / "annexlog.key", "the passphrase", "") == b"x"
    assert "others can read" in refused(folder / "open", "the passphrase", "", call=secret_files.read).what
