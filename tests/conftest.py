"""Counterparts that tests share, and an environment in which nothing of this machine's own AWS set-up is seen."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from annexlog.config import load
from annexlog.cycle import Cycle
from annexlog.evidence_store import keys
from annexlog.evidence_store.model import Millis, instant
from tests.estate import plant
from tests.home import TARGET, Clock, Home, completed
from tests.wire import Moto, Tape, Wire, forward
from tests.wire.moto import CREDENTIALS

settings.register_profile("annexlog", deadline=None)  # how fast a machine is, is no property of the code
settings.load_profile("annexlog")

# A worker holds half a million objects for good: models of providers' APIs, definitions, recorded answers. To look
# through them for garbage every few thousand new ones takes a quarter of all its time.
gc.set_threshold(50_000, 20, 50)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


_NOTHING = {
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
    "AWS_EC2_METADATA_DISABLED": "true",
}
BEGIN = instant("2026-03-02T06:00:00Z")
_UNSET = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL", "ANNEXLOG_CONFIG",
)  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _UNSET:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**_NOTHING, **CREDENTIALS}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Moto]:
    with Moto() as moto:
        yield moto


@pytest.fixture
def moto(moto_server: Moto, monkeypatch: pytest.MonkeyPatch) -> Moto:
    """An AWS that has nothing in it; `AWS_ENDPOINT_URL` leads to it."""
    moto_server.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server.url)
    return moto_server


@pytest.fixture(scope="session")
def _wire(moto_server: Moto) -> Iterator[Wire]:
    with Wire(forward(moto_server.url)) as wire:
        yield wire


@pytest.fixture
def wire(_wire: Wire, moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """The same AWS behind a wire without faults yet; `AWS_ENDPOINT_URL` leads to the wire."""
    _wire.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", _wire.url)
    return _wire


@pytest.fixture
def client(moto_server: Moto) -> Any:
    """`client(service, region=…)`: a boto3 client straight to moto, to plant facts with."""
    import boto3  # noqa: PLC0415 — only tests that plant facts need it

    def make(service: str, region: str = "us-east-1") -> Any:
        return boto3.client(service, region_name=region, endpoint_url=moto_server.url)

    return make


@pytest.fixture(scope="session")
def tape(moto_server: Moto, tmp_path_factory: pytest.TempPathFactory) -> Tape:
    """All that a collection hears of the planted account (tests/estate.py)."""
    import boto3  # noqa: PLC0415 — only tests that collect need it

    moto_server.reset()
    tape, folder = Tape(), tmp_path_factory.mktemp("recording")
    (folder / "annexlog.toml").write_text(TARGET)
    keys.generate(folder / "annexlog.key")
    with pytest.MonkeyPatch.context() as environment, Wire(completed(tape.record(forward(moto_server.url)))) as wire:
        for name, value in {**_NOTHING, **CREDENTIALS, "AWS_ENDPOINT_URL": wire.url}.items():
            environment.setenv(name, value)
        plant(lambda service, region="us-east-1": boto3.client(service, region, endpoint_url=moto_server.url))
        Cycle(load(folder / "annexlog.toml")).turn()
    return tape


@pytest.fixture(scope="session")
def _replaying(tape: Tape) -> Iterator[Wire]:
    with Wire(completed(tape.replay)) as wire:
        yield wire


@pytest.fixture
def home(_replaying: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Home:
    """A configured folder whose account is the planted one, as it was recorded once; `AWS_ENDPOINT_URL` leads to it."""
    _replaying.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", _replaying.url)
    return Home.make(tmp_path / "home", _replaying, capsys)


@pytest.fixture(scope="session")
def _collected(_replaying: Wire, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collected")
    (folder / "annexlog.toml").write_text(TARGET)
    keys.generate(folder / "annexlog.key")
    _replaying.clear()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**_NOTHING, **CREDENTIALS, "AWS_ENDPOINT_URL": _replaying.url}.items():
            environment.setenv(name, value)
        Cycle(load(folder / "annexlog.toml")).turn()
    return folder


@pytest.fixture
def collected(
    _collected: Path, _replaying: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Home:  # fmt: skip
    """`home` after one collection that saw everything."""
    _replaying.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", _replaying.url)
    return Home(shutil.copytree(_collected, tmp_path / "home"), _replaying, capsys)


@pytest.fixture
def clock() -> Clock:
    """A clock in 2026 that moves when it is told to."""
    return Clock(BEGIN)


@pytest.fixture
def dated(
    tape: Tape, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Home]:
    """The same, its provider's time being `clock`'s."""
    with Wire(completed(tape.replay, lambda: clock.at)) as wire:
        monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
        yield Home.make(tmp_path / "home", wire, capsys)


@pytest.fixture(scope="session")
def _looked(tape: Tape, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Millis]:
    folder, clock = tmp_path_factory.mktemp("looked"), Clock(BEGIN)
    (folder / "annexlog.toml").write_text(TARGET)
    keys.generate(folder / "annexlog.key")
    with pytest.MonkeyPatch.context() as environment, Wire(completed(tape.replay, lambda: clock.at)) as wire:
        for name, value in {**_NOTHING, **CREDENTIALS, "AWS_ENDPOINT_URL": wire.url}.items():
            environment.setenv(name, value)
        Cycle(load(folder / "annexlog.toml"), clock=clock).turn()
    return folder, clock.at


@pytest.fixture
def looked(_looked: tuple[Path, Millis], dated: Home, clock: Clock) -> Home:
    """`dated` after one collection that saw everything; `clock` is at its end."""
    folder, clock.at = _looked
    shutil.copytree(folder, dated.folder, dirs_exist_ok=True)
    return dated
