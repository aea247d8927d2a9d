"""Go over to a new signing key: it is announced in the log by the old one, and every step may be interrupted.

1. The new key is written beside the old one (`<key>.next`), and before it the key of redacted values (`redaction_key`).
2. A record of kind `key` announces it.
3. A checkpoint over that record is signed by both.
4. The old key is put aside (`<key>.retired-<key id>`) and the new one takes its place.

Until 2 the old key stays the log's; from there on `finish` does what is left, whenever a key is next needed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from annexlog.evidence_store import keyring, keys, redaction_key, secret_files
from annexlog.evidence_store.keyring import COMPROMISED, CURRENT, KEYS, LOST, RETIRED, Announcement, Known
from annexlog.evidence_store.keys import Passphrase, Signer, Verifier
from annexlog.evidence_store.model import Coverage, Millis, Run, Sweep
from annexlog.evidence_store.store import Store


@dataclass(frozen=True, slots=True)
class Leaving:
    """Why the old key goes, as the record keeps it. `compromised`: since when somebody else may have it.

    `lost`: nobody has it, so that it cannot announce the new one: whoever verifies has to be given both.
    """

    now: Millis
    reason: str = "-"
    by: str = "-"
    compromised: Millis | None = None
    lost: bool = False

    @property
    def status(self) -> tuple[str, Millis]:
        """What the old key is from now on, and since when."""
        if self.lost:
            return LOST, self.now
        return (RETIRED, self.now) if self.compromised is None else (COMPROMISED, self.compromised)


@dataclass(frozen=True, slots=True)
class Rotated:
    """`seq`: the record that announces the new `key`. `kept`: where the old private key lies; None if nowhere."""

    seq: int
    key: Verifier
    kept: Path | None


def next_path(path: Path) -> Path:
    """Where the new key lies until it takes the old one's place."""
    return path.with_name(f"{path.name}.next")


def rotate(store: Store, path: Path, passphrase: Passphrase, leaving: Leaving, *, destroy_old: bool = False) -> Rotated:
    """Make a new key that of the log; what an interrupted rotation began is finished instead.

    The new key has the log's name, and is encrypted if the old one is. `destroy_old`: keep no copy of the old private
    key (where a disk or a snapshot does not keep one all the same). Raises ConfigError, StoreError: the old key is
    still the log's then, or the next call goes on where this one ended.
    """
    with store.exclusive():
        if _announced(store, path) is None:
            sealed = path.exists() and keys.encrypted(path)
            old = None if leaving.lost else keys.load(path, passphrase)
            last = store.last_checkpoint()
            new = keys.made(last.origin if last else old.name if old else None, where=str(path))
            secret = passphrase() if sealed else None
            redaction_key.keep(path, old, secret, known=leaving.compromised is not None)
            secret_files.replace(next_path(path), keys.text(new, secret))
            _announce(store, _known(store, path, leaving), old, new, leaving)
        return _complete(store, path, passphrase, destroy_old=destroy_old)


def finish(store: Store, path: Path, passphrase: Passphrase) -> bool:
    """Finish a rotation that was interrupted once it was recorded; whether there was anything to do.

    Raises ConfigError, StoreError.
    """
    if not next_path(path).exists():
        return False
    with store.exclusive():
        if _announced(store, path) is None:
            return False  # the old key goes on; the next rotation begins anew
        _complete(store, path, passphrase, destroy_old=False)
    return True


def _announced(store: Store, path: Path) -> Announcement | None:
    """The log's announcement of the key that waits to take the old one's place, if there is one."""
    announcement = keyring.newest(store.backend)
    if announcement is None or not next_path(path).exists():
        return None
    return announcement if keys.public(next_path(path)) == announcement.current.verifier else None


def _known(store: Store, path: Path, leaving: Leaving) -> list[Known]:
    """The keys of the log so far, the current one as it is from now on."""
    announcement = keyring.newest(store.backend)
    status, since = leaving.status
    if announcement is not None:
        return [
            replace(known, status=status, since=since) if known.status == CURRENT else known
            for known in announcement.keys
        ]
    if path.exists():
        return [Known(keys.public(path), status, since)]
    kept = keys.public_path(path)
    return [Known(keys.verifier(kept.read_text()), status, since)] if kept.exists() else []


def _announce(store: Store, before: list[Known], old: Signer | None, new: Signer, leaving: Leaving) -> None:
    known = Known(new.verifier, CURRENT, leaving.now)
    if old is not None:
        endorsement = old.sign(keyring.endorsed(new.name, old.verifier, new.verifier))
        known = replace(known, endorsed_by=old.verifier, endorsement=endorsement)
    told = {"operation": "key rotate", "reason": leaving.reason, "by": leaving.by}
    sweep = Sweep(KEYS, Coverage.COMPLETE, leaving.now, leaving.now, provenance=told)
    with store.spool() as spool:
        for entry in (*before, known):
            spool.add(KEYS, entry.verifier.text, entry.as_json())
        store.record(Run(f"key/{new.verifier}", "key", "-", KEYS.scope, (sweep,)), spool, recorded=leaving.now)


def _complete(store: Store, path: Path, passphrase: Passphrase, *, destroy_old: bool) -> Rotated:
    """What follows on the record: the checkpoint by both keys, and the new one in the old one's place."""
    announcement = keyring.newest(store.backend)
    assert announcement is not None  # noqa: S101 — it was just recorded, or found
    new = keys.load(next_path(path), passphrase)
    signers = [new]
    last = store.last_checkpoint()
    if announcement.current.endorsed_by is not None and (last is None or last.size < announcement.seq):
        signers.insert(0, keys.load(path, passphrase))
    store.checkpoint(*signers)
    there = path.exists()
    kept = None
    if there and not destroy_old:
        kept = path.with_name(f"{path.name}.retired-{keys.public(path).id.hex()}")
        secret_files.copy(path, kept)
    secret_files.replace(keys.public_path(path), new.verifier.text, 0o644)
    secret_files.move(next_path(path), path, wipe=there and destroy_old)
    return Rotated(announcement.seq, new.verifier, kept)
