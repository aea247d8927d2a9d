"""A third party's pack: found by its entry point, with tests and derived functions of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from annexlog.evidence_store.model import MappingError, Unknown
from annexlog.mappings.derive import Derived, functions, memoised
from annexlog.mappings.examples import run_examples
from annexlog.mappings.packs import Reading, installed_packs, read_folder
from tests.mappings.making import SHAPES, page

SHARED = """\
WIDE = "*"
"""
EXPOSURE = """\
from annexlog.mappings.derive import derived
from acme_pack.derive.shared import WIDE

@derived
def wide(policy):
    return policy["Principal"] == WIDE
"""
TEST = page(
    expect="!open",
    derive={"open": "wide(policy)"},
    examples={
        "pass": [{"policy": {"Principal": "me"}}],
        "fail": [{"policy": {"Principal": "*"}}],
        "unknown": [{"policy": {}, "reason": "unreadable"}],
    },
)


class Pack:
    """A package beside an entry point, as an installer leaves them."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self._patch = root, monkeypatch
        self.write("acme_pack-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme-pack\nVersion: 1\n")
        self.write("acme_pack-1.dist-info/entry_points.txt", "[annexlog.mappings]\nacme = acme_pack\n")
        self.write("acme_pack/__init__.py", "")
        self.write("acme_pack/derive/__init__.py", "")
        self.write("acme_pack/derive/shared.py", SHARED)
        self.write("acme_pack/derive/exposure.py", EXPOSURE)
        self.write("acme_pack/tests/acme.yaml", TEST)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def functions(self) -> dict[str, Derived]:
        """What is registered, read afresh."""
        for name in [name for name in sys.modules if name.partition(".")[0] == "acme_pack"]:
            del sys.modules[name]
        functions.cache_clear()
        self._patch.syspath_prepend(str(self.root))
        return dict(functions())


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pack]:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # sources change within a second here
    yield Pack(tmp_path, monkeypatch)
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_pack"]:
        del sys.modules[name]
    functions.cache_clear()


def test_a_pack_is_found_by_its_entry_point_with_what_it_brings(pack: Pack) -> None:
    assert pack.functions()["wide"].parameters == ("policy",)
    assert list(installed_packs()) == ["acme", "iso27001_2022"]

    reading = Reading(SHAPES)
    found = read_folder(reading, installed_packs()["acme"], pack=True)

    assert reading.problems == []
    assert run_examples(found.tests["acme.test"], {}) == []


def test_a_functions_digest_covers_what_it_imports_from_its_package_and_nothing_else(pack: Pack) -> None:
    first = pack.functions()["wide"].digest
    pack.write("acme_pack/derive/other.py", "X = 1\n")
    same = pack.functions()["wide"].digest
    pack.write("acme_pack/derive/shared.py", 'WIDE = "**"\n')
    changed = pack.functions()["wide"].digest
    pack.write("acme_pack/derive/exposure.py", EXPOSURE + "\n# a remark\n")

    assert first == same
    assert len({first, changed, pack.functions()["wide"].digest}) == 3


def test_a_name_that_is_registered_twice_is_refused(pack: Pack) -> None:
    pack.write("acme_pack/derive/twice.py", EXPOSURE)

    with pytest.raises(MappingError) as refused:
        pack.functions()

    assert str(refused.value) == "acme_pack.derive.twice: the derived function wide is registered twice"


def test_a_function_that_another_module_imports_is_registered_once(pack: Pack) -> None:
    pack.write("acme_pack/derive/user.py", "from acme_pack.derive.exposure import wide\n")

    assert "wide" in pack.functions()


def test_an_answer_is_remembered_by_what_was_asked() -> None:
    asked = []

    def count(value: int) -> int:
        asked.append(value)
        return value + 1

    function = Derived("count", count, ("value",), "")

    assert [memoised(function, [value]) for value in (1, 2, 1, True)] == [2, 3, 2, 2]
    assert asked == [1, 2, True]


def test_an_input_that_cannot_be_read_is_unknown_and_any_other_mistake_is_not_hidden() -> None:
    def stumble(error: str) -> None:
        raise {"key": KeyError, "type": TypeError, "zero": ZeroDivisionError}[error](error)

    function = Derived("stumble", stumble, ("error",), "")

    assert [memoised(function, [error]) for error in ("key", "type")] == [Unknown("unreadable", code="stumble")] * 2
    with pytest.raises(ZeroDivisionError):
        memoised(function, ["zero"])
