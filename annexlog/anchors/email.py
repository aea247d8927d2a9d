"""Anchor by e-mail: one message with the checkpoint attached, over SMTP with STARTTLS."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import ClassVar

from annexlog.anchors import Anchor, Job, Refused, environment, from_file
from annexlog.anchors.asking import Way, limited

_SAYS = """\
The evidence log {origin} has {size} records.

Keep this message. The attached checkpoint shows later that none of these records was changed or cut off:

    annexlog verify --checkpoint {file}
"""


class Email(Anchor, frozen=True, kw_only=True):
    """Sends to `to` from `sender` by the server `host`. `user` with `password_env` or `password_file`, if it asks."""

    kind: ClassVar[str] = "email"
    host: str
    port: int = 587
    sender: str
    to: list[str]
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    ca_file: str = ""

    def check(self) -> None:
        super().check()
        if not self.to:
            raise ValueError("to names nobody")
        if any("@" not in one or not one.isprintable() or " " in one for one in (self.sender, *self.to)):
            raise ValueError("sender and to are addresses such as evidence@example.com")
        if bool(self.user) != (bool(self.password_env) != bool(self.password_file)):
            raise ValueError("user goes with either password_env or password_file")

    def place(self) -> str:
        return f"{', '.join(self.to)} by {self.host}"

    def ready(self, folder: Path) -> None:
        self._password(folder)

    def _password(self, folder: Path) -> str:
        if self.password_file:
            return from_file(folder / self.password_file)
        return environment(self.password_env) if self.password_env else ""

    def send(self, job: Job) -> bytes:
        password = self._password(job.folder)
        context = Way(self.timeout, job.folder / self.ca_file if self.ca_file else None).tls()
        message = self._message(job)
        server = smtplib.SMTP(timeout=self.timeout)
        server._host = self.host  # type: ignore[attr-defined]  # noqa: SLF001 — connect() does not set what TLS verifies
        with limited(self.timeout, lambda: server.sock, self.host):
            try:
                server.connect(self.host, self.port)
                server.starttls(context=context)
                if self.user:
                    server.login(self.user, password)
                refused = server.send_message(message)
                with suppress(smtplib.SMTPException):  # it has the mail, whatever it says now
                    server.quit()
            except smtplib.SMTPException as error:
                raise _refused(error, self.host) from None
            finally:
                server.close()
        if refused:
            raise Refused(
                "denied", f"{self.host} does not take mail for {', '.join(sorted(refused))}", code="recipient"
            )
        return job.receipt(f"message {message['Message-ID']} to {', '.join(self.to)}")

    def _message(self, job: Job) -> EmailMessage:
        of = job.checkpoint
        file = f"checkpoint-{of.size}.txt"
        message = EmailMessage()
        message["From"], message["To"] = self.sender, ", ".join(self.to)
        message["Subject"] = f"annexlog checkpoint {of.size} of {of.origin}"
        message["Date"] = formatdate(job.now / 1000)
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(_SAYS.format(origin=of.origin, size=of.size, file=file))
        message.add_attachment(job.note, maintype="text", subtype="plain", filename=file)
        return message


def _refused(error: smtplib.SMTPException, host: str) -> Refused:
    """What the server said is not repeated: it may hold what was sent."""
    code = str(error.smtp_code) if isinstance(error, smtplib.SMTPResponseException) else type(error).__name__
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Refused("unauthenticated", f"{host} does not take user and password", code=code)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refused("unsupported", f"{host} does not offer STARTTLS, or a way to log in", code=code)
    if isinstance(error, (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused)):
        return Refused("denied", f"{host} does not take this mail", code=code)
    return Refused("failed", f"{host} failed ({type(error).__name__})", code=code)
