"""Read `annexlog.toml`, refusing what it does not understand."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from annexlog.anchors import Anchor
from annexlog.anchors.kinds import KINDS
from annexlog.collectors import Adapter, Provider, providers
from annexlog.evidence_store.database import Database, is_url
from annexlog.evidence_store.model import ConfigError, Millis, duration
from annexlog.evidence_store.retention import KEEP, before

FILE = "annexlog.toml"
_LINE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")


class Collect(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How hard to ask. Durations are ISO 8601 texts (`PT6H`)."""

    floor: str = "PT6H"
    """No facet is polled more often than this, whatever a test asks."""
    workers: int = 32
    """Calls under way at once, over all scopes of a target."""
    scopes: int = 8
    """Scopes collected at once."""
    second_sources: bool = False
    """Also ask those who count what is listed (AWS Config), and show where they differ."""
    deadline: str = "PT1H"
    """What a scope has not shown by then is recorded as not seen."""


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    store: str = "evidence.db"
    key: str = "annexlog.key"
    key_passphrase_file: str | None = None
    mappings: list[str] = []
    collect: Collect = Collect()
    targets: dict[str, dict[str, Any]] = {}
    anchors: dict[str, dict[str, Any]] = {}
    retention: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Target:
    """A configured connection: its name, its provider, and the provider's own options."""

    name: str
    provider: Provider
    options: Any

    def connect(self) -> Adapter:
        return self.provider.connect(self.options, self.name)


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration that holds. Paths are absolute; relative ones in the file start at the file's folder."""

    file: Path
    store: Path | Database
    key: Path
    key_passphrase_file: Path | None
    mappings: tuple[Path, ...]
    collect: Collect
    targets: Mapping[str, Target]
    anchors: Mapping[str, Anchor]
    retention: Mapping[str, str]
    """How long superseded evidence is kept, by pattern of its type or line; the first that fits counts."""

    @property
    def floor(self) -> Millis:
        return duration(self.collect.floor)

    @property
    def deadline(self) -> Millis:
        return duration(self.collect.deadline)


def find(option: str | None = None, folder: str | None = None) -> Path:
    """The configuration file: option, `ANNEXLOG_CONFIG`, `./annexlog.toml`, the user's configuration folder.

    Raises ConfigError when there is none.
    """
    named = option or (str(Path(folder) / FILE) if folder else None) or os.environ.get("ANNEXLOG_CONFIG")
    if named:
        if Path(named).is_file():
            return Path(named).resolve()
        raise ConfigError(
            "there is no such file.", where=named, next=f"Write one: annexlog -C {Path(named).parent} init"
        )
    user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "annexlog" / FILE
    for place in (Path(FILE), user):
        if place.is_file():
            return place.resolve()
    raise ConfigError(f"no configuration: neither ./{FILE} nor {user} exists.", next="Write one: annexlog init")


def load(file: Path) -> Config:
    """Read and check a configuration file. Raises ConfigError with file, line or key path, and what was expected."""
    raw = _convert(_parse(file), _File, file, "")
    for key in ("floor", "deadline"):
        _check_duration(getattr(raw.collect, key), file, f"collect.{key}")
    for key in ("workers", "scopes"):
        if not 1 <= getattr(raw.collect, key) <= 128:
            raise ConfigError("expected a number from 1 to 128.", where=f"{file}: collect.{key}")
    here = file.parent
    return Config(
        file=file,
        store=Database(raw.store, here) if is_url(raw.store) else here / raw.store,
        key=here / raw.key,
        key_passphrase_file=None if raw.key_passphrase_file is None else here / raw.key_passphrase_file,
        mappings=tuple(_folder(here / folder, file) for folder in raw.mappings),
        collect=raw.collect,
        targets={name: _target(name, table, file) for name, table in sorted(raw.targets.items())},
        anchors={name: _anchor(name, table, file) for name, table in sorted(raw.anchors.items())},
        retention=_retention(raw.retention, file),
    )


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        found = _LINE.fullmatch(str(error))
        what, where = (found[1], f"{file}:{found[2]}:{found[3]}") if found else (str(error), str(file))
        raise ConfigError(f"not TOML: {what}.", where=where, next="See https://toml.io for the syntax.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}.", where=str(file)) from None


def _convert(data: Any, kind: type[Any], file: Path, prefix: str) -> Any:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at ")
        keys = [k for k in (prefix, path.strip("`").removeprefix("$").lstrip(".")) if k]
        if unknown := _UNKNOWN.fullmatch(what):
            keys.append(unknown[1])
            what = "unknown key" + _nearest(unknown[1], _known(kind, path))
        raise ConfigError(
            what if what.endswith((".", "?")) else f"{what}.", where=f"{file}: {'.'.join(keys)}" if keys else str(file)
        ) from None


def _known(kind: type[Any], path: str) -> list[str]:
    names = list(kind.__struct_fields__)
    return list(Collect.__struct_fields__) if "collect" in path else names


def _nearest(word: str, among: list[str]) -> str:
    near = difflib.get_close_matches(word, among, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; expected one of {', '.join(sorted(among))}."


def _check_duration(text: str, file: Path, key: str) -> None:
    try:
        duration(text)
    except ValueError as error:
        raise ConfigError(f"{error}.", where=f"{file}: {key}") from None


def _retention(raw: Mapping[str, str], file: Path) -> Mapping[str, str]:
    for name, keep in raw.items():
        try:
            before(1 << 42, keep)
        except ValueError:
            raise ConfigError(
                f"{keep!r} is not a time such as P3Y, P18M or P90D.", where=f"{file}: retention.{name}"
            ) from None
    classes = {pattern: keep for pattern, keep in raw.items() if pattern != "keep"}
    return {**classes, "*": raw.get("keep", KEEP)}


def _folder(path: Path, file: Path) -> Path:
    if not path.is_dir():
        raise ConfigError(f"{path} is not a folder.", where=f"{file}: mappings", next="Create it, or take it out.")
    return path


def _target(name: str, table: dict[str, Any], file: Path) -> Target:
    where = f"{file}: targets.{name}"
    if not _NAME.fullmatch(name):
        raise ConfigError("a target's name is of letters, digits, - and _: it is part of scopes' names.", where=where)
    known = providers()
    options = dict(table)
    kind = options.pop("provider", None)
    if kind is None:
        raise ConfigError(
            f"no provider; expected one of {', '.join(known)}.", where=where, next='Add provider = "aws".'
        )
    if kind not in known:
        nearest = _nearest(str(kind), list(known))
        raise ConfigError(f"unknown provider {kind!r}{nearest}", where=f"{where}.provider")
    provider = known[kind]
    return Target(name, provider, _convert(options, provider.options, file, f"targets.{name}"))


def _anchor(name: str, table: dict[str, Any], file: Path) -> Anchor:
    where = f"{file}: anchors.{name}"
    if not _NAME.fullmatch(name):
        raise ConfigError("an anchor's name is of letters, digits, - and _: it is part of a scope's name.", where=where)
    options = dict(table)
    kind = options.pop("kind", None)
    if kind is None:
        raise ConfigError(f"no kind; expected one of {', '.join(KINDS)}.", where=where, next='Add kind = "file".')
    if kind not in KINDS:
        raise ConfigError(f"unknown kind {kind!r}{_nearest(str(kind), list(KINDS))}", where=f"{where}.kind")
    made: Anchor = _convert(options, KINDS[kind], file, f"anchors.{name}")
    try:
        made.check()
    except ValueError as error:
        raise ConfigError(f"{error}.", where=where, next="See docs/anchors.md.") from None
    return made
