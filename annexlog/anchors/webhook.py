"""Anchor by an HTTPS request: a chat channel, a log collector, a ticket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar, Literal

from annexlog.anchors import Job, Refused, environment
from annexlog.anchors.asking import checked_url, refuse
from annexlog.anchors.web import Web
from annexlog.evidence_store.layout import sha256


class Webhook(Web, frozen=True, kw_only=True):
    """Posts the note. `url`, or `url_env`: the name of the environment variable, where the URL itself is a secret.
    `format`: `text` is the note; `json` one line with the note as `text`.
    """

    kind: ClassVar[str] = "webhook"
    url: str = ""
    url_env: str = ""
    format: Literal["text", "json"] = "text"

    def check(self) -> None:
        super().check()
        if bool(self.url) == bool(self.url_env):
            raise ValueError("give either url or url_env")
        if self.url:
            checked_url(self.url)

    def place(self) -> str:
        return str(checked_url(self.url).hostname) if self.url else f"the URL in {self.url_env}"

    def ready(self, folder: Path) -> None:
        self._url()
        super().ready(folder)

    def _url(self) -> str:
        url = self.url or environment(self.url_env)
        try:
            checked_url(url)
        except ValueError as error:
            raise Refused("failed", str(error), next=f"Correct {self.url_env or 'url'}.") from None
        return url

    def send(self, job: Job) -> bytes:
        url = self._url()
        host = str(checked_url(url).hostname)
        body, kind = job.note, "text/plain; charset=utf-8"
        if self.format == "json":
            of = job.checkpoint
            line = {"text": job.note.decode(), "origin": of.origin, "size": of.size, "root": of.root.hex()}
            body, kind = f"{json.dumps(line)}\n".encode(), "application/json"
        reply = self.post(url, body, kind, job.folder)
        if not 200 <= reply.status < 300:
            raise refuse(reply, host)
        return job.receipt(f"status {reply.status}, sha256 of the body {sha256(body).hex()}, to {host}")
