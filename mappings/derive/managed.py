"""Which cluster of a cloud's own listing a Kubernetes API server is, by the name or address that it is reached at."""

from __future__ import annotations

import re
from ipaddress import ip_address

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["aks_of", "aks_secrets", "gke_of", "gke_secrets"]

_OWN_ZONE = re.compile(r"[^.]+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.privatelink\..+")
"""A private name in the zone that AKS makes for one cluster alone; a zone brought along may repeat names elsewhere."""


@derived
def gke_of(host: JSON, named: JSON, addressed: JSON) -> JSON | Unknown:
    """The GKE cluster whose DNS endpoint (`named`) or public address (`addressed`) the host is.

    Unknown (unsupported) for a private address, which clusters of other networks may have as well; Unknown
    (unresolved) where no cluster has it, or several do.

    Source: container.v1, Cluster (endpoint; controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint).
    """
    if not named and re.fullmatch(r"[0-9.]+|.*:.*", host) and not ip_address(host).is_global:
        return Unknown("unsupported", operation="gcp.gke.cluster", code="PrivateAddress")
    return _one("gcp.gke.cluster", named or addressed)


@derived
def aks_of(host: JSON, public: JSON, private: JSON) -> JSON | Unknown:
    """The AKS cluster whose public name or private name the host is.

    Unknown (unsupported) for a private name in a zone of the organization's own; Unknown (unresolved) where no cluster
    has it, or several do.

    Source: Microsoft.ContainerService/managedClusters (fqdn, privateFQDN); learn.microsoft.com, "Create a private AKS
    cluster" (private DNS zones).
    """
    if not public and private and not _OWN_ZONE.fullmatch(host):
        return Unknown("unsupported", operation="azure.containerservice.cluster", code="PrivateName")
    return _one("azure.containerservice.cluster", public or private)


def _one(operation: str, rows: JSON) -> JSON | Unknown:
    if not isinstance(rows, list) or len(rows) != 1:
        return Unknown("unresolved", operation=operation, code="ambiguous" if rows else "not found")
    return rows[0]


# ── Secrets ───────────────────────────────────────────────────────────────────────────────

_ON = frozenset({"ENCRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED"})
_OFF = frozenset({"DECRYPTED", "DECRYPTION_PENDING", "DECRYPTION_ERROR"})


@derived
def gke_secrets(on_gke: JSON) -> JSON | Unknown:
    """Whether a GKE cluster encrypts Secrets by a Cloud KMS key; Unknown (unsupported) where that is under way.

    Source: container.v1, DatabaseEncryption (currentState: what is in force; state: what is wished for).
    """
    told = on_gke["cluster"]["data"].get("databaseEncryption") or {}
    now = str(told.get("currentState") or told.get("state") or "").removeprefix("CURRENT_STATE_")
    if now in _ON or now in _OFF:
        return now in _ON
    return Unknown("unsupported", operation="gcp.gke.cluster", code=now or "databaseEncryption")


@derived
def aks_secrets(on_aks: JSON) -> JSON | Unknown:
    """Whether an AKS cluster encrypts Secrets by a key in Key Vault or of the service.

    Unknown (unsupported) where there is none in Key Vault and nothing is said of the service's, as by versions of the
    API that do not know them.

    Source: Microsoft.ContainerService/managedClusters (securityProfile.azureKeyVaultKms.enabled,
    kubernetesResourceObjectEncryptionProfile.infrastructureEncryption).
    """
    profile = on_aks["cluster"]["properties"].get("securityProfile") or {}
    service = (profile.get("kubernetesResourceObjectEncryptionProfile") or {}).get("infrastructureEncryption")
    if (profile.get("azureKeyVaultKms") or {}).get("enabled") is True or service == "Enabled":
        return True
    if service == "Disabled":
        return False
    return Unknown("unsupported", operation="azure.containerservice.cluster", code="infrastructureEncryption")
