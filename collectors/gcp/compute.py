"""Compute Engine: networks and what guards them, images and copies of disks, load balancers, instances."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._calls import ASSETS, INVENTORIES, RESOURCES, ROW, assets
from annexlog.collectors.gcp._spelling import spelled, spellings
from annexlog.collectors.paths import KEEP

__all__ = ["disk_image", "firewall", "firewall_policy", "forwarding_rule", "instance", "network", "ssl_policy", "tls_proxy"]


def vulnerability_reports(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Reports by instance: {assets: [{instance, updateTime, vulnerabilities: [{severity, score, createTime}]}]}.

    A report is called `projects/<number>/locations/<zone>/instances/<id>/vulnerabilityReport`.
    """
    for page in ask.pages(ASSETS, params):
        rows = []
        for row in page.body["assets"]:
            data = row["data"]
            found = [
                {"severity": one["details"].get("severity"), "score": (one["details"].get("cvssV3") or {}).get("baseScore"), "createTime": one.get("createTime")}
                for one in data.get("vulnerabilities") or ()
            ]
            instance = data["name"].partition("/instances/")[2].partition("/")[0]
            rows.append({"instance": instance, "updateTime": data.get("updateTime"), "vulnerabilities": found})
        yield Page({**page.body, "assets": rows})


METADATA = frozenset({"serial-port-enable", "enable-oslogin", "enable-oslogin-2fa"})
"""Keys of metadata whose values are kept; others may hold scripts, keys and passwords."""


def said(metadata: Any) -> dict[str, str]:
    """The kept part of metadata: instances and projects have a list of {key, value}, zones an object."""
    items = (metadata or {}).get("items") or (metadata or {}).get("item") or {}
    pairs = items.items() if isinstance(items, dict) else ((one["key"], one.get("value") or "") for one in items)
    return {key: str(value) for key, value in pairs if key in METADATA}


def instances(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Instances: of each its zone, by its name, and of its metadata only what is kept."""
    for page in spelled(ask, params):
        for row in page.body["assets"]:
            row["zone"] = zone(row["name"])
            if row.get("data"):
                row["data"]["metadata"] = said(row["data"].get("metadata"))
        yield page


def zone(name: str) -> str:
    """The zone in an asset's name; "" if there is none."""
    return name.partition("/zones/")[2].partition("/")[0]


_NODE = re.compile(r"^(?:https:)?//cloudresourcemanager\.googleapis\.com/(?:v[0-9a-z]+/)?(?=(?:organizations|folders)/)")


def firewall_policies(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Firewall policies, with what they are attached to spelled as everywhere: `folders/5`, `organizations/9`."""
    for page in spelled(ask, params):
        for row in page.body["assets"]:
            for one in (row.get("data") or {}).get("associations") or ():
                one["attachmentTarget"] = _NODE.sub("", one.get("attachmentTarget") or "")
        yield page


REPORTS = {
    "content": "RESOURCE", "asset_types": ["osconfig.googleapis.com/VulnerabilityReport"],
    KEEP: ["name", "updateTime", "vulnerabilities.createTime", "vulnerabilities.details.severity", "vulnerabilities.details.cvssV3.baseScore"],
}

instance = ResourceType(
    "gcp.compute.instance", facet="instance", id="{instance.name}", per="project", scope=ROW % "instance",
    listed=assets("compute.googleapis.com/Instance", fn=instances,
                  keep=spellings("id", "status", "creationTimestamp", "labels", "selfLink", "metadata.items", "shieldedInstanceConfig", "networkInterfaces.accessConfigs.type", "networkInterfaces.ipv6AccessConfigs.type", "networkInterfaces.ipv6AccessType",
                                 "disks.boot", "disks.source", "disks.licenses", "disks.guestOsFeatures.type", "serviceAccounts.email", "serviceAccounts.scopes")),
    details=[
        Detail("inventory", Call(INVENTORIES, ASSETS, {"content": "OS_INVENTORY", "asset_types": ["compute.googleapis.com/Instance"]}, items="assets", observed="readTime"),
               key="name", match="{instance.name}", otherwise=None),
        Detail("vulnerability_report", Call(RESOURCES, ASSETS, REPORTS, items="assets", observed="readTime", fn=vulnerability_reports),
               key="instance", match="{instance.data.id}", otherwise=None),
    ],
    tags="instance.data.labels", incarnation="instance.data.id",
)

network = ResourceType(
    "gcp.compute.network", facet="network", id="{network.name}", per="project", scope=ROW % "network",
    listed=assets("compute.googleapis.com/Network", fn=spelled, keep=spellings("selfLink", "name", "autoCreateSubnetworks", "firewallPolicy", "peerings.importCustomRoutes")),
)

firewall = ResourceType(
    "gcp.compute.firewall", facet="firewall", id="{firewall.name}", per="project", scope=ROW % "firewall",
    listed=assets("compute.googleapis.com/Firewall", keep=("name", "network", "direction", "disabled", "priority", "allowed", "allow", "denied", "deny", "sourceRanges", "sourceRange", "sourceTags", "sourceTag", "sourceServiceAccounts", "sourceServiceAccount", "targetTags", "targetTag", "targetServiceAccounts", "targetServiceAccount")),
)

# Hierarchical ones of folders and the organization, and those of networks, as far as Asset Inventory has them.
firewall_policy = ResourceType(
    "gcp.compute.firewall_policy", facet="firewall_policy", id="{firewall_policy.name}", per="organization",
    listed=assets("compute.googleapis.com/(Region)?(Network)?FirewallPolicy", keep=spellings("name", "selfLink", "associations", "rules"), fn=firewall_policies),
)

disk_image = ResourceType(
    "gcp.compute.disk_image", facet="disk_image", id="{disk_image.name}", per="project", scope=ROW % "disk_image",
    listed=assets("compute.googleapis.com/Image", "compute.googleapis.com/Snapshot", "compute.googleapis.com/MachineImage", "compute.googleapis.com/(Region)?Disk",
                  keep=("name", "status")),
)

tls_proxy = ResourceType(
    "gcp.compute.tls_proxy", facet="tls_proxy", id="{tls_proxy.name}", per="project", scope=ROW % "tls_proxy",
    listed=assets("compute.googleapis.com/(Region)?TargetHttpsProxy", "compute.googleapis.com/TargetSslProxy",
                  keep=spellings("selfLink", "name", "sslPolicy", "sslCertificates"), fn=spelled),
)

ssl_policy = ResourceType(
    "gcp.compute.ssl_policy", facet="ssl_policy", id="{ssl_policy.name}", per="project", scope=ROW % "ssl_policy",
    listed=assets("compute.googleapis.com/(Region)?SslPolicy", fn=spelled, keep=spellings("selfLink", "minTlsVersion", "profile", "enabledFeatures")),
)

forwarding_rule = ResourceType(
    "gcp.compute.forwarding_rule", facet="forwarding_rule", id="{forwarding_rule.name}", per="project", scope=ROW % "forwarding_rule",
    listed=assets("compute.googleapis.com/(Global)?ForwardingRule", keep=("target", "loadBalancingScheme")),
)
