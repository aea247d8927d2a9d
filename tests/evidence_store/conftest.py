"""Stores to tamper with, made once, and fresh copies of them; a PostgreSQL server and its databases."""

import shutil

import pytest
from servers import serving
from tampering import fill, fill_long

from annexlog.evidence_store.store import Store


@pytest.fixture(scope="session")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    fill(folder / "short.db")
    fill_long(folder / "long.db")
    return folder


@pytest.fixture
def copy(originals, tmp_path):
    """A function that gives a fresh copy of the store that has rows in a table."""

    def made(table="run"):
        path = tmp_path / "store.db"
        shutil.copy(originals / ("long.db" if table == "tile" else "short.db"), path)
        return path

    return made


@pytest.fixture(scope="session")
def server():
    with serving() as server:
        yield server


@pytest.fixture
def database(server):
    """The URL of an empty database."""
    with server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a store may be made: a path, and a URL."""
    return tmp_path / "store.db" if request.param == "sqlite" else request.getfixturevalue("database")


@pytest.fixture
def store(place):
    """An empty store, of each kind."""
    with Store.open(place, create=True) as store:
        yield store
