"""The wire: one botocore client a service and region, shared by all accounts and threads, and one request at a time."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import botocore.handlers
import botocore.session
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    UnknownServiceError,
)

from annexlog.collectors import Page, Refused
from annexlog.collectors.aws import _refusals
from annexlog.collectors.aws._bodies import Parsers
from annexlog.collectors.aws._credentials import Current, Source, asking_with
from annexlog.collectors.aws._endpoints import lighten
from annexlog.collectors.aws._models import loader, operations
from annexlog.collectors.aws._options import Options
from annexlog.collectors.aws._paging import Plan, plan
from annexlog.collectors.aws._sending import Sender
from annexlog.evidence_store.model import ConfigError, DeclarationError, Millis

_POOL = 128  # connections a client keeps: as many as the engine has workers at most


class Connection:
    """Clients, and the one place where a request is made. Raises ConfigError on options that lead nowhere."""

    def __init__(self, options: Options, where: str) -> None:
        self.base = botocore.session.Session(profile=options.profile)  # asks for the caller's own credentials
        try:
            region = self.base.get_config_variable("region")
        except BotoCoreError as error:  # no such profile, no readable file
            raise ConfigError(
                str(error), where=f"{where}.profile", next="See ~/.aws/config for its profiles."
            ) from None
        self.home_region: str = options.home_region or region or "us-east-1"
        self.endpoint_url = _endpoint(options, where)
        if options.ca_bundle and not Path(options.ca_bundle).is_file():
            raise ConfigError(f"there is no file {options.ca_bundle}", where=f"{where}.ca_bundle")
        self._options = options
        self._loader = loader(self.base.get_config_variable("data_path"))
        self._parsers = Parsers()
        ca = options.ca_bundle or self.base.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
        self._sender = Sender(self._parsers, (options.connect_timeout, options.read_timeout), ca, _POOL)
        self.session = self._session(options)
        self._config = self._configuration(options)
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._first: dict[str, BaseClient] = {}
        self._plans: dict[tuple[str, str], Plan] = {}
        self._lock = threading.Lock()

    def _session(self, options: Options) -> botocore.session.Session:
        session = botocore.session.Session(profile=options.profile)
        session.user_agent_name = "annexlog"
        session.register_component("data_loader", self._loader)
        session.register_component("response_parser_factory", self._parsers)
        session.register_component("credential_provider", Current())
        # botocore parses every S3 answer a second time to find errors of status 200, and calls a cut one "500".
        # Ours (in _bodies) finds them without either.
        session.unregister("before-parse.s3.*", getattr(botocore.handlers, "_handle_200_error", None))
        session.get_component("event_emitter").register_last("before-call", self._sender)
        if self.endpoint_url:
            session.register("before-call.s3-control", _without_account_in_host)
        return session

    def _configuration(self, options: Options) -> Config:
        return Config(
            connect_timeout=options.connect_timeout,
            read_timeout=options.read_timeout,
            retries={"mode": "standard", "total_max_attempts": 1},  # the engine retries, and knows of rate and deadline
            max_pool_connections=_POOL,
            account_id_endpoint_mode="disabled",  # the client is every account's
            inject_host_prefix=not self.endpoint_url,
            s3={"addressing_style": "path"} if self.endpoint_url else None,
        )

    def client(self, service: str, region: str) -> BaseClient:
        """The shared client. Raises DeclarationError if botocore has no such service."""
        client = self._clients.get((service, region))
        if client is None:
            with self._lock:  # a session makes one client at a time
                client = self._clients.get((service, region))
                if client is None:
                    client = self._clients[service, region] = self._create(service, region)
        return client

    def _create(self, service: str, region: str) -> BaseClient:
        try:
            client = self.session.create_client(
                service,
                region_name=region,
                endpoint_url=self._options.endpoint_url,  # else botocore's own order: AWS_ENDPOINT_URL_S3 …
                verify=self._options.ca_bundle,
                config=self._config,
            )
        except UnknownServiceError:
            raise DeclarationError(
                f"botocore has no service {service!r}", next="Name it in the operation: `service.operation`."
            ) from None
        return lighten(client, self._first.setdefault(service, client))

    def plan(self, service: str, region: str, operation: str) -> Plan:
        """How this operation is paged. Raises DeclarationError if there is no such operation."""
        found = self._plans.get((service, operation))
        if found is None:
            model = self.client(service, region).meta.service_model.operation_model(self._named(service, operation))
            found = self._plans[service, operation] = plan(self._loader, service, model)
        return found

    def _named(self, service: str, operation: str) -> str:
        """AWS's own name of an operation. Raises DeclarationError."""
        name = operations(self._loader, service).get(operation)
        if name is None:
            raise DeclarationError(f"{service} has no operation {operation!r}")
        return name

    def ask(self, source: Source, service: str, region: str, operation: str, params: Mapping[str, Any]) -> Page:
        """One request; once more if its credentials had expired and there are new ones. Raises Refused."""
        client: Any = self.client(service, region)
        # What each of a client's methods is; a model that is read lazily gives it none.
        method = partial(client._make_api_call, self._named(service, operation))  # noqa: SLF001
        with self._refusing(service, region):
            used = source.frozen()
        try:
            return self._request(method, params, used, service, region)
        except Refused as refused:
            if refused.code not in _refusals.EXPIRED:
                raise
            with self._refusing(service, region):
                renewed = source.renewed(used)
            if renewed == used:
                raise
        return replace(self._request(method, params, renewed, service, region), retries=1)

    def _request(
        self, method: Any, params: Mapping[str, Any], credentials: ReadOnlyCredentials, service: str, region: str
    ) -> Page:
        with self._refusing(service, region), asking_with(credentials):
            body = method(params)
        meta = body.pop("ResponseMetadata", {})
        headers = meta.get("HTTPHeaders", {})
        id = meta.get("RequestId") or headers.get("x-amzn-requestid") or headers.get("x-amz-request-id") or ""
        return Page(body, id, _date(headers.get("date", "")))

    @contextmanager
    def _refusing(self, service: str, region: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise _refusals.answered(error) from None
        except EndpointConnectionError as error:
            raise self._unreachable(service, region, error) from None
        except BotoCoreError as error:
            raise _refusals.unanswered(error) from None

    def _unreachable(self, service: str, region: str, error: EndpointConnectionError) -> Refused:
        partition = self.session.get_partition_for_region(region)
        regions = self.session.get_available_regions(service, partition)
        if not self.endpoint_url and regions and region not in regions:
            return Refused("unsupported", "ServiceNotInRegion", str(error))
        return _refusals.unanswered(error)

    def host(self) -> str:
        """The host that answers: the endpoint given, else the partition's domain."""
        if self.endpoint_url:
            return urlsplit(self.endpoint_url).netloc
        partition = self.session.get_partition_for_region(self.home_region)
        rows = self.session.get_component("data_loader").load_data("partitions")["partitions"]
        return next((str(row["outputs"]["dnsSuffix"]) for row in rows if row["id"] == partition), "amazonaws.com")

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            self._first.clear()
        self._sender.close()


def _endpoint(options: Options, where: str) -> str | None:
    """The endpoint given, if any. Raises ConfigError."""
    given, where = options.endpoint_url, f"{where}.endpoint_url"
    if not given:
        given, where = os.environ.get("AWS_ENDPOINT_URL") or None, "AWS_ENDPOINT_URL"
    if given and not re.match(r"https?://[^/]", given):
        raise ConfigError(f"{given!r} is not a URL", where=where, next="It looks like http://127.0.0.1:5000.")
    return given


def _without_account_in_host(**event: Any) -> None:
    # The endpoint rules put `<account>.` before any host; that of a given endpoint has no such name in DNS.
    params = event["params"]
    url = urlsplit(params["url"])
    first, _dot, rest = url.netloc.partition(".")
    if first.isdigit() and len(first) == 12:
        params["url"] = urlunsplit(url._replace(netloc=rest))


@lru_cache(maxsize=64)
def _date(header: str) -> Millis | None:
    try:
        return round(parsedate_to_datetime(header).timestamp() * 1000)
    except ValueError:
        return None
