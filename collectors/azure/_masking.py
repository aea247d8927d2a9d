"""Dynamic data masking of an Azure SQL database: whether it is on, and how many see through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page
from annexlog.collectors.azure._calls import VERSION
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import Asks, keep, one

MASKING = "Microsoft.Sql/servers/databases/dataMaskingPolicies"


def masking(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{state, exempt}: `exempt` is the number of principals that see what is masked, whose names go no further.

    Source: REST API, Data Masking Policies - Get (dataMaskingState; exemptPrincipals, separated by semicolons).
    """
    kept = keep("properties.dataMaskingState", "properties.exemptPrincipals")
    asked = {"id": params["id"], VERSION: version(MASKING), **kept}
    value = one(ask, "{id}/dataMaskingPolicies/Default", asked, "properties")["properties"]
    names = [name for name in str(value.get("exemptPrincipals") or "").split(";") if name.strip()]
    yield Page({"state": value["dataMaskingState"], "exempt": len(names)})
