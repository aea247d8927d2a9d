"""Volumes, and what is claimed of them."""

from __future__ import annotations

from annexlog.collectors.kubernetes._kinds import kind

__all__ = ["persistent_volume", "persistent_volume_claim", "storage_class"]

# A driver's own attributes may hold anything.
persistent_volume = kind("persistent_volume", "persistentvolumes", id="{persistent_volume.metadata.name}",
                         ignore=("persistent_volume.metadata.annotations", "persistent_volume.spec.csi.volumeAttributes", "persistent_volume.spec.claimRef.resourceVersion"))

persistent_volume_claim = kind("persistent_volume_claim", "persistentvolumeclaims", ignore=("persistent_volume_claim.metadata.annotations",))

storage_class = kind("storage_class", "storageclasses.storage.k8s.io", id="{storage_class.metadata.name}")
