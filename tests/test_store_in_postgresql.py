"""The command line with a store in PostgreSQL says what it says with one in a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.home import TARGET, Home

sys.path.append(str(Path(__file__).parent / "evidence_store"))  # the store's own tests are no package

if TYPE_CHECKING:
    from servers import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    from servers import serving  # noqa: PLC0415 — found by the path above

    with serving() as server:
        yield server


def answers(home: Home) -> list[Any]:
    """What is told of the estate and of how it is known, but for the moment of asking."""
    told = [orjson.loads(home.annexlog(command, "--json").out) for command in ("outcomes", "runs")]
    return [{name: value for name, value in document.items() if name != "at"} for document in told]


def test_a_collection_into_postgresql_is_made_judged_verified_and_copied_as_one_in_a_file(
    home: Home, server: Server
) -> None:
    with server.database() as url:
        home.configure(f'store = "{url}"\n{TARGET}')
        codes = [home.annexlog(*words).code for words in (["store", "init", "--no-roles"], ["collect"], ["verify"])]
        status = home.annexlog("status")
        there = answers(home)
        copied = home.annexlog("store", "copy", url, str(home.store))
    home.configure(TARGET)

    here = answers(home)

    assert (codes[0], codes[2], copied.code, "it verifies" in copied.out) == (0, 0, 0, True)
    assert (status.err, len(there[0]["outcomes"]) > 50) == ("", True)
    assert there == here
