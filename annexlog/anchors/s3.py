"""Anchor in Amazon S3 under Object Lock in compliance mode: nobody can delete or change it before its time."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from annexlog.anchors import Anchor, Job, Refused
from annexlog.evidence_store.model import duration

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_PERMISSIONS = {
    "get_object_lock_configuration": "s3:GetBucketObjectLockConfiguration",
    "put_object": "s3:PutObject, s3:PutObjectRetention",
}
_DENIED = {"AccessDenied", "AllAccessDisabled", "403"}
_UNAUTHENTICATED = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
_THROTTLED = {"SlowDown", "Throttling", "RequestLimitExceeded", "503"}
_NO_LOCK = "ObjectLockConfigurationNotFoundError"


class S3(Anchor, frozen=True, kw_only=True):
    """Puts the note into `bucket` as `<prefix><origin>/<size>.txt`, locked for `retain` (ISO 8601).

    Credentials are the SDK's usual ones, or those of `profile`. `owner`: the account that the bucket must belong to.
    """

    kind: ClassVar[str] = "s3"
    bucket: str
    prefix: str = "annexlog/"
    retain: str = "P1096D"
    owner: str = ""
    region: str = ""
    profile: str = ""
    ca_file: str = ""
    proxy: str = ""

    def check(self) -> None:
        super().check()
        if duration(self.retain) < 86_400_000:
            raise ValueError("retain is at least a day (P1D)")
        if "@" in self.proxy:
            raise ValueError("the proxy's password belongs in the environment variable HTTPS_PROXY")

    def place(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def ready(self, folder: Path) -> None:  # noqa: ARG002 — an Anchor's
        if find_spec("boto3") is None:
            what, next = "boto3 is not installed", 'Run pip install "annexlog[aws]".'
            raise Refused("unsupported", what, code="extra", next=next)

    def send(self, job: Job) -> bytes:
        self.ready(job.folder)
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 — an extra

        until = datetime.fromtimestamp((job.now + duration(self.retain)) // 1000, UTC)
        key = f"{self.prefix}{quote(job.checkpoint.origin, safe='/.-_~')}/{job.checkpoint.size:020}.txt"
        operation = "get_object_lock_configuration"
        try:
            client = self._client(job.folder)
            self._locked(client)
            operation = "put_object"
            made = client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=job.note,
                ContentType="text/plain; charset=utf-8",
                ChecksumAlgorithm="SHA256",
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=until,
                **self._owner(),
            )
        except ClientError as error:
            raise self._refused(error, operation) from None
        except BotoCoreError as error:
            raise self._failed(error) from None
        version = made.get("VersionId")
        if not version or version == "null":
            what = f"{self.place()} gave the object no version: it is not locked"
            raise Refused("unsupported", what, code="unversioned", next="Use a bucket with Object Lock.")
        return job.receipt(f"s3://{self.bucket}/{key} version {version} until {until:%Y-%m-%dT%H:%M:%SZ}")

    def _client(self, folder: Path) -> Any:
        import boto3  # noqa: PLC0415 — an extra
        from botocore.config import Config  # noqa: PLC0415 — as above

        config = Config(
            connect_timeout=min(10, self.timeout),
            read_timeout=self.timeout,
            retries={"total_max_attempts": 2, "mode": "standard"},
            proxies={"http": self.proxy, "https": self.proxy} if self.proxy else None,
        )
        session = boto3.Session(profile_name=self.profile or None, region_name=self.region or None)
        return session.client("s3", config=config, verify=str(folder / self.ca_file) if self.ca_file else None)

    def _owner(self) -> dict[str, str]:
        return {"ExpectedBucketOwner": self.owner} if self.owner else {}

    def _locked(self, client: Any) -> None:
        """Raises Refused unless the bucket has Object Lock."""
        found = client.get_object_lock_configuration(Bucket=self.bucket, **self._owner())
        if found.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") != "Enabled":
            raise self._no_lock()

    def _no_lock(self) -> Refused:
        what = f"the bucket {self.bucket} has no Object Lock; nothing was put there"
        return Refused("unsupported", what, code=_NO_LOCK, next="Use a bucket that has it.")

    def _refused(self, error: ClientError, operation: str) -> Refused:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code == _NO_LOCK:
            return self._no_lock()
        permission = _PERMISSIONS[operation]
        what = f"{self.place()}: {operation} was refused ({code})"
        if code in _DENIED:
            return Refused("denied", what, code=code, permission=permission, next=f"Grant {permission}.")
        known = {**dict.fromkeys(_UNAUTHENTICATED, "unauthenticated"), **dict.fromkeys(_THROTTLED, "throttled")}
        return Refused(known.get(code, "failed"), what, code=code)

    def _failed(self, error: BotoCoreError) -> Refused:
        code = type(error).__name__
        reason = "unauthenticated" if "Credential" in code or code == "ProfileNotFound" else "failed"
        return Refused(reason, f"{self.place()} cannot be reached ({code})", code=code)
