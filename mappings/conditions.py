"""The condition engine: the only file that knows CEL is evaluated by cel-expr-python.

Three-valued logic comes from what CEL does with errors: a variable left out of the data is an error, and `false &&
error` is false, `error || true` is true; `all` and `exists` likewise. What an Unknown could change stays an error.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

from annexlog.evidence_store.model import JSON
from annexlog.mappings.celtext import members, mentioned, renamed

__all__ = ["Condition", "ConditionError", "compile_condition", "usable"]

_TYPES: Mapping[str, Any] = {
    "id": cel.Type.STRING,
    "now": cel.Type.TIMESTAMP,
    **dict.fromkeys(("scope", "tags", "labels", "registers", "settings"), cel.Type.Map(cel.Type.STRING, cel.Type.DYN)),
}
_PLACE = re.compile(r"<input>:(\d+):(\d+): (.*)")
_STATUS = re.compile(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST = 200

# An environment of its own for each set of names would cost 0.2 MB and half a millisecond a condition. So names stand
# for places in one environment that all conditions share; what does not compile there is compiled as it is written.
_PLACES = tuple(f"place_{number:02}_" for number in range(40))
_NOWHERE = "no_place_"
_PLACED = re.compile("|".join(_PLACES))
_PACKAGES = frozenset({"cel", "google", "math", "optional", "strings"})
"""First words of CEL's own functions: not to be taken for variables."""


class ConditionError(ValueError):
    """A condition that does not compile: `line` and `column` are inside its text, from 1 (0: not known)."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line, self.column = line, column


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition. `reads`: the variables that its result may depend on."""

    text: str
    reads: frozenset[str]
    _expression: Any
    _sees: tuple[tuple[str, str, tuple[str, ...] | None], ...]
    """(name, what it is called in the expression, the members of it that count; None: all)."""

    def evaluate(self, data: Mapping[str, JSON | datetime]) -> bool | str:
        """True or False; else the text of the error that it came to, without what changes from run to run.

        A name that `data` lacks is unknown. `now` is an aware datetime; `id` a text; all else JSON.
        """
        # CEL takes over all that it is given, however deep: most of the time goes there, so it gets what it can see.
        given: dict[str, Any] = {}
        for name, place, seen in self._sees:
            if name in data:
                whole: Any = data[name]
                narrow = seen is not None and type(whole) is dict
                given[place] = {key: whole[key] for key in seen or () if key in whole} if narrow else whole
        # An error is a value, whose own value is a text and so truthy: only Python's booleans are CEL's.
        try:
            result = self._expression.eval(data=given)
            value = result.value()
        except (RuntimeError, ValueError, TypeError) as error:  # the iteration budget, or data that is not JSON
            return _plain(self._named(str(error)))
        if value is True or value is False:
            return value
        if result.type() == cel.Type.ERROR:
            return _plain(self._named(value))
        return f"gives {result.type().name()}, not true or false"

    def _named(self, message: str) -> str:
        names = {place: name for name, place, _ in self._sees}
        return _PLACED.sub(lambda found: names.get(found[0], found[0]), message)


def compile_condition(text: str, variables: Collection[str]) -> Condition:
    """Compiles a condition over variables. Raises ConditionError."""
    return _compiled(text, frozenset(variables))


@lru_cache(maxsize=1024)
def _compiled(text: str, names: frozenset[str]) -> Condition:
    words = sorted(names.intersection(_WORD.findall(text)))
    places = {name: name if name in _TYPES else _PLACES[at] for at, name in enumerate(words[: len(_PLACES)])}
    expression = None
    if len(places) == len(words) and not _PACKAGES.intersection(words):
        expression = _placed(text, places)
    if expression is None:
        places = {name: name for name in words}
        expression = _compile(text, names)
    given = expression.return_type()
    if given not in (cel.Type.BOOL, cel.Type.DYN):
        raise ConditionError(f"gives {given.name()}, not true or false")
    # What is read is mentioned; what is mentioned may be a loop's own variable instead.
    certain, doubtful = mentioned(text)
    reads = names & certain | {name for name in names & doubtful if not _without(text, places, names, name)}
    return Condition(text, reads, expression, tuple((name, places[name], _seen(text, name)) for name in sorted(reads)))


def _placed(text: str, places: Mapping[str, str]) -> Any:
    """The condition over the shared environment; None if it does not compile there."""
    try:
        return _environment(frozenset((*_PLACES, *_TYPES))).compile(renamed(text, {**_ABSENT, **places}))
    except (RuntimeError, ValueError):
        return None


_ABSENT = dict.fromkeys(_TYPES, _NOWHERE)


def _without(text: str, places: Mapping[str, str], names: frozenset[str], name: str) -> bool:
    """Whether the condition compiles where this name is not known."""
    if any(place != name for name, place in places.items()):
        return _placed(text, {**places, name: _NOWHERE}) is not None
    return _compiles(text, names - {name})


def _seen(text: str, name: str) -> tuple[str, ...] | None:
    found = members(text, name)
    return None if found is None else tuple(sorted(found))


@cache
def usable(name: str) -> bool:
    """Whether CEL lets a variable have this name (`namespace`, `function`, `type` … are its own)."""
    if not _WORD.fullmatch(name) or name in ("true", "false", "null"):
        return False
    try:
        _environment(frozenset()).compile(name)
    except RuntimeError as error:
        return "undeclared reference" in str(error)  # a reserved word does not even parse
    return False  # a name of CEL's own, such as a type's


@lru_cache(maxsize=64)
def _environment(names: frozenset[str]) -> Any:
    extensions = [ext_optional.ExtOptional(), ext_strings.ExtStrings()]
    return cel.NewEnv(variables={n: _TYPES.get(n, cel.Type.DYN) for n in sorted(names)}, extensions=extensions)


def _compile(text: str, names: frozenset[str]) -> Any:
    try:
        return _environment(names).compile(text)
    except RuntimeError as error:
        place = _PLACE.search(str(error))
        if not place:
            raise ConditionError(_plain(str(error))) from None
        message = place[3].replace(" (in container '')", "").removeprefix("Syntax error: ")
        raise ConditionError(_STATUS.sub("", message), int(place[1]), int(place[2])) from None


def _compiles(text: str, names: frozenset[str]) -> bool:
    try:
        _environment(names).compile(text)
    except RuntimeError:
        return False
    return True


def _plain(message: str) -> str:
    line = _STATUS.sub("", message.strip().partition("\n")[0])
    return _ADDRESS.sub("0x…", _STATUS.sub("", line))[:_LONGEST]
