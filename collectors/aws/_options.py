"""The keys of a `[targets.<name>]` table whose provider is AWS."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from annexlog.collectors.options import Seconds

AccountId = Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$")]
Region = Annotated[str, msgspec.Meta(pattern="^[a-z]{2,}(-[a-z]+)+-[0-9]+$")]


class Accounts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which accounts to look at. `include` empty: all that are found; `exclude` wins over `include`."""

    include: tuple[AccountId, ...] = ()
    exclude: tuple[AccountId, ...] = ()


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How AWS is reached, as whom, and how far to look.

    `profile`: of the AWS configuration files; left out, the SDK's own order of sources (environment, container,
    instance …). `role_arn`: assumed first, before anything else is asked. `external_id_env`, `external_id_file`:
    where the external id of the assumed roles is read from; it is never written here.

    `organization`: find the accounts by AWS Organizations; in each but our own, `member_role` is assumed, so the
    caller needs `sts:AssumeRole` on `arn:aws:iam::*:role/<member_role>`. Without it, only our own account and those
    of `accounts.include` are looked at.

    `regions`: "enabled" or a list. `home_region`: where account-wide questions are asked, and the token service;
    it decides the partition (aws, aws-cn, aws-us-gov …), and left out is the SDK's, else us-east-1.

    `endpoint_url`: instead of AWS's own endpoints; left out, `AWS_ENDPOINT_URL`. `ca_bundle`: file of the
    certificates to trust. `quota_share`: the part of AWS's
    published request quotas that we may use. Timeouts in seconds.
    """

    profile: str | None = None
    role_arn: str | None = None
    external_id_env: str | None = None
    external_id_file: str | None = None
    organization: bool = False
    member_role: str = "annexlog-read"
    accounts: Accounts = Accounts()
    regions: Literal["enabled"] | tuple[Region, ...] = "enabled"
    home_region: Region | None = None
    endpoint_url: str | None = None
    ca_bundle: str | None = None
    quota_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5
    connect_timeout: Seconds = 5
    read_timeout: Seconds = 60
