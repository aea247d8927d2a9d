"""What is done to a facet before it is hashed and stored: ignored, sorted, or replaced by a commitment."""

from __future__ import annotations

import hashlib
import hmac
import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from annexlog.collectors import ResourceType
from annexlog.collectors.bodies import DROP, rewrite
from annexlog.collectors.templates import spread
from annexlog.evidence_store.model import JSON, DeclarationError, encode

Change = Callable[[JSON], JSON]


@cache
def _pattern_file() -> bytes:
    return files("annexlog.collectors").joinpath("patterns.toml").read_bytes()


@cache
def pattern_sets() -> Mapping[str, Mapping[str, re.Pattern[str]]]:
    """Every set of patterns: {set: {pattern id: expression}}."""
    sets = tomllib.loads(_pattern_file().decode())
    return {name: {id: re.compile(text) for id, text in patterns.items()} for name, patterns in sets.items()}


@cache
def policy() -> str:
    """The digest of all pattern sets, in lower hex: part of each run's record."""
    return hashlib.sha256(_pattern_file()).hexdigest()


def masked(text: str, longest: int = 200) -> str:
    """A provider's message, fit for provenance: cut, and with everything that looks like a credential masked."""
    for pattern in pattern_sets()["secrets"].values():
        text = pattern.sub("[masked]", text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


class Rules:
    """The rules of one facet. `declared` goes with every sweep of the line."""

    __slots__ = ("_changes", "declared")

    def __init__(self, kind: ResourceType, facet: str, key: bytes | None) -> None:
        ignore, sets = _of(kind.ignore, facet), _of(kind.sets, facet)
        redact = {path: kind.redact[path] for path in _of(tuple(kind.redact), facet)}
        if redact and not key:
            raise DeclarationError(
                f"{kind.name} redacts {', '.join(redact)}, and there is no key to commit with",
                next="Give the engine a redaction_key.",
            )
        changes: list[tuple[tuple[str, ...], Change]] = [(spread(path)[1:], _dropped) for path in ignore]
        changes += [(spread(path)[1:], redactor(name, key)) for path, name in redact.items() if key]
        # Last: what is sorted has to be what is stored. Inner lists first, or sorting them would unsort the outer.
        changes += [(spread(p)[1:], _sorted) for p in sorted(sets, key=lambda p: len(spread(p)), reverse=True)]
        self._changes = tuple(changes)
        self.declared = {
            **({"ignore": list(ignore)} if ignore else {}),
            **({"redact": redact} if redact else {}),
            **({"sets": list(sets)} if sets else {}),
        }

    def apply(self, value: JSON) -> JSON:
        """The value as it is stored; the one given stays as it was."""
        for path, change in self._changes:
            value = rewrite(value, path, change)
        return value

    def __bool__(self) -> bool:
        return bool(self._changes)


def _of(paths: tuple[str, ...], facet: str) -> tuple[str, ...]:
    return tuple(path for path in paths if spread(path)[0] == facet)


def _dropped(_: JSON) -> JSON:
    return DROP


def _sorted(value: JSON) -> JSON:
    return sorted(value, key=encode) if type(value) is list else value


KEY = "key:"
"""Begins the name of what stands for a set where a value is only to be compared: `key:email`, `key:employee` …"""


def redactor(name: str, key: bytes) -> Change:
    """What replaces a value by `{commitment, length, matches}`; of an object or list, every value in it; null stays.

    The commitment is an HMAC-SHA256 of the text (of a number or boolean: its JSON), in lower hex: equal values can be
    told, and no value can be guessed without the key. `length` is in characters.

    `key:<kind>` instead of a set: by `{commitment}` of the kind and the text without case and outer spaces, so that the
    same address in another directory is the same commitment; an empty text is null. `key:` alone: the text is itself
    `<kind>:<text>`. Before the commitment and a colon stands which key it was made with, since after a change of keys
    nothing fits what was made before.
    """
    if name.startswith(KEY):
        return _keyed(name.removeprefix(KEY), key)
    patterns = pattern_sets()[name]

    def redact(value: JSON) -> JSON:
        if type(value) is dict:
            return {member: redact(item) for member, item in value.items()}
        if type(value) is list:
            return [redact(item) for item in value]
        if value is None:
            return None
        text = value if type(value) is str else encode(value).decode()
        digest = hmac.new(key, b"annexlog/redact\0" + text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return {
            "commitment": digest.hexdigest(),
            "length": len(text),
            "matches": sorted(id for id, pattern in patterns.items() if pattern.search(text)),
        }

    return redact


def _keyed(kind: str, key: bytes) -> Change:
    made_with = hmac.new(key, b"annexlog/key", hashlib.sha256).hexdigest()[:8]

    def redact(value: JSON) -> JSON:
        if type(value) is dict:
            return {member: redact(item) for member, item in value.items()}
        if type(value) is list:
            return [redact(item) for item in value]
        text = ("" if value is None else value if type(value) is str else encode(value).decode()).strip().casefold()
        named, _, rest = (kind, "", text) if kind else text.partition(":")
        if not rest:
            return None
        said = f"annexlog/key\0{named}\0{rest}".encode("utf-8", "surrogatepass")
        return {"commitment": f"{made_with}:{hmac.new(key, said, hashlib.sha256).hexdigest()}"}

    return redact
