"""What a command opens: the configuration, the store, the view it asks of, the definitions on disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from annexlog.evidence_store.model import ConfigError, Millis, instant

if TYPE_CHECKING:
    from annexlog.config import Config
    from annexlog.evidence_store.store import Store
    from annexlog.mappings import Mappings


class Instant(click.ParamType[Millis]):
    """A time on the command line: RFC 3339, or a date; without an offset it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Millis:
        if isinstance(value, int):
            return value
        try:
            return instant(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-11-25 or 2026-11-25T18:20:40Z (UTC).", param, ctx)


def as_json(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "json", is_flag=True, help="Print one JSON document (docs/json/ has its schema).")(
        command
    )


def as_of(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --at and --known-at."""
    known = click.option("--known-at", type=Instant(), help="Use only what was recorded by then.")
    return click.option("--at", type=Instant(), help="As observed at that time (UTC); a date is its first moment.")(
        known(command)
    )


def configuration() -> Config:
    """The configuration that the options and the environment name. Raises ConfigError."""
    from annexlog.config import find, load

    context = click.get_current_context().find_root()
    chosen = context.obj or {}
    return load(find(chosen.get("config"), chosen.get("folder")))


def opened(config: Config, *, create: bool = False, readonly: bool = True) -> Store:
    """The configured store. Raises StoreError."""
    from annexlog.evidence_store.store import Store

    if not create and not config.store.exists():
        raise ConfigError("there is no evidence yet.", where=str(config.store), next="Collect some: annexlog collect")
    return Store.open(config.store, create=create, readonly=readonly)


def on_disk(config: Config, *, published: bool = False) -> Mappings:
    """The definitions that are installed and in the configuration's folders. Raises MappingError."""
    from annexlog.answers import published_shapes, shapes
    from annexlog.mappings import load

    return load(published_shapes() if published else shapes(), folders=config.mappings)


def reads(command: Callable[..., Any]) -> Callable[..., Any]:
    """Open the store read-only and give the command its `reading` at --at and --known-at."""

    @as_of
    @as_json
    @wraps(command)
    def wrapped(*args: Any, at: Millis | None, known_at: Millis | None, **options: Any) -> Any:
        from annexlog.answers import Reading
        from annexlog.assessing import present
        from annexlog.collectors.clock import SystemClock

        with opened(configuration()) as store:
            instant = present(store, SystemClock()) if at is None else at
            reading = Reading(store.view(at=instant, known_at=known_at), known_at)
            return command(*args, reading=reading, **options)

    return wrapped
