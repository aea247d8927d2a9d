"""Derived values: registered pure functions for what CEL cannot say well, found by scanning the packages' `derive`."""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import pkgutil
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import orjson

from annexlog.evidence_store.model import JSON, MappingError, Unknown

__all__ = ["GROUP", "Derived", "derived", "functions", "memoised"]

GROUP = "annexlog.mappings"
"""The entry-point group of mapping packs; each names a package (see `annexlog.mappings.packs`)."""

_MEMORY = 65_536  # answers kept per function: a policy document is met once per resource and test

F = TypeVar("F", bound=Callable[..., JSON])


def derived(function: F) -> F:
    """Registers a function by its name, to be called in a test's `derive`.

    It must be pure: its answer (JSON, or an Unknown) follows from its arguments alone, which it must not change.
    It gets facet values, tags, joined resources, registers and settings; never an Unknown. ValueError, TypeError,
    KeyError, IndexError and AttributeError mean that its input was not what it can read.
    """
    function.__dict__["__derived__"] = True
    return function


@dataclass(slots=True)
class Derived:
    """A registered function. `digest`: of the source it stands in and of all it imports from its own package."""

    name: str
    call: Callable[..., JSON]
    parameters: tuple[str, ...]
    digest: str
    memory: OrderedDict[bytes, JSON | Unknown] = field(default_factory=OrderedDict, repr=False)


@cache
def functions() -> Mapping[str, Derived]:
    """Every registered function by name. Raises MappingError on a name that two modules register."""
    found: dict[str, Derived] = {}
    for module in _modules():
        for name, value in vars(module).items():
            if not getattr(value, "__derived__", False) or value.__module__ != module.__name__:
                continue
            if name in found:
                raise MappingError(f"the derived function {name} is registered twice", where=module.__name__)
            parameters = tuple(inspect.signature(value).parameters)
            found[name] = Derived(name, value, parameters, _digest(name, module))
    return found


def memoised(function: Derived, arguments: Sequence[JSON]) -> JSON | Unknown:
    """The function's answer, remembered by what it was asked."""
    key = hashlib.sha256(orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS)).digest()
    memory = function.memory
    if key in memory:
        return memory[key]
    try:
        answer = function.call(*arguments)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        answer = Unknown("unreadable", code=function.name)
    memory[key] = answer
    if len(memory) > _MEMORY:
        memory.popitem(last=False)
    return answer


def _modules() -> Iterator[ModuleType]:
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        pack = point.load()
        if not any(found.name == "derive" for found in pkgutil.iter_modules(pack.__path__)):
            continue
        package = importlib.import_module(f"{pack.__name__}.derive")
        for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            yield importlib.import_module(f"{package.__name__}.{found.name}")


def _digest(name: str, module: ModuleType) -> str:
    """Over the sources of the function's module and of those in its package that it imports, directly or not."""
    package = module.__name__.rpartition(".")[0]
    sources: dict[str, bytes] = {}
    todo = {module.__name__}
    while todo:
        one = todo.pop()
        sources[one] = Path(inspect.getfile(sys.modules[one])).read_bytes()
        todo |= {used for used in _imports(sources[one]) if used.startswith(f"{package}.")} - set(sources)
    total = hashlib.sha256(name.encode())
    for _, source in sorted(sources.items()):
        total.update(hashlib.sha256(source).digest())
    return total.hexdigest()


@cache
def _imports(source: bytes) -> frozenset[str]:
    return frozenset(_imported(source))


def _imported(source: bytes) -> Iterator[str]:
    for node in _statements(ast.parse(source).body):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
            yield from (name for name in names if name in sys.modules)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _statements(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """These and all below them; expressions, which are most of a source and import nothing, are left out."""
    for node in nodes:
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            below = getattr(node, part, ())
            yield from _statements(below if isinstance(below, list) else ())
