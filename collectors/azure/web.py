"""App Service: sites and their slots, each an app of its own, and what they take."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["site", "slot"]

SITE = "Microsoft.Web/sites"
_CONFIG = ("minTlsVersion", "scmMinTlsVersion", "ftpsState", "remoteDebuggingEnabled")

# What Resource Graph says of siteConfig is mostly null: the configuration is read by itself.
site = ResourceType(
    "azure.web.site", facet="site", id="{site.id}", per="subscription", fold=True, gone=GONE, tags="site.tags", sight=sees(f"{SITE}/read"),
    listed=graph(SITE, "kind", "identity.type", "properties.httpsOnly", "properties.state"),
    details=[Detail("config", arm(f"{SITE}/config", "{id}/config/web", {"id": "{site.id}"}, *_CONFIG, take="properties"))],
)

slot = ResourceType(
    "azure.web.slot", facet="slot", id="{slot.id}", per="subscription", fold=True, gone=GONE, tags="slot.tags", sight=sees(f"{SITE}/slots/read"),
    listed=graph(f"{SITE}/slots", "kind", "properties.httpsOnly", "properties.state"),
    details=[Detail("config", arm(f"{SITE}/slots/config", "{id}/config/web", {"id": "{slot.id}"}, *_CONFIG, take="properties"))],
)
