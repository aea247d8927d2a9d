"""How answers look: tables for people on a terminal, JSON for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {
    "met": "green", "pass": "green", "complete": "green", "ok": "green",
    "deviating": "yellow", "partial": "yellow", "supplement": "yellow", "warn": "yellow",
    "not_met": "bold red", "fail": "red", "failed": "red", "denied": "red", "missing": "red",
    "unknown": "magenta", "unsupported": "magenta",
    "not_tested": "dim", "not_applicable": "dim", "excluded": "dim",
}  # fmt: skip
"""Colour only repeats what the word says."""


def console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    piped = not (sys.stderr if stderr else sys.stdout).isatty() and "FORCE_COLOR" not in os.environ
    return Console(stderr=stderr, highlight=False, soft_wrap=piped, width=_PIPED_WIDTH if piped else None)


_PIPED_WIDTH = 160


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", right: Iterable[str] = ()) -> None:
    """Print a table; a cell that is a known word gets its colour, columns named in `right` are aligned right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    aligned = set(right)
    for column in columns:
        grid.add_column(column, justify="right" if column in aligned else "left", overflow="fold")
    for row in rows:
        cells = ["" if cell is None else str(cell) for cell in row]
        grid.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in cells))
    console().print(grid)


def say(text: str = "", *, style: str = "") -> None:
    """Print one paragraph."""
    console().print(text, style=style, markup=False)


def emit(value: Any) -> None:
    """Print one JSON document, indented, and a newline."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
