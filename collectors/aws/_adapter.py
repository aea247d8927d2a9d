"""Amazon Web Services as the engine sees it: calls become pages or refusals, whatever account and region they are of."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from annexlog.collectors import Call, Caller, Discovery, Page, Scope
from annexlog.collectors.aws import _discovery
from annexlog.collectors.aws._connection import Connection
from annexlog.collectors.aws._credentials import Base, Role, Source, member
from annexlog.collectors.aws._options import Options
from annexlog.collectors.aws._paging import Pages
from annexlog.evidence_store.model import ConfigError

CLIENTS = {
    "access-analyzer": "accessanalyzer", "aoss": "opensearchserverless", "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2", "es": "opensearch", "servicequotas": "service-quotas", "sso": "sso-admin",
    "states": "stepfunctions", "tag": "resourcegroupstaggingapi",
}  # fmt: skip
"""botocore's name of a service, where permissions call it otherwise."""

HOMES = {
    "artifact": {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1"},
    "ecr-public": {"aws": "us-east-1"},
    "globalaccelerator": {"aws": "us-west-2"},
    "health": {"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"},
    "route53domains": {"aws": "us-east-1"},
    "wafv2": {"aws": "us-east-1"},
}
"""Where a partition answers for services that have one endpoint in it, and no name for it in botocore's rules.

Sources: AWS General Reference, "AWS Artifact endpoints and quotas" and "Amazon ECR Public endpoints and quotas"; AWS
Health User Guide, "Accessing the AWS Health API".
"""


def client_of(permission: str) -> str:
    """The botocore service that a permission's call belongs to, as a rule."""
    prefix = permission.partition(":")[0]
    return CLIENTS.get(prefix, prefix)


def target(call: Call) -> tuple[str, str]:
    """The botocore service and operation of a call; the service is the permission's, unless the operation names one."""
    service, _, operation = call.operation.rpartition(".")
    return service or client_of(call.permission), operation


class Aws:
    """A connected AWS account or organization. Raises ConfigError if it is not configured well; makes no call yet."""

    def __init__(
        self,
        options: Options,
        name: str,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.options, self.name, self.sleep = options, name, sleep
        self.connection = Connection(options, where=f"targets.{name}")
        self._external_id = _external_id(options, name)
        self._now = now
        self._lock = threading.Lock()
        self._identity: Mapping[str, str] | None = None
        self._roles: dict[str, Role] = {}
        base: Source = Base(self.connection.base)
        self._own: Source = self._role(base, options.role_arn) if options.role_arn else base

    # ── who ──

    def identity(self) -> Mapping[str, str]:
        """`Account` and `Arn` of the caller. Raises Refused."""
        with self._lock:
            if self._identity is None:
                answer = self.own("sts", "get_caller_identity").body
                self._identity = {name: member(answer, name) for name in ("Account", "Arn")}
            return self._identity

    def own(self, service: str, operation: str, params: Mapping[str, Any] | None = None) -> Page:
        """One request in the caller's own name. Raises Refused."""
        return self.connection.ask(self._own, service, self.connection.home_region, operation, params or {})

    def source(self, account: str) -> Source:
        """The credentials to ask with in an account. Raises Refused."""
        identity = self.identity()
        if account == identity["Account"]:
            return self._own
        with self._lock:
            role = self._roles.get(account)
            if role is None:
                partition = identity["Arn"].split(":")[1]
                arn = f"arn:{partition}:iam::{account}:role/{self.options.member_role}"
                role = self._roles[account] = self._role(self._own, arn)
            return role

    def _role(self, source: Source, arn: str) -> Role:
        params = {"RoleArn": arn, "RoleSessionName": "annexlog"}
        if self._external_id:
            params["ExternalId"] = self._external_id
        home = self.connection.home_region
        return Role(lambda: self.connection.ask(source, "sts", home, "assume_role", params).body, self._now)

    def _source(self, scope: Scope) -> Source:
        # An organization's scope names its management account, but whoever may ask (a delegated administrator) asks.
        return self._own if scope.level == "organization" else self.source(scope.values["account"])

    def caller(self, scope: Scope) -> Caller:
        source = self._source(scope)
        if isinstance(source, Role):
            source.frozen()
            return Caller(source.arn, self.connection.host())
        return Caller(self.identity()["Arn"], self.connection.host())

    # ── what ──

    def discover(self) -> Discovery:
        return _discovery.discover(self)

    def lane(self, call: Call, scope: Scope) -> str:
        service = target(call)[0]
        return f"aws/{scope.values['account']}/{self._region(scope, service)}/{service}"

    def _region(self, scope: Scope, service: str) -> str:
        if region := scope.values.get("region"):
            return region
        return HOMES.get(service, {}).get(scope.values["partition"]) or self.connection.home_region

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:
        """See Adapter. A call's `fn` is the engine's to run: it asks for the operations one by one."""
        service, operation = target(call)
        where = region or self._region(scope, service)

        def ask(params: Mapping[str, Any]) -> Page:
            return self.connection.ask(self._source(scope), service, where, operation, params)

        return Pages(ask, params, self.connection.plan(service, where, operation))

    def close(self) -> None:
        self.connection.close()


def _external_id(options: Options, name: str) -> str:
    """Raises ConfigError."""
    if options.external_id_env:
        value = os.environ.get(options.external_id_env, "")
        if not value:
            raise ConfigError(
                f"the environment variable {options.external_id_env} is not set",
                where=f"targets.{name}.external_id_env",
                next="Set it to the roles' external id.",
            )
        return value
    if options.external_id_file:
        try:
            return Path(options.external_id_file).read_text("utf-8").strip()
        except OSError as error:
            raise ConfigError(
                f"{options.external_id_file} cannot be read: {error.strerror}",
                where=f"targets.{name}.external_id_file",
                next="Put the roles' external id into it.",
            ) from None
    return ""
