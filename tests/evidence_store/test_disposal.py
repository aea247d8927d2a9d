"""Disposal: what goes is gone from the file as well, what stays reads as before, and every proof still holds."""

import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

import pytest
from histories import FACETS, IDS, LISTINGS, histories
from hypothesis import given, settings
from hypothesis import strategies as st
from making import (
    BUCKETS,
    FAIL,
    PASS,
    POLICIES,
    VERDICTS,
    collect,
    facets,
    judge,
    look,
    rows,
)
from tampering import KEYS, SIGNER, fill, unguarded
from test_as_of import played

from annexlog.evidence_store import holds, retention
from annexlog.evidence_store.backup import compact
from annexlog.evidence_store.disposal import DISPOSALS, ERASED, Asked, Disposed, by_age, dispose, of_resource
from annexlog.evidence_store.holds import Hold
from annexlog.evidence_store.model import StoreDamaged, StoreError, Unknown, instant
from annexlog.evidence_store.proof import check_population
from annexlog.evidence_store.proving import prove_population
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

GONE = Unknown("disposed")
ASKED = Asked("erasure", "request 12", "ada", 1_000_000)
NOTHING_KEPT = {"*": "PT0S"}


def found(store):
    return [(f.where, f.what) for f in verify(store, keys=KEYS).findings]


def erase(store, id, **of):
    return dispose(store, ASKED, lambda within: of_resource(within, id, **of), rebuild=True)


def age(store, now, classes=None):
    return dispose(
        store, replace(ASKED, rule="age", now=now), lambda within: by_age(within, classes or NOTHING_KEPT, now)
    )


def holding(name="case 7", **what):
    return Hold(name, "a claim", "ada", "2026-01-01T00:00:00.000Z", **what)


@pytest.fixture
def path(tmp_path):
    fill(tmp_path / "store.db")
    return tmp_path / "store.db"


@pytest.fixture
def store(path):
    with Store.open(path) as opened:
        yield opened


@pytest.fixture
def empty(tmp_path):
    with Store.open(tmp_path / "empty.db", create=True) as opened:
        yield opened


def renamed(store, of):
    """{id: facets} with the erased resources under one name."""
    return {("erased" if id.startswith(ERASED) else id): values for id, values in of.items()}


# ── erasing a resource ────────────────────────────────────────────────────────────────────


def test_an_erased_resource_has_neither_name_nor_salt_nor_body_and_everything_verifies(store):
    done = erase(store, "b")
    store.checkpoint(SIGNER)

    assert done == Disposed(seq=12, versions=4, outcomes=3, names=1, bodies=done.bodies)
    assert found(store) == []
    assert len(rows(store, "opening")) == len(rows(store, "resource")) - 1
    assert list(store.backend.select("SELECT count(*) FROM resource WHERE native_id = 'b'")) == [(0,)]


def test_reading_what_was_erased_says_disposed_at_every_instant_and_the_rest_is_as_it_was(store):
    instants = [10, 15, 20, 30, 40, 50]
    before = [facets(store.view(at=at), "policy") for at in instants]

    erase(store, "b")

    after = [renamed(store, facets(store.view(at=at), "policy")) for at in instants]
    wanted = [{id: of for id, of in told.items() if id != "b"} for told in before]
    assert [{id: of for id, of in told.items() if id != "erased"} for told in after] == wanted
    assert {facet: value for told in after for facet, value in told["erased"].items()} == {"": GONE, "policy": GONE}


def test_the_record_says_by_which_rule_why_by_whom_and_what_by_commitments_alone(store):
    cid = next(store.backend.select("SELECT cid FROM resource WHERE native_id = 'b'"))[0].hex()

    erase(store, "b")

    (told,) = store.view().documents("disposal").values()
    assert told == {
        "rule": "erasure",
        "reason": "request 12",
        "by": "ada",
        "at": "1970-01-01T00:16:40.000Z",
        "versions": 4,
        "outcomes": 3,
        "names": [cid],
        "what": [
            [*BUCKETS, [[cid, [2, 6]]]],
            [*VERDICTS, [[cid, [3, 7, 11]]]],
            [*POLICIES, [[cid, [2, 9]]]],
        ],
    }
    assert next(store.view().runs()).kind == "dispose"


def test_a_name_and_a_body_are_nowhere_in_the_files_afterwards(tmp_path):
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as store:
        for n in range(60):
            listing = {f"bucket-{i}": {"Name": f"bucket-{i}", "Owner": "somebody else"} for i in range(40)}
            secret = {"person-4711": {"Name": "person-4711", "Owner": "Erika Mustermann", "n": n, "x": "y" * 900}}
            collect(store, f"{n}", look(BUCKETS, 10 + n, {**listing, **secret}))
        store.checkpoint(SIGNER)
        salt = next(
            store.backend.select(
                "SELECT o.salt FROM opening o JOIN resource r ON r.rid = o.rid WHERE r.native_id = 'person-4711'"
            )
        )[0]
        held = [body for body in (b"person-4711", salt) if body in whole(path)]

        erase(store, "person-4711")
        compact(store)
        store.checkpoint(SIGNER)
        findings = found(store)

    assert held == [b"person-4711", salt]
    assert findings == []
    assert [body for body in (b"person-4711", b"Mustermann", b"Erika", salt) if body in whole(path)] == []


def whole(path):
    """Every byte of the store's files."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()) if file.name.startswith(path.name))


def test_a_body_that_others_have_too_stays(empty):
    collect(empty, "1", look(BUCKETS, 10, {"a": {"same": 1}, "b": {"same": 1}, "c": {"own": 2}}))

    done = [erase(empty, "a"), erase(empty, "c")]

    assert [d.bodies for d in done] == [0, 1]
    assert renamed(empty, facets(empty.view(at=10)))["b"] == {"": {"same": 1}}


def test_a_body_that_is_a_change_of_one_that_goes_is_stored_anew(empty):
    long = [f"{n} statements that make a body long enough to be kept as a change of another" for n in range(40)]
    collect(empty, "1", look(BUCKETS, 10, {"a": {"v": 1, "long": long}, "b": {"own": 1}}))
    collect(empty, "2", look(BUCKETS, 20, {"a": {"v": 2, "long": long}, "b": {"own": 1}}))
    based = [row[3] is not None for row in rows(empty, "blob")]

    done = age(empty, 30)

    empty.checkpoint(SIGNER)
    assert (any(based), done.bodies) == (True, 1)
    assert [row for row in rows(empty, "blob") if row[3] is not None] == []
    assert facets(empty.view(at=20))["a"] == {"": {"v": 2, "long": long}}
    assert found(empty) == []


def test_a_dictionary_that_holds_parts_of_what_was_erased_goes_and_what_it_pressed_stays(empty):
    words = ["AllowTheReaderRole", "DenyInsecureTransport", "s3:GetObject", "arn:aws:s3:::shared-logs", "Condition"]
    content = {f"b{i}": {"Name": f"bucket {i}", "Owner": f"{i * 7919}", "Policy": words * 4} for i in range(600)}
    collect(empty, "1", look(BUCKETS, 10, content))
    before = len(rows(empty, "dictionary"))

    erase(empty, "b5")

    empty.checkpoint(SIGNER)
    assert (before, rows(empty, "dictionary")) == (1, [])
    assert facets(empty.view(at=10))["b6"] == {"": content["b6"]}
    assert found(empty) == []


def test_only_what_was_superseded_by_a_date_can_be_erased(store):
    done = erase(store, "b", until=45)

    assert (done.versions, done.names, facets(store.view(at=12))["b"][""]) == (2, 0, GONE)
    assert facets(store.view(at=50))["b"][""] == {"n": 4}


def test_erasing_what_is_not_there_or_not_the_estate_s_is_refused(store):
    for id in ("nobody", "aws.s3.private"):
        with pytest.raises(StoreError, match="no resource of the estate has this id"):
            erase(store, id)


def test_a_resource_that_is_seen_again_is_known_anew_and_judged(store):
    erase(store, "b")
    judge(store, 61, {next(store.view().ids(*BUCKETS[:2])): PASS, "c": FAIL})
    collect(store, "again", look(BUCKETS, 70, {"b": {"n": 4}, "c": {"n": 3}}), look(POLICIES, 70, {"b": 1, "c": 1}))
    judge(store, 71, {"b": PASS, "c": FAIL})
    store.checkpoint(SIGNER)

    assert found(store) == []
    assert facets(store.view(at=71), "policy") == {"b": {"": {"n": 4}, "policy": 1}, "c": {"": {"n": 3}, "policy": 1}}
    assert {o.id: o.status.value for o in store.view().outcomes()} == {"b": "pass", "c": "fail"}


def test_the_same_answer_after_erasing_is_recorded_anew(empty):
    collect(empty, "1", look(BUCKETS, 10, {"a": {"v": 1}}))
    erase(empty, "a")

    collect(empty, "2", look(BUCKETS, 20, {"a": {"v": 1}}))

    empty.checkpoint(SIGNER)
    assert facets(empty.view(at=20)) == {"a": {"": {"v": 1}}}
    assert found(empty) == []


def test_an_assessment_right_after_erasing_ends_the_outcomes_of_what_is_gone(store):
    erase(store, "b")
    erased = next(id for id in store.view().ids(*BUCKETS[:2]) if id.startswith(ERASED))

    judge(store, 61, {erased: PASS, "c": FAIL}, causes={erased: "estate"})
    judge(store, 62, None)
    store.checkpoint(SIGNER)

    assert {o.id for o in store.view().outcomes()} == {"c"}
    assert found(store) == []


def test_each_kind_of_store_disposes_and_refuses_changes_afterwards(place):
    fill(place)
    with Store.open(place) as store:
        done = erase(store, "b")
        aged = age(store, 10_000)
        store.checkpoint(SIGNER)

        assert (done.versions, done.outcomes, done.names, aged.names) == (4, 3, 1, 1)
        assert found(store) == []
        assert facets(store.view(at=12), "policy").keys() == {
            id for id in store.view(at=12).ids(*BUCKETS[:2]) if id.startswith(ERASED)
        }
        with pytest.raises(StoreError, match="append-only"), store.backend.writing():
            list(store.backend.select("DELETE FROM erased"))


def test_a_proof_shows_what_is_left_and_how_many_more_were_seen(store):
    erase(store, "b")
    store.checkpoint(SIGNER)
    whole = prove_population(store, BUCKETS, 6)

    told = check_population(whole, SIGNER.verifier)

    assert (list(told.resources), told.disposed) == (["c"], 1)
    for forged in ([], [{**whole["disposed"][0], "leaf": "00" * 32}], whole["disposed"] * 2):
        with pytest.raises(StoreDamaged):
            check_population({**whole, "disposed": forged}, SIGNER.verifier)
    with pytest.raises(StoreError, match="was disposed of since"):
        prove_population(store, VERDICTS, 3)


# ── age ───────────────────────────────────────────────────────────────────────────────────

YEAR = 365 * 86_400_000


def test_age_counts_from_when_a_version_was_superseded_not_from_when_it_was_recorded(empty):
    collect(empty, "1", look(BUCKETS, 1 * YEAR, {"a": {"v": 1}, "b": {"v": 1}}))
    collect(empty, "2", look(BUCKETS, 2 * YEAR, {"a": {"v": 1}, "b": {"v": 2}}))
    collect(empty, "3", look(BUCKETS, 9 * YEAR, {"a": {"v": 2}, "b": {"v": 2}}))

    done = age(empty, 10 * YEAR, {"*": "P3Y"})

    assert done.versions == 1
    assert facets(empty.view(at=YEAR)) == {"a": {"": {"v": 1}}, "b": {"": GONE}}


def test_what_is_current_is_never_disposed_of_however_old(empty):
    collect(empty, "1", look(BUCKETS, YEAR, {"a": {"v": 1}}))

    assert age(empty, 50 * YEAR) is None


def test_what_a_late_record_superseded_is_current_while_a_newer_look_shows_it(empty):
    collect(empty, "1", look(BUCKETS, 20, {"a": {"v": 1}}), recorded=20)
    collect(empty, "late", look(BUCKETS, 15, {"a": {"v": 0}}), recorded=21)

    assert age(empty, YEAR) is None
    assert facets(empty.view(at=30)) == {"a": {"": {"v": 1}}}


def test_each_class_is_kept_as_long_as_its_pattern_says(empty):
    for n in (1, 2):
        collect(empty, f"{n}", look(BUCKETS, n * 10, {"a": {"v": n}}), look(POLICIES, n * 10, {"a": n}))

    done = age(empty, 1000, {"aws/1/aws.s3.bucket/policy": "PT0S", "aws.s3.*": "P3Y"})

    assert done.versions == 1
    assert facets(empty.view(at=10), "policy") == {"a": {"": {"v": 1}, "policy": GONE}}


def test_a_resource_of_which_nothing_is_left_loses_its_name_and_the_log_still_verifies(store):
    done = age(store, 10_000)

    store.checkpoint(SIGNER)
    assert (done.names, found(store)) == (1, [])
    assert {o.id for o in store.view().outcomes()} == {"b", "c"}


def test_what_the_organization_says_of_itself_is_never_disposed_of(empty):
    for n in (1, 2):
        collect(empty, f"{n}", look(DISPOSALS._replace(type="register"), n * 10, {"a": {"v": n}}))

    assert age(empty, 50 * YEAR) is None


@pytest.mark.parametrize(("now", "keep", "then"), [
    ("2028-02-29T12:00:00.007+00:00", "P3Y", "2025-02-28T12:00:00.007+00:00"),
    ("2026-03-31T00:00:00+00:00", "P1M", "2026-02-28T00:00:00+00:00"),
    ("2026-03-31T00:00:00+00:00", "P1Y1M", "2025-02-28T00:00:00+00:00"),
    ("2026-03-31T00:00:00+00:00", "P90D", "2025-12-31T00:00:00+00:00"),
])  # fmt: skip
def test_years_and_months_are_those_of_the_calendar(now, keep, then):
    assert retention.before(instant(now), keep) == instant(then)


# ── holds ─────────────────────────────────────────────────────────────────────────────────


def test_a_hold_refuses_an_erasure_with_its_name(store):
    holds.add(store, holding(resource="b"), now=60)
    size = store.size()

    with pytest.raises(StoreError) as caught:
        erase(store, "b")

    assert caught.value.what == "the hold case 7 covers it (a claim); nothing was erased."
    assert store.size() == size


@pytest.mark.parametrize(("what", "versions"), [
    ({}, None), ({"resource": "a"}, 3), ({"scope": "aws"}, None), ({"scope": "aws/2"}, 6),
    ({"types": ("aws.s3.bucket",)}, None), ({"types": ("aws.ec2.vpc",), "resource": "a"}, 6),
])  # fmt: skip
def test_what_is_held_is_left_out_of_a_disposal_by_age(store, what, versions):
    holds.add(store, holding(**what), now=60)

    plan = by_age(store, NOTHING_KEPT, 10_000)

    assert (len(plan.versions) or None, sum(plan.held.values())) == (versions, 6 - (versions or 0))


def test_a_released_hold_holds_nothing_and_stays_on_record(store):
    holds.add(store, holding(), now=60)
    holds.release(store, "case 7", reason="settled", by="bob", at="2026-02-01T00:00:00.000Z", now=70)
    done = erase(store, "b")

    assert done.names == 1
    (told,) = holds.holds(store)
    assert (told.released, told.released_by, told.released_reason) == ("2026-02-01T00:00:00.000Z", "bob", "settled")
    with pytest.raises(StoreError, match="no hold called case 7 is in force"):
        holds.release(store, "case 7", reason="again", by="bob", at="x", now=80)
    with pytest.raises(StoreError, match="there is a hold called case 7 already"):
        holds.add(store, holding(), now=90)


# ── nobody can do it behind the log's back ────────────────────────────────────────────────


def test_the_store_refuses_changes_again_once_it_is_done(path, store):
    erase(store, "b")

    with closing(sqlite3.connect(path)) as raw, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute("DELETE FROM version")


def test_a_disposal_that_no_record_tells_of_is_found(path, store):
    erase(store, "b")
    store.checkpoint(SIGNER)
    with unguarded(path) as raw:
        gone = raw.execute(
            "SELECT bid FROM version WHERE (lid, rid, run) IN (SELECT lid, rid, run FROM erased)"
        ).fetchone()
        row = raw.execute("SELECT lid, rid, run FROM version WHERE run = 5 AND bid IS NOT NULL LIMIT 1").fetchone()
        raw.execute("INSERT INTO erased VALUES (?, ?, ?, zeroblob(32))", row)
        raw.execute("UPDATE version SET bid = ? WHERE lid = ? AND rid = ? AND run = ?", [*gone, *row])

    told = found(store)

    assert (f"erased ({', '.join(map(str, row))})", "no record disposed of it") in told
    assert any("are not the" in what for _, what in told)


def test_a_leaf_of_what_was_disposed_of_that_was_changed_or_is_missing_is_found(path, store):
    erase(store, "b")
    for change in ("UPDATE erased SET leaf = zeroblob(32) WHERE run = 6", "DELETE FROM erased WHERE run = 6"):
        with unguarded(path) as raw:
            raw.execute(change)

        assert found(store) != []


def test_a_name_that_came_back_or_a_salt_that_is_missing_is_found(path, store):
    erase(store, "b")
    (rid,) = next(store.backend.select("SELECT rid FROM resource WHERE native_id LIKE 'erased:%'"))
    with unguarded(path) as raw:
        raw.execute("UPDATE resource SET native_id = 'b' WHERE rid = ?", [rid])
        raw.execute("DELETE FROM opening WHERE rid = (SELECT min(rid) FROM opening)")

    told = {where for where, _ in found(store)}

    assert any(where.startswith(f"opening ({rid}: aws/1 aws.s3.bucket b") for where in told)
    assert any("opening (1" in where for where in told)


# ── interrupted ───────────────────────────────────────────────────────────────────────────


class Killed(BaseException):
    """The process ends here."""


def content(path):
    with closing(sqlite3.connect(path)) as raw:
        return list(raw.iterdump())


@pytest.mark.parametrize("at", range(6))
def test_a_disposal_that_is_interrupted_at_any_statement_left_everything_as_it_was(path, store, at):
    before = content(path)
    whole, calls = store.backend.disposing, iter(range(100))

    @contextmanager
    def ends():
        with whole() as change:

            def execute(sql, rows):
                if next(calls) == at:
                    raise Killed
                change(sql, rows)

            yield execute
            if next(calls) == at:
                raise Killed

    store.backend.disposing = ends
    with pytest.raises(Killed):
        erase(store, "b")
    store.backend.disposing = whole

    assert content(path) == before
    assert erase(store, "b").names == 1
    assert found(store)[:1] == []


# ── any history ───────────────────────────────────────────────────────────────────────────

CELLS = [(line, id) for line in LISTINGS for id in IDS]


def everything(store, at, upto):
    """{(scope, id, facet): value} of a view."""
    view = store.view(at, upto=upto)
    read = [resource for line in LISTINGS for resource in view.resources(line.scope, line.type, FACETS)]
    return {(r.scope, r.id, facet): value for r in read for facet, value in r.facets.items()}


def plans(store, now, id):
    yield lambda: age(store, now)
    yield lambda: erase(store, id)
    yield lambda: age(store, now + 3)


@given(histories, st.sampled_from(IDS), st.integers(95, 125))
@settings(max_examples=40, deadline=None)
def test_after_any_disposals_all_else_reads_as_before_and_everything_verifies(steps, id, now):
    with played(steps) as player:
        store = player.store
        instants = [(at, upto) for at, upto in player.instants() if upto]
        before = [everything(store, *when) for when in instants]
        for run in plans(store, now, id):
            with suppress(StoreError):  # nobody knows of such a resource
                run()
        after = [everything(store, *when) for when in instants]
        if store.size():
            store.checkpoint(SIGNER)

        pairs = list(zip(before, after, strict=True))
        assert found(store) == []
        assert [len(told) for told in after] == [len(told) for told in before]
        assert [kept(told) for told in after] == [
            {key: value for key, value in told.items() if key in kept(now)} for told, now in pairs
        ]
        assert {type(value) for told in after for key, value in told.items() if erased(key)} <= {Unknown}


def erased(key):
    return key[1].startswith(ERASED)


def kept(told):
    """What can still be read."""
    return {key: value for key, value in told.items() if value != GONE and not erased(key)}
