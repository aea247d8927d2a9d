"""Where data lies: buckets, datasets and their tables, databases, secrets, the keys that protect them, and what looks for personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._accounts import account
from annexlog.collectors.gcp._calls import ASSETS, ROW, assets, parts

__all__ = ["bucket", "crypto_key", "dataset", "discovery_config", "secret", "secret_version", "sql_instance", "table"]

bucket = ResourceType(
    "gcp.storage.bucket", facet="bucket", id="{bucket.name}", per="project", scope=ROW % "bucket",
    listed=assets("storage.googleapis.com/Bucket", keep=("iamConfiguration", "acl.entity", "acl.role", "defaultObjectAcl.entity", "defaultObjectAcl.role", "labels", "timeCreated", "locationType",
                  "lifecycle.rule", "versioning.enabled", "softDeletePolicy.retentionDurationSeconds", "retentionPolicy.retentionPeriod", "retentionPolicy.isLocked", "defaultEventBasedHold")),
    tags="bucket.data.labels", incarnation="bucket.data.timeCreated",
)

MEMBERS = {"userByEmail": "user", "groupByEmail": "group"}


def sharing(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Datasets, of whose access entries no address is kept: only its domain, or whose account it is.

    An entry is {role, specialGroup, iamMember, domain} as far as it has them; `domain` is an address's as well, and
    `iamMember` is `unknown` where it is for nobody that is known of. `of`: the
    project (`shop-1`, or `projects/12` by number), organization or folder whose account, view, routine or dataset is
    let in; `agent`: the account is Google's own.
    """
    for page in ask.pages(ASSETS, params):
        rows = []
        for row in page.body["assets"]:
            entries = [_entry(one) for one in row["data"].get("access") or ()]
            owners = sorted({one["of"] for one in entries if "of" in one})
            rows.append({**row, "data": {**row["data"], "access": entries}, "owners": owners})
        yield Page({**page.body, "assets": rows})


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: entry[name] for name in ("role", "specialGroup", "domain") if name in entry}
    member = str(entry.get("iamMember") or "")
    for name, kind in MEMBERS.items():
        if name in entry:
            address = str(entry[name])
            member = f"{'serviceAccount' if address.endswith('gserviceaccount.com') else kind}:{address}"
    for shared in (entry.get("view"), entry.get("routine"), (entry.get("dataset") or {}).get("dataset")):
        if shared:
            told["of"] = str(shared.get("projectId") or "")
    if found := account(member):
        return {**told, "of": f"projects/{found.of}" if found.of.isdigit() else found.of, "agent": found.agent}
    kind, _, rest = member.partition(":")
    if kind in ("user", "group"):
        return {**told, "domain": rest.rpartition("@")[2].lower() if "@" in rest else "unknown"}
    if kind in ("domain", "deleted"):
        return {**told, "domain": rest.lower()} if kind == "domain" else told
    return told if {"domain", "specialGroup", "of"} & told.keys() else {**told, "iamMember": member or "unknown"}


dataset = ResourceType(
    "gcp.bigquery.dataset", facet="dataset", id="{dataset.name}", per="project", scope=ROW % "dataset",
    listed=assets("bigquery.googleapis.com/Dataset", keep=("datasetReference", "labels", "access", "defaultTableExpirationMs", "defaultPartitionExpirationMs"), fn=sharing),
    tags="dataset.data.labels",
)

# Of a view's query and of where an external table lies nothing is kept, only that it is one.
table = ResourceType(
    "gcp.bigquery.table", facet="table", id="{table.name}", per="project", scope=ROW % "table",
    listed=parts("tables", "bigquery.googleapis.com/Table", keep=("creationTime", "expirationTime", "timePartitioning.expirationMs", "view.useLegacySql", "externalDataConfiguration.sourceFormat")),
)

sql_instance = ResourceType(
    "gcp.sql.instance", facet="sql_instance", id="{sql_instance.name}", per="project", scope=ROW % "sql_instance",
    listed=assets("sqladmin.googleapis.com/Instance", keep=("name", "instanceType", "databaseVersion", "state", "settings.ipConfiguration.ipv4Enabled", "settings.ipConfiguration.requireSsl", "settings.ipConfiguration.sslMode",
                  "settings.ipConfiguration.authorizedNetworks.value", "settings.ipConfiguration.authorizedNetworks.expirationTime", "settings.connectorEnforcement", "settings.backupConfiguration", "settings.userLabels",
                  "settings.availabilityType", "settings.activationPolicy", "settings.databaseFlags", "settings.sqlServerAuditConfig.bucket")),
    tags="sql_instance.data.settings.userLabels",
)

crypto_key = ResourceType(
    "gcp.kms.crypto_key", facet="crypto_key", id="{crypto_key.name}", per="project", scope=ROW % "crypto_key",
    listed=assets("cloudkms.googleapis.com/(CryptoKey|ImportJob)", keep=("name", "purpose", "rotationPeriod", "nextRotationTime", "importOnly", "primary.state", "primary.createTime", "primary.protectionLevel")),
)

# What is in a secret is never asked for: that is another call, with another permission.
secret = ResourceType(
    "gcp.secretmanager.secret", facet="secret", id="{secret.name}", per="project", scope=ROW % "secret",
    listed=assets("secretmanager.googleapis.com/Secret", keep=("createTime", "expireTime", "rotation.nextRotationTime", "labels")),
    tags="secret.data.labels", incarnation="secret.data.createTime",
)

secret_version = ResourceType(
    "gcp.secretmanager.secret_version", facet="secret_version", id="{secret_version.name}", per="project", scope=ROW % "secret_version",
    listed=parts("versions", "secretmanager.googleapis.com/SecretVersion", keep=("createTime", "state")),
)

# Sensitive Data Protection: what it looks through by itself.
discovery_config = ResourceType(
    "gcp.dlp.discovery_config", facet="discovery_config", id="{discovery_config.name}", per="organization",
    listed=assets("dlp.googleapis.com/DiscoveryConfig", keep=("name", "status", "errors.timestamps", "lastRunTime", "orgConfig.location", "targets")),
)
