"""Keys, notes and checkpoints are those of C2SP and Go's sumdb/note, and nothing malformed is taken for one."""

import base64
import json
import stat
from pathlib import Path

import plain_layout
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexlog.evidence_store import keys
from annexlog.evidence_store.checkpoint import MAX_NOTE, Checkpoint, Note, Signature
from annexlog.evidence_store.keys import Signer, Verifier
from annexlog.evidence_store.model import ConfigError

# Known answers of golang.org/x/mod/sumdb/note, note_test.go (BSD-3-Clause).
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH_PUBLIC = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
PETER, ENOCH = Verifier.parse(PETER_PUBLIC), Verifier.parse(ENOCH_PUBLIC)

# The examples of https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note.
C2SP_CHECKPOINT = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""  # noqa: E501 — a signature is one line
C2SP_NOTE = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""  # noqa: E501 — a signature is one line


# ── keys ──────────────────────────────────────────────────────────────────────────────────


def test_go_s_keys_read_and_write_as_they_are():
    signer = Signer.parse(PETER_PRIVATE)

    assert (signer.text, signer.verifier.text, str(ENOCH)) == (PETER_PRIVATE, PETER_PUBLIC, ENOCH_PUBLIC)


def mangled(text):
    """The manglings of note_test.go: every part of the text, and every byte increased."""
    parts = [text[i:j] for i in range(len(text)) for j in range(i + 1, len(text) + 1) if j - i < len(text)]
    return [*parts, *(text[:i] + chr(ord(text[i]) + 1) + text[i + 1 :] for i in range(len(text)))]


def accepted(kind, texts):
    found = []
    for text in texts:
        try:
            found.append((text, kind.parse(text)))
        except ValueError:
            continue
    return found


def test_no_mangled_key_is_accepted():
    wrong_length = Verifier("PeterNeumann", PETER.public + b"\0").text
    other_algorithm = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

    public = accepted(Verifier, [*mangled(PETER_PUBLIC), wrong_length, other_algorithm, "", PETER_PUBLIC + "\n"])
    private = accepted(Signer, [*mangled(PETER_PRIVATE), "", PETER_PUBLIC, PETER_PRIVATE + "\n"])

    assert public + private == []


def test_a_signer_does_not_show_its_key():
    assert repr(Signer.parse(PETER_PRIVATE)) == "Signer(name='PeterNeumann')"


def test_a_generated_key_is_kept_from_others_and_reads_back(tmp_path):
    path = tmp_path / "annexlog.key"

    public = keys.generate(path, "example.com/log")
    signer = keys.load(path)

    assert (signer.name, signer.verifier, signer.text) == ("example.com/log", public, path.read_text().strip())
    assert (tmp_path / "annexlog.key.pub").read_text() == f"{public.text}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert public.verifies(b"message", signer.sign(b"message"))
    assert keys.verifier(f" {public}\n") == public


def test_keys_that_were_given_no_name_have_different_ones(tmp_path):
    first, second = keys.generate(tmp_path / "a"), keys.generate(tmp_path / "b")

    assert first.name.startswith("annexlog/")
    assert first.name != second.name


def told(error):
    return (error.what, error.where, error.next)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o602, 0o777, 0o610])
def test_a_signing_key_that_others_may_use_is_refused_with_the_mend(tmp_path, mode):
    path = tmp_path / "annexlog.key"
    keys.generate(path)
    path.chmod(mode)

    with pytest.raises(ConfigError) as caught:
        keys.load(path)

    assert told(caught.value) == (
        f"others can read or change the signing key (mode {mode:04o}).",
        str(path),
        f"Run `chmod 600 {path}`; if others may have seen it, make a new key.",
    )


def test_a_signing_key_that_is_missing_is_an_error_with_the_next_step(tmp_path):
    path = tmp_path / "none.key"

    with pytest.raises(ConfigError) as caught:
        keys.load(path)

    assert told(caught.value) == (
        "the signing key cannot be read: No such file or directory.",
        str(path),
        "Make one: annexlog init",
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"x", PETER_PUBLIC.encode(), b"\xff\xfe", PETER_PRIVATE.encode() * 200, f"{PETER_PRIVATE}\n\n".encode()],
)
def test_a_file_that_is_no_signing_key_is_an_error_that_does_not_show_it(tmp_path, content):
    path = tmp_path / "annexlog.key"
    path.touch(0o600)
    path.write_bytes(content)

    with pytest.raises(ConfigError, match="not a signing key") as caught:
        keys.load(path)

    assert "AYEKFALVFGy" not in str(caught.value)


def test_an_existing_key_is_never_overwritten(tmp_path):
    path = tmp_path / "annexlog.key"
    keys.generate(path)
    before = path.read_bytes()

    with pytest.raises(ConfigError, match="a key here already"):
        keys.generate(path)

    assert path.read_bytes() == before


def test_no_private_key_stays_behind_where_its_public_key_could_not_be_written(tmp_path):
    (tmp_path / "annexlog.key.pub").write_text("of another key")

    with pytest.raises(ConfigError, match=r"annexlog\.key\.pub"):
        keys.generate(tmp_path / "annexlog.key")

    assert [path.name for path in tmp_path.iterdir()] == ["annexlog.key.pub"]


def test_a_key_that_cannot_be_written_is_an_error_with_its_place(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written") as caught:
        keys.generate(tmp_path / "no" / "annexlog.key")

    assert caught.value.where == str(tmp_path / "no" / "annexlog.key")


@pytest.mark.parametrize("name", ["a b", "a+b", "a\u2003b", "a\nb", "a\tb", "\x01"])
def test_a_name_that_no_key_can_have_is_refused_before_anything_is_written(tmp_path, name):
    with pytest.raises(ConfigError, match="spaces or a plus"):
        keys.generate(tmp_path / "annexlog.key", name)

    assert list(tmp_path.iterdir()) == []


def test_a_public_key_that_is_none_says_where_to_find_it():
    with pytest.raises(ConfigError, match="not a public key") as caught:
        keys.verifier("garbage")

    assert ".pub" in caught.value.next


# ── notes ─────────────────────────────────────────────────────────────────────────────────


def test_a_signed_note_is_byte_for_byte_go_s():
    note = Note.sign(TEXT, Signer.parse(PETER_PRIVATE))

    assert note.encode() == f"{TEXT}\n{PETER_LINE}".encode()


@pytest.mark.parametrize(
    ("lines", "known", "signed"),
    [
        (PETER_LINE + ENOCH_LINE, [PETER], (PETER,)),
        (PETER_LINE + ENOCH_LINE, [PETER, ENOCH], (PETER, ENOCH)),
        (PETER_LINE + ENOCH_LINE, [], ()),
        (PETER_LINE + PETER_LINE + ENOCH_LINE + ENOCH_LINE, [PETER], (PETER,)),
        (PETER_LINE * 100, [PETER], (PETER,)),
    ],
)
def test_go_s_notes_are_signed_by_the_keys_that_are_known(lines, known, signed):
    note = Note.parse(f"{TEXT}\n{lines}".encode())

    assert (note.text, note.signed_by(known)) == (TEXT, signed)


def test_a_note_of_as_many_signatures_and_as_long_ones_as_c2sp_asks_for_is_accepted():
    """At least 16 signatures; those of post-quantum kinds have nearly 5 kB."""
    strangers = "".join(Signature(f"witness.example/{n}", bytes([n] * 4), bytes(5000)).line() for n in range(15))

    note = Note.parse(f"{TEXT}\n{strangers}{PETER_LINE}".encode())

    assert (len(note.signatures), note.signed_by([PETER])) == (16, (PETER,))


def test_a_text_may_have_empty_lines_and_ends_at_the_last_of_them():
    text = f"one\n\n{PETER_LINE}\ntwo\n"
    note = Note.sign(text, Signer.parse(PETER_PRIVATE))

    assert Note.parse(note.encode()).text == text


def test_a_key_s_name_and_id_together_say_whose_a_signature_is():
    """What shares either with a known key is an unknown key's; what shares both, and does not verify, is wrong."""
    wrong = Signature("PeterNeumann", PETER.id, bytes(64)).line()
    same_id, same_name = (Signature(n, i, bytes(64)).line() for n, i in (("X", PETER.id), ("PeterNeumann", b"abcd")))

    assert Note.parse(f"{TEXT}\n{same_id}{same_name}{PETER_LINE}".encode()).signed_by([PETER]) == (PETER,)
    with pytest.raises(ValueError, match="PeterNeumann"):
        Note.parse(f"{TEXT}\n{PETER_LINE}{wrong}".encode()).signed_by([PETER])


def test_c2sp_s_examples_read_and_write_as_they_are():
    note, checkpoint = Note.parse(C2SP_NOTE.encode()), Checkpoint.parse(C2SP_CHECKPOINT.encode())

    assert note.text == C2SP_NOTE.rpartition("\n\n")[0] + "\n"
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert base64.b64encode(checkpoint.root) == b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    assert (note.encode(), checkpoint.encode()) == (C2SP_NOTE.encode(), C2SP_CHECKPOINT.encode())


@pytest.mark.parametrize(
    "bad",
    [
        TEXT.encode(),
        f"{TEXT}\n".encode(),
        f"{TEXT}\n{PETER_LINE[:-1]}".encode(),
        f"\x01{TEXT}\n{PETER_LINE}".encode(),
        f"{TEXT}\r\n\n{PETER_LINE}".encode(),
        b"\xff" + f"{TEXT}\n{PETER_LINE}".encode(),
        f"{TEXT}\n{PETER_LINE.replace('PeterNeumann', 'Bad Name')}".encode(),
        f"{TEXT}\n{PETER_LINE.replace('PeterNeumann', 'Bad+Name')}".encode(),
        f"{TEXT}\n{PETER_LINE.replace('PeterNeumann', '')}".encode(),
        f"{TEXT}\n{PETER_LINE.replace('—', '-')}".encode(),
        f"{TEXT}\n{PETER_LINE.removeprefix('— ')}".encode(),
        f"{TEXT}\n{PETER_LINE}Unexpected line.\n".encode(),
        f"{TEXT}\n— PeterNeumann x08gow==\n".encode(),
        f"{TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZI\n".encode(),
        f"{TEXT}\n{PETER_LINE.replace('AM=', 'AN=')}".encode(),
        f"{TEXT}\n{PETER_LINE * 101}".encode(),
        f"{'x' * MAX_NOTE}\n\n{PETER_LINE}".encode(),
    ],
)
def test_bytes_that_are_not_exactly_a_note_are_refused(bad):
    with pytest.raises(ValueError):  # noqa: PT011 — each case has its own message
        Note.parse(bad)


def test_a_bad_signature_by_a_known_key_is_an_error_and_by_an_unknown_one_is_not():
    note = Note.parse(f"{TEXT}\n{ENOCH_LINE.replace('5n2t', '5n3t')}{PETER_LINE}".encode())

    assert note.signed_by([PETER]) == (PETER,)
    with pytest.raises(ValueError, match="EnochRoot"):
        note.signed_by([PETER, ENOCH])


def test_a_known_name_with_another_key_id_is_an_unknown_key():
    note = Note.parse(f"{TEXT}\n{PETER_LINE.replace('x08go/', 'x08gp/')}".encode())

    assert note.signed_by([PETER]) == ()


@pytest.mark.parametrize("text", ["", "abc", "a\tb\n", "a\r\n"])
def test_a_text_that_no_note_can_have_is_not_signed(text):
    with pytest.raises(ValueError, match="newline"):
        Note.sign(text, Signer.parse(PETER_PRIVATE))


@given(
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1).map(lambda t: f"{t}\n"),
    st.integers(1, 3),
)
def test_a_note_of_any_text_reads_back_and_verifies(text, times):
    signers = [Signer(f"key/{i}", bytes([i]) * 32) for i in range(times)]

    note = Note.parse(Note.sign(text, *signers).encode())

    assert (note.text, note.signed_by([s.verifier for s in signers])) == (text, tuple(s.verifier for s in signers))


# ── checkpoints ───────────────────────────────────────────────────────────────────────────


def test_checkpoints_match_their_vectors():
    vectors = json.loads(Path(__file__).with_name("vectors.json").read_text())["checkpoint"]
    signers = [Signer(v["origin"], bytes.fromhex(v["seed"])) for v in vectors]

    made = [Checkpoint.sign(v["origin"], v["size"], bytes.fromhex(v["root"]), s) for v, s in zip(vectors, signers)]  # noqa: B905 — one each

    assert [checkpoint.encode().decode() for checkpoint in made] == [v["text"] for v in vectors]
    assert [Checkpoint.parse(v["text"].encode()) for v in vectors] == made
    assert [c.signed_by([s.verifier]) for c, s in zip(made, signers)] == [(s.verifier,) for s in signers]  # noqa: B905 — one each


SIGNER = Signer("example.com/log", bytes(32))
GOOD = Checkpoint.sign("example.com/log", 12, plain_layout.sha(b"root"), SIGNER).encode().decode()
ROOT = GOOD.split("\n")[2]


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ("example.com/log\n12", "example.com/log\n012"),
        ("example.com/log\n12", "example.com/log\n+12"),
        ("example.com/log\n12", "example.com/log\n"),
        ("example.com/log\n12", "example.com/log\n１２"),
        ("example.com/log\n12", f"example.com/log\n{2**63}"),
        ("example.com/log\n12", "example.com/log\n" + "1" * 5000),
        ("example.com/log\n12", "\n12"),
        ("example.com/log\n12", "12"),
        (ROOT, ROOT[:-1]),
        (ROOT, ROOT[:-2] + chr(ord(ROOT[-2]) + 1) + "="),
        (ROOT, base64.b64encode(bytes(31)).decode()),
        (ROOT, ROOT + "\n\nextension"),
    ],
)
def test_a_note_that_is_not_exactly_a_checkpoint_is_refused(part, instead):
    with pytest.raises(ValueError):  # noqa: PT011 — each case has its own message
        Checkpoint.parse(GOOD.replace(part, instead, 1).encode())


def test_extension_lines_and_cosignatures_are_kept():
    witness = Signer("witness.example", bytes([1] * 32))
    text = GOOD.rpartition("\n\n")[0] + "\nan extension\n"
    cosigned = Note.sign(text, SIGNER, witness)

    checkpoint = Checkpoint.parse(cosigned.encode())

    assert (checkpoint.extensions, checkpoint.encode()) == (("an extension",), cosigned.encode())
    assert checkpoint.signed_by([SIGNER.verifier]) == (SIGNER.verifier,)


def test_the_empty_log_has_a_checkpoint():
    checkpoint = Checkpoint.sign("example.com/log", 0, plain_layout.sha(b""), SIGNER)

    assert Checkpoint.parse(checkpoint.encode()) == checkpoint


def test_a_signature_shows_its_key_s_id_first():
    signature = Signature.parse(PETER_LINE.removesuffix("\n"))

    assert (signature.name, signature.key_id.hex(), len(signature.data)) == ("PeterNeumann", "c74f20a3", 64)
