"""docs/plugin-tutorial.md does what it says: its files are written, installed and run in the order of the page."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from annexlog import collectors
from annexlog.collectors.clock import SystemClock
from tests.collectors.acme import Server, fault

PAGE = Path(__file__).parents[2] / "docs/plugin-tutorial.md"
BLOCK = re.compile(r"(?:`([^`\n]+)`(, in place of [^\n]*)?:\n\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def harbour() -> Iterator[Server]:
    """The harbour master: three berths on two pages; one lamp is lit, one berth has none, one is not spoken of."""
    with Server(SystemClock()) as server:  # type: ignore[arg-type]
        server.say("/berths", {"berths": [{"id": "b1"}, {"id": "b2"}], "next": "/berths?page=2"})
        server.say("/berths?page=2", {"berths": [{"id": "b3"}]})
        server.say("/berths/b1/lamp", {"lamp": {"lit": True}})
        server.say("/berths/b3/lamp", fault(403, "Secret"))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Reader:
    """Somebody who follows the page in an empty folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.site, self.url = folder, folder / "site-packages", url
        self.site.mkdir()
        self.missing: list[str] = []
        self.codes: dict[str, int] = {}

    def write(self, name: str, text: str, *, again: bool) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if again else "x") as file:
            file.write(text.replace("http://127.0.0.1:8080", self.url))

    def copy_page(self, control: str, link: str) -> None:
        """Copy a control's page, and add the link to it."""
        page = (PAGE.parents[1] / f"mappings/iso27001_2022/{control}.yaml").read_text()
        self.write(f"mappings/iso27001_2022/{control}.yaml", page.replace("manual:", f"{link}manual:"), again=False)

    def run(self, session: str) -> None:
        for command in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
            line, *expected = command.splitlines()
            words = shlex.split(line)
            if words[0] == "pip":
                self.install(words[-1])
            else:
                said = self.annexlog(*words[1:])
                self.missing += [f"{line}: {text}" for text in expected if text not in said]

    def install(self, name: str) -> None:
        """What pip would do, without asking an index for a build backend."""
        project = tomllib.loads((self.folder / name / "pyproject.toml").read_text())["project"]
        shutil.copytree(self.folder / name, self.site, dirs_exist_ok=True)
        about = self.site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        points = "".join(
            f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
            for group, entries in project["entry-points"].items()
        )
        (about / "entry_points.txt").write_text(points)

    def annexlog(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "annexlog", *words], cwd=self.folder, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(self.site), "COLUMNS": "200"},
        )  # fmt: skip
        self.codes[words[0]] = done.returncode
        return done.stdout


def test_the_page_does_what_it_says(tmp_path: Path, harbour: Server) -> None:
    host, port = harbour.server_address[:2]
    reader = Reader(tmp_path, f"http://{host!s}:{port}")

    for name, again, language, text in BLOCK.findall(PAGE.read_text()):
        if name:
            reader.write(name, text, again=bool(again))
        elif language == "console":
            reader.run(text)
        elif language == "yaml":
            reader.copy_page("A.5.17", text)
        else:
            eval(text, vars(collectors).copy())

    outcomes = json.loads(reader.annexlog("outcomes", "--test", "harbour.berth-lamp-lit", "--json"))["outcomes"]
    assert reader.missing == []
    assert reader.codes == {
        "plugins": 0, "mappings": 0, "permissions": 0, "init": 0, "collect": 3, "outcomes": 0, "show": 0,
    }  # fmt: skip
    assert {(o["resource"], o["status"], (o["reason"] or {}).get("permission")) for o in outcomes} == {
        ("b1", "pass", None),
        ("b2", "fail", None),
        ("b3", "unknown", "berths:lamp"),
    }


def test_each_plugin_is_two_files_of_at_most_120_lines() -> None:
    files = {name: text.count("\n") for name, _, _, text in BLOCK.findall(PAGE.read_text()) if "annexlog_" in name}

    assert sorted(files) == [
        "harbour/annexlog_harbour/__init__.py",
        "harbour/annexlog_harbour/tests/harbour.yaml",
        "keypairs/annexlog_keypairs/__init__.py",
        "keypairs/annexlog_keypairs/tests/keypairs.yaml",
    ]
    assert max(files.values()) <= 120
