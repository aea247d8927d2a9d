"""Read every page of an answer: which token of an answer goes where in the next request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader
from botocore.model import OperationModel

from annexlog.collectors import Page, Refused

_TOKEN = re.compile(
    r"(next|(next)?(key|versionid|uploadid|page|pagination|continuation))(token|marker)|marker", re.IGNORECASE
)
_MORE = frozenset({"IsTruncated", "isTruncated", "Truncated", "HasMoreResults", "hasMoreResults"})


@dataclass(frozen=True, slots=True)
class Plan:
    """`tokens`: (path in the answer, parameter of the next request); `watched`: members of the answer that say there is
    more, but that no request can follow; `more`: members that say so without a token.
    """

    tokens: tuple[tuple[str, str], ...]
    watched: tuple[str, ...]
    more: tuple[str, ...]


def plan(loader: Loader, service: str, operation: OperationModel) -> Plan:
    """How to page this operation: by botocore's paginator, else by the tokens that its shapes name."""
    outputs = tuple(operation.output_shape.members) if operation.output_shape else ()
    inputs = frozenset(operation.input_shape.members) if operation.input_shape else frozenset[str]()
    tokens = _declared(loader, service, operation.name) or _named(outputs, inputs)
    followed = {name for path, parameter in tokens for name in (*re.findall(r"\w+", path), parameter)}
    watched = tuple(name for name in outputs if _TOKEN.fullmatch(name) and name not in followed)
    return Plan(tokens, watched, tuple(name for name in outputs if name in _MORE))


def _declared(loader: Loader, service: str, operation: str) -> tuple[tuple[str, str], ...]:
    try:
        declared = loader.load_service_model(service, "paginators-1")["pagination"].get(operation)
    except DataNotFoundError:
        return ()
    if declared is None:
        return ()
    paths, parameters = declared["output_token"], declared["input_token"]
    if isinstance(parameters, str):
        return ((paths, parameters),)
    return tuple(zip(paths, parameters, strict=True))


def _named(outputs: tuple[str, ...], inputs: frozenset[str]) -> tuple[tuple[str, str], ...]:
    found = []
    for name in outputs:
        if not _TOKEN.fullmatch(name) or f"Next{name}" in outputs:  # the latter is an echo of the request
            continue
        bare = name[4:] if name[:4].lower() == "next" else name
        for parameter in (name, bare, bare[:1].lower() + bare[1:]):
            if parameter in inputs:
                found.append((name, parameter))
                break
    return tuple(found)


class Pages:
    """The pages of one call. After a Refused, `next` asks for the same page again."""

    def __init__(self, ask: Callable[[Mapping[str, Any]], Page], params: Mapping[str, Any], plan: Plan) -> None:
        self._ask, self._plan = ask, plan
        self._params: Mapping[str, Any] | None = params
        self._tokens: dict[str, Any] = {}
        self._followed: set[str] = set()
        self._broken: Refused | None = None

    def __iter__(self) -> Pages:
        return self

    def __next__(self) -> Page:
        if self._broken:
            raise self._broken
        if self._params is None:
            raise StopIteration
        page = self._ask(self._params)
        self._advance(page.body)
        return page

    def _advance(self, body: Mapping[str, Any]) -> None:
        params, plan = self._params or {}, self._plan
        tokens = {parameter: token for path, parameter in plan.tokens if (token := _find(path, body))}
        if any(body.get(name) is False for name in plan.more):
            tokens = {}  # some answers name where they ended, though it was the end
        trail = repr(sorted(tokens.items()))
        if tokens and trail in self._followed:
            self._broken = Refused("unreadable", "RepeatedToken", "the same continuation was given twice")
        elif any(body.get(name) for name in plan.watched) or (not tokens and any(body.get(n) for n in plan.more)):
            self._broken = Refused("unreadable", "UnfollowedToken", "there is more, and no way to ask for it")
        carried = {k: v for k, v in params.items() if k not in self._tokens}
        self._params = {**carried, **tokens} if tokens else None
        self._tokens = tokens
        self._followed.add(trail)


def _find(path: str, body: Mapping[str, Any]) -> Any:
    return body.get(path) if path.isidentifier() else jmespath.search(path, body)
