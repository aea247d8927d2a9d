"""The anchor by e-mail: what is sent, and that nothing is sent without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from annexlog.anchors import Refused
from annexlog.anchors.email import Email
from annexlog.evidence_store.anchors import Receipt
from tests.anchored import SIGNER, Log
from tests.wire.certificates import Tls
from tests.wire.mail import PASSWORD, USER, MailServer


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    made.grow(2)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return Tls(tmp_path_factory.mktemp("tls"))


def email(server: MailServer, tls: Tls | None, **more: object) -> Email:
    ca = str(tls.ca) if tls else ""
    options = {"sender": "log@example.com", "to": ["audit@example.org", "ciso@example.org"], **more}
    return Email(host="127.0.0.1", port=server.port, ca_file=ca, **options)  # type: ignore[arg-type]


def refused(log: Log, one: Email) -> Refused:
    with pytest.raises(Refused) as caught:
        log.send(one)
    return caught.value


def test_the_checkpoint_is_attached_byte_for_byte(log: Log, tls: Tls) -> None:
    with MailServer(tls.server) as server:
        token = log.send(email(server, tls))

    ((sender, recipients, content),) = server.came
    message = message_from_bytes(content, policy=policy.default)
    (attached,) = message.iter_attachments()
    note = log.store.checkpoint(SIGNER).encode()
    assert (sender, recipients) == ("log@example.com", ["audit@example.org", "ciso@example.org"])
    assert message["Subject"] == "annexlog checkpoint 2 of example.com/log"
    assert (attached.get_filename(), attached.get_payload(decode=True)) == ("checkpoint-2.txt", note)
    detail = f"message {message['Message-ID']} to audit@example.org, ciso@example.org"
    assert Receipt.check(token, [SIGNER.verifier]).detail == detail


def test_user_and_password_are_shown_to_the_server_alone(
    log: Log, tls: Tls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    (tmp_path / "password").chmod(0o600)
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)

    with MailServer(tls.server, login=True) as server:
        by_variable = log.send(email(server, tls, user=USER, password_env="MAIL_PASSWORD"))
        log.grow()
        by_file = log.send(email(server, tls, user=USER, password_file="password"))

    assert len(server.came) == 2
    assert PASSWORD.encode() not in by_variable + by_file


def test_a_wrong_password_is_refused_and_not_repeated(log: Log, tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "wrong one")

    with MailServer(tls.server, login=True) as server:
        error = refused(log, email(server, tls, user=USER, password_env="MAIL_PASSWORD"))

    assert (error.reason, error.code, server.came) == ("unauthenticated", "535", [])
    assert "wrong one" not in f"{error} {error.message} {error.next}"


def test_a_password_file_that_others_can_read_is_refused(log: Log, tls: Tls, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "password").chmod(0o644)

    with MailServer(tls.server, login=True) as server:
        error = refused(log, email(server, tls, user=USER, password_file="password"))

    assert (error.reason, error.next) == ("unauthenticated", f"Run `chmod 600 {tmp_path / 'password'}`.")


def test_a_server_without_starttls_gets_nothing(log: Log, tls: Tls) -> None:
    with MailServer(None) as server:
        error = refused(log, email(server, tls))

    assert (error.reason, error.code, server.came) == ("unsupported", "SMTPNotSupportedError", [])


def test_a_server_that_nobody_vouches_for_gets_nothing(log: Log, tls: Tls) -> None:
    with MailServer(tls.server) as server:
        error = refused(log, email(server, None))

    assert (error.reason, error.code, server.came) == ("failed", "certificate", [])


@pytest.mark.parametrize("refuse", [{"ciso@example.org"}, {"ciso@example.org", "audit@example.org"}])
def test_a_recipient_that_is_not_taken_is_a_refusal(log: Log, tls: Tls, refuse: set[str]) -> None:
    with MailServer(tls.server) as server:
        server.refuse = refuse
        error = refused(log, email(server, tls))

    assert error.reason == "denied"


def test_nobody_there_is_a_refusal(log: Log, tls: Tls) -> None:
    with MailServer(tls.server) as server:
        one = email(server, tls)

    assert refused(log, one).reason == "failed"
