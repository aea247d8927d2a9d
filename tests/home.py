"""A folder with a configuration and a key, an account on the wire, and `annexlog` as a user runs it."""

from __future__ import annotations

import base64
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from annexlog.answers import Answer, Reading
from annexlog.cli import run
from annexlog.cli.shapes import Outcomes, Shape
from annexlog.config import Config, load
from annexlog.evidence_store import keys
from annexlog.evidence_store.model import Millis
from annexlog.evidence_store.store import Store
from tests.collectors.aws import services
from tests.estate import REGION
from tests.wire import Reply, Request, Wire
from tests.wire.recognise import recognise
from tests.wire.wire import Source

TARGET = f"""
[targets.acme]
provider = "aws"
organization = true
regions = ["{REGION}"]
"""
HOUR: Millis = 3_600_000
DAY: Millis = 24 * HOUR

_ROOT = "<root_account>,arn:aws:iam::123456789012:root,2020-01-01T00:00:00+00:00,not_supported,no_information,"
_ROOT += "not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n"
_CONTENT = re.compile(rb"(<Content>)([^<]*)(</Content>)")
_GENERATED = re.compile(rb"(<GeneratedTime>)[^<]*(</GeneratedTime>)")


def real() -> Millis:
    return int(datetime.now(UTC).timestamp() * 1000)


def completed(source: Source, now: Callable[[], Millis] = real) -> Source:
    """A source that also answers what moto lacks (tests/collectors/aws/services), everything dated `now`."""
    whole = services.completed(source)

    def ask(request: Request) -> Reply:
        asked, reply = recognise(request), whole(request)
        if asked and asked.name == "iam.get_credential_report":
            reply = replace(reply, body=with_root(reply.body, now()))
        return replace(reply, headers={**reply.headers, "Date": formatdate(now() // 1000, usegmt=True)})

    return ask


def with_root(body: bytes, now: Millis) -> bytes:
    """moto's credential report of now instead of 2015, and with the row of the root user."""
    found = _CONTENT.search(body)
    if found is None:
        return body
    rows = base64.b64decode(found[2]) + _ROOT.encode()
    dated = f"{datetime.fromtimestamp(now // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}".encode()
    body = _CONTENT.sub(rb"\g<1>" + base64.b64encode(rows) + rb"\g<3>", body)
    return _GENERATED.sub(rb"\g<1>" + dated + rb"\g<2>", body)


class Clock:
    """A clock that stands where it is put, but for a millisecond each time it is asked; waiting costs nothing."""

    def __init__(self, start: Millis) -> None:
        self.at = start
        self._slept = 0.0

    def now(self) -> Millis:
        self.at += 1
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    def sleep(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


class Told(NamedTuple):
    """What a command told: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Home:
    """One user's folder. `wire`: what its target talks to."""

    folder: Path
    wire: Wire
    capsys: pytest.CaptureFixture[str]

    @classmethod
    def make(cls, folder: Path, wire: Wire, capsys: pytest.CaptureFixture[str], text: str = TARGET) -> Home:
        folder.mkdir(parents=True, exist_ok=True)
        keys.generate(folder / "annexlog.key")
        home = cls(folder, wire, capsys)
        home.configure(text)
        return home

    @property
    def store(self) -> Path:
        return self.folder / "evidence.db"

    @property
    def config(self) -> Config:
        return load(self.folder / "annexlog.toml")

    def configure(self, text: str) -> None:
        (self.folder / "annexlog.toml").write_text(text)

    def write(self, name: str, text: str) -> None:
        """A file of definitions of the user's own, in the folder `mappings`."""
        file = self.folder / "mappings" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def annexlog(self, *arguments: str) -> Told:
        """Run a command in this process."""
        self.capsys.readouterr()
        code = run(["-C", str(self.folder), *arguments])
        out, err = self.capsys.readouterr()
        return Told(code, out, err)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "annexlog", "-C", str(self.folder), *arguments],
            env={**os.environ, "AWS_ENDPOINT_URL": self.wire.url, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def json(self, *arguments: str, of: Any) -> Any:
        """What a command prints with --json, read strictly as `of`."""
        return strictly(self.annexlog(*arguments, "--json").out, of)

    def outcomes(self, *arguments: str) -> dict[tuple[str, str, str], str]:
        """{(test, scope, resource): status}."""
        told: Outcomes = self.json("outcomes", *arguments, of=Outcomes)
        return {(o.test, o.scope, o.resource): o.status for o in told.outcomes}

    def answers(self, at: Millis | None = None) -> dict[tuple[str, str, str], Answer]:
        """The same as Answers, at an instant of the store's own time."""
        with Store.open(self.store, readonly=True) as store:
            return {(a.test.id, a.line.scope, a.id): a for a in Reading(store.view(at=at)).answers()}

    def rows(self, *tables: str) -> dict[str, int]:
        """How many rows these tables of the store have."""
        with closing(sqlite3.connect(self.store)) as connection:
            return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


def strictly(text: str, of: Any) -> Any:
    """A JSON document in its documented shape: every key is known, and none is missing."""
    value = msgspec.json.decode(text, type=of)
    assert json.loads(msgspec.json.encode(value)) == json.loads(text)
    return value


__all__ = ["DAY", "HOUR", "REGION", "TARGET", "Clock", "Home", "Shape", "Told", "completed", "real", "strictly"]
