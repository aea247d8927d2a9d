"""Anchor in time: a timestamp authority (RFC 3161) signs that the checkpoint existed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from annexlog.anchors import Job, Refused
from annexlog.anchors.asking import checked_url, refuse
from annexlog.anchors.web import Web, signed_answers
from annexlog.evidence_store.timestamps import Unavailable, ask, stamped_at

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MAX_CERTIFICATES = 1024 * 1024
"""A file of certificates is never longer, in bytes."""
_INSTALL = 'Run pip install "annexlog[timestamp]".'


class Timestamp(Web, frozen=True, kw_only=True):
    """Asks the authority at `url` (http will do: the answer is signed). `tsa_ca_file`: the certificates that vouch for
    the authority, in PEM, a self-signed one among them (`ca_file`: for its web server).
    """

    kind: ClassVar[str] = "timestamp"
    url: str
    tsa_ca_file: str

    def check(self) -> None:
        super().check()
        checked_url(self.url, plain=True)
        signed_answers(self.url, self.headers_env)

    def place(self) -> str:
        return str(checked_url(self.url, plain=True).hostname)

    def ready(self, folder: Path) -> None:
        certificates(folder / self.tsa_ca_file)
        super().ready(folder)
        try:
            ask(b"anything")
        except Unavailable:
            raise Refused("unsupported", "rfc3161-client is not installed", code="extra", next=_INSTALL) from None

    def send(self, job: Job) -> bytes:
        authorities = certificates(job.folder / self.tsa_ca_file)
        try:
            query, nonce = ask(job.note)
            reply = self.post(self.url, query, "application/timestamp-query", job.folder)
            if reply.status != 200:
                raise refuse(reply, self.place())
            stamped_at(reply.body, job.note, authorities, nonce=nonce)
        except Unavailable:
            raise Refused("unsupported", "rfc3161-client is not installed", code="extra", next=_INSTALL) from None
        except ValueError as error:
            raise Refused("unreadable", f"{self.place()}: {str(error)[:200]}", code="token") from None
        return reply.body


def certificates(path: Path) -> tuple[Certificate, ...]:
    """The certificates in a PEM file, a self-signed one among them. Raises Refused."""
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 — 30 ms that few commands need

    try:
        with path.open("rb") as file:
            data = file.read(MAX_CERTIFICATES + 1)
        found = load_pem_x509_certificates(data)
    except OSError as error:
        raise Refused("failed", f"{path}: {error.strerror}", code="tsa_ca_file", next="Correct tsa_ca_file.") from None
    except ValueError:
        what = f"{path} holds no certificates in PEM"
        raise Refused("failed", what, code="tsa_ca_file", next="Correct tsa_ca_file.") from None
    if not any(one.issuer == one.subject for one in found):
        what = f"{path} holds no self-signed (root) certificate"
        raise Refused("failed", what, code="tsa_ca_file", next="Add the authority's root certificate to it.")
    return tuple(dict.fromkeys(found))
