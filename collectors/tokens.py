"""Credentials of REST APIs: secrets that a configuration names, assertions signed with a key, tokens that run out."""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from annexlog.evidence_store.model import ConfigError

_EARLY = 120.0
"""Seconds before its end at which a token is renewed: a request may wait in a queue for as long."""
_FRESH = 10.0
"""Seconds in which a token that was refused is not renewed again: many threads may meet the same refusal."""


def secret(env: str, file: str, where: str) -> str:
    """What the variable, or else the file, holds; "" if neither is named. Raises ConfigError; never quotes it."""
    if env:
        found = os.environ.get(env, "").strip()
        if not found:
            next = "Set it to the secret, for the user and the service that run annexlog."
            raise ConfigError(f"the environment variable {env} is not set.", where=where, next=next)
        return found
    if not file:
        return ""
    try:
        found = Path(file).expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        next = "Put the secret into it, where annexlog's user may read it and nobody else."
        raise ConfigError(f"{file} cannot be read: {why}.", where=where, next=next) from None
    if not found:
        raise ConfigError(f"{file} is empty.", where=where, next="Put the secret into it.")
    return found


class Key:
    """An RSA private key that signs assertions (RFC 7519, RS256). Raises ConfigError if the text is no such key."""

    def __init__(self, pem: str, where: str) -> None:
        try:
            key = serialization.load_pem_private_key(pem.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ConfigError(
                "this is no private key in PEM form without a passphrase.",
                where=where,
                next="Store the key as it was downloaded, or convert a JWK to PEM.",
            ) from None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ConfigError("the key is no RSA key.", where=where)
        self._key = key

    @classmethod
    def made(cls) -> Key:
        """A key of our own, for as long as this process lasts."""
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return cls(made.private_bytes(serialization.Encoding.PEM, form, none).decode(), "")

    def jwk(self) -> dict[str, str]:
        """The public part (RFC 7517)."""
        public = self._key.public_key().public_numbers()
        n, e = (_text(number.to_bytes((number.bit_length() + 7) // 8, "big")) for number in (public.n, public.e))
        return {"kty": "RSA", "n": n, "e": e}

    def sign(self, claims: Mapping[str, Any], kid: str = "", **head: Any) -> str:
        """A JSON Web Token with these claims. `kid`: the name of the key, where the receiver knows several.

        `head`: what else its header says, or says instead.
        """
        head = {"alg": "RS256", "typ": "JWT"} | ({"kid": kid} if kid else {}) | head
        signed = f"{_text(orjson.dumps(head))}.{_text(orjson.dumps(claims))}"
        return f"{signed}.{_text(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Token:
    """`lasts`: seconds from now. `kind`: the word before it in a request."""

    value: str
    lasts: float
    kind: str = "Bearer"


class Signed:
    """Credentials that are an assertion of our own, made anew for each request."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._make()}"}

    def renew(self) -> bool:
        return False


class Renewed:
    """Credentials that are fetched, and fetched again before they run out or when they are refused.

    `fetch` raises Refused; threads wait for the one that fetches. `now`: seconds, monotonic.
    """

    def __init__(self, fetch: Callable[[], Token], *, now: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._now = fetch, now
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._since = 0.0

    def headers(self) -> Mapping[str, str]:
        with self._lock:
            token = self._token
            if token is None or self._now() - self._since >= token.lasts - min(_EARLY, token.lasts / 2):
                token = self._renewed()
        return {"Authorization": f"{token.kind} {token.value}"}

    def renew(self) -> bool:
        """After a 401: there is another token, or one that is newer than the refused request may have been."""
        with self._lock:
            if self._token is None or self._now() - self._since >= _FRESH:
                self._renewed()
        return True

    def _renewed(self) -> Token:
        self._token = None
        self._token, self._since = self._fetch(), self._now()
        return self._token
