"""How calls to GitHub are declared: paths, what is kept of their answers, and answers that hide what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.paths import KEEP

NOT_SHOWN = "NotShown"
"""Code of the refusal of an answer that leaves out what only some callers may see."""
UPGRADE = "403:Upgrade to GitHub"
"""The plan has no such setting for a private repository: nothing can be set, which is an answer."""

ORG: Mapping[str, Any] = {"org": "{organization}"}
REPO: Mapping[str, Any] = {"owner": "{organization}", "repo": "{repository.name}"}
BRANCH: Mapping[str, Any] = {**REPO, "branch": "{repository.default_branch}"}
MOST: Mapping[str, Any] = {"per_page": "100"}

Fn = Callable[..., Iterable[Page]]


class Asks(Protocol):
    """What a function of a declaration asks with."""

    def __call__(self, operation: str | Call, params: Mapping[str, Any]) -> Page: ...

    def pages(self, operation: str | Call, params: Mapping[str, Any]) -> Iterable[Page]: ...


def keep(*members: str) -> dict[str, Any]:
    """The parameter that says which members of the answer are kept."""
    return {KEEP: list(members)}


def shown(operation: str, *members: str, always: str = "") -> Fn:
    """One answer in which these members (`a.b`) must be: GitHub leaves out what the caller may not see.

    Raises Refused (denied): a setting that is not shown is not a setting that is off. `always`: a member of every such
    answer; one without it is something else, and unreadable.
    """

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
        page = ask(operation, params)
        if not isinstance(page.body, dict) or (always and always not in page.body):
            raise Refused("unreadable", "OtherAnswer", f"the answer has no {always or 'members'}")
        for member in members:
            found: Any = page.body
            for step in member.split("."):
                found = found.get(step) if isinstance(found, dict) else None
            if found is None:
                raise Refused("denied", NOT_SHOWN, f"the answer has no {member}", again=False)
        yield page

    return fn


def rows(ask: Asks, operation: str | Call, params: Mapping[str, Any], member: str = "") -> list[Any]:
    """A list to its end. Raises Refused (unreadable) for an answer that is none."""
    found: list[Any] = []
    for page in ask.pages(operation, params):
        part = page.body.get(member) if member and isinstance(page.body, dict) else page.body
        if not isinstance(part, list):
            raise Refused("unreadable", "NotAList", f"{operation} answers no list")
        found += part
    return found
