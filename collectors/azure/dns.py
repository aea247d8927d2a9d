"""DNS security policies: which networks they are linked to, and which names they block there."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, VERSION, graph, sees
from annexlog.collectors.azure._dnsrules import LIST, POLICY, rules
from annexlog.collectors.azure._versions import version

__all__ = ["link"]

LINK, RULE = f"{POLICY}/virtualNetworkLinks", f"{POLICY}/dnsSecurityRules"

link = ResourceType(
    "azure.dns.policy_link", facet="link", id="{link.id}", per="subscription", fold=True, gone=GONE, sight=sees(f"{LINK}/read"),
    listed=graph(LINK, "policy", "properties.virtualNetwork.id", "properties.provisioningState", extend="extend policy = tostring(split(tolower(id), '/virtualnetworklinks/')[0])"),
    details=[
        Detail("rules", Call(f"{RULE}/read", "{id}/dnsSecurityRules", {"id": "{link.policy}", VERSION: version(POLICY)}, items="", fn=rules, also=(f"{LIST}/read",))),
    ],
)
