"""Exemptions from Azure Policy: how they are justified, without the words that people wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page
from annexlog.collectors.azure._calls import VERSION
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import Asks, keep, rows

EXEMPTIONS = "/subscriptions/{subscription}/providers/Microsoft.Authorization/policyExemptions"
_KEPT = ("policyAssignmentId", "policyDefinitionReferenceIds", "exemptionCategory", "expiresOn", "resourceSelectors")
_WRITTEN = ("description", "metadata")


def exemptions(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Every exemption at the subscription, above it and below it: [{id, name, properties, described, noted}].

    `described`: whether it has a description; `noted`: the names, in lower case, of those of its metadata that are not
    empty, where a ticket or an approval stands. Source: REST API, Policy Exemptions - List (no filter: "those that apply
    directly or from management groups", and those within).
    """
    kept = keep("value.id", "value.name", *(f"value.properties.{name}" for name in (*_KEPT, *_WRITTEN)))
    asked = {
        "subscription": params["subscription"],
        VERSION: version("Microsoft.Authorization/policyExemptions"),
        **kept,
    }
    found = []
    for one in rows(ask, EXEMPTIONS, asked, "value"):
        value = one["properties"]
        description, metadata = str(value.pop("description", None) or ""), value.pop("metadata", None) or {}
        noted = sorted(str(name).lower() for name, said in metadata.items() if str(said or "").strip())
        found.append({**one, "described": bool(description.strip()), "noted": noted})
    yield Page({"value": found})
