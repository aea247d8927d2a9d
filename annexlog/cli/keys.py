"""The group `annexlog key`: the key that signs the log."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from annexlog.cli import render, shapes
from annexlog.cli.opening import Instant, as_json, configuration, opened
from annexlog.evidence_store.model import ConfigError, Millis, iso

_passphrase_file = click.option(
    "--passphrase-file", "file", type=click.Path(path_type=Path), metavar="FILE",
    help="The first line of FILE is the passphrase; nobody else may be able to read it.",
)  # fmt: skip


@click.group()
def key() -> None:
    """Make, encrypt, change and show the key that signs the log.

    An encrypted key needs its passphrase wherever something is recorded. It comes from the file that
    key_passphrase_file in annexlog.toml names, or the variable ANNEXLOG_PASSPHRASE_FILE, or is asked for on the
    terminal. Checking needs the public key alone.
    """


@key.command()
@click.option("--name", help="The log's name, such as example.com/annexlog; made of the key if left out.")
@click.option("--encrypted", is_flag=True, help="Encrypt it with a passphrase.")
@_passphrase_file
def generate(name: str | None, encrypted: bool, file: Path | None) -> None:
    """Make a signing key where annexlog.toml names one that is not there yet."""
    from annexlog.evidence_store import keys
    from annexlog.signing import new_passphrase

    config = configuration()
    if config.key.exists():
        raise ConfigError("there is a key here already.", where=str(config.key), next="See: annexlog key rotate --help")
    secret = new_passphrase(config, file) if encrypted or file else None
    public = keys.generate(config.key, name, secret)
    render.say(f"Wrote {config.key}.")
    render.say(f"Public key, for whoever is to check the log: {public}")


@key.command()
@_passphrase_file
def encrypt(file: Path | None) -> None:
    """Encrypt the signing key with a passphrase, in its place.

    The file then holds the public key and the private one as PKCS#8 (scrypt, AES-256-CBC), which `openssl pkey` reads.
    """
    from annexlog.evidence_store import keys
    from annexlog.signing import new_passphrase

    config = configuration()
    if keys.encrypted(config.key):
        raise ConfigError("the key is encrypted already.", where=str(config.key), next="First: annexlog key decrypt")
    keys.encrypt(config.key, new_passphrase(config, file))
    render.say(f"{config.key} is encrypted. A backup or snapshot of before holds it as it was.")
    beside = (file or config.key_passphrase_file or Path("/")).absolute().parent
    if beside in (config.key.parent, config.store.parent):
        render.say("Its passphrase lies beside it: whoever takes one takes the other. Keep it elsewhere.", style="red")
    if config.key_passphrase_file is None:
        render.say("For cron or a daemon, set key_passphrase_file in annexlog.toml.")


@key.command()
@_passphrase_file
def decrypt(file: Path | None) -> None:
    """Keep the signing key unencrypted from now on."""
    from annexlog.evidence_store import keys
    from annexlog.signing import passphrase

    config = configuration()
    keys.decrypt(config.key, passphrase(config, file))
    render.say(f"{config.key} is not encrypted any more.")


@key.command()
@click.option("--pem", is_flag=True, help="As SubjectPublicKeyInfo in PEM, for tools that do not read signed notes.")
def export(pem: bool) -> None:
    """Print the public key, for whoever is to check the log."""
    from annexlog.evidence_store import keys, pkcs8

    public = keys.public(configuration().key)
    click.echo(pkcs8.spki(public.public) if pem else public.text)


@key.command()
@as_json
def show(json: bool) -> None:
    """Show the configured key, and every key of the log with its status."""
    from annexlog.evidence_store import keyring, keys

    config = configuration()
    public = keys.public(config.key)
    known: tuple[keyring.Known, ...] = ()
    record = None
    if config.store.exists():
        with opened(config) as store:
            announcement = keyring.newest(store.backend)
        known, record = (announcement.keys, announcement.seq) if announcement else ((), None)
    rows = [shapes.LogKey(key=k.verifier.text, status=k.status, since=iso(k.since)) for k in known]  # type: ignore[arg-type]  # checked when it was read
    sealed = keys.encrypted(config.key)
    if json:
        render.emit(shapes.Keys(key=public.text, file=str(config.key), encrypted=sealed, record=record, keys=rows))
        return
    render.say(f"{public}")
    render.say(f"In {config.key}, {'encrypted' if sealed else 'not encrypted'}.")
    if record is None:
        render.say("The log announces no key: all checkpoints are by its first one.")
    else:
        render.say(f"Keys of the log, as record {record} says:")
        render.table(("status", "since", "public key"), ((r.status, r.since, r.key) for r in rows))


@key.command()
@click.option("--reason", help="Why; kept in the log.")
@click.option("--compromised", type=Instant(), metavar="SINCE", help="Somebody else may have the old key since then.")
@click.option("--lost", is_flag=True, help="Nobody has the old key: the new one goes on unannounced by it.")
@click.option("--destroy-old", is_flag=True, help="Keep no copy of the old private key.")
@_passphrase_file
def rotate(reason: str | None, compromised: Millis | None, lost: bool, destroy_old: bool, file: Path | None) -> None:
    """Go over to a new signing key, announced in the log by the old one.

    Who has the first public key can check the whole log: each key leads to the next. If this is interrupted, call it
    again, or collect: it goes on where it ended. Values that are redacted stay comparable: the key that they are
    committed to with is kept in a file of its own, ending in .redaction, beside the new key. Only if the old key is
    compromised, or both are lost, is it made anew: such values then read as changed once.
    """
    from annexlog.collectors.clock import SystemClock
    from annexlog.cycle import Cycle
    from annexlog.evidence_store.rotation import Leaving

    if lost and compromised is not None:
        raise click.UsageError("a key is either lost or compromised: --lost is for one that cannot sign any more.")
    config = configuration()
    with opened(config):
        pass  # says how to begin, where nothing is recorded yet
    leaving = Leaving(SystemClock().now(), reason or "-", getpass.getuser(), compromised, lost)
    done = Cycle(config).rotate(leaving, destroy_old=destroy_old, given=file)
    render.say(f"Record {done.seq} announces the new key, in {config.key}.")
    render.say(f"Public key, for whoever is to check the log: {done.key}")
    if done.kept is not None:
        render.say(f"The old one is kept in {done.kept}.")
    if lost:
        render.say("The old key could not announce it: to check the whole log, give `verify` both public keys.")
    if compromised is not None:
        render.say("Compare the log with checkpoints that were kept elsewhere: annexlog verify --checkpoint FILE")
