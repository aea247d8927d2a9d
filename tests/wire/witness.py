"""A witness, written from https://c2sp.org/tlog-witness and tlog-cosignature alone: nothing of ours is used."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tests.wire.http import Reply, Request

SIZE = {"Content-Type": "text/x.tlog.size"}


@dataclass
class TestWitness:
    """Knows one log by its public key, `name+id+base64`. `now`: its clock, in seconds."""

    __test__ = False

    log: str
    now: int
    name: str = "witness.example/w1"
    key: Ed25519PrivateKey = field(default_factory=lambda: Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
    size: int = 0
    root: bytes = b""
    requests: list[bytes] = field(default_factory=list)

    @property
    def public(self) -> str:
        return f"{self.name}+{self._id().hex()}+{base64.b64encode(bytes([4]) + self._raw()).decode()}"

    def _raw(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def _id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n\x04" + self._raw()).digest()[:4]

    def answer(self, request: Request) -> Reply:  # noqa: PLR0911 — one for each rule of the specification
        if (request.method, request.target) != ("POST", "/add-checkpoint"):
            return Reply(404)
        self.requests.append(request.body)
        head, _, note = request.body.partition(b"\n\n")
        first, *proof = head.decode().split("\n")
        old = int(first.removeprefix("old "))
        text, _, signatures = note.rpartition(b"\n\n")
        text += b"\n"
        origin, size_line, root_line = text.decode().split("\n")[:3]
        size, root = int(size_line), base64.b64decode(root_line)
        if origin != self.log.split("+")[0]:
            return Reply(404)
        if not self._signed(text, signatures.decode()):
            return Reply(403)
        if old > size:
            return Reply(400)
        if old != self.size or (old == size and root != self.root):
            return Reply(409, SIZE, f"{self.size}\n".encode())
        if not consistent(old, size, self.root, root, [base64.b64decode(line) for line in proof]):
            return Reply(422)
        self.size, self.root = size, root
        return Reply(200, {}, self.cosign(text).encode())

    def _signed(self, text: bytes, signatures: str) -> bool:
        name, id, key = self.log.split("+", 2)
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])
        for line in signatures.splitlines():
            _, by, data = line.split(" ")
            raw = base64.b64decode(data)
            if (by, raw[:4].hex()) == (name, id):
                try:
                    public.verify(raw[4:], text)
                except InvalidSignature:
                    return False
                return True
        return False

    def cosign(self, text: bytes) -> str:
        """A signature line over a checkpoint's text."""
        message = f"cosignature/v1\ntime {self.now}\n".encode() + text
        data = self._id() + self.now.to_bytes(8, "big") + self.key.sign(message)
        return f"— {self.name} {base64.b64encode(data).decode()}\n"


def consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> bool:
    """RFC 9162, 2.1.4.2, step by step."""
    if old == 0:
        return not proof
    if old == new:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr = hashlib.sha256(b"\x01" + c + fr).digest()
            sr = hashlib.sha256(b"\x01" + c + sr).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = hashlib.sha256(b"\x01" + sr + c).digest()
        fn, sn = fn >> 1, sn >> 1
    return fr == old_root and sr == new_root and sn == 0
