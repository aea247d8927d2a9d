"""Azure SQL: servers, managed instances and Synapse pools; who reaches them, what is audited, what is encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["database", "managed_database", "managed_instance", "pool", "server"]

SERVER, INSTANCE, POOL = "Microsoft.Sql/servers", "Microsoft.Sql/managedInstances", "Microsoft.Synapse/workspaces/sqlPools"
SETTINGS = "Microsoft.Insights/diagnosticSettings"
_SERVER: Mapping[str, Any] = {"id": "{server.id}"}
_INSTANCE: Mapping[str, Any] = {"id": "{managed_instance.id}"}
_AUDIT = ("state", "auditActionsAndGroups", "predicateExpression", "storageEndpoint", "retentionDays", "isAzureMonitorTargetEnabled")
_SINKS = ("properties.workspaceId", "properties.storageAccountId", "properties.logs.category", "properties.logs.categoryGroup", "properties.logs.enabled")
_RANGE = ("name", "properties.startIpAddress", "properties.endIpAddress")
_RANGE6 = ("name", "properties.startIPv6Address", "properties.endIPv6Address")

server = ResourceType(
    "azure.sql.server", facet="server", id="{server.id}", per="subscription", fold=True, gone=GONE, tags="server.tags", sight=sees(f"{SERVER}/read"),
    listed=graph(SERVER, "access", "properties.publicNetworkAccess", "properties.minimalTlsVersion", "properties.administrators.azureADOnlyAuthentication", extend="extend access = tostring(properties.publicNetworkAccess)"),
    details=[
        Detail("firewall_rules", arm(f"{SERVER}/firewallRules", "{id}/firewallRules", _SERVER, *_RANGE, items="value")),
        Detail("ipv6_firewall_rules", arm(f"{SERVER}/ipv6FirewallRules", "{id}/ipv6FirewallRules", _SERVER, *_RANGE6, items="value")),
        Detail("auditing", arm(f"{SERVER}/extendedAuditingSettings", "{id}/extendedAuditingSettings/default", _SERVER, *_AUDIT, take="properties")),
        Detail("audit_sinks", arm(SETTINGS, "{id}/databases/master/providers/Microsoft.Insights/diagnosticSettings", _SERVER, *_SINKS, items="value")),
    ],
)

database = ResourceType(
    "azure.sql.database", facet="database", id="{database.id}", per="subscription", fold=True, gone=GONE, tags="database.tags", sight=sees(f"{SERVER}/databases/read"),
    listed=graph(f"{SERVER}/databases", "properties.status"),
    details=[
        Detail("encryption", arm(f"{SERVER}/databases/transparentDataEncryption", "{id}/transparentDataEncryption/current", {"id": "{database.id}"}, "state", take="properties"),
               only="database.name != 'master'"),
    ],
)

managed_instance = ResourceType(
    "azure.sql.managed_instance", facet="managed_instance", id="{managed_instance.id}", per="subscription", fold=True, gone=GONE, tags="managed_instance.tags", sight=sees(f"{INSTANCE}/read"),
    listed=graph(INSTANCE, "properties.publicDataEndpointEnabled", "properties.minimalTlsVersion"),
    details=[
        Detail("audit_sinks", arm(SETTINGS, "{id}/providers/Microsoft.Insights/diagnosticSettings", _INSTANCE, *_SINKS, items="value")),
    ],
)

managed_database = ResourceType(
    "azure.sql.managed_database", facet="managed_database", id="{managed_database.id}", per="subscription", fold=True, gone=GONE, tags="managed_database.tags", sight=sees(f"{INSTANCE}/databases/read"),
    listed=graph(f"{INSTANCE}/databases", "properties.status"),
    details=[
        Detail("encryption", arm(f"{INSTANCE}/databases/transparentDataEncryption", "{id}/transparentDataEncryption/current", {"id": "{managed_database.id}"}, "state", take="properties")),
    ],
)

pool = ResourceType(
    "azure.synapse.sql_pool", facet="pool", id="{pool.id}", per="subscription", fold=True, gone=GONE, tags="pool.tags", sight=sees(f"{POOL}/read"),
    listed=graph(POOL, "properties.status"),
    details=[
        Detail("encryption", arm(f"{POOL}/transparentDataEncryption", "{id}/transparentDataEncryption/current", {"id": "{pool.id}"}, "status", take="properties")),
    ],
)
