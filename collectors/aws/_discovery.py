"""Which accounts and regions there are, which of them are not looked at, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from annexlog.collectors import Call, Discovery, Refused, Scope
from annexlog.collectors.aws._credentials import member
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
_ATTEMPTS = {"throttled": 6, "failed": 2}  # discovery is before the engine, so it asks again by itself

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
    messages: list[Mapping[str, JSON]] = field(default_factory=list)

    def add(self, scope: str, level: str, why: str = "", /, **values: str) -> None:
        self.scopes.append(Scope(scope, level, {"partition": self.partition, **values}))
        if why:
            self.skipped[scope] = why

    def refuse(self, scope: str, call: Call, refused: Refused) -> None:
        operation, permission = refused.operation or call.operation, refused.permission or call.permission
        unknown = Unknown(refused.reason, operation, permission, refused.code)
        self.refusals.append(unknown)
        self.messages.append({"scope": scope, **unknown.as_json(), "message": refused.message})


T = TypeVar("T")


def _patiently(aws: Aws, ask: Callable[[], T]) -> T:
    """What `ask` gives, which is asked again where that may help. Raises Refused."""
    attempt = 1
    while True:
        try:
            return ask()
        except Refused as refused:
            if attempt >= _ATTEMPTS.get(refused.reason, 1):
                raise
        aws.sleep(0.5 * 2 ** (attempt - 1))
        attempt += 1


def discover(aws: Aws) -> Discovery:
    """The target's scopes. Raises ProviderError if nobody can be asked at all, ConfigError on a region of no account."""
    try:
        identity = _patiently(aws, aws.identity)
    except Refused as refused:
        raise ProviderError(
            f"AWS does not answer as to who we are ({refused.code}): {refused.message}".rstrip(": "),
            where=f"targets.{aws.name}",
            next=_mend(refused),
            refusal=Unknown(refused.reason, "get_caller_identity", "", refused.code),
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
        {"caller": identity["Arn"], "endpoint": aws.connection.host(), "refusals": found.messages},
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
        answer = _patiently(aws, partial(aws.own, "organizations", "describe_organization")).body
        organization = member(answer, "Organization")
        id, management = member(organization, "Id"), member(organization, "MasterAccountId")
        found.add(f"aws/{id}", "organization", account=management, organization=id)
    except Refused as refused:
        found.refuse(f"aws/{own}", DESCRIBE_ORGANIZATION, refused)
    accounts: dict[str, Mapping[str, Any]] = {}
    try:
        plan = aws.connection.plan("organizations", aws.connection.home_region, "list_accounts")
        pages = Pages(partial(aws.own, "organizations", "list_accounts"), {}, plan)
        while page := _patiently(aws, partial(next, pages, None)):
            accounts.update({member(account, "Id"): account for account in member(page.body, "Accounts")})
    except Refused as refused:
        found.refuse(f"aws/{own}", LIST_ACCOUNTS, refused)
    return {own: {}, **dict(sorted(accounts.items()))}


def _regions(aws: Aws, account: str) -> dict[str, str] | Refused:
    """{region: its opt-in status}."""
    home, params = aws.connection.home_region, DESCRIBE_REGIONS.params
    try:
        source = aws.source(account)
        page = _patiently(aws, partial(aws.connection.ask, source, "ec2", home, "describe_regions", params))
        return {member(row, "RegionName"): member(row, "OptInStatus") for row in member(page.body, "Regions")}
    except Refused as refused:
        return refused


def _add_regions(aws: Aws, own: str, regions: Mapping[str, dict[str, str] | Refused], found: _Found) -> None:
    chosen = aws.options.regions
    known = {region for answer in regions.values() if not isinstance(answer, Refused) for region in answer}
    if known and chosen != "enabled" and (unknown := sorted(set(chosen) - known)):
        raise ConfigError(
            f"there is no region {', '.join(unknown)}",
            where=f"targets.{aws.name}.regions",
            next=f"There are: {', '.join(sorted(known))}.",
        )
    for account, answer in regions.items():
        if isinstance(answer, Refused):
            found.refuse(f"aws/{account}", DESCRIBE_REGIONS, answer)
            statuses = _supposed(aws, regions.get(own))
        else:
            statuses = answer
        for region, status in sorted(statuses.items()):
            why = "not opted in" if status == "not-opted-in" else ""
            if chosen != "enabled" and region not in chosen:
                why = "excluded by configuration"
            found.add(f"aws/{account}/{region}", "region", why, account=account, region=region)


def _supposed(aws: Aws, ours: dict[str, str] | Refused | None) -> dict[str, str]:
    """The regions of an account that does not say: those that every account has. What is refused there, shows there."""
    if isinstance(ours, dict):
        return {region: status for region, status in ours.items() if status == "opt-in-not-required"}
    names = [aws.connection.home_region] if aws.options.regions == "enabled" else aws.options.regions
    return dict.fromkeys(names, "opt-in-not-required")
