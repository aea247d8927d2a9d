"""Signing in to Microsoft with azure-identity's own credentials: who asks, how long, and what refusals mean."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from annexlog.collectors import Refused
from annexlog.collectors.microsoft import Access, Login
from annexlog.collectors.rest import Session
from annexlog.evidence_store.model import ConfigError
from tests.providers import fault
from tests.wire.api import say
from tests.wire.http import Reply, Server
from tests.wire.microsoft import CLIENT, SECRET, TENANT, Microsoft, certificate, options

SCOPE = "https://management.azure.com/.default"
TOKEN = f"/{TENANT}/oauth2/v2.0/token"

Enter = Callable[..., Access]


@pytest.fixture
def api(key: rsa.RSAPrivateKey) -> Iterator[Microsoft]:
    with Microsoft({"/thing": {"id": "x"}}, key=key, federated="a-federated-token") as running:
        yield running


@pytest.fixture
def enter(api: Microsoft, key: rsa.RSAPrivateKey, tmp_path: Path) -> Enter:
    (tmp_path / "secret").write_text(SECRET + "\n")
    (tmp_path / "app.pem").write_text(certificate(key))
    (tmp_path / "federated").write_text("a-federated-token")
    known = {
        "secret": {"client_secret_file": str(tmp_path / "secret")},
        "certificate": {"certificate_file": str(tmp_path / "app.pem")},
        "workload": {"login": "workload_identity", "federated_token_file": str(tmp_path / "federated")},
    }

    def entering(kind: str = "secret", now: Any = None, **more: object) -> Access:
        return Access(Login(**options(api, **known.get(kind, {}), **more)), "targets.home", now=now)  # type: ignore[arg-type]

    return entering


def refused(access: Access) -> tuple[str, str]:
    with pytest.raises(Refused) as told:
        access.credentials(SCOPE).headers()
    return told.value.reason, told.value.code


@pytest.mark.parametrize("kind", ["secret", "certificate", "workload"])
def test_a_login_gets_a_token_of_the_api_that_is_asked(kind: str, api: Microsoft, enter: Enter) -> None:
    access = enter(kind)
    session = Session(api.url, access.credentials(SCOPE), "targets.home", reach=Login(ca_file=api.ca_file))

    answer = session.get("/thing")

    assert (answer.body, api.tokens, access.identity) == ({"id": "x"}, {"token-0": SCOPE}, f"app {CLIENT}")
    session.close()


def test_a_token_is_shared_and_renewed_before_it_runs_out(api: Microsoft, enter: Enter) -> None:
    now = [1_000.0]
    access = enter(now=(time.time, lambda: now[0]))

    first = access.credentials(SCOPE).headers(), access.credentials(SCOPE).headers()
    now[0] += 3_500
    then = access.credentials(SCOPE).headers()

    assert (first, then) == (({"Authorization": "Bearer token-0"},) * 2, {"Authorization": "Bearer token-1"})


def test_a_token_that_is_refused_is_replaced_by_a_new_one(api: Microsoft, enter: Enter) -> None:
    now = [1_000.0]
    access = enter(now=(time.time, lambda: now[0]))
    session = Session(api.url, access.credentials(SCOPE), "targets.home", reach=Login(ca_file=api.ca_file))
    session.get("/thing")
    api.tokens = {"other": "revoked"}
    now[0] += 60

    answer = session.get("/thing")

    assert (answer.status, sorted(api.tokens)) == (200, ["other", "token-1"])
    session.close()


def test_a_wrong_secret_is_unauthenticated_by_its_own_code(api: Microsoft, enter: Enter, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("wrong")

    assert refused(enter("none", client_secret_file=str(tmp_path / "wrong"))) == ("unauthenticated", "AADSTS7000215")
    assert api.asked.count(TOKEN) == 1


def test_a_certificate_of_another_key_is_unauthenticated(api: Microsoft, enter: Enter) -> None:
    api.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    assert refused(enter("certificate")) == ("unauthenticated", "AADSTS7000215")


def test_an_api_that_was_not_consented_to_is_denied(api: Microsoft, enter: Enter) -> None:
    api.grants = {"https://graph.microsoft.com/.default"}

    assert refused(enter()) == ("denied", "AADSTS65001")


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (say({"error": "temporarily_unavailable"}, 429, {"Retry-After": "7"}), ("throttled", "429")),
        (say({"error": "server_error", "error_description": "AADSTS90033: Slow."}, 503), ("failed", "503")),
        (Reply(500, {}, b"oops"), ("failed", "500")),
        (Reply(drop=True), ("failed", "ServiceResponseError")),
        (Reply(200, {"Content-Type": "text/html"}, b"<html>"), ("failed", "200")),
        (say({"unexpected": True}), ("failed", "200")),
    ],
)  # fmt: skip
def test_an_authority_that_fails_is_asked_once_and_told_as_it_is(
    reply: Reply, told: tuple[str, str], api: Microsoft, enter: Enter
) -> None:
    api.faults.append(fault(TOKEN, reply))

    found = refused(enter())

    assert (found, api.asked.count(TOKEN)) == (told, 1)


def test_the_time_that_an_authority_asks_to_wait_is_kept(api: Microsoft, enter: Enter) -> None:
    api.faults.append(fault(TOKEN, say({"error": "x"}, 429, {"Retry-After": "7"})))

    with pytest.raises(Refused) as told:
        enter().credentials(SCOPE).headers()

    assert told.value.after == 7.0


def test_an_authority_that_recovers_gives_a_token(api: Microsoft, enter: Enter) -> None:
    api.faults.append(replace(fault(TOKEN, say({"error": "x"}, 503)), times=1))
    access = enter()
    before = refused(access)

    after = access.credentials(SCOPE).headers()

    assert (before[0], after) == ("failed", {"Authorization": "Bearer token-0"})


def test_the_cli_s_token_is_taken(enter: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.dumps(
        {"accessToken": "from-az", "expires_on": 4_000_000_000, "expiresOn": "2096-10-02 07:06:40.000000"}
    )
    (tmp_path / "az").write_text(f"#!/bin/sh\necho '{answer}'\n")
    (tmp_path / "az").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    access = enter("none", login="cli")

    assert (access.credentials(SCOPE).headers(), access.identity) == (
        {"Authorization": "Bearer from-az"},
        f"az login {CLIENT}",
    )


def test_without_the_cli_nobody_is_signed_in(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert refused(enter("none", login="cli")) == ("unauthenticated", "CredentialUnavailable")


def test_a_host_s_own_identity_is_asked_for_its_token(
    api: Microsoft, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(request: Any) -> Reply:
        asked.append((request.target.partition("?")[0], request.headers.get("x-identity-header")))
        return say({"access_token": "of-the-host", "expires_on": "4000000000", "resource": "x", "token_type": "Bearer"})

    with Server(answer) as server:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/msi")
        monkeypatch.setenv("IDENTITY_HEADER", "h")
        headers = enter("none", login="managed_identity").credentials(SCOPE).headers()

    assert (headers, asked) == ({"Authorization": "Bearer of-the-host"}, [("/msi", "h")])


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"client_secret_file": "/nowhere"},
        {"certificate_file": "/nowhere"},
        {"client_secret_env": "X", "certificate_file": "/nowhere"},
        {"client_secret_env": "X", "login": "cli"},
        {"login": "secret", "tenant_id": ""},
        {"login": "workload_identity", "client_id": ""},
        {"login": "cli", "tenant_id": "not a tenant!"},
    ],
)
def test_a_target_that_does_not_say_well_who_asks_is_refused(given: dict[str, object], enter: Enter) -> None:
    with pytest.raises(ConfigError) as told:
        enter("none", **given)

    assert "targets.home" in str(told.value)


def test_a_certificate_that_is_none_is_refused_without_quoting_it(enter: Enter, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("-----BEGIN CERTIFICATE-----\nplanted\n-----END CERTIFICATE-----\n")

    with pytest.raises(ConfigError) as told:
        enter("none", certificate_file=str(tmp_path / "bad.pem"))

    assert "planted" not in str(told.value)
