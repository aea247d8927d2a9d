"""`annexlog` and `python -m annexlog`."""

from __future__ import annotations

import sys


def main() -> None:
    from annexlog.cli import run  # noqa: PLC0415 — importing the entry point must cost nothing

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
