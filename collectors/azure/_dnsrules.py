"""Rules of a DNS security policy, each with what its lists of names come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.azure._calls import VERSION
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import Asks, keep, rows

POLICY, LIST = "Microsoft.Network/dnsResolverPolicies", "Microsoft.Network/dnsResolverDomainLists"
_KEPT = ("priority", "action.actionType", "dnsSecurityRuleState", "dnsResolverDomainLists.id", "managedDomainLists")


def rules(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """[{name, properties, lists: [{id, names, every_name}]}], in the order of their ids.

    `names`: how many a list has, -1 where they lie at an address; `every_name`: whether `.` is among them. The names
    themselves are many, and are read for nothing else. Source: REST API, Dns Security Rules - List, Dns Resolver Domain
    Lists - Get (domains, domainsUrl).
    """
    kept = keep("nextLink", "value.id", "value.name", *(f"value.properties.{name}" for name in _KEPT))
    found = []
    for one in rows(ask, "{id}/dnsSecurityRules", {**params, **kept}, "value"):
        named = [str(each["id"]) for each in one["properties"].get("dnsResolverDomainLists") or ()]
        found.append({**one, "lists": [_list(ask, id) for id in sorted(named)]})
    yield Page(sorted(found, key=lambda one: str(one["id"])))


def _list(ask: Asks, id: str) -> dict[str, Any]:
    body = ask(Call(f"{LIST}/read", "{id}"), {"id": id, VERSION: version(LIST), **keep("properties")}).body
    if not isinstance(body, dict) or not isinstance(body.get("properties"), dict):
        raise Refused("unreadable", "no properties")
    names = body["properties"].get("domains") or []
    count = -1 if not names and body["properties"].get("domainsUrl") else len(names)
    return {"id": id, "names": count, "every_name": "." in names}
