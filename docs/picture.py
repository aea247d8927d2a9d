"""Make the README's picture: run `annexlog demo` and draw what it printed, `python -m docs.picture`."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).resolve().parent / "demo.svg"
COLUMNS = 130


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "annexlog", "demo"]
        environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
        shown = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print("$ annexlog demo")
    console.print(Text.from_ansi(shown.stdout))
    PICTURE.write_text(console.export_svg(title="annexlog demo"), encoding="utf-8")


if __name__ == "__main__":
    main()
