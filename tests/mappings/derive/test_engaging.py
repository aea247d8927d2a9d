"""Whom a response plan reaches: each row is a plan."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.engaging import plan_engages


def contact(
    name: str, kind: str = "PERSONAL", status: str = "ACTIVATED", *, to: tuple[str, ...] = ()
) -> dict[str, Any]:
    stages = [{"DurationInMinutes": 5, "Targets": [{"ContactTargetInfo": {"ContactId": one}} for one in to]}]
    return {
        "contact": {"ContactArn": name, "Type": kind},
        "channels": [{"ActivationStatus": status}] if kind == "PERSONAL" else None,
        "engagement": {"Stages": stages} if kind == "ESCALATION" else None,
    }


CONTACTS = [
    contact("ada"),
    contact("bob", status="NOT_ACTIVATED"),
    contact("good", "ESCALATION", to=("bob", "ada")),
    contact("bad", "ESCALATION", to=("bob",)),
    contact("rota", "ONCALL_SCHEDULE"),
]
SCHEDULE = Unknown("unresolved", code="on-call schedule")


@pytest.mark.parametrize(
    ("plan", "engages"),
    [
        ({"chatChannel": {"chatbotSns": ["arn"]}}, True),
        ({"chatChannel": {"empty": {}}}, False),
        ({"engagements": ["ada"]}, True),
        ({"engagements": ["bob"]}, False),
        ({"engagements": ["good"]}, True),
        ({"engagements": ["bad"]}, False),
        ({"engagements": ["rota"]}, SCHEDULE),
        ({"engagements": ["rota", "ada"]}, True),
        ({"engagements": ["carol"]}, Unknown("unresolved", code="engagements")),
        ({}, False),
    ],
)
def test_a_plan_reaches_a_person_or_a_channel(plan: Any, engages: Any) -> None:
    assert plan_engages([{"plan": plan}], CONTACTS) == engages


def test_every_plan_must_and_there_must_be_one() -> None:
    assert plan_engages([], CONTACTS) is False
    assert plan_engages([{"plan": {"engagements": ["ada"]}}, {"plan": {}}], CONTACTS) is False
