"""Azure beside the other providers: what it imports, what it installs, and what it may do."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

from annexlog.collectors import providers, resource_types
from annexlog.collectors.azure._calls import GRAPH
from annexlog.collectors.azure._versions import VERSIONS
from annexlog.collectors.azure.storage import account
from tests.collectors.azure.conftest import Connect
from tests.providers import fault, look
from tests.wire.azure import SUBSCRIPTION, Azure, row
from tests.wire.microsoft import CLIENT, TENANT

SCOPE = f"azure/{SUBSCRIPTION}"


def test_importing_azure_imports_no_sdk_of_another_provider_and_its_own_only_to_connect() -> None:
    wanted = ("boto3", "botocore", "kubernetes", "google", "azure", "msal", "requests")
    code = f"""
import sys, annexlog.collectors.azure as azure, annexlog.collectors.azure.subscription
print([name for name in {wanted!r} if name in sys.modules])
azure.provider.connect(azure.Options(tenant_id={TENANT!r}, client_id={CLIENT!r}, client_secret_env="S"), "x")
print([name for name in {wanted!r} if name in sys.modules])
"""

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"S": "x", "PATH": "/bin"}
    )

    assert done.stdout.splitlines() == ["[]", "['azure', 'msal', 'requests']"]


def test_the_role_for_everything_only_reads() -> None:
    calls = [call for type in resource_types().values() if type.provider == "azure" for call in type.calls()]

    role = json.loads(providers()["azure"].policy(calls))

    assert len(role["Actions"]) > 50
    assert [action for action in role["Actions"] if not action.endswith("/read") or "*" in action] == []
    assert (role["NotActions"], role["DataActions"], role["NotDataActions"]) == ([], [], [])


def test_every_read_of_resource_manager_has_a_pinned_version() -> None:
    calls = [call for type in resource_types().values() if type.provider == "azure" for call in type.calls()]

    asked = {call.params.get("api-version") for call in calls if call.operation != GRAPH and call.fn is None}

    assert asked <= set(VERSIONS.values())


def test_a_token_that_is_refused_in_the_middle_is_asked_for_again(azure: Azure, connect: Connect) -> None:
    kind = "Microsoft.Storage/storageAccounts"
    azure.inventory = {kind: [row(kind, "acme", access="")]}
    azure.faults.append(replace(fault(GRAPH, azure.refuse(401)), times=1))

    seen = look(connect(), account, ["account"])

    assert seen.status("azure.storage.account", scope=SCOPE) == ("complete", None)
