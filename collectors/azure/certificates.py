"""Certificates outside of key vaults: those of App Service, and of API Management's host names."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import graph, sees

__all__ = ["certificate", "gateway"]

CERTIFICATE, GATEWAY = "Microsoft.Web/certificates", "Microsoft.ApiManagement/service"

certificate = ResourceType(
    "azure.web.certificate", facet="certificate", id="{certificate.id}", per="subscription", fold=True, tags="certificate.tags", sight=sees(f"{CERTIFICATE}/read"),
    listed=graph(CERTIFICATE, "properties.expirationDate", "properties.keyVaultSecretStatus"),
)

gateway = ResourceType(
    "azure.apimanagement.gateway", facet="gateway", id="{gateway.id}", per="subscription", fold=True, tags="gateway.tags", sight=sees(f"{GATEWAY}/read"),
    listed=graph(GATEWAY, *(f"properties.hostnameConfigurations.{name}" for name in ("hostName", "type", "certificateSource", "certificate.expiry"))),
)
