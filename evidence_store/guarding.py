"""Reading rows that may be damaged: whatever they make fail is told as damage, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import ParamSpec, TypeVar

from annexlog.evidence_store.findings import BROKEN
from annexlog.evidence_store.model import StoreDamaged, StoreError

_Given = ParamSpec("_Given")
_Read = TypeVar("_Read")


def _damaged(error: Exception) -> StoreDamaged:
    what = str(error)[:200] or type(error).__name__
    return StoreDamaged(f"a row is not one that annexlog writes ({what}).", next="Run `annexlog verify`.")


def guarded(read: Callable[_Given, _Read]) -> Callable[_Given, _Read]:
    """A function that raises StoreDamaged where rows of arbitrary bytes would make it fail otherwise."""

    @wraps(read)
    def reading(*args: _Given.args, **kwargs: _Given.kwargs) -> _Read:
        try:
            return read(*args, **kwargs)
        except StoreError:
            raise
        except BROKEN as error:
            raise _damaged(error) from error

    return reading


def guarded_rows(read: Callable[_Given, Iterator[_Read]]) -> Callable[_Given, Iterator[_Read]]:
    """The same of a function that gives its answers one by one."""

    @wraps(read)
    def reading(*args: _Given.args, **kwargs: _Given.kwargs) -> Iterator[_Read]:
        try:
            yield from read(*args, **kwargs)
        except StoreError:
            raise
        except BROKEN as error:
            raise _damaged(error) from error

    return reading
