"""Domains registered with Amazon Route 53. The people that are named with them are left where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType

__all__ = ["domain"]

KEPT = ("StatusList", "DnssecKeys", "Nameservers", "RegistrarName", "ExpirationDate")


def registered(ask: Callable[[str, Mapping[str, Any]], Page], params: Mapping[str, Any]) -> Iterator[Page]:
    """What the registry says, without the contacts; `ZoneName` is the domain as a hosted zone is named, with its dot."""
    page = ask("get_domain_detail", params)
    body = {"ZoneName": f"{page.body['DomainName'].rstrip('.')}.", **{k: page.body[k] for k in KEPT if k in page.body}}
    yield Page(body, page.request_id, page.date)


domain = ResourceType(
    "aws.route53domains.domain", facet="domain", id="{domain.DomainName}", per="account",
    listed=Call("route53domains:ListDomains", "list_domains", items="Domains"),
    details=[
        Detail("registered", Call("route53domains:GetDomainDetail", "get_domain_detail", {"DomainName": "{domain.DomainName}"}, fn=registered)),
    ],
    sets=("registered.StatusList", "registered.DnssecKeys", "registered.Nameservers"),
)
