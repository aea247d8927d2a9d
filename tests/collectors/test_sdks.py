"""A provider brings in its own SDK and no other's, whatever of it is imported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from annexlog.collectors import providers

SDKS = ("azure", "boto3", "botocore", "google.auth", "google.cloud", "kubernetes", "msal", "requests")
OWN = {
    "aws": {"boto3", "botocore"},
    "azure": {"azure", "msal", "requests"},
    "entra": {"azure", "msal", "requests"},
    "gcp": {"google.auth", "google.cloud", "requests"},
    "kubernetes": {"google.auth", "kubernetes", "requests"},  # its client looks for google-auth itself
}
"""What importing every module of a provider may bring in; for others: nothing."""

_EVERY_MODULE = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(found.name)
print(*(name for name in sys.argv[2:] if name in sys.modules))
"""


@pytest.mark.parametrize("name", sorted(providers()))
def test_no_module_of_a_provider_imports_anothers_sdk(name: str) -> None:
    environment = {variable: value for variable, value in os.environ.items() if not variable.startswith("COV")}
    command = [sys.executable, "-c", _EVERY_MODULE, f"annexlog.collectors.{name}", *SDKS]

    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)

    assert set(done.stdout.split()) <= OWN.get(name, set())
