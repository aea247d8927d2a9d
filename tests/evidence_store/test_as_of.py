"""Whatever was recorded, and in whatever order, the store answers as a naive oracle that keeps every look whole."""

import os
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from histories import DETAILS, DOCUMENTS, FACETS, IDS, JUDGED, LISTINGS, SCOPES, TARGETS, Player, histories
from hypothesis import given, settings
from oracle import spell

from annexlog.evidence_store import layout, merkle
from annexlog.evidence_store.layout import Record
from annexlog.evidence_store.model import POPULATION, Coverage, Line, Outcome, encode
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

LINES = [*LISTINGS, *DETAILS, *DOCUMENTS, *TARGETS, *JUDGED]
examples = settings(max_examples=int(os.environ.get("ANNEXLOG_EXAMPLES", "50")), deadline=None)
"""More of them now and then, by hand: ANNEXLOG_EXAMPLES=2000."""


@cache
def empty():
    """An empty store's file; each example starts from a copy."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        Store.open(path, create=True).close()
        return path.read_bytes()


@contextmanager
def played(steps):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        path.write_bytes(empty())
        with Store.open(path) as store:
            player = Player(store)
            player.play(steps)
            yield player


def told(values):
    return {name: spell(value) for name, value in values.items()}


@given(histories)
@examples
def test_looks_and_populations_are_those_of_the_oracle(steps):
    with played(steps) as player:
        asked = [(line, at, upto) for line in LINES for at, upto in player.instants()]

        answers = [as_seen(player.store.view(at, upto=upto).seen(line)) for line, at, upto in asked]
        ids = [list(player.store.view(at, upto=upto).ids(line.scope, line.type)) for line, at, upto in asked]

        assert answers == [player.oracle.seen(*question) for question in asked]
        assert ids == [sorted(player.oracle.known(line._replace(facet=""), at, upto)) for line, at, upto in asked]


def as_seen(seen):
    return seen and (seen.status, seen.start, seen.end, seen.seq, seen.refusal)


@given(histories)
@examples
def test_every_facet_of_every_resource_is_that_of_the_oracle(steps):
    with played(steps) as player:
        asked = [(scope, at, upto) for scope in SCOPES for at, upto in player.instants()]

        found = [
            [(r.id, told(r.facets)) for r in player.store.view(at, upto=upto).resources(scope, "bucket", FACETS)]
            for scope, at, upto in asked
        ]

        expected = [
            [(id, told(facets)) for id, facets in player.oracle.resources(scope, "bucket", FACETS, at, upto)]
            for scope, at, upto in asked
        ]
        assert found == expected


@given(histories)
@examples
def test_one_cell_says_what_its_population_says(steps):
    with played(steps) as player:
        asked = [
            (line, id, *instant) for line in (LISTINGS[0], DETAILS[0]) for id in IDS for instant in player.instants()
        ]

        cells = [player.store.view(at, upto=upto).cell(line, id) for line, id, at, upto in asked]

        expected = [
            dict(player.oracle.resources(line.scope, line.type, FACETS, at, upto)).get(id, {}).get(line.facet, "none")
            for line, id, at, upto in asked
        ]
        assert [spell(cell.value if cell else "none") for cell in cells] == [spell(value) for value in expected]


@given(histories)
@examples
def test_documents_and_scopes_are_those_of_the_oracle(steps):
    with played(steps) as player:
        instants = player.instants()
        views = [player.store.view(at, upto=upto) for at, upto in instants]

        documents = [dict(view.documents(line.type)) for line in DOCUMENTS for view in views]
        scopes = [list(view.scopes().items()) for view in views]
        states = [{s.name: (s.state, s.since) for s in view.scope_states()} for view in views]

        assert documents == [player.oracle.known(line, *instant) for line in DOCUMENTS for instant in instants]
        assert scopes == [list(player.oracle.scopes(["main"], *instant).items()) for instant in instants]
        assert states == [player.oracle.scope_states("main", *instant) for instant in instants]


@given(histories)
@examples
def test_outcomes_are_those_of_the_oracle(steps):
    with played(steps) as player:
        asked = [(line, at, upto) for line in JUDGED for at, upto in player.instants()]

        found = [outcomes_of(player.store.view(at, upto=upto), line) for line, at, upto in asked]
        one = [outcomes_of(player.store.view(at, upto=upto), line, "x") for line, at, upto in asked]
        tallies = [list(player.store.view(at, upto=upto).tally(line).values()) for line, at, upto in asked]

        expected = [player.oracle.outcomes(*question) for question in asked]
        assert found == expected
        assert one == [{id: row for id, row in rows.items() if id == "x"} for rows in expected]
        assert tallies == [counted(rows) for rows in expected]


def outcomes_of(view, line, resource=None):
    rows = view.outcomes(test=line.facet.removeprefix("outcome:"), scope=line.scope, resource=resource)
    return {row.id: (row.status, row.reason, row.cause, row.since, row.at, row.seq) for row in rows}


def counted(rows):
    statuses = [row[0] for row in rows.values()]
    return [statuses.count(status) for status in ("pass", "fail", "unknown", "not_applicable")]


@given(histories)
@examples
def test_histories_are_those_of_the_oracle(steps):
    with played(steps) as player:
        at, upto = player.instants()[-1]
        cells = [(line, id) for line in LINES for id in (*IDS, *SCOPES, POPULATION)]
        view = player.store.view(at, upto=upto)

        found = [[as_version(version) for version in view.history(*cell)] for cell in cells]

        expected = [[as_change(*change) for change in player.oracle.history(*cell, at, upto)] for cell in cells]
        assert found == expected


def as_version(version):
    return (version.end, version.seq, spell(version.value) if version.shown else None)


def as_change(end, seq, value):
    return (end, seq, None if value is None else spell(value[0]))


@given(histories)
@examples
def test_equal_fingerprints_mean_equal_evidence(steps):
    with played(steps) as player:
        contradictions = []
        for lines in ([LISTINGS[0]], [DETAILS[0]], [LISTINGS[0], *DETAILS[:2]], DOCUMENTS, TARGETS):
            said = {}
            for at, upto in player.instants():
                digest = player.store.view(at, upto=upto).fingerprint(lines)
                evidence = all_said(player.oracle, lines, at, upto)
                contradictions += [(lines, at, upto)] if said.setdefault(digest, evidence) != evidence else []

        assert contradictions == []


def all_said(oracle, lines, at, upto):
    """What a view says of these lines, but for times."""
    seen = [oracle.seen(line, at, upto) for line in lines]
    facets = [line.facet for line in lines if line.facet]
    bodies = [
        [(id, told(values)) for id, values in oracle.resources(*names, facets, at, upto)]
        for names in sorted({line[:2] for line in lines})
    ]
    return [look and (look[0], look[4]) for look in seen], bodies


@given(histories)
@examples
def test_every_record_commits_to_what_the_oracle_was_told(steps):
    with played(steps) as player:
        openings = {
            (scope, kind, id): (cid, salt)
            for scope, kind, id, cid, salt in player.store.backend.select(
                "SELECT r.scope, r.type, r.native_id, r.cid, o.salt FROM resource r JOIN opening o ON o.rid = r.rid"
            )
        }
        entries = [player.store.manifests[seq].entries() for seq in range(1, player.store.size() + 1)]
        records = [Record.parse(row[0]) for row in player.store.backend.select("SELECT record FROM run ORDER BY seq")]

        roots = [{entry.line: (entry.n, entry.root) for entry in record} for record in entries]
        tops = [merkle.root(layout.line_leaves(entry.text() for entry in record)) for record in entries]

        looks = [looks for _, looks in player.oracle.records]
        assert roots == [{look.line: committed(look, openings) for look in record} for record in looks]
        assert tops == [record.outcomes_root or record.populations_root for record in records]
        assert [record.heads_root for record in records] == [heads(looks[: n + 1]) for n in range(len(looks))]
        assert [record.recorded for record in records] == [recorded for recorded, _ in player.oracle.records]


def committed(look, openings):
    if look.status in (Coverage.DENIED, Coverage.FAILED, Coverage.UNSUPPORTED):
        return (None, None)
    leaves = []
    for id, value in look.content.items():
        cid, salt = openings[(look.line.scope, look.line.type, id)]
        body = layout.outcome_body(value.status, value.reason) if isinstance(value, Outcome) else encode(value)
        leaves.append((cid, layout.leaf(cid, salt, look.line.facet, layout.sha256(body))))
    return (len(leaves), merkle.root([leaf for _, leaf in sorted(leaves)]))


def heads(records):
    found = {}
    for looks in records:
        for look in looks:
            found.setdefault(look.line, []).append(look.when)
    texts = [layout.head_line(line, max(seq for _, seq in whens), *max(whens)) for line, whens in found.items()]
    return merkle.root(layout.line_leaves(texts))


@given(histories)
@examples
def test_whatever_was_recorded_verifies(steps):
    with played(steps) as player:
        report = verify(player.store, keys=[])

        assert [finding for finding in report.findings if finding.table != "checkpoint"] == []


@given(histories)
@examples
def test_known_at_counts_the_records_of_that_instant(steps):
    with played(steps) as player:
        instants = sorted({recorded + shift for recorded, _ in player.oracle.records for shift in (-1, 0, 1)})

        sizes = [player.store.view(known_at=known_at).upto for known_at in instants]

        assert sizes == [player.oracle.upto(known_at) for known_at in instants]


@given(histories)
@settings(max_examples=20, deadline=None)
def test_a_store_opened_again_goes_on_as_if_it_had_not_been_closed(steps):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        path.write_bytes(empty())
        player = Player(Store.open(path))
        for step in steps:
            player.play([step])
            player.store.close()
            player.store = Store.open(path)
        records = [Record.parse(row[0]) for row in player.store.backend.select("SELECT record FROM run ORDER BY seq")]
        at, upto = player.instants()[-1]

        found = [outcomes_of(player.store.view(at, upto=upto), line) for line in JUDGED]
        player.store.close()

        looks = [looks for _, looks in player.oracle.records]
        assert [record.heads_root for record in records] == [heads(looks[: n + 1]) for n in range(len(looks))]
        assert found == [player.oracle.outcomes(line, at, upto) for line in JUDGED]


@pytest.mark.parametrize("line", [Line("aws/9", "bucket"), Line("aws/9", "bucket", "policy")])
def test_a_line_that_was_never_looked_at_says_nothing(tmp_path, line):
    with Store.open(tmp_path / "store.db", create=True) as store:
        view = store.view()

        answers = (view.seen(line), list(view.resources(*line)), view.history(line, "x"), view.cell(line, "x"))

        assert answers == (None, [], [], None)
