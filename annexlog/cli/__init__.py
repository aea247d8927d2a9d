"""The command line: finds a command's module only when it is called, and turns errors into one paragraph."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import click

from annexlog import __version__
from annexlog.cli.lazy import Lazy
from annexlog.evidence_store.model import AnnexlogError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("annexlog.demo", "Show everything on a simulated AWS organization, in a minute."),
    "init": ("annexlog.cli.setup", "Write a commented annexlog.toml and a signing key."),
    "doctor": ("annexlog.cli.setup", "Say what would work, what is missing, and how to mend it."),
    "plan": ("annexlog.cli.setup", "Show how many calls a day it will make, before any call."),
    "permissions": ("annexlog.cli.setup", "Print the least-privilege policy, and what each permission buys."),
    "plugins": ("annexlog.cli.setup", "List providers and resource types."),
    "collect": ("annexlog.cli.collecting", "Look at everything that is configured, record it and judge it."),
    "assess": ("annexlog.cli.collecting", "Judge what is recorded, again."),
    "watch": ("annexlog.cli.collecting", "Keep collecting on schedule until stopped."),
    "status": ("annexlog.cli.reading", "Show the state of the 93 Annex A controls."),
    "show": ("annexlog.cli.reading", "Show one control: its tests, what fails, and the evidence."),
    "outcomes": ("annexlog.cli.reading", "List outcomes, one per test and resource."),
    "history": ("annexlog.cli.reading", "Show how a control, a test or a resource changed."),
    "population": ("annexlog.cli.reading", "List a population as it was, and how it was seen."),
    "runs": ("annexlog.cli.reading", "List recorded runs."),
    "gaps": (
        "annexlog.cli.reading",
        "List the times in which nothing was looked at although it was due, and where second sources differ.",
    ),
    "key": ("annexlog.cli.keys", "Make, encrypt, change and show the key that signs the log."),
    "anchor": ("annexlog.cli.anchoring", "Send checkpoints out of reach, and show which are where."),
    "verify": ("annexlog.cli.proving", "Check every byte of the store against its signed log."),
    "replay": ("annexlog.cli.proving", "Judge a past assessment again, from its own day's evidence."),
    "proof": ("annexlog.cli.proofs", "Make and check proofs of populations and outcomes."),
    "export": ("annexlog.cli.exporting", "Write evidence for others, in files that other tools read."),
    "store": ("annexlog.cli.storing", "Keep the store: copies, space, retention."),
    "mappings": ("annexlog.cli.authoring", "Check and list control tests and control pages."),
}
"""Each command's module, and its help line (a test compares it with the command's own)."""


@click.group(
    cls=Lazy, families=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, message="annexlog %(version)s")
@click.option("-C", "--folder", metavar="DIR", help="Use DIR/annexlog.toml.")
@click.option("-c", "--config", metavar="FILE", help="Use this configuration file.")
@click.pass_context
def main(ctx: click.Context, folder: str | None, config: str | None) -> None:
    """Keep dated, verifiable proof of what your technical controls under ISO/IEC 27001:2022 Annex A did and did not do.

    Exit codes: 0 fine; 1 a control is not met; 2 wrong usage or configuration; 3 something could not be seen.
    """
    ctx.obj = {"folder": folder, "config": config}


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; an error is one paragraph on stderr, never a traceback."""
    sys.excepthook = _internal_error
    try:
        code = main.main(args=list(arguments), prog_name="annexlog", standalone_mode=False)
    except AnnexlogError as error:
        click.echo(f"annexlog: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("annexlog: stopped; everything recorded so far is kept.", err=True)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left; nothing to say to it
        return 0
    return code if isinstance(code, int) else 0


def _internal_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    handle, name = tempfile.mkstemp(prefix="annexlog-crash-", suffix=".txt")
    with os.fdopen(handle, "w") as file:
        traceback.print_exception(kind, error, trace, file=file)
    click.echo(
        f"annexlog: internal error ({kind.__name__}). Recorded evidence is untouched. "
        f"Please report it with {Path(name)}, after reading it through for anything private.",
        err=True,
    )
