"""Stores to tamper with, made once, and fresh copies of them."""

import shutil

import pytest
from tampering import fill, fill_long


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
