"""Both backends, told the same, answer the same: random histories in PostgreSQL beside SQLite, and both verify."""

import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

from histories import DETAILS, DOCUMENTS, FACETS, IDS, JUDGED, LISTINGS, SCOPES, TARGETS, Player, histories
from hypothesis import HealthCheck, Phase, given, settings
from oracle import spell

from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.proof import check_population
from annexlog.evidence_store.proving import prove_population
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

SIGNER = Signer("example.com/log", bytes(range(32)))
LINES = [*LISTINGS, *DETAILS, *JUDGED, *DOCUMENTS, *TARGETS]
examples = settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # to shrink takes too long over a connection
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@contextmanager
def played(server, steps):
    """A store of each kind that was told the same; that each place is the oracle's is asserted meanwhile."""
    with tempfile.TemporaryDirectory() as folder, server.database() as url:
        places = (Path(folder) / "store.db", url)
        with closing(Store.open(places[0], create=True)) as file, closing(Store.open(url, create=True)) as database:
            players = [Player(file), Player(database)]
            for player in players:
                player.play(steps)
            yield players


def answers(player):
    """All that a view says, at each instant that may matter."""
    views = [player.store.view(at, upto=upto) for at, upto in player.instants()]
    return [
        {
            "seen": [view.seen(line) for line in LINES],
            "lines": view.lines(),
            "ids": [list(view.ids(scope, "bucket")) for scope in SCOPES],
            "resources": [
                [(r.id, {name: spell(value) for name, value in r.facets.items()}) for r in found]
                for found in (view.resources(scope, "bucket", FACETS) for scope in SCOPES)
            ],
            "cells": [view.cell(line, id) for line in (LISTINGS[0], DETAILS[0]) for id in IDS],
            "history": [view.history(line, id) for line in LINES for id in (*IDS, *SCOPES)],
            "outcomes": list(view.outcomes()),
            "tallies": [view.tally(line) for line in JUDGED],
            "assessed": [view.assessed(line) for line in JUDGED],
            "documents": [view.documents(line.type) for line in DOCUMENTS],
            "scopes": view.scopes(),
            "states": view.scope_states(),
            "runs": list(view.runs()),
        }
        for view in views
    ]


@given(histories)
@examples
def test_every_answer_of_postgresql_is_that_of_sqlite(server, steps):
    with played(server, steps) as (file, database):
        assert answers(database) == answers(file)


@given(histories)
@examples
def test_whatever_was_recorded_in_postgresql_verifies(server, steps):
    with played(server, steps) as (_, database):
        database.store.checkpoint(SIGNER)

        report = verify(database.store, keys=[SIGNER.verifier])

        assert (report.findings, report.signed) == ([], len(database.oracle.records))


@given(histories)
@settings(examples, max_examples=6)
def test_populations_in_postgresql_are_proven_to_whoever_has_no_store(server, steps):
    with played(server, steps) as (_, database):
        store = database.store
        store.checkpoint(SIGNER)
        seen = [(line, seen.seq) for line in LISTINGS + DETAILS if (seen := store.view().seen(line))]

        proven = [check_population(prove_population(store, line, seq), SIGNER.verifier) for line, seq in seen]

        assert [(population.line, population.seq) for population in proven] == seen


@given(histories)
@settings(examples, max_examples=6)
def test_a_writer_of_another_process_goes_on_from_what_was_recorded_meanwhile(server, steps):
    with server.database() as url, Store.open(url, create=True) as first, Store.open(url) as second:
        player = Player(first)
        for step in steps:
            player.play([step])
            player.store = second if player.store is first else first
        first.checkpoint(SIGNER)

        report = verify(second, keys=[SIGNER.verifier])

        assert (report.findings, report.records) == ([], len(steps))
