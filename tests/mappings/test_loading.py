"""Tests, pages and the organization's own files: read strictly, or refused where they are wrong."""
# ruff: noqa: E501 — one mistake and its message a line read as a table

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.evidence_store.model import MappingError, instant
from annexlog.mappings import CONTROLS, Mappings, from_documents, load
from annexlog.mappings.loading import read
from annexlog.mappings.strictyaml import parse
from annexlog.mappings.testreading import read_test
from tests.mappings.making import BUCKET, SHAPES, make, page

CONTROL = """\
control: A.8.3
title: Information access restriction
theme: technological
says: Who may reach what.
can_show: That buckets are private.
not_shown: That readers need what they read.
tests:
  - {test: acme.test, strength: primary, because: It shows it.}
manual: [policy.access]
"""
MANUAL = """\
metadata: [owner]
items:
  - id: policy.access
    title: Access policy
    contains: The policy.
    controls: [A.8.3]
    owner: CISO
    valid_for: P365D
    renew_on: change
"""
LABELS = """\
criticality:
  tags: [Criticality]
  register: crown-jewels
  values: {critical: [tier-0], low: []}
"""
EXCEPTION = """\
- id: EX-1
  kind: accepted_risk
  test: acme.test
  scope: acme/1
  resource: "public-*"
  reason: The web site.
  requested_by: Ann
  approved_by: Bob
  approved: 2026-11-01
  expires: 2027-01-01
"""


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    tests = page(settings={"most": 3}, registers=["ours"], when="settings.most > 1 && id in registers.ours",
                 examples={"pass": [], "fail": [], "unknown": []})  # fmt: skip
    files = {"tests/acme/bucket.yaml": tests, "iso27001_2022/A.8.3.yaml": CONTROL}
    return write(tmp_path / "pack", {**files, "iso27001_2022/_manual.yaml": MANUAL, "labels.yaml": LABELS})


def loaded(pack: Path, *folders: Path) -> Mappings:
    return load(SHAPES, folders=folders, packs=[pack])


def problems(pack: Path, *folders: Path) -> list[str]:
    return [str(problem).replace(f"{pack.parent}/", "") for problem in read(SHAPES, folders=folders, packs=[pack])[1]]


# ── one test ──────────────────────────────────────────────────────────────────────────────


def test_a_test_knows_all_that_it_reads() -> None:
    test = make(
        of="acme.trail",
        with_={
            "target": {
                "of": "acme.bucket",
                "take": ["policy"],
                "by": {"trail.BucketName": "bucket.Name"},
                "one": True,
                "keep": "tags.kind == 'logs'",
            }
        },
        when="trail.Kind == 'org'",
        expect="status.On && target.policy == null && now > timestamp(trail.Since)",
        examples={},
    )

    assert test.facets == {"trail", "status"}
    assert test.joins[0].facets == {"bucket", "policy", "tagging"}
    assert test.joins[0].within == "account"
    assert test.reads == {"trail", "status", "target", "now", "tags"}
    assert test.reads_now is True
    assert sorted(set(test.wanted())) == [
        ("acme.bucket", "bucket"),
        ("acme.bucket", "policy"),
        ("acme.bucket", "tagging"),
        ("acme.trail", "status"),
        ("acme.trail", "trail"),
    ]


def test_labels_are_read_from_the_facet_that_has_the_tags() -> None:
    test = make(when="labels.criticality == 'critical'")

    assert (test.labels, test.facets) == (("criticality",), {"policy", "tagging"})


def test_derived_values_read_what_their_arguments_name() -> None:
    test = make(expect="!open", derive={"open": "open_to_all(policy, scope.account)"})

    assert (test.facets, test.reads) == ({"policy"}, {"open", "policy", "scope"})
    assert list(test.definition["functions"]) == ["open_to_all"]


def test_the_digest_covers_the_definition_and_the_functions_it_uses() -> None:
    same, other = make(expect="policy == null"), make(expect="policy != null")

    assert make().digest == same.digest
    assert same.digest != other.digest
    derived = make(expect="!open", derive={"open": "open_to_all(policy, scope.account)"})
    changed = {**derived.definition, "functions": {"open_to_all": "0" * 64}}
    rebuilt = read_test(parse(orjson.dumps(changed).decode(), "x"), (), SHAPES, recorded=True)
    assert rebuilt.digest != derived.digest
    assert rebuilt.outdated == ("open_to_all",)
    assert derived.outdated == ()


JOIN = {"of": "acme.rule", "take": ["rule"], "by": {"trail.Id": "rule.Trail"}}
ONE = {"of": "acme.bucket", "take": ["policy"], "by": {"bucket.Name": "bucket.Name"}, "one": True}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("an unknown key", {"expects": "true"}, "the key 'expects' is not known. Did you mean expect?"),
    ("a missing key", {"fix": None}, "the key 'fix' is missing"),
    ("a blank text", {"fix": " "}, "fix must be a text"),
    ("a number for a text", {"fix": 3}, "fix must be a text. Put it in quotes."),
    ("an id that is none", {"id": "Acme"}, "'Acme' is not an id such as aws.s3.bucket-encrypted"),
    ("an unknown type", {"of": "acme.buckets"}, "no resource type is called 'acme.buckets'. Did you mean acme.bucket?"),
    ("a type with a facet of a reserved name", {"of": "acme.odd"}, "the facet 'namespace' of acme.odd has a name that conditions cannot use"),
    ("an unknown severity", {"severity": "urgent"}, "severity is 'urgent', but must be one of critical, high, medium, low"),
    ("no duration", {"every": "daily"}, "'daily' is not a duration such as PT6H or P1D"),
    ("a zero duration", {"every": "PT0S"}, "no test looks more often than once a minute (PT1M)"),
    ("an unknown facet", {"expect": "polcy == null"}, "expect: undeclared reference to 'polcy', at `polcy == null`"),
    ("broken CEL", {"expect": "policy =="}, "expect: mismatched input '<EOF>'"),
    ("no truth value", {"expect": "id"}, "expect: gives STRING, not true or false"),
    ("a misspelt field", {"expect": "!has(bucket.Nmae)"}, "expect: acme knows no field 'Nmae' in bucket. Did you mean Name?"),
    ("a misspelt field of an item", {"expect": "[bucket].all(b, has(b.Creatd))"}, "expect: acme knows no field 'Creatd' in bucket. Did you mean Created?"),
    ("an undeclared setting", {"expect": "settings.most > 1", "settings": {"more": 1}}, "expect: 'most' is not among the test's settings"),
    ("an undeclared register", {"expect": "id in registers.ours"}, "expect: 'ours' is not among the test's registers"),
    ("a register used whole", {"expect": "registers == {}", "registers": ["a"]}, "expect: say which of the registers: registers.name"),
    ("a question for a label", {"expect": "has(labels.criticality)"}, "expect: whether there is labels.criticality is not a question; without it the outcome is unknown"),
    ("a question for a register", {"expect": "has(registers.a)", "registers": ["a"]}, "expect: whether there is registers.a is not a question; without it the outcome is unknown"),
    ("labels by key", {"expect": "labels['criticality'] == 'low'"}, "expect: say which of the labels: labels.name"),
    ("tags of a type without", {"of": "acme.trail", "expect": "'a' in tags"}, "expect: acme.trail has no tags"),
    ("a join that nothing reads", {"with_": {"other": ONE}}, "'other' is never read"),
    ("a derived value that nothing reads", {"derive": {"x": "open_to_all(policy, id)"}}, "'x' is never read"),
    ("a join named like a facet", {"with_": {"policy": ONE}}, "the name 'policy' is taken"),
    ("a join named like a keyword", {"with_": {"package": ONE}}, "'package' is not a name that conditions can use"),
    ("a join taking what is not there", {"with_": {"o": {**ONE, "take": ["polic"]}}}, "acme.bucket has no facet 'polic'. Did you mean policy?"),
    ("a join by a field that is not there", {"with_": {"o": {**ONE, "by": {"bucket.Nam": "bucket.Name"}}}}, "by: acme knows no field 'Nam' in bucket. Did you mean Name?"),
    ("a join by what is no facet", {"with_": {"o": {**ONE, "by": {"bukcet.Name": "bucket.Name"}}}}, "acme.bucket has no facet 'bukcet'. Did you mean bucket?"),
    ("a look-up without a key", {"with_": {"o": {"of": "acme.bucket", "take": ["policy"], "one": True}}}, "`one` looks a resource up, so it needs `by`"),
    ("a look-up that may be missing otherwise", {"with_": {"o": {**ONE, "missing": {}}}}, "`missing: null` is all that can be said, and only with `one: true`"),
    ("a join within what is not shared", {"with_": {"o": {**JOIN, "by": {"bucket.Name": "rule.Bucket"}}}, "expect": "o == []"}, "acme.rule is seen by region, acme.bucket by account: they share no scope. Say `within: account` or `within: estate`."),
    ("a join's facet that is not taken", {"with_": {"o": ONE}, "expect": "o.tagging == null"}, "expect: o does not take 'tagging'"),
    ("a question for a joined facet", {"with_": {"o": ONE}, "expect": "has(o.policy)"}, "expect: o always has 'policy', be it null. Say `policy != null`."),
    ("a misspelt field of a join", {"with_": {"o": {**ONE, "take": ["bucket"]}}, "expect": "o.bucket.Nam == ''"}, "expect: acme knows no field 'Nam' in bucket. Did you mean Name?"),
    ("a misspelt field in keep", {"with_": {"o": {**ONE, "keep": "bucket.Nam == ''"}}}, "keep: acme knows no field 'Nam' in bucket. Did you mean Name?"),
    ("an unknown function", {"derive": {"x": "open_for_all(policy)"}, "expect": "x"}, "no derived function is called 'open_for_all'. Did you mean open_to_all?"),
    ("a function of other arguments", {"derive": {"x": "open_to_all(policy)"}, "expect": "x"}, "open_to_all takes (policy, account)"),
    ("an argument that is none", {"derive": {"x": "open_to_all(polic, id)"}, "expect": "x"}, "'polic' is neither a variable nor a field of one. Did you mean policy?"),
    ("an argument with a misspelt field", {"derive": {"x": "open_to_all(policy, bucket.Nam)"}, "expect": "x"}, "derive: acme knows no field 'Nam' in bucket. Did you mean Name?"),
    ("an unknown kind of example", {"examples": {"passes": []}}, "the key 'passes' is not known. Did you mean pass?"),
    ("an example that is no mapping", {"examples": {"pass": ["x"]}}, "an example is a mapping: facet name → value"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_test_is_refused_for(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MappingError) as refused:
        make(**changes)

    where, _, what = str(refused.value).partition(": ")
    assert what.startswith(message)
    assert where.startswith("test.yaml:")


def test_an_error_names_the_line_of_the_key() -> None:
    with pytest.raises(MappingError) as refused:
        make(expect="polcy == null")

    assert refused.value.where == "test.yaml:4:3"


def test_fields_of_what_publishes_no_names_are_not_checked() -> None:
    assert make(expect="policy.Anything == 1 && bucket['Nmae'] == 1").facets == {"policy", "bucket"}


# ── packs and folders ─────────────────────────────────────────────────────────────────────


def test_a_pack_and_a_folder_are_laid_out_alike(pack: Path, tmp_path: Path) -> None:
    own = write(
        tmp_path / "own",
        {
            "registers/ours.yaml": "[a, b]",
            "registers/crown-jewels.csv": "id,class\nx,critical\n",
            "settings.yaml": "most: 5\ngrace: {high: P3D}",
            "exceptions/2026.yaml": EXCEPTION,
            "owners.yaml": "A.8.*: Platform\nacme.test: {name: Ann, email: ann@example.org}",
            "soa.yaml": "A.7.4: {applicable: false, because: No premises of our own.}",
            "README.md": "ours",
        },
    )

    found = loaded(pack, own)

    assert list(found.tests) == ["acme.test"]
    assert found.controls["A.8.3"].primary == ("acme.test",)
    assert found.registers == {"crown-jewels": [{"id": "x", "class": "critical"}], "ours": ["a", "b"]}
    assert found.settings == {"grace": {"high": "P3D"}, "most": 5}
    assert found.exceptions["EX-1"].covers("acme.test", "acme/1", "public-web")
    assert found.owners == {"A.8.*": "Platform", "acme.test": {"name": "Ann", "email": "ann@example.org"}}
    assert found.soa["A.7.4"].applicable is False
    assert found.manual["policy.access"].controls == ("A.8.3",)
    assert found.wanted() == {"acme.bucket": {"bucket": 21_600_000, "policy": 21_600_000}}


def test_a_facet_is_wanted_as_often_as_the_most_eager_test_wants_it(pack: Path, tmp_path: Path) -> None:
    eager = page(id="acme.eager", every="PT1H", expect="policy == null")
    patient = page(id="acme.patient", every="P1D", expect="policy == null && tags == {}")
    found = loaded(pack, write(tmp_path / "own", {"tests/mine.yaml": eager + patient}))

    hour, day = 3_600_000, 86_400_000
    assert found.wanted() == {"acme.bucket": {"bucket": hour, "policy": hour, "tagging": day}}
    assert found.wanted([found.tests["acme.patient"]]) == {
        "acme.bucket": {"bucket": day, "policy": day, "tagging": day}
    }


def test_a_folder_overrides_what_has_the_same_id(pack: Path, tmp_path: Path) -> None:
    own = write(
        tmp_path / "own", {"tests/mine.yaml": page(severity="low"), "labels.yaml": LABELS.replace("tier-0", "t0")}
    )

    found = loaded(pack, own)

    assert found.tests["acme.test"].severity == "low"
    assert found.labels["criticality"].meanings == {"critical": "critical", "t0": "critical", "low": "low"}


def test_documents_rebuild_the_same_mappings(pack: Path, tmp_path: Path) -> None:
    own = write(tmp_path / "own", {"exceptions/a.yaml": EXCEPTION, "soa.yaml": "A.7.4: {applicable: false, because: x}",
                                   "registers/ours.yaml": "[]", "owners.yaml": "A.8.3: Ann"})  # fmt: skip
    found = loaded(pack, own)
    recorded = orjson.loads(orjson.dumps(found.documents(), option=orjson.OPT_SORT_KEYS))

    again = from_documents(recorded, SHAPES)

    assert again.documents() == found.documents()
    assert again.tests["acme.test"].digest == found.tests["acme.test"].digest
    assert again.exceptions["EX-1"].expires == found.exceptions["EX-1"].expires
    assert (again.labels, again.soa, again.manual["policy.access"].title) == (found.labels, found.soa, "Access policy")


def test_of_several_exceptions_the_one_that_lasts_longest_covers(pack: Path, tmp_path: Path) -> None:
    longer = EXCEPTION.replace("EX-1", "EX-2").replace("2027-01-01", "2027-06-01")
    found = loaded(pack, write(tmp_path / "own", {"exceptions/a.yaml": EXCEPTION + longer}))

    def covering(test: str, scope: str, id: str, at: str) -> str | None:
        one = found.exception_for(test, scope, id, instant(at))
        return one.id if one else None

    assert covering("acme.test", "acme/1", "public-web", "2026-12-01") == "EX-2"
    assert covering("acme.test", "acme/1", "public-web", "2027-05-31T23:59:59.999Z") == "EX-2"
    assert covering("acme.test", "acme/1", "public-web", "2027-06-01") is None
    assert covering("acme.test", "acme/1", "public-web", "2026-10-31") is None
    assert covering("acme.test", "acme/1", "private", "2026-12-01") is None
    assert covering("acme.test", "acme/2", "public-web", "2026-12-01") is None
    assert covering("acme.other", "acme/1", "public-web", "2026-12-01") is None


WRONG: list[tuple[str, dict[str, str], str]] = [
    ("a misspelt file", {"setting.yaml": ""}, "own/setting.yaml: nothing reads this; known here are tests,"),
    ("a misspelt ending", {"tests/a.yml": ""}, "own/tests/a.yml: nothing reads this; files here end in .yaml"),
    ("a test twice", {"tests/a.yaml": page(), "tests/b.yaml": page()}, "own/tests/b.yaml:1:3: test acme.test is already in own/tests/a.yaml:1:3"),
    ("a register nobody reads", {"registers/our.yaml": "[]"}, "own/registers/our.yaml: no test or label reads a register called 'our'. Did you mean ours?"),
    ("a register that says nothing", {"registers/ours.yaml": ""}, "own/registers/ours.yaml: a register is a list or a mapping. Write [] if nothing is on it."),
    ("an account id without quotes", {"registers/ours.yaml": "- a\n- id: 123456789012"}, "own/registers/ours.yaml:2:3: an account id is a text. Put it in quotes."),
    ("a ragged CSV", {"registers/ours.csv": "a,b\n1,2\n3\n"}, "own/registers/ours.csv:3:1: 1 cells where the header has 2"),
    ("a CSV with a column twice", {"registers/ours.csv": "a,a\n"}, "own/registers/ours.csv:1:1: every column needs a name of its own"),
    ("a CSV with nothing in it", {"registers/ours.csv": "\n"}, "own/registers/ours.csv:1:1: a CSV register begins with a header row"),
    ("a setting nobody reads", {"settings.yaml": "\nmosst: 3"}, "own/settings.yaml:2:1: no test reads a setting called 'mosst'. Did you mean most?"),
    ("a setting of another kind", {"settings.yaml": "most: '3'"}, "own/settings.yaml:1:1: most must be a number, as its default is"),
    ("a tolerance that is none", {"settings.yaml": "tolerance: {high: 101}"}, "own/settings.yaml:1:1: tolerance: high must be a percentage from 0 to 100"),
    ("a grace that is none", {"settings.yaml": "grace: {high: week}"}, "own/settings.yaml:1:1: grace: 'week' is not a duration such as PT6H or P1D"),
    ("an exception by one person", {"exceptions/a.yaml": EXCEPTION.replace("Bob", "ann ")}, "own/exceptions/a.yaml:8:3: an exception is requested and approved by different people"),
    ("an exception without an end", {"exceptions/a.yaml": EXCEPTION.replace("  expires: 2027-01-01\n", "")}, "own/exceptions/a.yaml:1:3: the key 'expires' is missing"),
    ("an exception that is over at once", {"exceptions/a.yaml": EXCEPTION.replace("2027", "2026")}, "own/exceptions/a.yaml:10:3: it expires before it is approved"),
    ("an exception for everything unsaid", {"exceptions/a.yaml": EXCEPTION.replace("  scope: acme/1\n", "").replace('  resource: "public-*"\n', "")}, "own/exceptions/a.yaml:1:3: say which scope or resource it is for"),
    ("an exception from an unknown test", {"exceptions/a.yaml": EXCEPTION.replace("acme.test", "acme.tset")}, "own/exceptions/a.yaml:1:3: no test is called 'acme.tset'. Did you mean acme.test?"),
    ("a compensation that is not said", {"exceptions/a.yaml": EXCEPTION.replace("accepted_risk", "compensating_control")}, "own/exceptions/a.yaml:2:3: `compensated_by` says what compensates"),
    ("an owner of nothing", {"owners.yaml": "\nA.9.*: Ann"}, "own/owners.yaml: no control or test is called 'A.9.*'"),
    ("a control that is none in the Statement", {"soa.yaml": "A.9.1: {applicable: true, because: x}"}, "own/soa.yaml:1:1: Annex A has no control 'A.9.1'"),
    ("a Statement without a reason", {"soa.yaml": "A.8.3: {applicable: false}"}, "own/soa.yaml:1:1: the key 'because' is missing"),
    ("a label for a word of two meanings", {"labels.yaml": "a: {tags: [a], values: {x: [same], y: [Same]}}"}, "own/labels.yaml:1:36: 'same' means both x and y"),
    ("a label that nothing says", {"labels.yaml": "a: {values: {x: []}}"}, "own/labels.yaml:1:1: the label a needs tags, a register or a default"),
    ("a link to an unknown test", {"controls/A.8.3.yaml": CONTROL.replace("acme.test", "acme.tst")}, "own/controls/A.8.3.yaml:8:5: no test is called 'acme.tst'. Did you mean acme.test?"),
    ("a link without a reason", {"controls/A.8.3.yaml": CONTROL.replace(", because: It shows it.", "")}, "own/controls/A.8.3.yaml:8:5: the key 'because' is missing"),
    ("a primary link to the tool itself", {"controls/A.8.3.yaml": CONTROL.replace("acme.test", "store.verified")}, "own/controls/A.8.3.yaml:8:28: a test of annexlog itself is never primary"),
    ("a control that is none", {"controls/x.yaml": CONTROL.replace("A.8.3", "A.8.35")}, "own/controls/x.yaml:1:1: Annex A has no control 'A.8.35'"),
    ("a control of another theme", {"controls/x.yaml": CONTROL.replace("technological", "people")}, "own/controls/x.yaml:3:1: A.8.3 is of the theme technological"),
    ("unknown manual evidence", {"controls/A.8.3.yaml": CONTROL.replace("policy.access", "policy.acess")}, "own/controls/A.8.3.yaml:1:1: no manual evidence is called 'policy.acess'. Did you mean policy.access?"),
    ("manual evidence for another control", {"controls/A.8.2.yaml": CONTROL.replace("A.8.3", "A.8.2")}, "own/controls/A.8.2.yaml:1:1: policy.access is not for A.8.2, says pack/iso27001_2022/_manual.yaml:3:5"),
    ("a page that forgets its manual evidence", {"controls/A.8.3.yaml": CONTROL.replace("[policy.access]", "[]")}, "pack/iso27001_2022/_manual.yaml:3:5: the page of A.8.3 does not name policy.access"),
    ("a file that is not UTF-8", {"tests/a.yaml": "\udcff"}, "own/tests/a.yaml: not a text in UTF-8"),
    ("a test of an unknown label", {"tests/a.yaml": page(when="labels.secrecy == 'x'")}, "own/tests/a.yaml:1:3: acme.test: no label is called 'secrecy'"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_folder_is_refused_for(files: dict[str, str], message: str, pack: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    for name, text in files.items():
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_bytes(text.encode("utf-8", "surrogateescape"))

    found = problems(pack, own)

    assert found
    assert found[0].startswith(message)


def test_a_folder_that_is_not_there_is_refused(pack: Path, tmp_path: Path) -> None:
    assert problems(pack, tmp_path / "gone") == ["gone: there is no such folder"]


def test_two_packs_cannot_say_the_same_id(pack: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", {"tests/a.yaml": page()})

    found = [str(problem) for problem in read(SHAPES, packs=[pack, other])[1]]

    assert found == [f"{other}/tests/a.yaml:1:3: test acme.test is already in {pack}/tests/acme/bucket.yaml:1:3"]


def test_loading_raises_the_first_problem_and_says_how_many_there_are(pack: Path, tmp_path: Path) -> None:
    own = write(tmp_path / "own", {"settings.yaml": "mosst: 3\nleast: 4", "registers/our.yaml": "[]"})

    with pytest.raises(MappingError) as refused:
        loaded(pack, own)

    assert refused.value.what == "no test reads a setting called 'mosst'"
    assert refused.value.next == "Did you mean most? (2 more: `annexlog mappings check` shows them all.)"
    assert refused.value.exit_code == 2


def test_annex_a_has_93_controls() -> None:
    assert (len(CONTROLS), CONTROLS[0], CONTROLS[-1]) == (93, "A.5.1", "A.8.34")


def test_shapes_of_this_file_are_what_the_engine_gives() -> None:
    kind = ResourceType("acme.bucket", "bucket", "{bucket.Name}", Call("x", "y", items="B"),
                        [Detail("policy", Call("x", "y", take="P")), Detail("tagging", Call("x", "y", take="T"))],
                        per="account", tags="tagging")  # fmt: skip

    assert kind.shape(BUCKET.members) == BUCKET
