"""Who asks Microsoft: azure-identity's credentials, and a token of each API that is renewed before it runs out.

Azure and Entra ID share this; what each asks, and where, is its own.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from annexlog.collectors import Refused
from annexlog.collectors.headers import retry_after
from annexlog.collectors.options import Reach
from annexlog.collectors.tokens import Renewed, Token, secret
from annexlog.evidence_store.model import ConfigError

# Without a handler its warnings would go to the terminal: what fails is told as a refusal.
logging.getLogger("azure").addHandler(logging.NullHandler())

Kind = Literal["", "secret", "certificate", "managed_identity", "workload_identity", "cli"]


@dataclass(frozen=True, slots=True)
class Cloud:
    """Addresses: of the authority, of Azure Resource Manager and of Microsoft Graph.

    Source: learn.microsoft.com, "Azure authority hosts", "National cloud deployments" of Microsoft Graph.
    """

    authority: str
    arm: str
    graph: str


CLOUDS: Mapping[str, Cloud] = {
    "public": Cloud(
        "https://login.microsoftonline.com", "https://management.azure.com", "https://graph.microsoft.com"
    ),
    "usgov": Cloud(
        "https://login.microsoftonline.us", "https://management.usgovcloudapi.net", "https://graph.microsoft.us"
    ),
    "china": Cloud(
        "https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"
    ),
}  # fmt: skip


class Login(Reach, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Who asks: the base of the options of Azure and of Entra ID.

    `login`: `secret` (of an app: `client_secret_file` or `client_secret_env`), `certificate` (of an app:
    `certificate_file`, PEM or PKCS#12 with its RSA key, and its password where it has one), `managed_identity` (of the
    host; `client_id` for one assigned by a user), `workload_identity` (a federated token: `federated_token_file`), or
    `cli` (whoever ran `az login`). Left out, it is `secret` or `certificate`, whichever is given. Secrets are named
    here, never given.

    `cloud`: public, usgov or china. `authority`: another one (`https://login.example.com`).
    """

    tenant_id: str = ""
    client_id: str = ""
    login: Kind = ""
    client_secret_env: str = ""
    client_secret_file: str = ""
    certificate_file: str = ""
    certificate_password_env: str = ""
    certificate_password_file: str = ""
    federated_token_file: str = ""
    cloud: Literal["public", "usgov", "china"] = "public"
    authority: str = ""


class Access:
    """The credentials of a target. Raises ConfigError if it is not said well who asks; asks nothing yet.

    `now`: seconds, of the wall clock and monotonic. A credential is made for each token: azure-identity keeps the last
    one, and would give one that was refused again. What it would try again itself (`retry_total`) is left to us, so
    that our limits see every refusal; only a host's own identity endpoint is asked as azure-identity does it.
    """

    def __init__(
        self, options: Login, where: str, *, now: tuple[Callable[[], float], Callable[[], float]] | None = None
    ) -> None:
        self._wall, self._monotonic = now or (time.time, time.monotonic)
        self.cloud = CLOUDS[options.cloud]
        self._options, self._where = options, where
        self._kind = self._chosen()
        self._last = threading.local()
        self._make = self._maker()
        try:
            self._make().close()
        except ValueError as error:
            what = str(error).partition(". ")[0].rstrip(".")
            raise ConfigError(f"this login does not hold: {what}.", where=where, next="See docs/azure.md.") from None
        self._lock = threading.Lock()
        self._tokens: dict[str, Renewed] = {}

    @property
    def identity(self) -> str:
        """Who asks, for provenance."""
        who = {"cli": "az login", "managed_identity": "managed identity"}.get(self._kind, "app")
        return f"{who} {self._options.client_id}".strip()

    def credentials(self, scope: str) -> Renewed:
        """What goes with requests to an API (`https://graph.microsoft.com/.default`); shared by all that ask it."""
        with self._lock:
            if scope not in self._tokens:
                self._tokens[scope] = Renewed(lambda: self._granted(scope), now=self._monotonic)
            return self._tokens[scope]

    # ── the credential ────────────────────────────────────────────────────────────────────

    def _chosen(self) -> Kind:
        given = self._options
        by_secret = bool(given.client_secret_env or given.client_secret_file)
        by_certificate = bool(given.certificate_file)
        if given.login:
            other = (by_secret and given.login != "secret") or (by_certificate and given.login != "certificate")
            found: Kind = "" if other else given.login
        else:
            found = ("secret" if by_secret else "certificate") if by_secret is not by_certificate else ""
        app = found in ("secret", "certificate")
        if not found or (app and not (given.tenant_id and given.client_id)):
            raise ConfigError(
                "say who asks: tenant_id, client_id and client_secret_file or certificate_file, or another login.",
                where=self._where,
                next="See docs/azure.md.",
            )
        return found

    def _maker(self) -> Callable[[], Any]:
        """What makes a credential. Raises ConfigError."""
        import azure.identity as sdk  # noqa: PLC0415 — takes 0.3 s

        given, where = self._options, self._where
        who = {"tenant_id": given.tenant_id, "client_id": given.client_id}
        reach: dict[str, Any] = {
            "connection_timeout": given.connect_timeout, "read_timeout": given.read_timeout,
            "connection_verify": given.ca_file or True, "use_env_settings": False,
            "proxies": {"https": given.proxy} if given.proxy else {},
        }  # fmt: skip
        # Our authority is the operator's word: no third host is asked whether it is one.
        authority = {
            "authority": given.authority or self.cloud.authority, "disable_instance_discovery": True,
            "retry_total": 0, "raw_response_hook": self._heard, **reach,
        }  # fmt: skip
        if self._kind == "secret":
            word = secret(given.client_secret_env, given.client_secret_file, f"{where}.client_secret")
            return lambda: sdk.ClientSecretCredential(**who, client_secret=word, **authority)
        if self._kind == "certificate":
            data = _bytes(given.certificate_file, f"{where}.certificate_file")
            opens = secret(
                given.certificate_password_env, given.certificate_password_file, f"{where}.certificate_password"
            )
            return lambda: sdk.CertificateCredential(**who, certificate_data=data, password=opens or None, **authority)
        named = {name: value for name, value in who.items() if value}
        if self._kind == "workload_identity":
            file = {"token_file_path": given.federated_token_file} if given.federated_token_file else {}
            return lambda: sdk.WorkloadIdentityCredential(**named, **file, **authority)
        if self._kind == "managed_identity":
            client = given.client_id or None
            return lambda: sdk.ManagedIdentityCredential(client_id=client, use_env_settings=False)
        return lambda: sdk.AzureCliCredential(tenant_id=given.tenant_id, process_timeout=30)

    def _heard(self, response: Any) -> None:
        """Keep the last answer of the authority: azure-identity's errors do not tell its status."""
        self._last.answer = response.http_response

    # ── tokens ────────────────────────────────────────────────────────────────────────────

    def _granted(self, scope: str) -> Token:
        """A new token. Raises Refused."""
        from azure.core.exceptions import AzureError  # noqa: PLC0415 — as above

        self._last.answer = None
        try:
            with self._make() as credential:
                found = credential.get_token(scope)
        except AzureError as error:
            raise _refused(error, self._last.answer) from None
        return Token(str(found.token), max(60.0, float(found.expires_on) - self._wall()))


# Codes of an app or a caller that is known and may not have this token; any other is of who he is.
# Source: learn.microsoft.com, "Microsoft Entra authentication and authorization error codes".
_DENIED = frozenset({"AADSTS50105", "AADSTS53003", "AADSTS65001", "AADSTS530035", "AADSTS7000112"})
_CODE = re.compile(r"AADSTS\d+")


def _refused(error: Exception, answer: Any) -> Refused:
    """What a token that was not given refuses."""
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError  # noqa: PLC0415 — as above
    from azure.identity import CredentialUnavailableError  # noqa: PLC0415

    from annexlog.collectors.rest import innermost  # noqa: PLC0415 — options are read without an HTTP client

    status = int(getattr(answer, "status_code", 0) or 0)
    message = str(getattr(error, "message", error)).partition("\n")[0]
    said = _CODE.search(message)
    cause = error.__cause__ or error
    if isinstance(cause, ServiceRequestError | ServiceResponseError):
        return Refused("failed", type(cause).__name__, innermost(cause))
    if status == 429:
        return Refused("throttled", said[0] if said else "429", message[:300], after=retry_after(answer.headers) or 1.0)
    if status >= 500 or (200 <= status < 400 and not said):
        return Refused("failed", said[0] if said else str(status), message[:300])
    if isinstance(error, CredentialUnavailableError):
        return Refused("unauthenticated", "CredentialUnavailable", message[:300])
    code = said[0] if said else str(status or type(error).__name__)
    return Refused("denied" if code in _DENIED else "unauthenticated", code, message[:300])


def _bytes(file: str, where: str) -> bytes:
    try:
        return Path(file).expanduser().read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", where=where) from None
