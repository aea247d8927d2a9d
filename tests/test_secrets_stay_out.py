"""Credentials that the provider's answers contain are found, and are in no byte of the store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import zstandard

from annexlog.evidence_store.store import Store
from tests.home import Home

SECRETS = [
    b"hunter2",  # tests/collectors/aws/services: environments of Lambda and ECS, the source of a CodeBuild project
    b"AKIAIOSFODNN7EXAMPLE",  # start scripts, task overrides, a pipeline's variables
    b"IyEvYmluL3No",  # start scripts as they are sent
    b"not-to-be-kept",  # a webhook
]
HOLDERS = {
    "aws.autoscaling.no-secrets-in-launch-configurations",
    "aws.codebuild.no-plaintext-credentials",
    "aws.codepipeline.no-plaintext-credentials",
    "aws.ec2.no-secrets-in-user-data",
    "aws.ecs.no-plaintext-secrets",
    "aws.lambda.no-secrets-in-env",
}
_ZSTD = b"\x28\xb5\x2f\xfd"


def kept(store: Path) -> Iterator[bytes]:
    """All that a store holds: its files as they lie, every value of every table, and every body as it reads."""
    yield from (file.read_bytes() for file in store.parent.glob(f"{store.name}*"))
    with closing(sqlite3.connect(store)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield from (_opened(value) for value in row if isinstance(value, bytes | str))
    with Store.open(store, readonly=True) as opened:
        view = opened.view()
        for line in view.lines():
            for resource in view.resources(line.scope, line.type, [line.facet] if line.facet else []):
                said = {name: value for name, value in resource.facets.items() if isinstance(value, dict | list | str)}
                yield json.dumps([resource.id, said]).encode()


def _opened(value: bytes | str) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if not value.startswith(_ZSTD):
        return value
    try:
        return zstandard.ZstdDecompressor().decompress(value, max_output_size=1 << 26)
    except zstandard.ZstdError:  # packed with a dictionary, or as what another body lacks: read as a body
        return value


def test_the_credentials_in_the_answers_were_seen(collected: Home) -> None:
    failing = {test for (test, _, _), status in collected.outcomes().items() if status == "fail"}

    assert HOLDERS - failing == set()


def test_no_credential_is_in_any_byte_of_the_store(collected: Home) -> None:
    everything = list(kept(collected.store))

    assert {secret: [value[:80] for value in everything if secret in value] for secret in SECRETS} == {
        secret: [] for secret in SECRETS
    }
    assert any(b'"matches": ["aws-access-key-id"]' in value for value in everything)  # bodies were read
