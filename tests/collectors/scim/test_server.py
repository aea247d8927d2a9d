"""A service that others wrote (scim2-server), as annexlog sees it."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annexlog.collectors.scim import Options
from annexlog.collectors.scim._adapter import Scim
from annexlog.collectors.scim.directory import group, service, user
from tests.providers import look

pytest.importorskip("scim2_server", reason="scim2-server is not installed")

USERS = 25


def made(port: int, path: str, body: dict[str, Any]) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    kind = {"Content-Type": "application/scim+json", "Authorization": "Bearer s3cret-token"}
    connection.request("POST", path, json.dumps(body), kind)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    assert answer.status == 201, told
    return str(told["id"])


def listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the service takes connections: it says nothing when it does."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the service does not start")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-c", "from scim2_server.testserver.cli import main; main()"]
    options = ["--port", str(port), "--bearer-token", "s3cret-token"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        listening(port, process)
        core = "urn:ietf:params:scim:schemas:core:2.0"
        ids = [
            made(port, "/Users", {"schemas": [f"{core}:User"], "userName": f"user{n}", "active": n > 0})
            for n in range(USERS)
        ]
        members = [{"value": id} for id in ids[:3]]
        made(port, "/Groups", {"schemas": [f"{core}:Group"], "displayName": "Admins", "members": members})
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def adapter(port: int, tmp_path: Path) -> Scim:
    (tmp_path / "token").write_text("s3cret-token")
    told = {"token_file": str(tmp_path / "token"), "all_visible_because": "it is the only token", "page": 10}
    return Scim(Options(url=f"http://127.0.0.1:{port}", **told), "home")  # type: ignore[arg-type]


def test_its_users_are_read_to_the_end_without_names(adapter: Scim) -> None:
    seen = look(adapter, user)

    bodies: dict[str, Any] = seen.values("scim.user", scope="scim/home")
    assert (len(bodies), seen.status("scim.user", scope="scim/home")) == (USERS, ("complete", None))
    assert sum(body["active"] is False for body in bodies.values()) == 1
    assert "user7" not in json.dumps(bodies)


def test_its_groups_tell_their_members(adapter: Scim) -> None:
    seen = look(adapter, group)

    bodies: dict[str, Any] = seen.values("scim.group", scope="scim/home")
    assert [(body["displayName"], len(body["members"])) for body in bodies.values()] == [("Admins", 3)]


def test_it_says_how_clients_sign_in(adapter: Scim) -> None:
    seen = look(adapter, service)

    found = seen.values("scim.service", "configuration", "scim/home")
    assert found == {"home": {"authenticationSchemes": ["oauthbearertoken"]}}
