"""Who owns which files of a repository: its CODEOWNERS, read line by line; of the owners only whether there are any.

Source: docs.github.com, "About code owners" (where the file is looked for), REST API "Get repository content", "List
CODEOWNERS errors".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, keep, one
from annexlog.collectors.github._calls import NOT_SHOWN

CONTENTS = "contents:read"
_PATH = "/repos/{owner}/{repo}/contents/{path}"
_PLACES = (".github", "", "docs")
"""Folders in the order in which GitHub looks: the first file counts."""
MOST_BYTES = 3 << 20
"""GitHub does not load a longer file."""


def codeowners(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{path, rules: [{pattern, owned}], errors}: path null where there is no such file.

    Folders are listed, since a file that is not shown and one that is not there are the same 404.
    """
    repo = {name: params[name] for name in ("owner", "repo")}
    of = {**repo, "ref": params["branch"]}
    root = _names(ask, Call(CONTENTS, "/repos/{owner}/{repo}/contents"), of)
    for place in _PLACES:
        if place and root.get(place) != "dir":
            continue
        names = _names(ask, Call(CONTENTS, _PATH), {**of, "path": place}) if place else root
        if names.get("CODEOWNERS") == "file":
            path = f"{place}/CODEOWNERS".lstrip("/")
            call = Call(CONTENTS, "/repos/{owner}/{repo}/codeowners/errors")
            wrong = one(ask, call, {**of, **keep("errors.line")}, "errors")["errors"]
            yield Page({"path": path, "rules": _rules(ask, of, place), "errors": len(wrong)})
            return
    yield Page({"path": None, "rules": [], "errors": 0})


def _names(ask: Asks, call: Call, params: Mapping[str, Any]) -> dict[str, str]:
    body = ask(call, {**params, **keep("name", "type")}).body
    if not isinstance(body, list):
        raise Refused("unreadable", "NotAList", "the answer is no folder")
    if len(body) >= 1000:
        raise Refused("denied", NOT_SHOWN, "GitHub shows a thousand files of a folder, and no more", again=False)
    return {str(entry["name"]): str(entry["type"]) for entry in body}


def _rules(ask: Asks, of: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    call = Call(CONTENTS, f"{_PATH}/CODEOWNERS" if place else "/repos/{owner}/{repo}/contents/CODEOWNERS")
    params = {**of, "path": place} if place else of
    body = one(ask, call, {**params, **keep("size", "encoding", "content")}, "content")
    if body.get("size", 0) > MOST_BYTES:
        return []
    if body.get("encoding") != "base64":
        raise Refused("unreadable", "OtherAnswer", "the file is not in base64")
    found = []
    for line in _decoded(str(body["content"])).splitlines():
        text = line.partition("#")[0].split() if not line.lstrip().startswith("#") else []
        if text and not text[0].startswith(("[", "!")):
            found.append({"pattern": text[0], "owned": len(text) > 1})
    return found


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
    except binascii.Error:
        raise Refused("unreadable", "OtherAnswer", "the file is not in base64") from None
