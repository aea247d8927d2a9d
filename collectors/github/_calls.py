"""How calls to GitHub are declared: paths, what is kept of their answers, and answers that hide what was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, Refused
from annexlog.collectors.declaring import Asks, Fn

NOT_SHOWN = "NotShown"
"""Code of the refusal of an answer that leaves out what only some callers may see."""
UPGRADE = "403:Upgrade to GitHub"
"""The plan has no such setting for a private repository: nothing can be set, which is an answer."""

ORG: Mapping[str, Any] = {"org": "{organization}"}
REPO: Mapping[str, Any] = {"owner": "{organization}", "repo": "{repository.name}"}
BRANCH: Mapping[str, Any] = {**REPO, "branch": "{repository.default_branch}"}
MOST: Mapping[str, Any] = {"per_page": "100"}


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
