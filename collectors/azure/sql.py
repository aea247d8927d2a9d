"""Azure SQL: servers, managed instances and Synapse pools; who reaches them, what is audited, what is encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees
from annexlog.collectors.azure._masking import MASKING, masking

__all__ = ["database", "managed_database", "managed_instance", "pool", "server"]

SERVER, INSTANCE, POOL = "Microsoft.Sql/servers", "Microsoft.Sql/managedInstances", "Microsoft.Synapse/workspaces/sqlPools"
SETTINGS = "Microsoft.Insights/diagnosticSettings"
_SERVER: Mapping[str, Any] = {"id": "{server.id}"}
_INSTANCE: Mapping[str, Any] = {"id": "{managed_instance.id}"}
_DATABASE: Mapping[str, Any] = {"id": "{database.id}"}
_MANAGED: Mapping[str, Any] = {"id": "{managed_database.id}"}
_COLUMN = ("properties.schemaName", "properties.tableName", "properties.columnName")
_LABEL = (*_COLUMN, "properties.labelName", "properties.informationType")
_SHORT, _LONG, _KEPT = "backupShortTermRetentionPolicies", "backupLongTermRetentionPolicies", ("weeklyRetention", "monthlyRetention", "yearlyRetention")
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
    # What is read inside a database wakes it where it sleeps: only those that are awake are asked.
    listed=graph(f"{SERVER}/databases", "properties.status", "sku.name", "sku.tier", "awake", "own_backups",
                 extend="extend awake = iff(name !~ 'master' and properties.status =~ 'Online', 'yes', ''), own_backups = iff(name !~ 'master' and tostring(sku.tier) !~ 'DataWarehouse', 'yes', '')"),
    details=[
        Detail("encryption", arm(f"{SERVER}/databases/transparentDataEncryption", "{id}/transparentDataEncryption/current", _DATABASE, "state", take="properties"),
               only="database.name != 'master'"),
        Detail("column_labels", arm(f"{SERVER}/databases/currentSensitivityLabels", "{id}/currentSensitivityLabels", _DATABASE, *_LABEL, items="value"), only="database.awake != ''"),
        Detail("recommended_labels", arm(f"{SERVER}/databases/recommendedSensitivityLabels", "{id}/recommendedSensitivityLabels", {**_DATABASE, "includeDisabledRecommendations": "true"}, *_LABEL, "properties.isDisabled", items="value"),
               only="database.awake != ''"),
        Detail("masking", Call(f"{MASKING}/read", "{id}/dataMaskingPolicies/Default", _DATABASE, fn=masking), only="database.awake != ''"),
        Detail("masking_rules", arm(f"{MASKING}/rules", "{id}/dataMaskingPolicies/Default/rules", _DATABASE, *_COLUMN, "properties.ruleState", items="value"), only="database.awake != ''"),
        Detail("short_term_backups", arm(f"{SERVER}/databases/{_SHORT}", f"{{id}}/{_SHORT}/default", _DATABASE, "retentionDays", take="properties"), only="database.own_backups != ''"),
        Detail("long_term_backups", arm(f"{SERVER}/databases/{_LONG}", f"{{id}}/{_LONG}/default", _DATABASE, *_KEPT, take="properties"), only="database.own_backups != ''"),
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
        Detail("encryption", arm(f"{INSTANCE}/databases/transparentDataEncryption", "{id}/transparentDataEncryption/current", _MANAGED, "state", take="properties")),
        Detail("short_term_backups", arm(f"{INSTANCE}/databases/{_SHORT}", f"{{id}}/{_SHORT}/default", _MANAGED, "retentionDays", take="properties")),
        Detail("long_term_backups", arm(f"{INSTANCE}/databases/{_LONG}", f"{{id}}/{_LONG}/default", _MANAGED, *_KEPT, take="properties")),
    ],
)

pool = ResourceType(
    "azure.synapse.sql_pool", facet="pool", id="{pool.id}", per="subscription", fold=True, gone=GONE, tags="pool.tags", sight=sees(f"{POOL}/read"),
    listed=graph(POOL, "properties.status"),
    details=[
        Detail("encryption", arm(f"{POOL}/transparentDataEncryption", "{id}/transparentDataEncryption/current", {"id": "{pool.id}"}, "status", take="properties")),
    ],
)
