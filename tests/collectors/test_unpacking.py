"""What is written in texts of base64: plain, packed by gzip, in parts of a message."""

from __future__ import annotations

import base64
import gzip
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from annexlog.collectors.unpacking import LONGEST, unpacked
from annexlog.evidence_store.model import Unknown
from tests.collectors.acme import Server
from tests.collectors.test_answers import lock_of

SCRIPT = b"#!/bin/sh\nexport PASSWORD=correct-horse\n"


def packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def message(*parts: MIMEText | MIMEApplication) -> bytes:
    whole = MIMEMultipart()
    for part in parts:
        whole.attach(part)
    return whole.as_bytes()


@pytest.mark.parametrize("data", [SCRIPT, gzip.compress(SCRIPT)], ids=["plain", "gzip"])
def test_a_script_is_read_as_it_was_written(data: bytes) -> None:
    assert unpacked(packed(data)) == SCRIPT.decode()


@pytest.mark.parametrize(
    "data",
    [
        message(MIMEText(SCRIPT.decode(), "x-shellscript", "us-ascii")),
        message(MIMEText(SCRIPT.decode(), "x-shellscript", "utf-8")),  # base64
        message(MIMEApplication(gzip.compress(SCRIPT), "gzip")),
        gzip.compress(message(MIMEText("second"), MIMEText(SCRIPT.decode(), "cloud-config", "utf-8"))),
    ],
    ids=["as it is", "base64", "gzip", "all in gzip"],
)
def test_every_part_of_a_message_is_read(data: bytes) -> None:
    assert "export PASSWORD=correct-horse" in unpacked(packed(data))


def test_what_is_broken_by_lines_or_empty_is_read_too() -> None:
    text = packed(SCRIPT)

    assert (unpacked(text[:8] + "\n" + text[8:] + "\n"), unpacked("")) == (SCRIPT.decode(), "")


def test_bytes_that_are_no_text_hide_no_text_beside_them() -> None:
    assert "PASSWORD=x" in unpacked(packed(b"\xff\xfe\x00PASSWORD=x"))


@pytest.mark.parametrize(
    "text",
    ["not base64!", packed(SCRIPT)[:-1], packed(gzip.compress(SCRIPT)[:-9]), packed(b"\x1f\x8b\x00")],
    ids=["no base64", "cut base64", "cut gzip", "no gzip"],
)
def test_what_cannot_be_unpacked_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no base64|no gzip|a gzip stream"):
        unpacked(text)


def test_what_would_grow_too_large_is_refused() -> None:
    bomb = packed(gzip.compress(bytes(LONGEST + 1), 1))

    with pytest.raises(ValueError, match="grows too large"):
        unpacked(bomb)


def test_an_answer_in_base64_is_decoded_and_one_that_is_not_is_unreadable(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/lock", {"lock": packed(SCRIPT)})
    good = lock_of(server, decode={"": "base64"})
    server.say("/boxes/a/lock", {"lock": "?"})
    bad = lock_of(server, decode={"": "base64"})

    assert good == SCRIPT.decode()
    assert isinstance(bad, Unknown)
    assert (bad.reason, bad.code) == ("unreadable", "bad base64 text")
