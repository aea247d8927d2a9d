"""Outcomes that wait in a file come back as they were, in whatever order they are asked for."""

import resource

import pytest

from annexlog.evidence_store.model import Outcome, Status, StoreFull, Unknown
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.waiting import Waiting

DENIED = Outcome(Status.UNKNOWN, Unknown("denied", "get_thing", "thing:Get"))
SOME = {"b": Outcome(Status.PASS), "a": DENIED, "é": Outcome(Status.PASS)}
OTHERS = {str(n): Outcome(Status.FAIL) for n in range(5_000)}


def test_outcomes_and_causes_come_back_as_they_were(tmp_path):
    with Waiting(tmp_path) as waiting:
        kept = [waiting.outcomes(SOME), waiting.outcomes({}), waiting.causes({"a": "estate"}), waiting.outcomes(OTHERS)]
        found = [dict(one) for one in reversed(kept)]
        listed = (list(kept[0]), list(kept[0].values()), len(kept[3]), kept[0]["a"])

    assert found == [OTHERS, {"a": "estate"}, {}, SOME]
    assert listed == (["b", "a", "é"], [*SOME.values()], 5_000, DENIED)


def test_nothing_is_left_of_them_in_the_folder(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        before = sorted(tmp_path.iterdir())
        with store.waiting() as waiting:
            waiting.outcomes(OTHERS)
            during = sorted(tmp_path.iterdir())

    assert during == before


def test_a_full_disk_is_said_as_one(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Waiting(tmp_path) as waiting:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
        try:
            with pytest.raises(StoreFull):
                waiting.outcomes(OTHERS)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            waiting._file.truncate(0)


def test_one_id_after_another_is_read_once(tmp_path):
    with Waiting(tmp_path) as waiting:
        one, other = waiting.outcomes(OTHERS), waiting.outcomes(SOME)
        first, second, elsewhere, third = one["1"], one["2"], other["a"], one["3"]

    assert first is second  # an outcome that several have is one object for each time that they are read
    assert (elsewhere, third) == (DENIED, first)
    assert third is not first
