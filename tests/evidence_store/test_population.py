"""What is committed to of a resource is found by its number, however it came to be known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexlog.evidence_store.population import _Openings

RIDS = st.lists(st.integers(1, 1_000), unique=True, min_size=1)


def opening(rid):
    return rid, rid.to_bytes(32, "big"), (rid + 1).to_bytes(32, "big")


@given(first=RIDS, second=RIDS)
def test_an_opening_is_found_in_whatever_order_openings_came(first, second):
    openings = _Openings()
    later = [rid for rid in second if rid not in first]

    openings.add(map(opening, first))
    openings.add(map(opening, later))

    known = {*first, *later}
    assert {rid: openings.at(openings.row(rid)) for rid in known} == {rid: b"".join(opening(rid)[1:]) for rid in known}
    assert {rid for rid in range(1_002) if rid in openings} == known


def test_one_that_is_not_there_is_nobody_elses():
    openings = _Openings()
    openings.add(map(opening, [2, 4]))

    for rid in (1, 3, 5):
        with pytest.raises(KeyError):
            openings.row(rid)
