"""Every service whose answers are written down in tests/collectors/aws/services: what is seen of them."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from typing import Any

import pytest

from annexlog.collectors import resource_types
from annexlog.evidence_store.model import JSON, Unknown
from tests.collectors.aws.conftest import Connect
from tests.collectors.aws.looking import REDACTION_KEY, Seen, look
from tests.collectors.aws.services import Case, cases, services
from tests.wire import Wire
from tests.wire.answers import Answers, Wrong

CASES = cases()
TYPES = resource_types()


@pytest.mark.parametrize("case", CASES, ids=map(str, CASES))
def test_what_is_seen_is_what_was_answered(case: Case, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(case.answers)
    facets = case.look.facets or sorted({facet for facets in case.look.sees.values() for facet in facets})
    kind = TYPES[case.look.of]

    with Wire(answers, threads=2) as wire:
        monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
        seen = look(connect(), kind, *(facet for facet in facets if facet != kind.facet))

    assert answers.unanswered == []
    assert _told(seen, kind.facet, facets) == _redacted(case.look.sees)
    assert {facet: str(s) for facet, s in seen.status.items() if str(s) != "complete"} == case.look.coverage


def _told(seen: Seen, main: str, facets: list[str]) -> dict[str, dict[str, Any]]:
    """What was seen, as the files write it."""
    return {
        id: {facet: _value(values["" if facet == main else facet]) for facet in facets}
        for id, values in seen.facets.items()
    }


def _value(value: JSON | Unknown) -> Any:
    return {"$unknown": value.as_json()} if isinstance(value, Unknown) else value


def _redacted(said: Any) -> Any:
    """What the files say, with the commitments that they do not write out."""
    if isinstance(said, list):
        return [_redacted(item) for item in said]
    if not isinstance(said, dict):
        return said
    if "$redacted" not in said:
        return {name: _redacted(value) for name, value in said.items()}
    text = said["$redacted"]
    digest = hmac.new(REDACTION_KEY, b"annexlog/redact\0" + text.encode(), hashlib.sha256).hexdigest()
    return {"commitment": digest, "length": len(text), "matches": said["matches"]}


@pytest.mark.parametrize("service", services())
def test_what_the_one_account_answers_could_be_said_by_aws(service: str) -> None:
    Answers(services()[service].answers)  # raises Wrong


def test_no_two_files_answer_the_same_operation() -> None:
    answered = Counter(name for service in services().values() for name in service.answers)

    assert [name for name, times in answered.items() if times > 1] == []


# ── the counterpart itself ──


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"DetectorIds": ["d1"], "Detectors": []}, 'Unknown parameter in input: "Detectors"'),
        ({"DetectorIds": "d1"}, "Invalid type for parameter DetectorIds"),
        ([{"for": {"Detector": "d1"}, "says": {"DetectorIds": []}}], "takes no Detector"),
        ([{"refuses": "NoSuchDetector"}], "gives no error NoSuchDetector"),
        ([{"says": {"DetectorIds": []}, "refuses": "BadRequestException"}], "`says` or `refuses`"),
    ],
)
def test_an_answer_that_aws_could_not_give_is_refused(said: Any, why: str) -> None:
    with pytest.raises(Wrong) as refused:
        Answers({"guardduty.list_detectors": said})

    assert why in str(refused.value)


def test_a_value_that_is_not_in_its_enumeration_is_refused() -> None:
    with pytest.raises(Wrong, match="'success', and none of Pending, Success"):
        Answers(
            {
                "config.describe_configuration_recorder_status": {
                    "ConfigurationRecordersStatus": [{"lastStatus": "success"}]
                }
            }
        )
