"""A new signing key: announced by the old one, followed by who has only the first, and safe to interrupt anywhere."""

import os
from dataclasses import replace
from hashlib import sha256

import pytest
from making import BUCKETS, collect, look
from tampering import unguarded

from annexlog.evidence_store import keyring, keys, redaction_key, rotation
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.keyring import COMPROMISED, CURRENT, KEYS, LOST, RETIRED, Known
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import ConfigError, Coverage, Run, StoreError, Sweep, iso
from annexlog.evidence_store.rotation import Leaving
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

NOW = 1_000_000
SECRET = b"correct horse battery"


class Home:
    """A store and its key file; `first` is the log's first public key."""

    def __init__(self, folder, *, passphrase=None):
        self.path = folder / "annexlog.key"
        self.store = Store.open(folder / "evidence.db", create=True)
        self.first = keys.generate(self.path, "example.com/log", passphrase)
        self.count = 0

    def secret(self):
        return SECRET

    def signer(self):
        return keys.load(self.path, self.secret)

    def record(self):
        self.count += 1
        collect(self.store, f"run {self.count}", look(BUCKETS, NOW + self.count, {"a": self.count}))

    def sign(self):
        return self.store.checkpoint(self.signer())

    def turn(self):
        """What a collection does, as far as keys are concerned."""
        rotation.finish(self.store, self.path, self.secret)
        self.record()
        return self.sign()

    def rotate(self, **leaving):
        destroy = leaving.pop("destroy_old", False)
        self.count += 1
        told = Leaving(NOW + self.count, **leaving)
        return rotation.rotate(self.store, self.path, self.secret, told, destroy_old=destroy)

    def check(self, *given):
        return verify(self.store, keys=given or [self.first])

    def found(self, *given):
        return [(f.where, f.what) for f in self.check(*given).findings]

    def files(self):
        return sorted(path.name for path in self.path.parent.iterdir() if path.name.startswith("annexlog.key"))


@pytest.fixture
def home(tmp_path):
    with (made := Home(tmp_path)).store:
        made.turn()
        yield made


def named(verifier):
    return f"{verifier.name} ({verifier.id.hex()})"


# ── what a rotation does ──────────────────────────────────────────────────────────────────


def test_the_new_key_is_announced_in_the_log_by_the_old_one(home):
    old = home.signer()

    done = home.rotate(reason="yearly", by="ada")

    announcement = keyring.newest(home.store.backend)
    assert announcement.seq == done.seq == 2
    assert {k.verifier: (k.status, k.since, k.endorsed_by) for k in announcement.keys} == {
        old.verifier: (RETIRED, NOW + 2, None),
        done.key: (CURRENT, NOW + 2, old.verifier),
    }
    assert home.store.view().documents("key")[done.key.text]["status"] == "current"
    assert home.store.view().documents("key")[old.verifier.text] == {
        "name": "example.com/log", "key": old.verifier.text, "status": "retired", "since": iso(NOW + 2),
        "endorsed_by": None, "endorsement": None,
    }  # fmt: skip


def test_both_keys_sign_the_announcement_and_then_only_the_new_one(home):
    done = home.rotate()
    both = home.store.last_checkpoint()

    after = home.turn()

    assert (both.size, both.signed_by([home.first, done.key])) == (2, (home.first, done.key))
    assert (after.origin, after.size, after.signed_by([home.first, done.key])) == ("example.com/log", 3, (done.key,))


def test_the_old_private_key_is_kept_aside_where_only_its_owner_can_read_it(home):
    old = home.signer()

    done = home.rotate()

    assert done.kept.name == f"annexlog.key.retired-{old.verifier.id.hex()}"
    assert keys.load(done.kept) == old
    assert home.signer().verifier == done.key
    assert (home.path.parent / "annexlog.key.pub").read_text() == f"{done.key}\n"
    assert home.files() == ["annexlog.key", "annexlog.key.pub", "annexlog.key.redaction", done.kept.name]


def test_the_old_private_key_is_overwritten_and_gone_if_that_is_asked(home):
    with home.path.open("rb") as before:
        done = home.rotate(destroy_old=True)

        assert before.read().strip(b"\0") == b""
    assert (done.kept, home.files()) == (None, ["annexlog.key", "annexlog.key.pub", "annexlog.key.redaction"])


def test_the_new_key_is_encrypted_as_the_old_one_is(tmp_path):
    with (home := Home(tmp_path, passphrase=SECRET)).store:
        home.turn()

        done = home.rotate()

        assert (keys.encrypted(home.path), keys.encrypted(done.kept)) == (True, True)
        assert keys.load(home.path, home.secret).verifier == done.key


def test_a_wrong_passphrase_changes_nothing(tmp_path):
    with (home := Home(tmp_path, passphrase=SECRET)).store:
        home.turn()
        home.secret = lambda: b"something else"

        with pytest.raises(ConfigError, match="the passphrase is wrong"):
            home.rotate()

        assert (home.store.size(), home.files()) == (1, ["annexlog.key", "annexlog.key.pub"])


# ── the key of redacted values ────────────────────────────────────────────────────────────


def redacting(home):
    return redaction_key.load(home.path, home.signer(), home.secret)


def test_the_key_of_redacted_values_is_another_for_every_log_and_outlives_rotations(home, tmp_path):
    (tmp_path / "other").mkdir()
    with (other := Home(tmp_path / "other")).store:
        before = [redacting(home), redacting(other)]
    home.rotate()
    once = redacting(home)
    home.rotate(destroy_old=True)

    assert (len(set(before)), once, redacting(home)) == (2, before[0], before[0])
    assert home.path.with_name("annexlog.key.redaction").stat().st_mode & 0o777 == 0o600


def test_the_key_of_redacted_values_is_encrypted_and_decrypted_with_the_signing_key(tmp_path):
    with (home := Home(tmp_path, passphrase=SECRET)).store:
        home.turn()
        before, beside = redacting(home), home.path.with_name("annexlog.key.redaction")
        home.rotate()
        sealed = [keys.encrypted(beside)]
        keys.decrypt(home.path, home.secret)
        sealed.append(keys.encrypted(beside))
        keys.encrypt(home.path, SECRET)
        sealed.append(keys.encrypted(beside))

        assert (sealed, redacting(home)) == ([True, False, True], before)


def test_after_a_compromise_redacted_values_are_committed_to_with_a_key_that_follows_from_nothing_known(home):
    home.rotate()
    before = redacting(home)

    home.rotate(compromised=NOW)

    assert redacting(home) not in (before, sha256(home.signer().sign(b"annexlog/redaction/1")).digest())


def test_a_lost_passphrase_costs_the_key_of_redacted_values_and_nothing_else(tmp_path):
    with (home := Home(tmp_path, passphrase=SECRET)).store:
        home.turn()
        home.rotate()
        before = redacting(home)
        home.secret = lambda: b"another one by now"

        home.rotate(lost=True)

        assert (redacting(home) == before, len(redacting(home))) == (False, 32)


# ── who may sign ──────────────────────────────────────────────────────────────────────────


def test_a_retired_key_signs_nothing_more(home):
    old = home.signer()
    done = home.rotate()
    home.record()

    with pytest.raises(StoreError) as caught:
        home.store.checkpoint(old)

    assert caught.value.what == f"record 2 names another key as the log's: {done.key}."
    assert home.store.last_checkpoint().size == 2


def test_a_key_that_is_not_the_log_s_signs_nothing(home):
    home.record()

    with pytest.raises(StoreError) as caught:
        home.store.checkpoint(Signer("example.com/log", bytes(32)))

    assert caught.value.what == f"this is not the key of the log, which was signed so far by {named(home.first)}."


# ── verifying ─────────────────────────────────────────────────────────────────────────────


def test_the_first_public_key_leads_through_every_rotation(home):
    for _ in range(3):
        home.rotate()
        home.turn()

    report = home.check()

    assert (report.findings, report.signed, report.checkpoints) == ([], 7, 7)
    assert not [spot for spot in report.blind_spots if "key then" in spot]


def test_with_the_newest_key_alone_it_says_which_checkpoints_it_cannot_check(home):
    home.turn()
    done = home.rotate()
    home.turn()

    report = home.check(done.key)

    assert (report.findings, report.signed) == ([], 4)
    (told,) = [spot for spot in report.blind_spots if "key then" in spot]
    assert told == (
        f"Who signed the 2 checkpoints of sizes 1 to 2: only later records say that {named(home.first)} was the log's "
        f"key then. If you have it from elsewhere, give it as well: --public-key {home.first}"
    )


def test_with_both_keys_nothing_is_left_unchecked(home):
    done = home.rotate()

    report = home.check(home.first, done.key)

    assert report.ok
    assert not [spot for spot in report.blind_spots if "key then" in spot]


def checkpoint(home, *signers, size=None):
    """Put a checkpoint into the store that its own code would not make."""
    size = home.store.size() if size is None else size
    with home.store._logged() as log:
        made = Checkpoint.sign("example.com/log", size, log.root(size), *signers)
    with unguarded(home.store.backend.path) as raw:
        raw.execute("DELETE FROM checkpoint WHERE size = ?", [size])
        raw.execute("INSERT INTO checkpoint VALUES (?, ?)", [size, made.encode()])
    return made


def test_a_retired_key_s_signature_on_a_later_size_is_a_finding(home):
    old = home.signer()
    home.rotate()
    home.record()
    checkpoint(home, old)

    assert home.found() == [
        ("checkpoint (size 3)", f"is not good: it is signed by {named(home.first)}, which record 2 retired")
    ]


def test_a_retired_key_s_signature_beside_a_good_one_is_a_finding_too(home):
    old = home.signer()
    home.rotate()
    home.record()
    checkpoint(home, old, home.signer())

    assert home.found() == [
        ("checkpoint (size 3)", f"is not good: it is signed by {named(home.first)}, which record 2 retired")
    ]


def test_a_checkpoint_from_elsewhere_by_a_retired_key_counts_up_to_its_size(home):
    earlier = home.store.last_checkpoint().encode()
    old = home.signer()
    home.rotate()
    home.turn()
    with home.store._logged() as log:
        later = Checkpoint.sign("example.com/log", 3, log.root(3), old).encode()

    report = verify(home.store, keys=[home.first], checkpoints={"early": earlier, "late": later})

    assert [(f.where, f.what) for f in report.findings] == [
        ("checkpoint given (late)", f"is not good: it is signed by {named(home.first)}, which record 2 retired")
    ]


def announce(home, *known, seq_key="forged"):
    """Record an announcement as who can write to the store could."""
    sweep = Sweep(KEYS, Coverage.COMPLETE, NOW + 50, NOW + 50)
    with home.store.spool() as spool:
        for entry in known:
            spool.add(KEYS, entry.verifier.text, entry.as_json())
        return home.store.record(Run(seq_key, "key", "-", "org", (sweep,)), spool, recorded=NOW + 50)


MALLORY = Signer("example.com/log", b"m" * 32)


def forged(home, **more):
    return Known(home.first, RETIRED, NOW), replace(Known(MALLORY.verifier, CURRENT, NOW), **more)


def test_an_announcement_by_who_has_not_the_old_key_is_found(home):
    announce(home, *forged(home))
    checkpoint(home, MALLORY)

    assert home.found() == [
        ("checkpoint (size 2)", f"is signed by no key that is known, but by {named(MALLORY.verifier)}")
    ]


def test_an_announcement_that_says_to_be_endorsed_by_the_old_key_is_found(home):
    message = keyring.endorsed("example.com/log", home.first, MALLORY.verifier)
    announce(home, *forged(home, endorsed_by=home.first, endorsement=MALLORY.sign(message)))
    checkpoint(home, home.signer(), MALLORY)  # even if the old key's holder could be made to sign it

    assert home.found() == [
        ("run (record 2)", f"no key that counts before it endorsed its new key {named(MALLORY.verifier)}")
    ]


def test_a_forged_announcement_is_not_signed_by_the_log_s_own_key(home):
    announce(home, *forged(home))
    home.record()

    with pytest.raises(StoreError) as caught:
        home.sign()

    assert caught.value.what == f"record 2 names another key as the log's: {MALLORY.verifier}."
    assert "trust nothing since" in caught.value.next


def test_a_key_that_signed_before_it_was_announced_is_found(home):
    home.record()
    done = home.rotate()
    checkpoint(home, home.signer(), size=2)

    assert home.found(home.first, done.key) == [
        (
            "run (record 3)",
            f"its new key {named(done.key)} signed the checkpoint of size 2 already, before it was announced",
        )
    ]


def test_an_announcement_that_its_new_key_did_not_sign_is_found(home):
    old = home.signer()
    done = home.rotate()
    checkpoint(home, old)

    assert home.found() == [
        ("run (record 2)", f"its new key {named(done.key)} did not sign the checkpoint that covers it")
    ]


def test_an_announcement_whose_body_was_changed_is_found(home):
    home.rotate()
    with unguarded(home.store.backend.path) as raw:
        body = "SELECT v.bid FROM version v JOIN line l ON l.lid = v.lid WHERE l.type = 'key' LIMIT 1"
        raw.execute(f"UPDATE blob SET size = 2, did = NULL, base_bid = NULL, z = x'7b7d' WHERE bid = ({body})")

    found = home.found()

    assert {where for where, _ in found} >= {"run (record 2)"}
    assert not home.check().ok


# ── taken and lost ────────────────────────────────────────────────────────────────────────


def test_a_key_that_may_have_been_taken_casts_doubt_on_what_it_signed_since(home):
    taken = home.count + NOW + 1
    home.turn()
    home.turn()
    home.rotate(compromised=taken)
    home.turn()

    report = home.check()

    assert report.ok
    assert keyring.newest(home.store.backend).keys[0].status == COMPROMISED
    (told,) = [spot for spot in report.blind_spots if "taken" in spot]
    assert told == (
        f"That somebody else wrote the log with the key {named(home.first)}: record 4 says that it may have been taken "
        f"since {iso(taken)}; the 2 checkpoints of sizes 2 to 3, which it alone signed since, prove nothing against "
        "who took it. A checkpoint kept elsewhere shows whether anything was rewritten."
    )


def test_after_a_lost_key_the_log_goes_on_for_who_has_both_public_keys(home):
    home.path.unlink()

    done = home.rotate(lost=True)
    home.turn()

    assert {k.verifier: k.status for k in keyring.newest(home.store.backend).keys} == {
        home.first: LOST,
        done.key: CURRENT,
    }
    assert home.found(home.first, done.key) == []
    assert home.found() == [
        (f"checkpoint (size {size})", f"is signed by no key that is known, but by {named(done.key)}") for size in (2, 3)
    ]


def test_a_key_is_changed_on_each_kind_of_store(place, tmp_path):
    home = Home(tmp_path)
    home.store.close()
    with Store.open(place, create=True) as home.store:
        home.turn()
        done = home.rotate()
        home.turn()

        report = home.check()

        assert (report.findings, report.signed, home.signer().verifier) == ([], 3, done.key)


# ── interrupted ───────────────────────────────────────────────────────────────────────────


class Killed(BaseException):
    """The process ends here."""


def ending(monkeypatch, at):
    """Let the process end where it is about to make its file or folder number `at` durable."""
    whole, calls = os.fsync, iter(range(1000))

    def ends(handle):
        if next(calls) == at:
            raise Killed
        whole(handle)

    monkeypatch.setattr(os, "fsync", ends)


FILES = 13
"""How many times a rotation makes a file or a folder durable."""
SIGNED = 6
"""How many times before both keys have signed."""


def signing(store):
    """The log's current key as the log says, or its first."""
    announcement = keyring.newest(store.backend)
    return announcement.current.verifier if announcement else None


@pytest.mark.parametrize("at", range(FILES))
def test_the_next_command_heals_a_rotation_that_ended_at_any_write(home, monkeypatch, at):
    with monkeypatch.context() as patched:
        ending(patched, at)
        with pytest.raises(Killed):
            home.rotate()

    made = home.turn()

    announced = signing(home.store) or home.first
    assert home.found() == []
    assert (made.signed_by([announced]), home.signer().verifier) == ((announced,), announced)
    assert home.rotate().seq == home.store.size()
    assert home.found() == []
    assert not [name for name in home.files() if "next" in name]


def test_what_was_recorded_after_both_signed_is_signed_by_the_new_key_alone(home, monkeypatch):
    with monkeypatch.context() as patched:
        ending(patched, SIGNED)
        with pytest.raises(Killed):
            home.rotate()
    both = home.store.last_checkpoint().size
    home.record()  # by another host, that does not sign

    made = home.turn()

    assert (both, made.size, made.signed_by([home.first]), home.found()) == (2, 4, (), [])


def test_the_number_of_writes_of_a_rotation_is_the_one_that_is_tested(home, monkeypatch):
    ending(monkeypatch, FILES)

    assert home.rotate().seq == 2  # one more would have ended it


@pytest.mark.parametrize("asked", range(4))
@pytest.mark.parametrize("heal", ["turn", "rotate"])
def test_a_rotation_that_ended_where_the_passphrase_was_needed_is_healed(tmp_path, asked, heal):
    """The third and fourth time are between the record and the checkpoint."""
    with (home := Home(tmp_path, passphrase=SECRET)).store:
        home.turn()
        calls = iter(range(100))

        def ends():
            if next(calls) == asked:
                raise Killed
            return SECRET

        home.secret, whole = ends, home.secret
        with pytest.raises(Killed):
            home.rotate()
        home.secret = whole

        getattr(home, heal)()
        home.turn()

        announced = signing(home.store) or home.first
        assert (home.found(), home.signer().verifier) == ([], announced)
        assert (announced == home.first) == (heal == "turn" and asked < 2)


def test_nobody_signs_before_an_interrupted_rotation_is_finished(tmp_path):
    with (home := Home(tmp_path, passphrase=SECRET)).store:
        home.turn()
        calls = iter(range(100))
        home.secret, whole = (lambda: SECRET if next(calls) < 2 else 1 / 0), home.secret
        with pytest.raises(ZeroDivisionError):
            home.rotate()
        home.secret = whole
        new = keys.load(rotation.next_path(home.path), whole)

        refused = []
        for signer in (home.signer(), new):
            with pytest.raises(StoreError) as caught:
                home.store.checkpoint(signer)
            refused.append(caught.value.what)

        assert refused == [
            f"record 2 names another key as the log's: {new.verifier}.",
            "the change to a new key was interrupted.",
        ]
