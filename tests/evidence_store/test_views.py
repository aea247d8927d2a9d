"""Whatever was recorded in whatever order, the friendly views say what the read path says of the present."""

from histories import histories
from hypothesis import given, settings
from test_as_of import played

from annexlog.evidence_store.model import Line
from annexlog.evidence_store.verdicts import COUNTED


def asked(store, sql):
    return sorted(store.backend.select(sql))


@given(histories)
@settings(max_examples=60, deadline=None)
def test_the_views_say_what_the_read_path_says(steps):
    with played(steps) as player:
        store, view = player.store, player.store.view()
        judged = [line for line in view.lines() if line.facet.startswith("outcome:")]
        looked = [line for line in view.lines() if line not in judged]

        outcomes = sorted((o.test, o.scope, o.type, o.id, o.status.value) for o in view.outcomes())
        seen = [(line, view.seen(line)) for line in looked]
        coverage = sorted((*line, one.seq, one.status.value) for line, one in seen if one is not None)
        tallies = sorted(
            (line.facet[8:], line.scope, line.type, *(view.tally(line).get(status, 0) for status in COUNTED))
            for line in judged
        )
        complete = [line for line, one in seen if one and one.status.value == "complete" and not line.facet]
        resources = sorted((scope, type, id) for scope, type, _ in complete for id in view.ids(scope, type))

        assert asked(store, "SELECT test, scope, type, id, status FROM outcomes") == outcomes
        assert asked(store, "SELECT scope, type, facet, seq, status FROM coverage") == coverage
        found = asked(store, "SELECT test, scope, type, pass, fail, unknown, not_applicable FROM tallies")
        assert found == tallies
        listed = asked(store, "SELECT scope, type, id, coverage FROM resources")
        assert [row[:3] for row in listed if Line(*row[:2]) in complete] == resources
