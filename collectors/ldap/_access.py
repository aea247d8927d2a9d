"""Who asks a directory, and over what: a password or a certificate, TLS, and what is tried without either."""

from __future__ import annotations

import ipaddress
import secrets
import ssl
from typing import Any
from urllib.parse import urlsplit

from annexlog.collectors import Refused
from annexlog.collectors.ldap import _filters as filters
from annexlog.collectors.ldap import _messages as ldap
from annexlog.collectors.ldap._connection import Pool, Server
from annexlog.collectors.ldap._options import Options
from annexlog.collectors.ldap._refusals import refusal
from annexlog.collectors.tokens import secret
from annexlog.evidence_store.model import ConfigError, iso

_REFUSING = frozenset({7, 8, 13, 32, 48, 49, 50, 53})
"""Results by which a server refuses somebody who has not signed in (RFC 4511, appendix A)."""
_PORTS = {"ldaps": 636, "ldap": 389}


class Access:
    """The connections of a target. Raises ConfigError if it is not said, or said twice, who asks, or without TLS."""

    def __init__(self, options: Options, where: str) -> None:
        self._options = options
        url = urlsplit(options.url)
        try:
            port = url.port or _PORTS[url.scheme]
        except (ValueError, KeyError):
            port = 0
        if not url.hostname or not port:
            raise ConfigError(f"{options.url} is no address such as ldaps://dc1.example.com.", where=f"{where}.url")
        tls = "ldaps" if url.scheme == "ldaps" else "starttls" if options.start_tls else ""
        if not tls and not _here(url.hostname):
            raise ConfigError("only a server on this host is asked without TLS.", where=f"{where}.start_tls")
        self._password = secret(options.password_env, options.password_file, f"{where}.password")
        by_password = bool(self._password and options.bind_dn)
        if by_password is bool(options.client_certificate) or bool(self._password) is not bool(options.bind_dn):
            raise ConfigError(
                "say who asks: bind_dn and password_file, or client_certificate and client_key.",
                where=where,
                next="See docs/ldap.md.",
            )
        if options.client_certificate and not tls:
            raise ConfigError("a client certificate needs TLS.", where=f"{where}.client_certificate")
        self._timeouts = (options.connect_timeout, options.read_timeout)
        self._context = _context(options, where) if tls or options.probe else None
        self.server = Server(url.hostname, port, tls, self._context, self._timeouts)
        self.pool = Pool(self.server, self._signing)

    @property
    def identity(self) -> str:
        return self._options.bind_dn or f"certificate {self._options.client_certificate}"

    def anonymous(self, base: str) -> str:
        """What a search below `base` answers to somebody who does not sign in: "entries", "nothing", or "refused".

        Raises Refused for what is no answer to that: a server that is busy lets nobody in either.
        """
        connection = self.server.connect(lambda: None)
        try:
            found = filters.encoded("(objectClass=*)")
            entries, result, _ = connection.search(ldap.search(base, "sub", found, ["1.1"], size=1), ())
        finally:
            connection.close()
        if entries:
            return "entries"
        if result.code == 0:
            return "nothing"
        # Active Directory calls it an error of operations, and says why.
        unsigned = result.code == 1 and any(word in result.message for word in ("bind", "authentication"))
        if result.code in _REFUSING or unsigned:
            return "refused"
        raise refusal(result)

    def plain_bind(self, host: str, base: str) -> str:
        """What a server answers to a name and a password without TLS: the number of its result; "closed" without a port.

        Both are made up for this once, so that nothing is given away, and no account is locked. Raises Refused.
        """
        if not self._options.probe:
            raise Refused("unsupported", "ProbeOff", "probe is not turned on for this target", again=False)
        server = Server(host, self._options.plain_port, "", None, self._timeouts)
        try:
            connection = server.connect(lambda: None)
        except Refused as refused:
            if refused.code == "ConnectionRefusedError":
                return "closed"
            raise
        try:
            # Below the base: of other names a server says that it does not know them, whatever it demands.
            name = f"cn=annexlog-probe-{secrets.token_hex(8)},{base}"
            return str(connection.result_of(ldap.simple_bind(name, secrets.token_hex(16)), ldap.BOUND).code)
        finally:
            connection.close()

    def secure(self, host: str) -> dict[str, Any]:
        """{verified, until, why}: whether a server's LDAPS shows a certificate that we trust, of its name. Raises Refused.

        `until`: the end of the certificate; null, where it is not verified, and then `why` says so.
        """
        port = self.server.port if self.server.tls == "ldaps" else _PORTS["ldaps"]
        context = self._context or _context(self._options, "ldap")
        try:
            connection = Server(host, port, "ldaps", context, self._timeouts).connect(lambda: None)
        except Refused as refused:
            if refused.code != "SSLCertVerificationError":
                raise
            return {"verified": False, "until": None, "why": refused.message}
        try:
            ends = ssl.cert_time_to_seconds(str(connection.certificate()["notAfter"]))
        finally:
            connection.close()
        return {"verified": True, "until": iso(round(ends * 1000)), "why": ""}

    def close(self) -> None:
        self.pool.close()

    def _signing(self) -> bytes:
        if self._password:
            return ldap.simple_bind(self._options.bind_dn, self._password)
        return ldap.sasl_bind("EXTERNAL", b"")


def _here(host: str) -> bool:
    """Whether a host is this one; rest.loopback would need an HTTP client."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _context(options: Options, where: str) -> ssl.SSLContext:
    """Verified, TLS 1.2 or later. Raises ConfigError."""
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
    except OSError as error:
        raise ConfigError(f"{options.ca_file} cannot be read: {error.strerror}.", where=f"{where}.ca_file") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.client_certificate:
        try:
            context.load_cert_chain(options.client_certificate, options.client_key or None)
        except OSError as error:
            raise ConfigError(
                f"the certificate cannot be read: {error.strerror}.", where=f"{where}.client_certificate"
            ) from None
    return context
