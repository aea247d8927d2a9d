"""Which accounts and regions there are, which of them are not looked at, and why."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from annexlog.collectors import Call, Discovery, Refused, Scope
from annexlog.collectors.aws._paging import Pages
from annexlog.evidence_store.model import JSON, ConfigError, Coverage, ProviderError, Unknown

if TYPE_CHECKING:
    from annexlog.collectors.aws._adapter import Aws

DESCRIBE_ORGANIZATION = Call("organizations:DescribeOrganization", "describe_organization", take="Organization")
LIST_ACCOUNTS = Call("organizations:ListAccounts", "list_accounts", items="Accounts")
DESCRIBE_REGIONS = Call("ec2:DescribeRegions", "describe_regions", {"AllRegions": True}, items="Regions")
CALLS = (DESCRIBE_ORGANIZATION, LIST_ACCOUNTS, DESCRIBE_REGIONS)
"""What discovery asks, besides sts:GetCallerIdentity, which needs no permission."""

_AT_ONCE = 16

_CLOSED = {
    "PENDING_ACTIVATION": "the account is not active yet",
    "SUSPENDED": "the account is suspended",
    "PENDING_CLOSURE": "the account is being closed",
    "CLOSED": "the account is closed",
}


@dataclass(slots=True)
class _Found:
    partition: str
    scopes: list[Scope] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    refusals: list[Unknown] = field(default_factory=list)

    def add(self, scope: str, level: str, why: str = "", /, **values: str) -> None:
        self.scopes.append(Scope(scope, level, {"partition": self.partition, **values}))
        if why:
            self.skipped[scope] = why

    def refuse(self, call: Call, refused: Refused) -> None:
        self.refusals.append(Unknown(refused.reason, call.operation, call.permission, refused.code))


def discover(aws: Aws) -> Discovery:
    """The target's scopes. Raises ProviderError if nobody can be asked at all, ConfigError on a region of no account."""
    try:
        identity = aws.identity()
    except Refused as refused:
        raise ProviderError(
            f"AWS does not answer as to who we are ({refused.code}): {refused.message}".rstrip(": "),
            where=f"targets.{aws.name}",
            next=_mend(refused),
        ) from None
    own = identity["Account"]
    found = _Found(identity["Arn"].split(":")[1])
    accounts = _accounts(aws, own, found)
    asked = [id for id in accounts if f"aws/{id}" not in found.skipped]
    with ThreadPoolExecutor(_AT_ONCE, "annexlog-discover") as pool:
        regions = dict(zip(asked, pool.map(partial(_regions, aws), asked), strict=True))
    _add_regions(aws, own, regions, found)
    return Discovery(
        found.scopes,
        found.skipped,
        Coverage.PARTIAL if found.refusals else Coverage.COMPLETE,
        found.refusals,
        {"caller": identity["Arn"], "endpoint": aws.connection.host()},
    )


def _mend(refused: Refused) -> str:
    if refused.reason == "failed":
        return "Check the network, the endpoint and the region."
    return "Check the credentials (profile, environment, role) and that the home region is of their partition."


def _accounts(aws: Aws, own: str, found: _Found) -> list[str]:
    """The accounts, ours first; adds their scopes and the organization's."""
    listed: dict[str, Mapping[str, Any]] = {own: {}}
    if aws.options.organization:
        listed.update(_organization(aws, own, found))
    include, exclude = aws.options.accounts.include, aws.options.accounts.exclude
    listed.update({id: {} for id in include if id not in listed})
    for id, account in listed.items():
        state = account.get("State") or account.get("Status") or "ACTIVE"
        why = "" if state == "ACTIVE" else _CLOSED.get(state, f"the account is {state}")
        if id in exclude or (include and id not in include):
            why = "excluded by configuration"
        name = account.get("Name", "")
        found.add(f"aws/{id}", "account", why, account=id, **({"name": name} if name else {}))
    return list(listed)


def _organization(aws: Aws, own: str, found: _Found) -> dict[str, Mapping[str, Any]]:
    try:
        organization = _read(aws.own("organizations", "describe_organization").body, "Organization")
    except Refused as refused:
        found.refuse(DESCRIBE_ORGANIZATION, refused)
        organization = None
    if organization:
        id, master = _read(organization, "Id"), _read(organization, "MasterAccountId")
        found.add(f"aws/{id}", "organization", account=master, organization=id)
    try:
        plan = aws.connection.plan("organizations", aws.connection.home_region, "list_accounts")
        pages = list(Pages(lambda params: aws.own("organizations", "list_accounts", **params), {}, plan))
        accounts = {_read(a, "Id"): a for page in pages for a in _read(page.body, "Accounts")}
    except Refused as refused:
        found.refuse(LIST_ACCOUNTS, refused)  # a listing that broke off names too few: only our own is sure
        return {}
    return {own: {}, **dict(sorted(accounts.items()))}


def _regions(aws: Aws, account: str) -> list[Mapping[str, Any]] | Refused:
    try:
        source, home = aws.source(account), aws.connection.home_region
        page = aws.connection.ask(source, "ec2", home, "describe_regions", DESCRIBE_REGIONS.params)
        regions: list[Mapping[str, Any]] = _read(page.body, "Regions")
    except Refused as refused:
        return refused
    return regions


def _add_regions(aws: Aws, own: str, regions: Mapping[str, list[Mapping[str, Any]] | Refused], found: _Found) -> None:
    chosen = aws.options.regions
    known = {r["RegionName"] for answer in regions.values() if not isinstance(answer, Refused) for r in answer}
    if known and chosen != "enabled" and (unknown := sorted(set(chosen) - known)):
        raise ConfigError(
            f"there is no region {', '.join(unknown)}",
            where=f"targets.{aws.name}.regions",
            next=f"There are: {', '.join(sorted(known))}.",
        )
    ours = regions.get(own)
    for account, answer in regions.items():
        if isinstance(answer, Refused):
            found.refuse(DESCRIBE_REGIONS, answer)
            rows = _supposed(aws, None if isinstance(ours, Refused) else ours)
        else:
            rows = [(r["RegionName"], r.get("OptInStatus", "opt-in-not-required")) for r in answer]
        for region, status in sorted(rows):
            why = "not opted in" if status == "not-opted-in" else ""
            if chosen != "enabled" and region not in chosen:
                why = "excluded by configuration"
            found.add(f"aws/{account}/{region}", "region", why, account=account, region=region)


def _supposed(aws: Aws, ours: list[Mapping[str, Any]] | None) -> list[tuple[str, str]]:
    """The regions of an account that does not say: those that every account has; their calls will show the rest."""
    if ours is not None:
        return [(r["RegionName"], s) for r in ours if (s := r.get("OptInStatus", "")) == "opt-in-not-required"]
    if aws.options.regions != "enabled":
        return [(region, "") for region in aws.options.regions]
    return [(aws.connection.home_region, "")]


def _read(body: Mapping[str, Any], member: str) -> JSON:
    if body.get(member) is None:
        raise Refused("unreadable", "MissingMember", f"the answer lacks {member}")
    return body[member]
