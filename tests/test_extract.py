"""An auditor's extract: all that is asked for and nothing else, with what is not known; and Datasette shows it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from annexlog.answers import shapes
from annexlog.cli import run
from annexlog.evidence_store import keys
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.merkle import verify_inclusion
from annexlog.evidence_store.model import (
    ORG,
    ConfigError,
    Coverage,
    Line,
    Millis,
    Outcome,
    Run,
    Status,
    StoreError,
    Sweep,
    Unknown,
    instant,
)
from annexlog.evidence_store.store import Assessment, JudgedLine, Store
from annexlog.extract import Asked, extract
from annexlog.extract.datasette import metadata
from annexlog.mappings import load

DAY: Millis = 86_400_000
BEGIN = instant("2026-03-01")
END = instant("2026-03-31")
TEST = "aws.s3.bucket-public-access-blocked"
SCOPE = "aws/123456789012"
SCOPES = Line("target/acme", "scope")
BUCKETS = Line(SCOPE, "aws.s3.bucket")
BLOCK = Line(SCOPE, "aws.s3.bucket", "public_access_block")
VERDICTS = Line(SCOPE, "aws.s3.bucket", f"outcome:{TEST}")
DENIED = Unknown("denied", "get_public_access_block", "s3:GetBucketPublicAccessBlock", "AccessDenied")
KEY = keys.Signer("annexlog.example", b"s" * 32)
SECRET = {"commitment": "ab" * 32, "length": 40, "matches": ["aws-secret-key"]}
EXCEPTION = {
    "id": "until-moved", "kind": "accepted_risk", "test": TEST, "resource": "open", "reason": "it moves in March",
    "requested_by": "a@example.org", "approved_by": "b@example.org", "approved": "2026-02-01", "expires": "2026-03-15",
}  # fmt: skip
RESTS_ON = [1, 3, 4, 5, 6, 7, 8]
"""The records that an extract of the period rests on: one is older than what stood when it began, two are younger."""
SCOPE_ATTRIBUTES = {"account": "123456789012", "level": "account", "name": SCOPE, "provider": "aws", "target": "acme"}


def seen(line: Line, end: Millis, content: Mapping[str, Any] | None, **more: Any) -> tuple[Sweep, Mapping[str, Any]]:
    status = Coverage.COMPLETE if content is not None else Coverage.DENIED
    return Sweep(line, status, end - 1000, end, **more), content or {}


def record(store: Store, at: Millis, *looks: tuple[Sweep, Mapping[str, Any]]) -> int:
    with store.spool() as spool:
        for sweep, content in looks:
            for id, value in content.items():
                spool.add(sweep.line, id, value)
        sweeps = tuple(sweep for sweep, _ in looks)
        return store.record(Run(f"run {at}", "collect", "acme", SCOPE, sweeps), spool, recorded=at)


def judge(store: Store, at: Millis, outcomes: Mapping[str, Outcome], cause: str) -> int:
    lines = frozenset([BUCKETS, BLOCK])
    judged = JudgedLine(VERDICTS, outcomes, lines, b"print", dict.fromkeys(outcomes, cause))
    return store.record_assessment(Assessment(f"assess {at}", at, store.size(), [judged]), recorded=at)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bucket that was open, was mended on 10 March, and could not be seen from 20 March on; another that went."""
    path = tmp_path_factory.mktemp("extract") / "evidence.db"
    known = load(shapes())
    pages = {id: control.document for id, control in known.controls.items()}
    tests = {TEST: known.tests[TEST].definition}
    with Store.open(path, create=True) as store:
        before = BEGIN - 10 * DAY
        documents = (
            seen(Line(ORG, "control"), before, pages),
            seen(Line(ORG, "definition"), before, tests),
            seen(Line(ORG, "exception"), before, {"until-moved": EXCEPTION}),
        )
        record(store, before, *documents, seen(SCOPES, before, {SCOPE: SCOPE_ATTRIBUTES}))
        at = before + DAY // 2  # long ago: another state, which is no part of the period
        record(store, at, seen(BUCKETS, at, {"open": {"Name": "older"}}), seen(BLOCK, at, {"open": {"Old": True}}))
        at = before + DAY
        both = {"open": {"Name": "open", "Tag": SECRET}, "gone": {"Name": "gone"}}
        record(store, at, seen(BUCKETS, at, both), seen(BLOCK, at, {"open": None, "gone": {"BlockPublicAcls": True}}))
        judge(store, at, {"open": Outcome(Status.FAIL), "gone": Outcome(Status.PASS)}, "estate")
        at = BEGIN + 9 * DAY
        record(
            store, at, seen(BUCKETS, at, {"open": both["open"]}), seen(BLOCK, at, {"open": {"BlockPublicAcls": True}})
        )
        judge(store, at, {"open": Outcome(Status.PASS)}, "estate")
        at = BEGIN + 19 * DAY
        record(store, at, seen(BLOCK, at, None, refusal=DENIED))
        judge(store, at, {"open": Outcome(Status.UNKNOWN, DENIED)}, "coverage")
        at = END + 9 * DAY  # after the period
        record(store, at, seen(BUCKETS, at, both), seen(BLOCK, at, None, refusal=DENIED))
        judge(store, at, {"open": Outcome(Status.UNKNOWN, DENIED), "gone": Outcome(Status.FAIL)}, "estate")
        store.checkpoint(KEY)
    return path


@pytest.fixture(scope="module")
def made(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("made") / "A.8.3.db"
    with Store.open(history, readonly=True) as store:
        extract(store, Asked(("A.8.3",), BEGIN, END), target)
    return target


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


# ── what it holds ──


def test_every_outcome_of_the_period_is_there_with_since_when_how_long_and_why(made: Path) -> None:
    found = rows(made, f"SELECT resource, status, reason, permission, cause, since, until, at_begin, run FROM outcome "
                       f"WHERE test = '{TEST}' ORDER BY since, resource")  # fmt: skip

    needs = "s3:GetBucketPublicAccessBlock"
    assert found == [
        ("gone", "pass", None, None, "estate", "2026-02-20T00:00:00.000Z", "2026-03-10T00:00:00.000Z", 1, 4),
        ("open", "fail", None, None, "estate", "2026-02-20T00:00:00.000Z", "2026-03-10T00:00:00.000Z", 1, 4),
        ("open", "pass", None, None, "estate", "2026-03-10T00:00:00.000Z", "2026-03-20T00:00:00.000Z", 0, 6),
        ("open", "unknown", "denied", needs, "coverage", "2026-03-20T00:00:00.000Z", None, 0, 8),
    ]


def test_the_evidence_is_there_as_it_stood_and_as_it_changed_and_stays_redacted(made: Path) -> None:
    found = rows(made, "SELECT facet, resource, body, at_begin, gone, run FROM evidence WHERE type = 'aws.s3.bucket' "
                       "ORDER BY facet, resource, since")  # fmt: skip

    secret = json.dumps(SECRET, separators=(",", ":"))
    assert found == [
        ("", "gone", '{"Name":"gone"}', 1, 0, 3),
        ("", "gone", None, 0, 1, 5),
        ("", "open", f'{{"Name":"open","Tag":{secret}}}', 1, 0, 3),
        ("public_access_block", "gone", '{"BlockPublicAcls":true}', 1, 0, 3),
        ("public_access_block", "gone", None, 0, 1, 5),
        ("public_access_block", "open", "null", 1, 0, 3),
        ("public_access_block", "open", '{"BlockPublicAcls":true}', 0, 0, 5),
    ]


def test_the_text_of_each_body_has_the_digest_that_the_log_commits_to(made: Path) -> None:
    bodies = "SELECT body, sha256 FROM evidence WHERE body NOTNULL UNION ALL SELECT body, sha256 FROM definition"
    found = rows(made, bodies)

    assert ([hashlib.sha256(body.encode()).hexdigest() for body, _ in found], len(found) > 5) == (
        [digest for _, digest in found],
        True,
    )


def test_populations_are_there_at_the_beginning_and_at_the_end(made: Path) -> None:
    found = rows(made, "SELECT p.moment, p.status, p.resources, m.resource FROM population p "
                       "JOIN member m ON m.population = p.id WHERE p.type = 'aws.s3.bucket' ORDER BY 1, 4")  # fmt: skip

    assert found == [
        ("begin", "complete", 2, "gone"),
        ("begin", "complete", 2, "open"),
        ("end", "complete", 1, "open"),
    ]


def test_looks_are_there_with_what_was_refused(made: Path) -> None:
    found = rows(made, "SELECT facet, ended, status, reason, resources, run FROM sweep WHERE type = 'aws.s3.bucket' "
                       "ORDER BY facet, ended")  # fmt: skip

    assert found == [
        ("", "2026-02-20T00:00:00.000Z", "complete", None, 2, 3),
        ("", "2026-03-10T00:00:00.000Z", "complete", None, 1, 5),
        ("public_access_block", "2026-02-20T00:00:00.000Z", "complete", None, 2, 3),
        ("public_access_block", "2026-03-10T00:00:00.000Z", "complete", None, 1, 5),
        ("public_access_block", "2026-03-20T00:00:00.000Z", "denied", "denied", None, 7),
    ]


def test_exceptions_are_there_and_laid_over_what_they_cover_while_they_are_valid(made: Path) -> None:
    exceptions = rows(made, "SELECT exception, test, since, until, run, body FROM exception")
    covered = rows(made, "SELECT moment, resource, status, exception FROM reading "
                         f"WHERE test = '{TEST}' ORDER BY 1, 2")  # fmt: skip

    body = json.dumps(EXCEPTION, separators=(",", ":"), sort_keys=True)
    assert exceptions == [("until-moved", TEST, "2026-02-19T00:00:00.000Z", None, 1, body)]
    assert covered == [
        ("begin", "gone", "unknown", None),
        ("begin", "open", "unknown", "until-moved"),
        ("end", "open", "unknown", None),
    ]


def test_each_record_is_proven_to_be_in_the_signed_log(made: Path) -> None:
    note = Checkpoint.parse(rows(made, "SELECT note FROM checkpoint")[0][0].encode())
    found = rows(made, "SELECT seq, record, leaf, path FROM run ORDER BY seq")

    leaves = [hashlib.sha256(b"\0" + text.encode()).digest() for _, text, _, _ in found]
    paths = [[bytes.fromhex(hash) for hash in json.loads(path)] for *_, path in found]
    held = [verify_inclusion(leaves[n], seq - 1, note.size, paths[n], note.root) for n, seq in enumerate(RESTS_ON)]
    assert note.signed_by([KEY.verifier]) == (KEY.verifier,)
    assert [(seq, leaf) for seq, _, leaf, _ in found] == [
        (seq, leaf.hex()) for seq, leaf in zip(RESTS_ON, leaves, strict=True)
    ]
    assert held == [True] * 7


def test_the_contents_say_how_much_there_is_and_how_much_of_it_is_not_known(made: Path) -> None:
    with closing(sqlite3.connect(made)) as connection:
        listed = connection.execute("SELECT table_name, rows, unknown FROM contents").fetchall()
        counted = [(name, connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name, *_ in listed]

    unknown = {name: many for name, _, many in listed if many}
    assert ([row[:2] for row in listed], unknown["outcome"], unknown["sweep"]) == (counted, 1, 1)


def test_every_foreign_key_leads_somewhere(made: Path) -> None:
    assert rows(made, "PRAGMA foreign_key_check") == []
    assert len(rows(made, "PRAGMA foreign_key_list(outcome)")) == 2


def test_every_column_is_described(made: Path) -> None:
    with closing(sqlite3.connect(made)) as connection:
        described = set(connection.execute("SELECT table_name, column_name FROM description").fetchall())
        names = {table for table, _ in described}
        there = {(name, row[1]) for name in names for row in connection.execute(f"PRAGMA table_info({name})")}

    assert described == there


def test_bodies_and_resources_are_found_by_their_words(made: Path) -> None:
    found = rows(made, "SELECT e.resource, e.facet FROM evidence e JOIN evidence_fts f ON f.rowid = e.rowid "
                       "WHERE evidence_fts MATCH 'BlockPublicAcls' ORDER BY 1")  # fmt: skip

    assert found == [("gone", "public_access_block"), ("open", "public_access_block")]


def test_the_same_question_gives_the_same_rows_in_a_file_of_the_owners_alone(
    history: Path, made: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.db"
    with Store.open(history, readonly=True) as store:
        extract(store, Asked(("8.3",), BEGIN, END), again)

    def dump(path: Path) -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            return list(connection.iterdump())

    assert (dump(again), stat.S_IMODE(again.stat().st_mode)) == (dump(made), 0o600)


def test_what_was_not_recorded_yet_by_then_is_left_out(history: Path, tmp_path: Path) -> None:
    with Store.open(history, readonly=True) as store:
        extract(store, Asked(("A.8.3",), BEGIN, END, known_at=BEGIN + 12 * DAY), tmp_path / "then.db")

    assert rows(tmp_path / "then.db", "SELECT max(run), max(until) FROM outcome") == [(6, "2026-03-10T00:00:00.000Z")]
    assert rows(tmp_path / "then.db", "SELECT count(*) FROM run WHERE checkpoint IS NULL") == [(5,)]


# ── questions that make no sense ──


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(("A.9.1",), BEGIN, END), "Annex A has no control 'A.9.1'"),
        (Asked((), END, BEGIN), "the period ends (2026-03-01T00:00:00.000Z) before it begins"),
        (Asked((), 0, BEGIN - 100 * DAY), "nothing was known yet at 2025-11-21T00:00:00.000Z. The first record is of"),
        (Asked((), BEGIN, END, scope="aws/1"), "nothing is known of the scope 'aws/1'"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_in_words(
    history: Path, tmp_path: Path, asked: Asked, said: str
) -> None:
    with Store.open(history, readonly=True) as store, pytest.raises(ConfigError) as caught:
        extract(store, asked, tmp_path / "no.db")

    assert (said in str(caught.value), list(tmp_path.iterdir())) == (True, [])


def test_an_extract_is_never_made_over_a_file(history: Path, made: Path) -> None:
    with Store.open(history, readonly=True) as store, pytest.raises(StoreError, match="there is such a file already"):
        extract(store, Asked((), BEGIN, END), made)


# ── the command ──


@pytest.fixture
def folder(history: Path, tmp_path: Path) -> Path:
    keys.generate(tmp_path / "annexlog.key")
    (tmp_path / "annexlog.toml").write_text(f'store = "{history}"\n')
    return tmp_path


def test_the_command_takes_dates_and_the_last_one_counts_whole(folder: Path) -> None:
    file = str(folder / "x.db")

    code = run(["-C", str(folder), "export", "sqlite", file, "--from", "2026-03-01", "--to", "2026-03-31"])

    assert (code, dict(rows(Path(file), "SELECT name, value FROM about WHERE name IN ('begin', 'end')"))) == (
        0,
        {"begin": "2026-03-01T00:00:00.000Z", "end": "2026-03-31T23:59:59.999Z"},
    )


# ── Datasette ──


def ask(file: Path, *paths: str) -> Iterator[tuple[str, int, Any]]:
    """What Datasette answers: (path, status, JSON or text)."""
    from datasette.app import Datasette  # noqa: PLC0415 — slow

    served = Datasette([], immutables=[str(file)], metadata=metadata(file))

    async def answers() -> list[Any]:
        await served.invoke_startup()
        return [await served.client.get(path) for path in paths]

    for path, reply in zip(paths, asyncio.run(answers()), strict=True):
        yield path, reply.status_code, reply.json() if ".json" in path else reply.text


@pytest.mark.filterwarnings("ignore")  # Datasette's own
@pytest.mark.parametrize("which", ["store", "extract"])
def test_datasette_answers_every_ready_query_with_rows(history: Path, made: Path, tmp_path: Path, which: str) -> None:
    file = made
    if which == "store":
        from annexlog.evidence_store.backup import backup  # noqa: PLC0415

        file = tmp_path / "evidence.db"
        with Store.open(history, readonly=True) as store:
            backup(store, file)
    queries = metadata(file)["databases"][file.stem]["queries"]
    filled = ".json?_shape=array&test=&control=&begin=2026-01-01&end="

    paths = [f"/{file.stem.replace('.', '~2E')}/{query}{filled}" for query in queries]
    found = list(ask(file, *paths))

    answered = {query: (status, bool(told)) for query, (_, status, told) in zip(queries, found, strict=True)}
    nothing_fails = {} if which == "store" else {"failing": (200, False)}
    assert answered == dict.fromkeys(queries, (200, True)) | nothing_fails
    assert {"failing", "unknowns", "changes", "gaps", "newest_runs"} <= set(queries)


@pytest.mark.filterwarnings("ignore")
def test_datasette_shows_what_each_table_and_column_means(made: Path) -> None:
    (_, status, page), (_, home_status, home) = ask(made, "/A~2E8~2E3/outcome", "/A~2E8~2E3")

    assert (status, home_status) == (200, 200)
    said = ("Every outcome that stood in the period", "pass, fail, not_applicable or unknown")
    assert [text in page for text in said] == [True, True]
    assert [text in home for text in ("What is unknown at the end, and why", "Extract of the evidence")] == [True, True]


def test_a_database_of_something_else_is_not_described(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("CREATE TABLE t (a)")

    with pytest.raises(StoreError, match="neither a store in SQLite nor an extract"):
        metadata(tmp_path / "x.db")
