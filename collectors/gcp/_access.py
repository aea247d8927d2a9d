"""Who asks Google Cloud: default credentials, a key, a workload identity federation, or a service account as itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import google.auth
from google.auth import aws, exceptions, identity_pool, impersonated_credentials
from google.auth.transport.requests import Request
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account

from annexlog.collectors.gcp._options import Options
from annexlog.collectors.gcp._refusals import told
from annexlog.evidence_store.model import ConfigError

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""The one scope that Asset Inventory takes; that nothing is written is the role's doing, and ours."""

_NEXT = "See docs/google-cloud.md."
_AWS = "urn:ietf:params:aws:token-type:aws4_request"


def credentials(options: Options, where: str) -> Any:
    """Credentials of google-auth; nothing is asked yet. Raises ConfigError; never quotes a file."""
    try:
        found = _from_file(options.credentials_file, where) if options.credentials_file else _default()
    except exceptions.GoogleAuthError as error:
        raise ConfigError(f"there are no credentials: {str(error)[:200]}", where=where, next=_NEXT) from None
    if options.impersonate:
        found = impersonated_credentials.Credentials(
            source_credentials=found, target_principal=options.impersonate, target_scopes=[SCOPE]
        )
    return found.with_quota_project(options.quota_project) if options.quota_project else found


def identity(found: Any) -> str:
    """Whom the credentials are of, as far as they say."""
    name = getattr(found, "service_account_email", "") or getattr(found, "_target_principal", "")
    return str(name or "application default credentials")


def _default() -> Any:
    found, _ = google.auth.default(scopes=[SCOPE])
    return found


def _from_file(file: str, where: str) -> Any:
    where = f"{where}.credentials_file"
    try:
        info = json.loads(Path(file).expanduser().read_text())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise ConfigError(f"{file} cannot be read: {why}.", where=where) from None
    kind = info.get("type") if isinstance(info, dict) else None
    try:
        if kind == "service_account":
            # Google's APIs take what the key signs itself: no token has to be fetched, and none is kept anywhere.
            found = service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])
            return found.with_always_use_jwt_access(True)
        if kind == "external_account" and info.get("subject_token_type") == _AWS:
            return aws.Credentials.from_info(info, scopes=[SCOPE])
        if kind == "external_account" and "executable" not in (info.get("credential_source") or {}):
            return identity_pool.Credentials.from_info(info, scopes=[SCOPE])
        if kind == "authorized_user":
            return user_credentials.Credentials.from_authorized_user_info(info, scopes=[SCOPE])
    except (ValueError, exceptions.GoogleAuthError):
        raise ConfigError(f"{file} is no complete {kind} file.", where=where, next=_NEXT) from None
    raise ConfigError(f"{file} is of no kind that annexlog takes.", where=where, next=_NEXT)


class Bearer:
    """The same credentials for APIs that are asked without Google's client (see rest.Credentials)."""

    def __init__(self, found: Any) -> None:
        self._credentials, self._lock = found, threading.Lock()

    def headers(self) -> Mapping[str, str]:
        """Raises Refused (unauthenticated)."""
        with self._lock, told():
            if not self._credentials.valid:
                self._credentials.refresh(Request())
            sent: dict[str, str] = {}
            self._credentials.apply(sent)
        project = getattr(self._credentials, "quota_project_id", None)
        return {**sent, **({"x-goog-user-project": str(project)} if project else {})}

    def renew(self) -> bool:
        """After a 401: another token. Raises Refused."""
        with self._lock, told():
            self._credentials.refresh(Request())
        return True
