"""Directories of 100,000 people, collected and recorded: how many a second, and whether memory grows with them."""

# ruff: noqa: PLC0415 — each process loads its own side only

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.report import Report, elsewhere, main, peak_rss_mb
from benchmarks.serving import Served

TYPES = {
    "entra": "entra.user",
    "google_workspace": "google_workspace.user",
    "okta": "okta.user",
    "keycloak": "keycloak.user",
    "ldap": "ldap.ad.user",
    "scim": "scim.user",
    "github": "github.member",
}
"""The type of a directory's people, by provider."""


def run(*, quick: bool = False) -> Report:
    few, many = (200, 1_000) if quick else (10_000, 100_000)
    providers = ("scim",) if quick else tuple(TYPES)
    figures: dict[str, float] = {}
    for provider in providers:
        small, large = (_worker(provider, count) for count in (few, many))
        figures |= {
            f"{provider}_people_per_second": large["people"] / large["cpu"],
            f"{provider}_peak_rss_mb": large["rss"],
            f"{provider}_bytes_a_person_more": (large["rss"] - small["rss"]) * 2**20 / (many - few),
        }
    bounds: dict[str, float] = {f"{provider}_peak_rss_mb": 200 for provider in providers}
    return Report(
        "people",
        f"{many:,} people of a directory, in its own pages over TLS and loopback, with what is asked of all of them at "
        f"once: engine, spool, record, CPU of the collecting process without imports; memory beside {few:,} people",
        figures,
        bounds,
    )


def _worker(provider: str, count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, Served("people", "serve", provider, count, folder) as options:
        found: dict[str, float] = elsewhere("benchmarks.people", "worker", provider, options, folder)
    if found["people"] != count:
        raise RuntimeError(f"{provider}: {found['people']} people of {count}")
    return found


# ── the directory, in a process of its own ────────────────────────────────────────────────


def _entra(count: int, folder: Path) -> tuple[Any, Callable[[Any], dict[str, Any]]]:
    from tests.wire import entra
    from tests.wire.microsoft import SECRET, options

    people = [
        {"id": f"{n:08}-0000-4000-8000-000000000000", "accountEnabled": True, "userType": "Member", "mail": _mail(n),
         "userPrincipalName": _mail(n), "employeeId": f"e{n}", "createdDateTime": "2020-01-01T00:00:00Z"}
        for n in range(count)
    ]  # fmt: skip
    (folder / "secret").write_text(SECRET)
    answers = entra.healthy()
    answers[f"{entra.V1}/users"] = {**answers[f"{entra.V1}/users"], "value": people}
    served = entra.Entra(answers, page=999)
    own = {"client_secret_file": str(folder / "secret")}
    return served, lambda at: options(at, **own, graph_url=at.url, arm_url=at.url)


def _google_workspace(count: int, folder: Path) -> tuple[Any, Callable[[Any], dict[str, Any]]]:
    from cryptography.hazmat.primitives.asymmetric import rsa

    from tests.wire import google_workspace as google

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    people = [google.user(str(n), primaryEmail=_mail(n)) for n in range(count)]
    answers = google.healthy()
    answers[f"{google.D}/users"] = {"kind": "admin#directory#users", "users": people}

    def options(at: Any) -> dict[str, Any]:
        (folder / "key.json").write_text(google.key_file(key, at.url))
        who = {"customer": google.CUSTOMER, "subject": google.SUBJECT, "key_file": str(folder / "key.json")}
        return {**who, "endpoint": at.url, "ca_file": at.ca_file}

    return google.Workspace(answers, key=key, page=500), options


def _okta(count: int, folder: Path) -> tuple[Any, Callable[[Any], dict[str, Any]]]:
    from tests.wire import okta

    answers = okta.healthy()
    answers["/api/v1/users"] = [okta.user(f"u{n}") for n in range(1, count + 1)]
    return okta.Okta(answers, page=200), lambda at: _by_token(at, folder)


def _keycloak(count: int, folder: Path) -> tuple[Any, Callable[[Any], dict[str, Any]]]:
    from tests.wire import keycloak

    (folder / "secret").write_text(keycloak.SECRET)
    answers = keycloak.healthy()
    told = answers[f"{keycloak.REALM}/users"][0]
    people = [{**told, "id": f"u{n}", "email": _mail(n), "username": f"p{n}"} for n in range(count)]
    answers |= {f"{keycloak.REALM}/users": people, f"{keycloak.REALM}/users/count": count}
    who = {"client_id": keycloak.CLIENT, "realm": "shop", "client_secret_file": str(folder / "secret")}
    return keycloak.Keycloak(answers), lambda at: {"url": at.url, "ca_file": at.ca_file, **who}


def _ldap(count: int, folder: Path) -> tuple[Any, Callable[[Any], dict[str, Any]]]:
    from tests.wire import ldap

    (folder / "password").write_text(ldap.PASSWORD)
    stand = ldap.healthy()
    missing = count - sum("user" in entry.get("objectClass", ()) for entry in stand)
    people = [ldap.user(f"p{n}", 10_000 + n, mail=_mail(n)) for n in range(missing)]
    who = {"bind_dn": ldap.BIND, "password_file": str(folder / "password"), "all_visible_because": "it was counted"}
    return ldap.Domain([*stand, *people]), lambda at: {"url": at.url, "ca_file": at.ca_file, **who}


def _scim(count: int, folder: Path) -> tuple[Any, Callable[[Any], dict[str, Any]]]:
    from tests.wire import scim

    answers = {**scim.healthy(), "/Users": [scim.user(f"u{n}") for n in range(count)]}
    seeing = {"all_visible_because": "an owner's token"}
    return scim.Scim(answers, page=200), lambda at: {**_by_token(at, folder), **seeing}


def _github(count: int, folder: Path) -> tuple[Any, Callable[[Any], dict[str, Any]]]:
    from tests.wire import github

    members = [{"login": f"p{n}", "id": n, "type": "User"} for n in range(1, count)]
    owner = {"login": "ann", "id": count, "type": "User"}
    answers = github.healthy()
    answers |= {"/orgs/acme/members?role=admin": [owner], "/orgs/acme/members?role=member": members}
    return github.GitHub(answers), lambda at: {**_by_token(at, folder), "organizations": ("acme",)}


_DIRECTORIES = {
    "entra": _entra, "google_workspace": _google_workspace, "okta": _okta, "keycloak": _keycloak, "ldap": _ldap,
    "scim": _scim, "github": _github,
}  # fmt: skip


def _by_token(at: Any, folder: Path) -> dict[str, Any]:
    (folder / "token").write_text("s3cret-token")
    return {"url": at.url, "ca_file": at.ca_file, "token_file": str(folder / "token")}


def _mail(n: int) -> str:
    return f"person.{n}@example.com"


def serve(provider: str, count: str, folder: str) -> None:
    """Serve a directory, say the options of an adapter to it, and end when the standard input does."""
    served, options = _DIRECTORIES[provider](int(count), Path(folder))
    with served as at:
        print(json.dumps(options(at)), flush=True)
        sys.stdin.read()


# ── the collection, in a process of its own ───────────────────────────────────────────────


def worker(provider: str, options: str, folder: str) -> None:
    """Imports do not count, nor does signing in."""
    import msgspec

    from annexlog.collectors import providers, resource_types
    from annexlog.collectors.clock import SystemClock
    from annexlog.collectors.engine import Ask, Engine
    from annexlog.collectors.limits import Limits
    from annexlog.evidence_store.model import Run
    from annexlog.evidence_store.store import Store

    type, spoken = resource_types()[TYPES[provider]], providers()[provider]
    adapter = spoken.connect(msgspec.json.decode(options, type=spoken.options), "main")
    clock = SystemClock()
    (scope,) = adapter.discover().scopes
    engine = Engine(adapter, clock=clock, limits=Limits(clock, ceiling=1e9), redaction_key=b"k" * 32)
    before = time.process_time()
    with Store.open(Path(folder) / "store.db", create=True) as store, store.spool() as spool:
        asks = [Ask(type, frozenset(), frozenset(detail.facet for detail in type.details), None)]
        sweeps = engine.collect(scope, {scope.name: scope}, asks, spool)
        key = f"{scope.name} {clock.now()}"
        store.record(Run(key, "collect", "main", scope.name, tuple(sweeps)), spool, recorded=clock.now())
    cpu = time.process_time() - before
    unseen = [sweep for sweep in sweeps if sweep.refusal or sweep.provenance["refusals"]]
    if unseen:
        raise RuntimeError(f"{provider}: not everything was answered: {unseen[0]}")
    people = max(sweep.provenance["items"] for sweep in sweeps)
    print(json.dumps({"cpu": cpu, "people": people, "rss": peak_rss_mb()}))


if __name__ == "__main__":
    parts = {"serve": serve, "worker": worker}
    if sys.argv[1:2] and sys.argv[1] in parts:
        parts[sys.argv[1]](*sys.argv[2:])
    else:
        main(run)
