"""The tables of an extract as data: what each holds, and what each of its columns means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TIME = "RFC 3339, UTC"


@dataclass(frozen=True, slots=True)
class Table:
    """`columns`: {name: (type, meaning)}. `links`: {column: table}, to its key. `search`: full-text columns."""

    says: str
    columns: Mapping[str, tuple[type, str]]
    key: str | tuple[str, ...]
    links: Mapping[str, str]
    indexes: tuple[tuple[str, ...], ...] = ()
    search: tuple[str, ...] = ()


_LINE = {
    "scope": (str, "what was asked: an account, a region, a cluster …; `org`: the organization's own documents"),
    "type": (str, "of resource"),
}
_FACET = {**_LINE, "facet": (str, "the part of a resource's evidence; empty: the listing itself")}
_RUN = (int, "the record of the log that says so")
_UNKNOWN = {
    "reason": (str, "why it could not be seen"),
    "operation": (str, "the provider's operation that would mend it"),
    "permission": (str, "the permission that would mend it"),
    "code": (str, "the provider's own error code"),
}
_STATUS = (str, "pass, fail, not_applicable or unknown")

TABLES: Mapping[str, Table] = {
    "about": Table(
        "What was asked for, and of which log this is an extract.",
        {"name": (str, "of the fact"), "value": (str, "the fact")},
        "name",
        {},
    ),
    "contents": Table(
        "How many rows each table has, and how many of them say that something is not known.",
        {
            "table_name": (str, "the table"),
            "rows": (int, "how many it has"),
            "unknown": (int, "how many of them say that something was denied, not seen, unknown or not signed"),
            "says": (str, "what it holds"),
        },
        "table_name",
        {},
    ),
    "description": Table(
        "What each column of each table means.",
        {"table_name": (str, "the table"), "column_name": (str, "the column"), "says": (str, "what it means")},
        ("table_name", "column_name"),
        {},
    ),
    "control": Table(
        "The controls, with their states at the beginning and at the end of the period.",
        {
            "control": (str, "its number in Annex A of ISO/IEC 27001:2022"),
            "title": (str, "its short public title"),
            "theme": (str, "organizational, people, physical or technological"),
            "says": (str, "what it asks for, in our words"),
            "can_show": (str, "what technical evidence can show of it"),
            "not_shown": (str, "what it cannot show"),
            "manual": (str, "evidence that people supply (a JSON list)"),
            "state_at_begin": (str, "met, deviating, not_met, unknown, not_tested or excluded"),
            "reason_at_begin": (str, "why"),
            "state_at_end": (str, "the same at the end"),
            "reason_at_end": (str, "why"),
        },
        "control",
        {},
    ),
    "test": Table(
        "The tests that supported these controls at any time of the period, as they were last defined in it.",
        {
            "test": (str, "its id"),
            "asks": (str, "the question"),
            "type": (str, "of the resources that it judges"),
            "severity": (str, "critical, high, medium or low"),
            "every": (str, "how often it looks (ISO 8601)"),
            "shows": (str, "what a pass shows"),
            "does_not_show": (str, "what it does not show"),
            "fix": (str, "what to do about a failure"),
        },
        "test",
        {},
    ),
    "support": Table(
        "Which test supported which control, and why, as it was last said in the period.",
        {
            "control": (str, "that is supported"),
            "test": (str, "that supports it"),
            "strength": (str, "primary: it decides the control's state; secondary: it adds to it"),
            "because": (str, "why"),
        },
        ("control", "test"),
        {"control": "control", "test": "test"},
    ),
    "definition": Table(
        "Every definition of the tests and every page of the controls that was in force in the period.",
        {
            "id": (int, "of the row"),
            "name": (str, "of the test, or the control"),
            "since": (str, f"when it was recorded ({TIME}); before the period: it was in force at its beginning"),
            "until": (str, "when another took its place; empty: it was in force at the end"),
            "run": _RUN,
            "sha256": (str, "of its bytes, as the log commits to them"),
            "body": (str, "the definition (JSON)"),
        },
        "id",
        {"run": "run"},
    ),
    "outcome": Table(
        "Every outcome that stood in the period: one row for each time it was recorded to be another.",
        {
            "id": (int, "of the row"),
            "test": (str, "that judged"),
            **_LINE,
            "resource": (str, "that was judged; `*`: the whole population, which was not seen whole"),
            "status": _STATUS,
            **_UNKNOWN,
            "cause": (str, "of the change: estate, definition, register, exception, coverage or clock"),
            "since": (str, f"the judging that first said so ({TIME})"),
            "until": (str, "the judging that first said otherwise; empty: it stood at the end"),
            "at_begin": (int, "1: it stood already when the period began"),
            "run": _RUN,
        },
        "id",
        {"test": "test", "run": "run"},
        (("test", "status"), ("resource",)),
        ("resource", "reason", "operation", "permission"),
    ),
    "reading": Table(
        "The outcomes as they read at the beginning and at the end: with staleness, coverage and exceptions laid over.",
        {
            "id": (int, "of the row"),
            "moment": (str, "begin or end"),
            "test": (str, "that judged"),
            **_LINE,
            "resource": (str, "that was judged"),
            "status": _STATUS,
            **_UNKNOWN,
            "cause": (str, "of the last change"),
            "observed": (str, f"start of the oldest look that it rests on ({TIME})"),
            "since": (str, "when its recorded status last changed"),
            "exception": (str, "the exception that covers it"),
        },
        "id",
        {"test": "test"},
        (("moment", "test", "status"),),
    ),
    "population": Table(
        "Every population that the tests read, as it was seen at the beginning and at the end.",
        {
            "id": (int, "of the row"),
            "moment": (str, "begin or end"),
            **_LINE,
            "status": (str, "how the latest look saw it: complete, partial, denied, failed, unsupported; or never"),
            "started": (str, f"when that look began ({TIME})"),
            "ended": (str, "when it ended"),
            "run": _RUN,
            "resources": (int, "how many are known"),
        },
        "id",
        {"run": "run"},
    ),
    "member": Table(
        "The resources of each population at the beginning and at the end.",
        {"population": (int, "that it belongs to"), "resource": (str, "its id at the provider")},
        ("population", "resource"),
        {"population": "population"},
    ),
    "evidence": Table(
        "Everything that was seen of what the tests read: what stood at the beginning, and each change.",
        {
            "id": (int, "of the row"),
            **_FACET,
            "resource": (str, "its id at the provider; `erased:` and a digest where the name was erased"),
            "since": (str, f"the look that first showed it so ({TIME})"),
            "until": (str, "the look that first showed otherwise; empty: it was so at the end"),
            "at_begin": (int, "1: it was so already when the period began"),
            "gone": (int, "1: a complete answer no longer had it"),
            **_UNKNOWN,
            "body": (str, "what the provider said (JSON); what was redacted before it was stored stays redacted"),
            "sha256": (str, "of the body, as the log commits to it; empty where it was disposed of"),
            "run": _RUN,
        },
        "id",
        {"run": "run"},
        (("scope", "type", "facet"), ("resource",)),
        ("resource", "body"),
    ),
    "sweep": Table(
        "Every look in the period at what the tests read, and the last one before it: how it was asked, what was seen.",
        {
            "id": (int, "of the row"),
            **_FACET,
            "started": (str, TIME),
            "ended": (str, TIME),
            "status": (str, "complete, partial, denied, failed, unsupported; supplement: only some new resources"),
            **_UNKNOWN,
            "resources": (int, "how many it saw"),
            "root": (str, "the digest over them that the log commits to"),
            "provenance": (str, "how it was asked (JSON): caller, endpoint, operations, pages, refusals, clock"),
            "run": _RUN,
        },
        "id",
        {"run": "run"},
        (("scope", "type", "facet", "ended"), ("status",)),
    ),
    "exception": Table(
        "The exceptions to these tests that were recorded at any time of the period.",
        {
            "id": (int, "of the row"),
            "exception": (str, "its id"),
            "test": (str, "that it is about"),
            "since": (str, f"when it was recorded ({TIME})"),
            "until": (str, "when it was changed or taken back; empty: it stood at the end"),
            "run": _RUN,
            "body": (str, "the exception (JSON): scope, resource, reason, who asked, who approved, until when"),
        },
        "id",
        {"run": "run"},
    ),
    "run": Table(
        "Each record of the log that this extract rests on, and the proof that the signed log holds it.",
        {
            "seq": (int, "its place in the log"),
            "kind": (str, "collect, assess, dispose, key or moved"),
            "recorded": (str, TIME),
            "target": (str, "the configured connection"),
            "caller": (str, "who asked the provider"),
            "collector": (str, "the program that asked"),
            "judged_at": (str, "of an assessment: the instant whose evidence it judged"),
            "record": (str, "its text; SHA-256 of a zero byte and this is its leaf of the log"),
            "leaf": (str, "that digest"),
            "checkpoint": (int, "the size of the signed log that the path leads to; empty: not signed yet"),
            "path": (str, "RFC 6962 inclusion proof (a JSON list of digests)"),
        },
        "seq",
        {"checkpoint": "checkpoint"},
    ),
    "checkpoint": Table(
        "The checkpoints that sign the log from the first of these records on (C2SP signed notes).",
        {"size": (int, "how many records it signs"), "note": (str, "the signed note")},
        "size",
        {},
    ),
}
