"""App Service: sites and their slots, each an app of its own, what they take and run; and the plans they run in."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import COVERS, GONE, arm, graph, sees

__all__ = ["plan", "site", "slot"]

SITE = "Microsoft.Web/sites"
_CONFIG = ("minTlsVersion", "scmMinTlsVersion", "ftpsState", "remoteDebuggingEnabled", "linuxFxVersion", "windowsFxVersion")
_SUBSCRIPTION = "extend subscription = strcat('/subscriptions/', subscriptionId)"
_RUNTIME = ("properties.reserved", "properties.functionAppConfig.runtime.name", "properties.functionAppConfig.runtime.version")

# What Resource Graph says of siteConfig is mostly null: the configuration is read by itself.
site = ResourceType(
    "azure.web.site", facet="site", id="{site.id}", per="subscription", fold=True, gone=GONE, tags="site.tags", sight=sees(f"{SITE}/read"),
    listed=graph(SITE, "subscription", "kind", "identity.type", "properties.httpsOnly", "properties.state", *_RUNTIME, extend=_SUBSCRIPTION),
    details=[Detail("config", arm(f"{SITE}/config", "{id}/config/web", {"id": "{site.id}"}, *_CONFIG, take="properties"))],
)

slot = ResourceType(
    "azure.web.slot", facet="slot", id="{slot.id}", per="subscription", fold=True, gone=GONE, tags="slot.tags", sight=sees(f"{SITE}/slots/read"),
    listed=graph(f"{SITE}/slots", "subscription", "kind", "properties.httpsOnly", "properties.state", *_RUNTIME, extend=_SUBSCRIPTION),
    details=[Detail("config", arm(f"{SITE}/slots/config", "{id}/config/web", {"id": "{slot.id}"}, *_CONFIG, take="properties"))],
)

PLAN = "Microsoft.Web/serverfarms"

plan = ResourceType(
    "azure.web.plan", facet="plan", id="{plan.id}", per="subscription", fold=True, tags="plan.tags", sight=sees(f"{PLAN}/read"),
    listed=graph(PLAN, "covers", "sku.name", "sku.tier", "sku.capacity", "properties.elasticScaleEnabled", "properties.maximumElasticWorkerCount", extend=f"extend {COVERS}"),
)
