"""Lists that Asset Inventory names in two ways, `disks` and `disk`: both are asked for, and one is kept.

Source: recorded answers, where assets of Compute Engine have either or both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from annexlog.collectors import Page
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._calls import ASSETS

_SINGULARS = {
    "accessConfigs": "accessConfig",
    "associations": "association",
    "autoHealingPolicies": "autoHealingPolicy",
    "bgpPeers": "bgpPeer",
    "disks": "disk",
    "enabledFeatures": "enabledFeature",
    "guestOsFeatures": "guestOsFeature",
    "items": "item",
    "ipv6AccessConfigs": "ipv6AccessConfig",
    "licenses": "license",
    "networkInterfaces": "networkInterface",
    "peerings": "peering",
    "resourcePolicies": "resourcePolicy",
    "rules": "rule",
    "scopes": "scope",
    "serviceAccounts": "serviceAccount",
    "srcIpRanges": "srcIpRange",
    "sslCertificates": "sslCertificate",
    "versions": "version",
    "zones": "zone",
}
_PLURALS = {singular: plural for plural, singular in _SINGULARS.items()}


def spellings(*paths: str) -> tuple[str, ...]:
    """The paths (`disks.licenses`), each in all its spellings."""
    return tuple(".".join(one) for path in paths for one in product(*map(_either, path.split("."))))


def _either(step: str) -> tuple[str, ...]:
    return (step, _SINGULARS[step]) if step in _SINGULARS else (step,)


def folded(value: Any) -> Any:
    """A value whose lists have their plural names; where both are there, they say the same."""
    if isinstance(value, list):
        return [folded(one) for one in value]
    if not isinstance(value, dict):
        return value
    plural = {key: folded(one) for key, one in value.items() if not _singular(key, one)}
    return {**{_PLURALS[key]: folded(one) for key, one in value.items() if _singular(key, one)}, **plural}


def _singular(key: str, value: Any) -> bool:
    return key in _PLURALS and isinstance(value, list)


def spelled(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """A declaration's `fn`: a list of assets whose data is folded."""
    for page in ask.pages(ASSETS, params):
        for row in page.body["assets"]:
            if row.get("data"):
                row["data"] = folded(row["data"])
        yield page
