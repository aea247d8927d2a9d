"""What is built is what is here: one top-level name, the same files, and a command line that starts without extras."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("annexlog", "collectors", "mappings", "evidence_store")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def _here() -> set[str]:
    """The files of the repository that belong into the package, by their name in it."""
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = set()
    for line in listed.splitlines():
        mode, name = line.split()[0], line.split("\t")[1]
        part = name.partition("/")[0]
        if mode == "120000" or (part not in PARTS and name != "scheduler.py"):
            continue  # links lead to files that are listed themselves
        found.add(name if part == "annexlog" else f"annexlog/{name}")
    return found


def test_the_wheel_has_one_top_level_name_and_exactly_the_repositorys_files(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert {name.partition("/")[0] for name in names} == {"annexlog"}
    assert names == _here()


def test_the_command_line_starts_from_the_wheel_with_its_base_dependencies_alone(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True, capture_output=True)

    shown = subprocess.run([environment / "bin" / "annexlog", "plugins"], cwd=tmp_path, capture_output=True, text=True)

    assert shown.returncode == 0, shown.stderr
    assert "aws.s3.bucket" in shown.stdout
    assert not list(environment.rglob("site-packages/boto3"))
    shutil.rmtree(environment)


def test_one_providers_extra_installs_no_package_of_another(wheel: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]

    found = subprocess.run([*command, f"{wheel}[azure]"], check=True, capture_output=True, text=True)

    names = {one["metadata"]["name"].lower() for one in json.loads(found.stdout)["install"]}
    foreign = {name for name in names if name.startswith(("boto", "aws", "google", "kubernetes", "moto", "psycopg"))}
    assert "azure-identity" in names
    assert foreign == set()
