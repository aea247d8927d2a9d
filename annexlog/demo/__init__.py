"""Show everything on a simulated AWS organization: three accounts, three days, no cloud."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from annexlog.evidence_store.model import ConfigError, Millis, Status, iso

if TYPE_CHECKING:
    from annexlog.config import Config

FOLDER = "annexlog-demo"
DAY: Millis = 86_400_000

CONFIG = """\
# Written by `annexlog demo`. The organization it looked at was simulated and is gone; its evidence is here.
store = "evidence.db"
key = "annexlog.key"
mappings = ["mappings"]

[targets.acme]
provider = "aws"
organization = true
regions = ["eu-central-1", "eu-west-1", "us-east-1"]
"""

REGISTERS = {
    "break_glass_users.yaml": "[]\n",
    "privileged_principals.yaml": "[]\n",
    "supplier_accounts.yaml": "[]\n",
    "standby_roles.yaml": "[]\n",
}
"""The organization's own approved lists, by file name."""


class ShiftedClock:
    """The host's clock, set back by some days."""

    def __init__(self) -> None:
        self.offset: Millis = 0

    def now(self) -> Millis:
        return time.time_ns() // 1_000_000 + self.offset

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@click.command()
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=FOLDER, show_default=True)
def demo(folder: Path) -> None:
    """Show everything on a simulated AWS organization, in a minute."""
    try:
        import boto3  # noqa: F401 — asked whether it is there
        import moto  # noqa: F401 — as above
    except ImportError:
        raise ConfigError("the demo needs boto3 and moto.", next="Install them: pip install 'annexlog[demo]'") from None
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError("exists already; nothing was written.", where=str(folder), next="Delete it, or use --folder.")
    run(folder)


def run(folder: Path) -> None:
    """The whole demo, its files in `folder`."""
    from annexlog.cli import render
    from annexlog.cli.collecting import showing, stopping
    from annexlog.config import load
    from annexlog.cycle import Cycle
    from annexlog.demo.estate import DAYS, found

    config = load(_files(folder))
    clock = ShiftedClock()
    with stopping() as stop, served() as endpoint:
        estate = found(endpoint)
        for day, happens in enumerate(DAYS):
            clock.offset = -DAY * (len(DAYS) - 1 - day)
            _set_clock(endpoint, clock.offset)
            happens(estate)
            with showing(quiet=False, label=f"day {day + 1} of {len(DAYS)}, ") as progress:
                turn = Cycle(config, clock=clock, stop=stop, progress=progress).turn()
            seen = turn.collected
            render.say(f"Day {day + 1}, {iso(clock.now())[:10]}: {' '.join((happens.__doc__ or '').split())}")
            render.say(f"  {seen.resources} resources seen with {seen.calls} calls.")
            if stop.is_set():
                raise KeyboardInterrupt
    _tell(config, folder)


def _files(folder: Path) -> Path:
    from annexlog.evidence_store import keys

    registers = folder / "mappings" / "registers"
    registers.mkdir(parents=True)
    for name, text in REGISTERS.items():
        (registers / name).write_text(text, encoding="utf-8")
    keys.generate(folder / "annexlog.key")
    file = folder / "annexlog.toml"
    file.write_text(CONFIG, encoding="utf-8")
    return file.resolve()


@contextmanager
def served() -> Iterator[str]:
    """The simulated cloud's endpoint; credentials and endpoint stand in the environment meanwhile."""
    command = [sys.executable, "-m", "annexlog.demo.server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 — our own
        assert server.stdin is not None and server.stdout is not None  # noqa: S101, PT018 — they were asked for
        port = server.stdout.readline()
        if not port:
            raise ConfigError("the simulated cloud did not start.", next="Its error stands above.")
        endpoint = f"http://127.0.0.1:{int(port)}"
        with _environment({**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}):
            yield endpoint
        server.stdin.close()  # it ends then


CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "demo",
    "AWS_SECRET_ACCESS_KEY": "demo",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Of nobody: the simulated cloud takes any."""


@contextmanager
def _environment(ours: dict[str, str]) -> Iterator[None]:
    """The environment with these variables, and without what would lead to a real account."""
    before = {name: os.environ.get(name) for name in (*ours, "AWS_PROFILE", "AWS_SESSION_TOKEN")}
    for name in before:
        os.environ.pop(name, None)
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _set_clock(endpoint: str, offset: Millis) -> None:
    with urllib.request.urlopen(f"{endpoint}/annexlog-clock/{offset / 1000}"):  # noqa: S310 — our own server
        pass


# ── what it found ─────────────────────────────────────────────────────────────────────────

SHOWN = (
    ("aws.s3.bucket-public-access-blocked", "acme-invoices-archive"),
    ("aws.iam.cross-account-trust-externalid", "partner-access"),
)
"""Failing resources that are shown with their evidence: a test, and a part of the resource's id."""

MENDED = ("aws.s3.bucket-public-access-blocked", "acme-orders-07")
"""What failed on the second day, and is mended on the third."""


def _tell(config: Config, folder: Path) -> None:
    from annexlog.answers import Reading
    from annexlog.cli import render
    from annexlog.cli.reading import print_evidence, print_status
    from annexlog.evidence_store import keys
    from annexlog.evidence_store.store import Store
    from annexlog.evidence_store.verify import verify

    now = ShiftedClock().now()
    with Store.open(config.store, readonly=True) as store:
        reading = Reading(store.view(at=now))
        render.say()
        print_status(reading, reading.controls(), every=False)
        render.say("\nTwo of the resources that fail, and the evidence that shows why:\n")
        for test, part in SHOWN:
            failing = next(a for a in reading.answers(test=test) if a.status is Status.FAIL and part in a.id)
            print_evidence(failing, list(reading.evidence(failing)))
        render.say("The same bucket on two days:\n")
        for at in (now - DAY, now):
            then = Reading(store.view(at=at))
            answer = next(a for a in then.answers(test=MENDED[0]) if MENDED[1] in a.id)
            render.say(f"  as of {iso(at)}: {MENDED[1]} {answer.status.value} {MENDED[0]}")
        report = verify(store, keys=[keys.load(config.key).verifier])
        verdict = "every byte is what its signed log committed to" if report.ok else f"{report.total} findings"
        render.say(f"\nverify: {report.records} records checked: {verdict}.\n")
    command = f"annexlog -C {folder}"
    render.say(f"All of it is in {folder}/. Ask it more: {command} status, {command} show A.8.3, {command} verify")
