"""Answers in the shapes of `--json`, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from annexlog.cli import shapes
from annexlog.evidence_store.model import REASONS, Millis, Status, Unknown, iso

if TYPE_CHECKING:
    from annexlog.answers import Answer, ControlAnswer, TestAnswer


def moment(at: Millis | None) -> str | None:
    return None if at is None else iso(at)


def short(at: Millis | None) -> str:
    """A time for a table: to the second, without the T."""
    return "" if at is None else iso(at)[:19].replace("T", " ")


def reason_of(unknown: Unknown | None) -> shapes.Reason | None:
    if unknown is None:
        return None
    return shapes.Reason(
        reason=unknown.reason, operation=unknown.operation, permission=unknown.permission, code=unknown.code
    )


def words(unknown: Unknown | None) -> str:
    """`denied: the provider refused the read (get_bucket_acl, AccessDenied); needs s3:GetBucketAcl`."""
    if unknown is None:
        return ""
    at = ", ".join(part for part in (unknown.operation, unknown.code) if part)
    needs = f"; needs {unknown.permission}" if unknown.permission and unknown.reason == "denied" else ""
    return f"{unknown.reason}: {REASONS[unknown.reason]}{f' ({at})' if at else ''}{needs}"


def counts(of: Mapping[Status, int]) -> shapes.Counts:
    return shapes.Counts(
        pass_=of.get(Status.PASS, 0),
        fail=of.get(Status.FAIL, 0),
        unknown=of.get(Status.UNKNOWN, 0),
        not_applicable=of.get(Status.NOT_APPLICABLE, 0),
    )


def outcome(answer: Answer) -> shapes.Outcome:
    return shapes.Outcome(
        test=answer.test.id,
        resource=answer.id,
        type=answer.line.type,
        scope=answer.line.scope,
        status=answer.status.value,
        reason=reason_of(answer.reason),
        cause=answer.cause,
        observed_at=moment(answer.observed),
        since=moment(answer.since),
        run=answer.run,
        exception=answer.exception,
    )


def test_entry(answer: TestAnswer) -> shapes.TestEntry:
    return shapes.TestEntry(
        test=answer.test.id,
        strength=answer.strength,  # type: ignore[arg-type]  # checked when the page was read
        severity=answer.test.severity,  # type: ignore[arg-type]  # checked when the definition was read
        state=answer.state.state.value,
        reason=answer.state.reason,
        counts=counts(answer.state.counts),
        excepted=answer.state.excepted,
        counted=not answer.state.observed,
    )


def control_entry(answer: ControlAnswer) -> shapes.ControlEntry:
    return shapes.ControlEntry(
        control=answer.control.id,
        title=answer.control.title,
        theme=answer.control.theme,  # type: ignore[arg-type]  # checked when the page was read
        state=answer.state.value,
        reason=answer.whole.reason,
        counts=counts(answer.whole.counts),
        tests=[test_entry(test) for test in answer.tests],
        freshness=shapes.Freshness(oldest=moment(answer.oldest), stale=answer.stale),
    )
