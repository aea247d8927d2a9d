"""What declarations of REST calls are made of: members to keep, whole lists, answers that hold what they must."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.paths import KEEP

Fn = Callable[..., Iterable[Page]]
"""A declaration's `fn`."""


class Asks(Protocol):
    """What a function of a declaration asks with."""

    def __call__(self, operation: str | Call, params: Mapping[str, Any]) -> Page: ...

    def pages(self, operation: str | Call, params: Mapping[str, Any]) -> Iterable[Page]: ...


def keep(*members: str) -> dict[str, Any]:
    """The parameter that says which members of the answer are kept (`a.b`; lists are looked through)."""
    return {KEEP: list(members)}


def rows(ask: Asks, operation: str | Call, params: Mapping[str, Any], member: str = "") -> list[Any]:
    """A list to its end. Raises Refused (unreadable) for an answer that is none."""
    found: list[Any] = []
    for page in ask.pages(operation, params):
        part = page.body.get(member) if member and isinstance(page.body, dict) else page.body
        if not isinstance(part, list):
            raise Refused("unreadable", "NotAList", f"{operation} answers no list")
        found += part
    return found


def one(ask: Asks, operation: str | Call, params: Mapping[str, Any], always: str) -> Any:
    """One object, in which this member must be. Raises Refused (unreadable)."""
    return _holding(ask(operation, params), always).body


def whole(operation: str, always: str) -> Fn:
    """A declaration's one answer, in which this member must be: an object without it is something else."""

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
        yield _holding(ask(operation, params), always)

    return fn


def _holding(page: Page, always: str) -> Page:
    if not isinstance(page.body, dict) or always not in page.body:
        raise Refused("unreadable", "OtherAnswer", f"the answer has no {always}")
    return page
