"""Machines of Google Cloud: the metadata they go by, the addresses they have, and the images they were made from."""

from __future__ import annotations

import re

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.gcpnetwork import require_name

__all__ = ["cluster_node", "effective_metadata", "machine_public_ways", "untrusted_images"]


@derived
def effective_metadata(instance: JSON, metadata: JSON) -> JSON | Unknown:
    """What an instance's metadata comes to, {key: value in lower case}: its own before its zone's before its project's.

    `metadata`: joined, of the project (whose `zone` is "") and of zones. Unknown(unresolved) without the project's.
    Source: Compute Engine, about VM metadata (precedence).
    """
    layers = {one["metadata"]["zone"]: one["metadata"]["items"] for one in metadata}
    if "" not in layers:
        return Unknown("unresolved", operation="ListAssets")
    found = {**layers[""], **layers.get(instance["zone"], {}), **instance["data"]["metadata"]}
    return {key: str(value).strip().lower() for key, value in found.items()}


_NODE = "/projects/gke-node-images/global/licenses/"


@derived
def cluster_node(instance: JSON) -> JSON | Unknown:
    """Whether an instance is a node of a cluster: it is labelled so, and starts from an image with a licence of GKE's.

    Unknown(unresolved) where it is only labelled, as anybody can. Source: compute.v1, AttachedDisk (licenses).
    """
    data = instance["data"]
    if "goog-gke-node" not in (data.get("labels") or {}):
        return False
    boots = [one for one in data.get("disks") or () if one.get("boot") is True]
    licensed = any(_NODE in text for one in boots for text in one.get("licenses") or ())
    return licensed or Unknown("unresolved", operation="ListAssets")


@derived
def machine_public_ways(instance: JSON, targets: JSON, rules: JSON) -> JSON:
    """How an instance is given a public address, one text for each way.

    An address that it only gets when it starts counts. `targets`: joined, the target instances that lead to it;
    `rules`: forwarding rules to target instances.
    Source: compute.v1, NetworkInterface (accessConfigs, ipv6AccessConfigs, ipv6AccessType), TargetInstance.
    """
    require_name(instance)
    found = []
    for at, one in enumerate(instance["data"]["networkInterfaces"]):
        if one.get("accessConfigs"):
            found.append(f"interface {at} has a public IPv4 address")
        if one.get("ipv6AccessConfigs") or one.get("ipv6AccessType") == "EXTERNAL":
            found.append(f"interface {at} has a public IPv6 address")
    led = {one["target_instance"]["data"]["selfLink"] for one in targets}
    outside = [one["forwarding_rule"] for one in rules if not _internal(one["forwarding_rule"]["data"])]
    return found + [f"{one['name']} forwards to it" for one in outside if one["data"].get("target") in led]


def _internal(rule: JSON) -> bool:
    return str(rule.get("loadBalancingScheme") or "EXTERNAL").startswith("INTERNAL")


_COPIED = ("sourceSnapshot", "sourceInstantSnapshot", "sourceDisk", "sourceStorageObject")
_IMAGE = re.compile(r"(?:^|/)(projects/[^/]+)/global/images/")


@derived
def untrusted_images(instance: JSON, disks: JSON, approved: JSON, registered: JSON) -> JSON | Unknown:
    """Boot disks of an instance that come from no image of an approved project (`projects/debian-cloud`), by name.

    `disks`: joined, those attached to it; copies of disks are of no image. `registered`: names of disks that were
    agreed to. Unknown(unresolved) where a boot disk is not among them. Source: compute.v1, Disk (sourceImage …).
    """
    boots = [one["source"] for one in instance["data"]["disks"] if one.get("boot") is True]
    known = {one["disk"]["data"]["selfLink"]: one["disk"] for one in disks}
    if not boots or not set(boots) <= set(known):
        return Unknown("unresolved", operation="ListAssets")
    found = []
    for one in (known[source] for source in boots):
        image = _IMAGE.search(one["data"].get("sourceImage") or "")
        copied = any(one["data"].get(member) for member in _COPIED)
        if one["name"] not in registered and (copied or not (image and image[1] in approved)):
            found.append(one["name"])
    return found
