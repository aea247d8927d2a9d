"""What conditions evaluate to: a corpus that any engine behind `conditions` must agree with."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cel_expr_python import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from annexlog.mappings.celtext import Selection, members, selections
from annexlog.mappings.conditions import Condition, ConditionError, compile_condition, usable

NAMES = ("a", "b", "c", "id", "now", "scope", "tags", "labels", "registers", "settings")


def compiled(text: str) -> Condition:
    return compile_condition(text, NAMES)


KNOWN = [
    ("a != null && a.X", {"a": {"X": True}}, True),
    ("a != null && a.X", {"a": None}, False),
    ("a == null || a.X == 1", {"a": None}, True),
    ("has(a.X) && a.X == 'on'", {"a": {}}, False),
    ("!has(a.X)", {"a": {"X": None}}, False),
    ("!has(a.X)", {"a": {}}, True),
    ("a.X == 1", {"a": {"X": 1.0}}, True),
    ("a.X > 1", {"a": {"X": 1.5}}, True),
    ("a.X == 'false'", {"a": {"X": False}}, False),
    ("a.X > 9223372036854775000", {"a": {"X": 2**63}}, True),
    ("'k' in tags && tags.k == 'v'", {"tags": {"k": "v"}}, True),
    ("tags['a b'] == 'v'", {"tags": {"a b": "v"}}, True),
    ("a.all(x, x.P < 3)", {"a": []}, True),
    ("a.exists(x, x.P < 3)", {"a": []}, False),
    ("a.exists_one(x, x == 1)", {"a": [1, 1]}, False),
    ("a.filter(x, x > 1).size() == 2", {"a": [1, 2, 3]}, True),
    ("a.map(x, x.N) == ['p', 'q']", {"a": [{"N": "p"}, {"N": "q"}]}, True),
    ("a.exists(k, a[k] == 2)", {"a": {"x": 1, "y": 2}}, True),
    ("a.?X.orValue('none') == 'none'", {"a": {}}, True),
    ("a.split(',').exists(p, p.lowerAscii() == 'b')", {"a": "A,B"}, True),
    ("id.startsWith('arn:') && id.matches('^arn:[a-z]+:')", {"id": "arn:aws:s3"}, True),
    ("now - timestamp(a) > duration('2160h')", {"a": "2026-01-01T00:00:00Z"}, True),
    ("now - timestamp(a) > duration('2160h')", {"a": "2026-11-01T00:00:00+00:00"}, False),
    ("scope.account in registers.ours", {"scope": {"account": "1"}, "registers": {"ours": ["1"]}}, True),
    ("a < settings.most", {"a": 3, "settings": {"most": 3}}, False),
    ("a ? b : c", {"a": True, "b": True}, True),
    ("size(a) == 3", {"a": "äöü"}, True),
]


@pytest.mark.parametrize(("text", "data", "result"), KNOWN, ids=[row[0] for row in KNOWN])
def test_a_condition_over_known_values_gives(text: str, data: dict, result: bool) -> None:
    data = {"now": datetime(2026, 11, 25, tzinfo=UTC), **data}

    assert compiled(text).evaluate(data) is result


ABSORBED = [
    ("a && b", {"b": False}, False),
    ("a && b", {"a": False}, False),
    ("a || b", {"b": True}, True),
    ("a || b", {"a": True}, True),
    ("a.X == 1 || b.Y", {"b": {"Y": True}}, True),
    ("c.all(x, x.V == a)", {"c": []}, True),
    ("c.all(x, x.ok && x.V == a)", {"c": [{"ok": True, "V": 1}, {"ok": False}]}, False),
    ("c.exists(x, x.ok || x.V == a)", {"c": [{"ok": False, "V": 1}, {"ok": True}]}, True),
    ("b ? a : c", {"b": False, "c": True}, True),
    ("!(a && b)", {"b": False}, True),
]


@pytest.mark.parametrize(("text", "data", "result"), ABSORBED, ids=[f"{r[0]} {r[1]}" for r in ABSORBED])
def test_what_is_left_out_is_absorbed_where_it_cannot_matter(text: str, data: dict, result: bool) -> None:
    assert compiled(text).evaluate(data) is result


UNSURE = [
    ("a", {}),
    ("!a", {}),
    ("a && b", {"b": True}),
    ("a || b", {"b": False}),
    ("a == null", {}),
    ("a != null", {}),
    ("has(a.X)", {}),
    ("!has(a.X)", {}),
    ("a.?X.hasValue()", {}),
    ("a.?X.orValue(true)", {}),
    ("optional.none().or(a.?X).hasValue()", {}),
    ("a == a", {}),
    ("[a].size() == 1", {}),
    ("[a, 1] == [1]", {}),
    ("1 in [a, 1]", {}),
    ("a in [1]", {}),
    ("{'k': a}.size() == 1", {}),
    ("type(a) == string", {}),
    ("size(a) == 0", {}),
    ("a.all(x, true)", {}),
    ("a.exists(x, false)", {}),
    ("c.all(x, x == a)", {"c": [1]}),
    ("c.exists(x, x == a)", {"c": [1]}),
    ("c.map(x, a).size() == 1", {"c": [1]}),
    ("c.filter(x, x == a).size() == 0", {"c": [1]}),
    ("a ? b : c", {"b": True, "c": True}),
    ("now > timestamp('2020-01-01T00:00:00Z')", {}),
]


@pytest.mark.parametrize(("text", "data"), UNSURE, ids=[row[0] for row in UNSURE])
def test_what_is_left_out_and_matters_is_neither_true_nor_false(text: str, data: dict) -> None:
    result = compiled(text).evaluate(data)

    assert isinstance(result, str)
    assert result.startswith("No value with name")


BROKEN = [
    ("a.X == 1", {"a": {}}, 'Key not found in map : "X"'),
    ("a.X == 1", {"a": None}, "Applying SELECT to non-message type"),
    ("1 / a == 1", {"a": 0}, "divide by zero"),
    ("timestamp(a) < timestamp('2020-01-01T00:00:00Z')", {"a": "yesterday"}, "String to Timestamp conversion failed"),
    ("a.matches(b)", {"a": "x", "b": "("}, "invalid regular expression: missing ): ("),
    ("a.all(x, x >= 0)", {"a": list(range(10_000))}, "Iteration budget exceeded"),
    ("a", {"a": "true"}, "gives STRING, not true or false"),
    ("a", {"a": 1}, "gives INT, not true or false"),
    ("a", {"a": None}, "gives NULL, not true or false"),
    (
        "a.X",
        {"a": {"X": 2**64}},
        "Integer value '18446744073709551616' out of range for 'a['X'] -> 18446744073709551616'.",
    ),
]


@pytest.mark.parametrize(("text", "data", "error"), BROKEN, ids=[row[0] + str(row[1])[:30] for row in BROKEN])
def test_a_condition_that_goes_wrong_says_so_and_is_no_verdict(text: str, data: dict, error: str) -> None:
    assert compiled(text).evaluate(data) == error


def test_an_error_is_a_value_whose_own_value_is_truthy_and_still_no_verdict() -> None:
    raw = cel.NewEnv(variables={"a": cel.Type.DYN}).compile("a").eval(data={})

    assert bool(raw.value()) is True
    assert compiled("a").evaluate({}) == 'No value with name "a" found in Activation'


def test_a_message_has_nothing_in_it_that_changes_from_run_to_run() -> None:
    first, second = object(), object()

    texts = {compiled("a.X == 1").evaluate({"a": {"X": thing}}) for thing in (first, second)}

    assert texts == {"Non-CEL value type for 'a['X'] -> <object object at 0x…>': object."}


def test_the_budget_is_spent_only_on_what_has_to_be_looked_at() -> None:
    assert compiled("true || a.all(x, x >= 0)").evaluate({"a": list(range(20_000))}) is True
    assert compiled("a.all(x, x >= 0)").evaluate({"a": list(range(9_999))}) is True


READS = [
    ("a == null || b.X", {"a", "b"}),
    ("c.exists(a, a.X == b)", {"b", "c"}),
    ("true", set()),
    ("id == 'now' && now > timestamp(a.b)", {"id", "now", "a"}),
    ("a.exists(x, x.c == 1)", {"a"}),
]


@pytest.mark.parametrize(("text", "names"), READS, ids=[row[0] for row in READS])
def test_what_a_condition_reads_is_found(text: str, names: set[str]) -> None:
    assert compiled(text).reads == names


REFUSED = [
    ("a ==", "mismatched input '<EOF>'", (1, 5)),
    ("d == 1", "undeclared reference to 'd'", (1, 1)),
    ("a &&\n  d", "undeclared reference to 'd'", (2, 3)),
    ("id == 3", "found no matching overload for '_==_' applied to '(string, int)'", (1, 4)),
    ("a.frob()", "undeclared reference to 'frob'", (1, 7)),
    ("has(a)", "has() argument must be a field selection", (1, 5)),
    ("1 + 1", "gives INT, not true or false", (0, 0)),
    ("tags", "gives MAP<STRING, DYN>, not true or false", (0, 0)),
    ("(" * 40 + "a" + ")" * 40, "Expression recursion limit exceeded. limit: 32", (0, 0)),
]


@pytest.mark.parametrize(("text", "message", "place"), REFUSED, ids=[row[0][:20] for row in REFUSED])
def test_a_condition_that_cannot_be_compiled_is_refused(text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(ConditionError) as refused:
        compiled(text)

    assert str(refused.value).startswith(message)
    assert (refused.value.line, refused.value.column) == place


def test_words_that_cel_keeps_for_itself_are_not_usable_names() -> None:
    words = ("namespace", "function", "package", "type", "import", "in", "null", "string", "not-a-name")

    assert [word for word in words if usable(word)] == []
    assert [name for name in ("policy", "size", "public_access_block") if usable(name)] == [
        "policy",
        "size",
        "public_access_block",
    ]


# ── soundness: Unknown may be any value ───────────────────────────────────────────────────

_LEAVES = st.sampled_from(
    ["a", "b", "c", "a == b", "c == null", "true", "false", "[a, b].exists(x, x)", "[b, c].all(x, x)"]
)
_FORMULAS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: f"({two[0]} && {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} || {two[1]})"),
        st.tuples(inner, inner, inner).map(lambda three: f"({three[0]} ? {three[1]} : {three[2]})"),
        inner.map(lambda one: f"!({one})"),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(_FORMULAS, st.dictionaries(st.sampled_from("abc"), st.booleans(), max_size=2))
def test_a_verdict_without_a_value_holds_whatever_the_value_is(text: str, known: dict[str, bool]) -> None:
    condition = compiled(text)
    verdict = condition.evaluate(known)

    missing = [name for name in "abc" if name not in known]
    worlds = [
        condition.evaluate({**known, **{name: bool(number >> bit & 1) for bit, name in enumerate(missing)}})
        for number in range(2 ** len(missing))
    ]

    assert isinstance(verdict, str) or set(worlds) == {verdict}


# ── what a condition selects ──────────────────────────────────────────────────────────────


SELECTED = [
    ("a.X.Y == 'a.Z'", "a>X a.X>Y"),
    ("has(a.X.Y)", "a>X a.X>Y?"),
    ("a.?X.orValue([]).all(i, i.Y)", "a>X? a.X>Y"),
    ("a.L.exists(i, i.M.all(j, j.N == i.O))", "a>L a.L>M a.L.M>N a.L>O"),
    ("a.L.filter(i, i.P).map(i, i.Q).exists(q, q.R)", "a>L a.L>P a.L>Q a.L.Q>R"),
    ("a['X'].Y", "a>[] a>Y"),
    ("(a.X ? a.Y : b.Z).W", "a>X a>Y b>Z a.b.…>W"),
    (r"a.X.startsWith(r'\d.Q') && b.Y.size() > 1.5", "a>X b>Y"),
    ("labels == {}", "labels>"),
    ("labels.exists(k, k == 'x')", "labels>[] labels>"),
    ("duration('1h') < now - timestamp(a.T)", "a>T now>"),
    ("timestamp(a.T).getFullYear() == 2026 // a.U", "a>T"),
    ("[a.X, b.Y].exists(v, v == 1)", "a>X b>Y"),
    ("{'k': a.X}.k == {?'l': b.?Y}.l", "a>X b>Y?"),
]


@pytest.mark.parametrize(("text", "expected"), SELECTED, ids=[row[0] for row in SELECTED])
def test_what_a_condition_selects_is_found(text: str, expected: str) -> None:
    found = [f"{'.'.join((*sorted(s.roots), *s.path))}>{s.name}{'?' * s.tested}" for s in selections(text)]

    assert " ".join(found) == expected


def test_a_selection_from_one_of_two_values_names_both() -> None:
    assert selections("[a, b].exists(v, v.X)")[-1] == Selection(frozenset({"a", "b"}), ("…",), "X", tested=False)


MEMBERS = [
    ("a.X.Y == 'a.Z' && has(a.V) // a.U", {"X", "V"}),
    ("a.?X.orValue([]).all(i, i.Y) || b.Z", {"X"}),
    ("a.X[a.Y].Z == 1", {"X", "Y"}),
    ("a.X && a.size() == 1", None),
    ("a.X && a['Y']", None),
    ("a.X && a != null", None),
    ("a.X && a.exists(k, k == 'Y')", None),
    ("a.X && (c ? a : b).Y", None),
    ("a.X && [a].exists(v, v.Y)", None),
    ("a.X && c.exists(a, a.Y)", None),
    ("a.X && a", None),
]


@pytest.mark.parametrize(("text", "expected"), MEMBERS, ids=[row[0] for row in MEMBERS])
def test_a_variable_is_seen_by_its_members_alone_only_where_nothing_else_is_asked_of_it(
    text: str, expected: set[str] | None
) -> None:
    assert members(text, "a") == expected


@pytest.mark.parametrize(("text", "data", "result"), KNOWN, ids=[row[0] for row in KNOWN])
def test_what_a_condition_cannot_see_changes_nothing(text: str, data: dict, result: bool) -> None:
    asked = members(text, "a") is not None and isinstance(data.get("a"), dict)
    more = {"a": {**data["a"], "Unseen": object()}} if asked else {}
    data = {"now": datetime(2026, 11, 25, tzinfo=UTC), **data, **more, "unread": object()}

    assert compiled(text).evaluate(data) is result


def test_conditions_share_an_environment_and_keep_their_own_names() -> None:
    text = "policy.acl == 'policy' && acls.all(policy, policy.acl == id)"
    condition = compile_condition(text, ["policy", "acl", "acls", "id"])

    known = {"policy": {"acl": "policy"}, "acls": [{"acl": "a"}], "id": "a", "acl": 1}
    without = {name: value for name, value in known.items() if name != "acls"}

    assert condition.reads == {"policy", "acls", "id"}
    assert condition.evaluate(known) is True
    said = str(condition.evaluate(without))
    assert ("acls" in said, "place_" in said) == (True, False)


def test_a_name_that_is_not_given_is_not_known_though_others_use_it() -> None:
    compile_condition("elsewhere == 1", ["elsewhere"])

    with pytest.raises(ConditionError, match="undeclared reference to 'elsewhere'") as caught:
        compile_condition("here == 1 &&\n  elsewhere == 1", ["here"])

    assert (caught.value.line, caught.value.column) == (2, 3)
