"""A timestamp authority: `openssl ts` behind HTTP, with a certificate made for it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.wire.http import Reply, Request

_CONFIG = """\
[tsa]
default_tsa = main
[main]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[v3_tsa]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""


@dataclass
class Authority:
    """Its files are in `folder`; `ca` vouches for it. One request at a time."""

    folder: Path
    name: str = "Test Authority"
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed: it is the timestamp authority")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "ts.cnf").write_text(_CONFIG.format(folder=self.folder))
        (self.folder / "serial").write_text("01\n")
        new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"]
        self._openssl(*new, "-subj", f"/CN={self.name} Root", "-keyout", "ca.key", "-out", "ca.pem")
        request = ["req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={self.name}"]
        self._openssl(*request, "-keyout", "tsa.key", "-out", "tsa.csr")
        extensions = ["-extfile", "ts.cnf", "-extensions", "v3_tsa"]
        by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "3650"]
        self._openssl("x509", "-req", "-in", "tsa.csr", *by, *extensions, "-out", "tsa.pem")

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def _openssl(self, *arguments: str) -> bytes:
        return subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True).stdout

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        return Reply(200, {"Content-Type": "application/timestamp-reply"}, self.reply(request.body))

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        self._openssl("ts", "-reply", "-config", "ts.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr")
        return (self.folder / "reply.tsr").read_bytes()
