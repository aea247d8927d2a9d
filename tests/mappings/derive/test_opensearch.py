"""Who can reach a serverless collection."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.opensearch import public_policies


def policy(resource: str, *, public: bool) -> dict[str, Any]:
    rules = [{"ResourceType": "collection", "Resource": [resource]}]
    return {"id": "p1", "policy": [{"Rules": rules, "AllowFromPublic": public}]}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (policy("collection/logs", public=True), ["p1"]),
        (policy("collection/lo*", public=True), ["p1"]),
        (policy("dashboards/logs", public=True), ["p1"]),
        (policy("collection/logs", public=False), []),
        (policy("collection/other", public=True), []),
    ],
)
def test_a_collection_is_public_by_a_policy_that_covers_it(given: Any, found: list[str]) -> None:
    assert public_policies("logs", [given]) == found
