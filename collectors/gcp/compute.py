"""Compute Engine: networks and what guards them, images and copies of disks, load balancers, instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._calls import ASSETS, INVENTORIES, RESOURCES, ROW, assets
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


REPORTS = {
    "content": "RESOURCE", "asset_types": ["osconfig.googleapis.com/VulnerabilityReport"],
    KEEP: ["name", "updateTime", "vulnerabilities.createTime", "vulnerabilities.details.severity", "vulnerabilities.details.cvssV3.baseScore"],
}

instance = ResourceType(
    "gcp.compute.instance", facet="instance", id="{instance.name}", per="project", scope=ROW % "instance",
    listed=assets("compute.googleapis.com/Instance", keep=("id", "status", "creationTimestamp", "labels")),
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
    listed=assets("compute.googleapis.com/Network", keep=("selfLink", "name", "autoCreateSubnetworks", "firewallPolicy")),
)

firewall = ResourceType(
    "gcp.compute.firewall", facet="firewall", id="{firewall.name}", per="project", scope=ROW % "firewall",
    listed=assets("compute.googleapis.com/Firewall", keep=("name", "network", "direction", "disabled", "priority", "allowed", "allow", "denied", "deny", "sourceRanges", "sourceRange", "sourceTags", "sourceTag", "sourceServiceAccounts", "sourceServiceAccount", "targetTags", "targetTag", "targetServiceAccounts", "targetServiceAccount")),
)

# Hierarchical ones of folders and the organization, and those of networks, as far as Asset Inventory has them.
firewall_policy = ResourceType(
    "gcp.compute.firewall_policy", facet="firewall_policy", id="{firewall_policy.name}", per="organization",
    listed=assets("compute.googleapis.com/(Region)?(Network)?FirewallPolicy", keep=("name", "selfLink", "associations", "rules")),
)

disk_image = ResourceType(
    "gcp.compute.disk_image", facet="disk_image", id="{disk_image.name}", per="project", scope=ROW % "disk_image",
    listed=assets("compute.googleapis.com/Image", "compute.googleapis.com/Snapshot", "compute.googleapis.com/MachineImage", "compute.googleapis.com/(Region)?Disk",
                  keep=("name", "status")),
)

tls_proxy = ResourceType(
    "gcp.compute.tls_proxy", facet="tls_proxy", id="{tls_proxy.name}", per="project", scope=ROW % "tls_proxy",
    listed=assets("compute.googleapis.com/(Region)?TargetHttpsProxy", "compute.googleapis.com/TargetSslProxy",
                  keep=("selfLink", "name", "sslPolicy")),
)

ssl_policy = ResourceType(
    "gcp.compute.ssl_policy", facet="ssl_policy", id="{ssl_policy.name}", per="project", scope=ROW % "ssl_policy",
    listed=assets("compute.googleapis.com/(Region)?SslPolicy", keep=("selfLink", "minTlsVersion", "profile", "enabledFeatures")),
)

forwarding_rule = ResourceType(
    "gcp.compute.forwarding_rule", facet="forwarding_rule", id="{forwarding_rule.name}", per="project", scope=ROW % "forwarding_rule",
    listed=assets("compute.googleapis.com/(Global)?ForwardingRule", keep=("target", "loadBalancingScheme")),
)
