"""Where data lies: buckets, datasets, databases, and the keys that protect them."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.gcp._calls import ROW, assets

__all__ = ["bucket", "crypto_key", "dataset", "sql_instance"]

bucket = ResourceType(
    "gcp.storage.bucket", facet="bucket", id="{bucket.name}", per="project", scope=ROW % "bucket",
    listed=assets("storage.googleapis.com/Bucket", keep=("iamConfiguration", "acl.entity", "acl.role", "defaultObjectAcl.entity", "defaultObjectAcl.role", "labels", "timeCreated")),
    tags="bucket.data.labels", incarnation="bucket.data.timeCreated",
)

dataset = ResourceType(
    "gcp.bigquery.dataset", facet="dataset", id="{dataset.name}", per="project", scope=ROW % "dataset",
    listed=assets("bigquery.googleapis.com/Dataset", keep=("datasetReference", "labels", "access.role", "access.specialGroup", "access.iamMember", "access.domain")),
    tags="dataset.data.labels",
)

sql_instance = ResourceType(
    "gcp.sql.instance", facet="sql_instance", id="{sql_instance.name}", per="project", scope=ROW % "sql_instance",
    listed=assets("sqladmin.googleapis.com/Instance", keep=("name", "instanceType", "databaseVersion", "state", "settings.ipConfiguration.ipv4Enabled", "settings.ipConfiguration.requireSsl", "settings.ipConfiguration.sslMode",
                  "settings.ipConfiguration.authorizedNetworks.value", "settings.ipConfiguration.authorizedNetworks.expirationTime", "settings.connectorEnforcement", "settings.backupConfiguration", "settings.userLabels")),
    tags="sql_instance.data.settings.userLabels",
)

crypto_key = ResourceType(
    "gcp.kms.crypto_key", facet="crypto_key", id="{crypto_key.name}", per="project", scope=ROW % "crypto_key",
    listed=assets("cloudkms.googleapis.com/(CryptoKey|ImportJob)", keep=("name", "purpose", "rotationPeriod", "nextRotationTime", "importOnly", "primary.state", "primary.createTime", "primary.protectionLevel")),
)
