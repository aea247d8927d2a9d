"""What a turn makes of the estate that is the same as before, whatever became of the keys."""

from __future__ import annotations

from annexlog.evidence_store.bodies import Bodies
from annexlog.evidence_store.model import decode
from annexlog.evidence_store.store import Store
from tests.home import Home

_SQL = (
    "SELECT l.type, l.facet, v.run, v.bid FROM version v JOIN line l ON l.lid = v.lid "
    "WHERE l.scope LIKE 'aws/%' AND v.bid IS NOT NULL"
)


def redacted(home: Home) -> list[tuple[str, str, int]]:
    """(type, facet, run) of each version that holds a commitment."""
    with Store.open(home.store, readonly=True) as store:
        read = Bodies(store.backend.select)
        rows = list(store.backend.select(_SQL))
        return [row[:3] for row in rows if "'commitment': '" in str(decode(read.one(row[3])))]


def test_after_a_rotation_the_same_estate_has_the_same_redacted_values(collected: Home) -> None:
    before = redacted(collected)

    codes = [collected.annexlog("key", "rotate", "--reason", "yearly").code]
    told = collected.annexlog("collect")
    verified = collected.annexlog("verify").code

    assert (codes, told.err, verified, len(before) > 0) == ([0], "", 0, True)
    assert redacted(collected) == before
