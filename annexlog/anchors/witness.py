"""Anchor with a witness: it checks that the log only grew, remembers its size, and cosigns the checkpoint.

Source: https://c2sp.org/tlog-witness, https://c2sp.org/tlog-cosignature.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import ClassVar

from annexlog.anchors import Job, Refused
from annexlog.anchors.asking import Reply, checked_url, refuse
from annexlog.anchors.web import Web, signed_answers
from annexlog.evidence_store.checkpoint import MAX_NOTE, Checkpoint, Note
from annexlog.evidence_store.cosignatures import Cosigner, cosigned

_TWICE = "Somebody wrote this log twice, or cut it off: run annexlog verify with checkpoints from elsewhere."


class Witness(Web, frozen=True, kw_only=True):
    """`url`: the witness's submission prefix. `key`: its public key, `NAME+1234abcd+BASE64` (cosignature/v1)."""

    kind: ClassVar[str] = "witness"
    url: str
    key: str

    def check(self) -> None:
        super().check()
        checked_url(self.url, plain=True)
        signed_answers(self.url, self.headers_env)
        try:
            Cosigner.parse(self.key)
        except ValueError as error:
            raise ValueError(f"key is not that of a witness: {error}") from None

    def place(self) -> str:
        return f"{Cosigner.parse(self.key).name} at {checked_url(self.url, plain=True).hostname}"

    def send(self, job: Job) -> bytes:
        old = job.before.size if job.before else 0
        reply = self._post(job, old)
        seen = _size(reply)
        if seen is not None and seen != old:
            if seen > job.checkpoint.size:
                what = f"{self.place()} has seen {seen} records of this log; it has {job.checkpoint.size}"
                raise Refused("conflict", what, code="longer", next=_TWICE)
            reply = self._post(job, seen)
        if reply.status in (409, 422):
            what = f"{self.place()} has seen another log under this name"
            raise Refused("conflict", what, code=str(reply.status), next=_TWICE)
        if reply.status in (403, 404):
            next = "Ask the witness to know this log by its name and public key."
            raise Refused("denied", f"{self.place()} does not know this log", code=str(reply.status), next=next)
        if reply.status != 200:
            raise refuse(reply, self.place())
        return self._kept(job, reply)

    def _post(self, job: Job, old: int) -> Reply:
        proof = job.tree.consistency_proof(old, job.checkpoint.size)
        lines = [f"old {old}", *(b64encode(hash).decode() for hash in proof)]
        body = "".join(f"{line}\n" for line in lines).encode() + b"\n" + job.note
        return self.post(f"{self.url.rstrip('/')}/add-checkpoint", body, "text/plain; charset=utf-8", job.folder)

    def _kept(self, job: Job, reply: Reply) -> bytes:
        """The checkpoint with the cosignatures by the configured key; others are ignored."""
        key = Cosigner.parse(self.key)
        try:
            answer = Note.parse(job.checkpoint.note.text.encode() + b"\n" + reply.body)
            times = list(cosigned(answer, [key]))
        except ValueError as error:
            what = f"the answer of {self.place()} is not good: {str(error)[:200]}"
            raise Refused("unreadable", what, code="cosignature") from None
        if not times or len(job.note) + len(reply.body) > MAX_NOTE:
            what = f"the answer of {self.place()} has no cosignature by the configured key"
            raise Refused("unreadable", what, code="cosignature")
        own = tuple(s for s in answer.signatures if (s.name, s.key_id) == (key.name, key.id))
        return Checkpoint.of(replace(answer, signatures=job.checkpoint.note.signatures + own)).encode()


def _size(reply: Reply) -> int | None:
    """The size that a conflicting answer names."""
    kind = reply.headers.get("content-type", "").partition(";")[0].strip()
    text = reply.body.decode("ascii", "replace").removesuffix("\n")
    if reply.status != 409 or kind != "text/x.tlog.size" or not text.isdigit() or len(text) > 18:
        return None
    return int(text)
