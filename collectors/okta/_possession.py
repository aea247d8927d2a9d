"""Proofs that a token's holder is the one it was given to (DPoP, RFC 9449), as Okta wants them.

Source: developer.okta.com, "Configure OAuth 2.0 Demonstrating Proof-of-Possession".
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections.abc import Mapping
from typing import Any

from annexlog.collectors.clock import Clock
from annexlog.collectors.rest import Answer
from annexlog.collectors.tokens import Key

NONCE = "use_dpop_nonce"
WANTED = frozenset({"invalid_dpop_proof", NONCE})
"""Okta's errors for a request for a token that goes without a proof, or without the nonce in it."""


class Possession:
    """The proofs of one client. Until `begin`, and for tokens that need none, requests go without."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._key: Key | None = None
        self._tokens = self._nonce = ""

    def begin(self, tokens: str) -> None:
        """From now on requests for tokens, at this address, go with a proof."""
        with self._lock:
            self._key, self._tokens = self._key or Key.made(), tokens

    def heard(self, answer: Answer) -> None:
        """An answer may say which nonce the next request for a token has to use."""
        self._nonce = answer.headers.get("dpop-nonce", self._nonce)

    def headers(self, method: str, url: str, sent: Mapping[str, str]) -> Mapping[str, str]:
        """The proof that goes with one request, which has these headers already."""
        key, address = self._key, url.partition("?")[0]
        if key is None:
            return {}
        claims: dict[str, Any] = {"htm": method, "htu": address, "iat": self._clock.now() // 1000}
        kind, _, token = sent.get("Authorization", "").partition(" ")
        if kind == "DPoP":
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        elif url == self._tokens:
            claims |= {"nonce": self._nonce} if self._nonce else {}
        else:
            return {}
        return {"DPoP": key.sign({**claims, "jti": secrets.token_hex(16)}, typ="dpop+jwt", jwk=key.jwk())}
