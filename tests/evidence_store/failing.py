"""Runs failing_disk.py with failing_disk.c loaded before libc, and tells what came of each call that failed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COMPILER = sys.platform == "linux" and (shutil.which("cc") or shutil.which("gcc"))
WRITES = ("error", "full", "error, but written", "short, then full", "full from then on")
KILLS = ("killed", "killed halfway")


def built(folder):
    """The library that makes a disk fail."""
    library = folder / "failing_disk.so"
    options = ("-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror")
    command = [COMPILER, *options, "-o", library, HERE / "failing_disk.c", "-ldl"]
    subprocess.run(command, check=True, env=os.environ | {"LD_PRELOAD": ""})
    return library


def cases(library, folder, step, how, every=1):
    """What came of each call that failed, in order: dicts, see failing_disk.py."""
    before = os.environ.get("LD_PRELOAD", "")
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"LD_PRELOAD": f"{library} {before}".strip(), "PYTHONPATH": paths}
    arguments = [str(HERE / "failing_disk.py"), str(folder), step, how, str(every)]
    ended = subprocess.run(
        [sys.executable, "-W", "error", *arguments], env=environment, capture_output=True, text=True, timeout=600
    )
    if ended.returncode or ended.stderr:
        raise AssertionError(f"{step}, {how}, after {len(ended.stdout.splitlines())} calls: {ended.stderr}")
    return [json.loads(line) for line in ended.stdout.splitlines()]
