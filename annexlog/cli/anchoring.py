"""Commands for anchors: anchor now, list, export."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from annexlog.cli import render, shapes
from annexlog.cli.opening import as_json, configuration, opened
from annexlog.cli.texts import moment, reason_of, short
from annexlog.evidence_store.model import REASONS, ConfigError, Unknown

if TYPE_CHECKING:
    from annexlog.anchoring import Sent, Standing
    from annexlog.anchors import Anchor
    from annexlog.config import Config

SHOWN = 20
"""So many sizes that were never anchored are printed; --json has all."""


@click.group()
def anchor() -> None:
    """Send checkpoints out of reach, and show which are where."""


@anchor.command()
@click.argument("names", nargs=-1)
def now(names: tuple[str, ...]) -> int:
    """Send the newest checkpoint now, to every anchor or to NAMES."""
    from annexlog.cycle import Cycle

    config = configuration()
    _known(config, names)
    if not config.store.exists():
        raise ConfigError("there is no evidence yet.", where=str(config.store), next="Collect some: annexlog collect")
    sent = Cycle(config).anchor(names or tuple(config.anchors))
    if not sent:
        render.say("Nothing is recorded yet that could be anchored.")
    for one in sent:
        if one.refused is None:
            render.say(f"{one.name}: has the checkpoint of {one.size} records.", style="green")
    say_refused(sent)
    return 3 if any(one.refused for one in sent) else 0


def _known(config: Config, names: Iterable[str]) -> None:
    if not config.anchors:
        raise ConfigError(
            "no anchor is configured.", where=str(config.file), next="Add [anchors.NAME]: see docs/anchors.md."
        )
    for name in names:
        if name not in config.anchors:
            raise click.UsageError(f"there is no anchor {name!r}; configured are {', '.join(config.anchors)}.")


def say_refused(sent: Iterable[Sent]) -> None:
    """Print what anchors refused, and what they missed before."""
    for one in sent:
        if one.refused:
            where = f"anchor {one.name} ({one.anchor.place()})"
            told = f"{where}: {one.refused.reason}: {one.refused.message}. {one.refused.next}".rstrip()
            render.say(told, style="magenta")
        if one.missed:
            count, above, below = one.missed
            render.say(
                f"anchor {one.name} works again; {count} checkpoints between {above} and {below} records "
                "were never anchored there."
            )


# ── how things stand ──────────────────────────────────────────────────────────────────────


@anchor.command(name="list")
@as_json
def list_(json: bool) -> int:
    """Show each anchor: what it has, what it lacks, and since when it fails."""
    from annexlog.anchoring import never_anchored, standing

    config = configuration()
    _known(config, ())
    with opened(config) as store:
        stand = list(standing(store, store.view(), config))
        missing = {name: never_anchored(store, name, one) for name, one in config.anchors.items()}
    if json:
        render.emit(shapes.Anchors(anchors=[entry(one) for one in stand], never_anchored=missing))
        return _code(stand)
    rows = [
        (
            one.name,
            one.kind,
            one.place,
            f"{one.size} of {one.of}",
            words(one),
            short(one.since),
            _few(missing[one.name]),
        )
        for one in stand
    ]
    render.table(("anchor", "kind", "place", "records", "state", "since", "sizes never anchored"), rows)
    return _code(stand)


def _code(stand: Sequence[Standing]) -> int:
    return 3 if any(one.refusal for one in stand) else 0


def _few(sizes: Sequence[int]) -> str:
    more = f" … {len(sizes) - SHOWN} more" if len(sizes) > SHOWN else ""
    return ", ".join(map(str, sizes[-SHOWN:])) + more


def entry(one: Standing) -> shapes.AnchorEntry:
    return shapes.AnchorEntry(
        name=one.name,
        kind=one.kind,
        place=one.place,
        anchored=one.size,
        records=one.of,
        state=one.status.value if one.status else None,
        since=moment(one.since),
        reason=reason_of(one.refusal),
    )


def words(one: Standing) -> str:
    """`complete`, `not used yet`, or why it does not work."""
    if one.status is None:
        return "not used yet"
    return why(one.refusal) if one.refusal else one.status.value


def why(refusal: Unknown) -> str:
    by = f" ({refusal.code})" if refusal.code else ""
    needs = f"; needs {refusal.permission}" if refusal.permission else ""
    told = {
        "denied": "it refused",
        "unsupported": "something that it needs is not there",
        "throttled": "it asked to slow down",
        "failed": "it could not be reached, or failed",
        "unreadable": "its answer was not good",
        "deadline": "it did not answer in time",
    }.get(refusal.reason, REASONS.get(refusal.reason, refusal.reason))
    return f"{refusal.reason}{by}: {told}{needs}"


def say_standing(stand: Iterable[Standing]) -> None:
    """For `status`: one line for each anchor."""
    for one in stand:
        has = f"anchor {one.name} ({one.kind}) has {one.size} of {one.of} records"
        if one.refusal:
            render.say(f"{has}; failing since {short(one.since)}: {why(one.refusal)}", style="magenta")
        else:
            render.say(f"{has}." if one.status else f"{has}: not used yet.")


# ── taking out ────────────────────────────────────────────────────────────────────────────


@anchor.command()
@click.option("--size", type=int, help="The checkpoint or token of this many records; the newest by default.")
@click.option("--token", metavar="NAME", help="What the anchor NAME gave, instead of the checkpoint.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this new file.")
def export(size: int | None, token: str | None, out: Path | None) -> None:
    """Write a checkpoint, or what an anchor gave for it, to keep it elsewhere or check it with other tools."""
    config = configuration()
    if token is not None:
        _known(config, [token])
    data = _exported(config, size, config.anchors[token] if token else None, token or "")
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}.", where=str(out), next="Name a new file.") from None


def _exported(config: Config, size: int | None, one: Anchor | None, name: str) -> bytes:
    from annexlog.anchoring import kind_of

    least, most = (0, 2**62) if size is None else (size, size)
    sql = "SELECT note FROM checkpoint WHERE size >= ? AND size <= ? ORDER BY size DESC LIMIT 1"
    values: list[object] = [least, most]
    if one is not None:
        sql = "SELECT token FROM anchor WHERE size >= ? AND size <= ? AND kind = ? ORDER BY size DESC LIMIT 1"
        values.append(kind_of(name, one))
    with opened(config) as store:
        row = next(store.backend.select(sql, values), None)
    if row is None:
        raise ConfigError("there is none of this size.", next="List them: annexlog anchor list")
    return bytes(row[0])
