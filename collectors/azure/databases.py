"""PostgreSQL flexible servers and Cosmos DB accounts: who reaches them, and how they sign in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["cosmos", "postgresql"]

POSTGRESQL, COSMOS = "Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.DocumentDB/databaseAccounts"
_ID: Mapping[str, Any] = {"id": "{server.id}"}

postgresql = ResourceType(
    "azure.postgresql.server", facet="server", id="{server.id}", per="subscription", fold=True, gone=GONE, tags="server.tags", sight=sees(f"{POSTGRESQL}/read"),
    listed=graph(POSTGRESQL, "properties.version", "properties.network.publicNetworkAccess", "properties.highAvailability.mode", "properties.highAvailability.state", "properties.backup.backupRetentionDays", "properties.backup.geoRedundantBackup"),
    details=[
        Detail("secure_transport", arm(f"{POSTGRESQL}/configurations", "{id}/configurations/require_secure_transport", _ID, "value", "isConfigPendingRestart", take="properties")),
        Detail("tls_floor", arm(f"{POSTGRESQL}/configurations", "{id}/configurations/ssl_min_protocol_version", _ID, "value", "isConfigPendingRestart", take="properties")),
        Detail("firewall_rules", arm(f"{POSTGRESQL}/firewallRules", "{id}/firewallRules", _ID, "name", "properties.startIpAddress", "properties.endIpAddress", items="value")),
    ],
)

cosmos = ResourceType(
    "azure.cosmosdb.account", facet="account", id="{account.id}", per="subscription", fold=True, tags="account.tags", sight=sees(f"{COSMOS}/read"), sets=("account.properties.ipRules",),
    listed=graph(COSMOS, "kind", "properties.publicNetworkAccess", "properties.isVirtualNetworkFilterEnabled", "properties.ipRules", "properties.disableLocalAuth", "properties.capabilities.name"),
)
