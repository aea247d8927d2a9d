"""Service perimeters of Google Cloud: whether a project is inside of one that is not hollow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["service_perimeter_gaps"]

_BASIC = frozenset({"roles/owner", "roles/editor", "roles/viewer", "roles/admin", "roles/writer", "roles/reader"})

_NAMED = frozenset({None, "IDENTITY_TYPE_UNSPECIFIED"})
"""Kinds of identity of a rule that is for those alone whom it names; every other is for anybody of a kind."""


@derived
def service_perimeter_gaps(project: JSON, perimeters: JSON, services: JSON, agreed: JSON) -> JSON:
    """Why data of these services can leave a project, one text for each reason; [] if a perimeter keeps it.

    `perimeters`: joined, all of them; `agreed`: names of those whose wide rules were agreed to. What is only tried out,
    and bridges, do not count. Raises ValueError for a rule that does not say what it is for.
    Source: accesscontextmanager.v1, ServicePerimeterConfig (ingress and egress policies).
    """
    found = [one["perimeter"] for one in perimeters]
    around = [one for one in found if one["type"] == "PERIMETER_TYPE_REGULAR" and _holds(one, project["nodes"])]
    if not around:
        return ["it is in no perimeter that is enforced"]
    gaps = [_gaps(one, set(services), one["name"] in agreed) for one in around]
    return min(gaps, key=len)


def _holds(perimeter: Mapping[str, Any], nodes: Iterable[str]) -> bool:
    return not set((perimeter["status"] or {}).get("resources") or ()).isdisjoint(nodes)


def _gaps(perimeter: Mapping[str, Any], services: set[str], agreed: bool) -> list[str]:
    status = perimeter["status"]
    missing = services - set(status.get("restrictedServices") or ())
    gaps = [f"{one} is not restricted" for one in sorted(missing)]
    return gaps if agreed else [*gaps, *_wide(status, services)]


def _wide(status: Mapping[str, Any], services: set[str]) -> Iterator[str]:
    """Rules that let anybody in from anywhere, or out to anywhere; or one of both, for all services."""
    for rule in status.get("ingressPolicies") or ():
        source, to = rule.get("ingressFrom") or {}, rule.get("ingressTo") or {}
        anywhere = any(one.get("accessLevel") == "*" for one in source.get("sources") or ())
        if _hollow(anywhere, source.get("identityType") not in _NAMED, to, services):
            yield "a rule lets in more than anybody needs"
    for rule in status.get("egressPolicies") or ():
        source, to = rule.get("egressFrom") or {}, rule.get("egressTo") or {}
        anywhere = "*" in (*(to.get("resources") or ()), *(to.get("externalResources") or ()))
        if _hollow(anywhere, source.get("identityType") not in _NAMED, to, services):
            yield "a rule lets out more than anybody needs"


def _hollow(anywhere: bool, anybody: bool, to: Mapping[str, Any], services: set[str]) -> bool:
    """Roles, which may stand where operations do, are of any service; basic ones of all.

    Raises ValueError for a rule shown without either, as Google's client does not know roles, if it depends on them.
    """
    named = {one.get("serviceName") for one in to.get("operations") or ()}
    roles = to.get("roles") or ()
    if not named and not roles and anywhere != anybody:
        raise ValueError("a rule without operations and roles")
    every = "*" in named or not _BASIC.isdisjoint(roles)
    touched = every or not named or not services.isdisjoint(named)
    return (every and (anywhere or anybody)) or (touched and anywhere and anybody)
