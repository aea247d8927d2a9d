"""Commands that prove: verify, replay."""

from __future__ import annotations

from pathlib import Path

import click

from annexlog.cli import render, shapes
from annexlog.cli.opening import as_json, configuration, opened
from annexlog.evidence_store.model import Outcome, iso

LIMIT = 50
_DISPOSED = 3
"""Exit code: something could not be seen."""


@click.command()
@click.option("--checkpoint", "kept", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Checkpoints that were kept elsewhere, one or more in a file: finds truncation, forks and "
                   "rewriting. May be repeated.")  # fmt: skip
@click.option("--since", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A checkpoint at which all was verified: check what came after it, and say what is not looked at "
                   "again.")  # fmt: skip
@click.option("--public-key", "public_keys", multiple=True,
              help="The log's public key, its first one to check all of it; that of the configured signing key by "
                   "default. May be repeated.")  # fmt: skip
@click.option("--tsa-ca", "tsa", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Certificates (PEM) of a timestamp authority, besides those that are configured. "
                   "May be repeated.")  # fmt: skip
@click.option("--witness-key", "witnesses", multiple=True,
              help="A witness's public key, besides those that are configured. May be repeated.")  # fmt: skip
@as_json
def verify(
    kept: tuple[Path, ...],
    since: Path | None,
    public_keys: tuple[str, ...],
    tsa: tuple[Path, ...],
    witnesses: tuple[str, ...],
    json: bool,
) -> int:
    """Check every byte of the store against its signed log."""
    from annexlog.anchoring import trust
    from annexlog.evidence_store import keys
    from annexlog.evidence_store.verify import verify as check

    config = configuration()
    verifiers = [keys.verifier(text) for text in public_keys] or [keys.public(config.key)]
    with opened(config) as store:
        checkpoints = {str(file): file.read_bytes() for file in kept}
        trusted, known = trust(config, tsa, witnesses), None if since is None else since.read_bytes()
        report = check(store, keys=verifiers, checkpoints=checkpoints, trust=trusted, since=known)
    if json:
        verdict = shapes.Verified(
            ok=report.ok,
            records=report.records,
            findings=[shapes.Finding(where=f.where, what=f.what) for f in report.findings],
            total_findings=report.total,
            shown=list(report.shown),
            not_seen_without_anchor=list(report.blind_spots),
        )
        render.emit(verdict)
        return 0 if report.ok else 1
    for finding in report.findings[:LIMIT]:
        render.say(f"{finding.where}: {finding.what}", style="red")
    if report.total > LIMIT:
        render.say(f"{report.total - LIMIT} more; --json lists them.")
    whole = "what was looked at" if since else "every byte"
    told = f"{whole} is what its signed log committed to" if report.ok else f"{report.total} findings"
    render.say(f"{report.records} records checked: {told}.", style="green" if report.ok else "bold red")
    for what in report.shown:
        render.say(f"Shown by anchors: {what}")
    for spot in report.blind_spots:
        render.say(f"{'Not seen' if since else 'Not seen without an anchor elsewhere'}: {spot}")
    return 0 if report.ok else 1


@click.command()
@click.argument("record", type=int, required=False)
@click.option("--test", help="Only this test.")
@click.option("--resource", help="Only this resource id.")
@as_json
def replay(record: int | None, test: str | None, resource: str | None, json: bool) -> int:
    """Judge a past assessment again, from its own day's evidence."""
    from annexlog.assessing import latest
    from annexlog.assessing import replay as again

    with opened(configuration()) as store:
        result = again(store, latest(store) if record is None else record, test=test, resource=resource)
    if json:
        differences = [
            shapes.ReplayDifference(test=d.test, resource=d.id, scope=d.scope,
                                    recorded=_status(d.recorded),
                                    replayed=_status(d.replayed))
            for d in result.differences
        ]  # fmt: skip
        at = iso(result.now)
        render.emit(
            shapes.Replayed(
                run=result.seq, at=at, outcomes=result.outcomes, disposed=result.disposed, differences=differences
            )
        )
        return 1 if differences else _DISPOSED if result.disposed else 0
    left = " that can still be judged" if result.disposed else ""
    same = f"all {result.outcomes - result.disposed} outcomes{left} are as recorded"
    told = f"{len(result.differences)} of {result.outcomes} outcomes differ" if result.differences else same
    render.say(f"Record {result.seq}, judged as of {iso(result.now)} from the first {result.upto} records: {told}.")
    if result.differences:
        rows = [
            (d.test, d.id, d.scope, _status(d.recorded) or "none", _status(d.replayed) or "none")
            for d in result.differences[:LIMIT]
        ]
        render.table(("test", "resource", "scope", "recorded", "replayed"), rows)
    if result.disposed:
        render.say(f"Disposed: of {result.disposed} outcomes the evidence is gone, in part or whole. See why: "
                   "annexlog population disposal --scope org")  # fmt: skip
    return 1 if result.differences else _DISPOSED if result.disposed else 0


def _status(outcome: Outcome | None) -> shapes.StatusName | None:
    return None if outcome is None else outcome.status.value
