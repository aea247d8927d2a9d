"""`annexlog` and `python -m annexlog`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    from annexlog.cli import run  # noqa: PLC0415 — importing the entry point must cost nothing

    spare()
    sys.exit(run(sys.argv[1:]))


def spare() -> None:
    """Let Python look for circles of garbage less often: few come up, and each look goes through all definitions."""
    gc.set_threshold(20_000, 20, 50)


if __name__ == "__main__":
    main()
