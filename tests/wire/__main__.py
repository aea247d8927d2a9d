"""Serve a saved tape from a process of its own, until its input ends: `python -m tests.wire FILE [PORT]`.

Its first line of output is its endpoint.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.wire.http import Server
from tests.wire.tape import Tape


def main(path: str, port: str = "0") -> None:
    with Server(Tape.load(Path(path)).replay, port=int(port)) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
