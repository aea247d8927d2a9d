"""Answers that Okta really gave, as its own SDK's tests recorded them: read without a crash, and believed as argued."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annexlog.collectors.okta import access, org
from annexlog.collectors.okta._refusals import refusal
from annexlog.collectors.paths import kept
from annexlog.collectors.rest import Answer, linked

RECORDED = Path(__file__).parents[4] / "shared/recorded/okta/okta_sdk_python_recorded.jsonl"

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not here")


def recorded() -> Iterator[dict[str, Any]]:
    with RECORDED.open() as lines:
        yield from map(json.loads, lines)


def headers(one: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): ", ".join(values) for name, values in one["headers"].items()}


def listed(path: str) -> Iterator[Any]:
    for one in recorded():
        if one["method"] == "GET" and one["status"] == 200 and re.fullmatch(path, one["path"]):
            yield from one["body"] if isinstance(one["body"], list) else [one["body"]]


def test_every_refusal_has_a_reason_and_okta_s_own_code() -> None:
    found = Counter(
        (one["status"], refusal(Answer(one["status"], headers(one), one["body"], 1_000)).reason)
        for one in recorded()
        if one["status"] >= 400
    )

    reasons = {400: "failed", 401: "unauthenticated", 403: "denied", 404: "denied", 405: "failed", 409: "failed"}
    assert {status: reason for status, reason in found if reason not in (reasons.get(status), "unsupported")} == {}
    assert found.total() > 0


def test_links_lead_on_or_end() -> None:
    following = [
        linked(Answer(200, headers(one), one["body"], None), {}) for one in recorded() if "link" in headers(one)
    ]

    assert following
    assert {url.partition("?")[0].partition("/api/")[1] for url in following if url} <= {"/api/"}


def test_of_users_nothing_personal_is_kept() -> None:
    assert access.user.listed is not None
    wanted = access.user.listed.params["keep"]

    users = [kept(one, wanted) for one in listed("/api/v1/users(/[^/]+)?")]

    assert users
    assert {name for one in users for name in one if name != "profile"} <= set(wanted)
    assert {name for one in users for name in one.get("profile", ())} <= {"email", "login", "employeeNumber"}
    assert {one["status"] for one in users} <= set(access.STATES)


def test_recorded_zones_streams_and_apps_have_what_the_declarations_name() -> None:
    counted: dict[str, int] = {}
    for type, path in ((org.zone, "zones"), (org.log_stream, "logStreams"), (access.app, "apps")):
        assert type.listed is not None
        for one in listed(f"/api/v1/{path}(/[^/]+)?"):
            body = kept(one, type.listed.params["keep"])
            counted[path] = counted.get(path, 0) + ({"id", "name", "status"} <= set(body))

    assert all(counted.values())
    assert "apps" in counted
