"""What networks are divided into and lead to, and what stands before services that the internet reaches."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.gcp._calls import ROW, assets
from annexlog.collectors.gcp._spelling import spelled, spellings

__all__ = ["backend_service", "certificate", "route", "security_policy", "ssl_certificate", "subnetwork"]

subnetwork = ResourceType(
    "gcp.compute.subnetwork", facet="subnetwork", id="{subnetwork.name}", per="project", scope=ROW % "subnetwork",
    listed=assets("compute.googleapis.com/Subnetwork", keep=("selfLink", "network", "purpose", "privateIpGoogleAccess", "enableFlowLogs", "logConfig")),
)

# Routes of a network, and the routers that are told of others, which are in no list.
route = ResourceType(
    "gcp.compute.route", facet="route", id="{route.name}", per="project", scope=ROW % "route",
    listed=assets("compute.googleapis.com/Route", "compute.googleapis.com/Router", fn=spelled, keep=spellings("network", "destRange", "nextHopGateway", "bgpPeers.name")),
)

backend_service = ResourceType(
    "gcp.compute.backend_service", facet="backend_service", id="{backend_service.name}", per="project", scope=ROW % "backend_service",
    listed=assets("compute.googleapis.com/(Region)?BackendService", keep=("selfLink", "region", "protocol", "loadBalancingScheme", "securityPolicy", "logConfig")),
)

security_policy = ResourceType(
    "gcp.compute.security_policy", facet="security_policy", id="{security_policy.name}", per="project", scope=ROW % "security_policy",
    listed=assets("compute.googleapis.com/(Region)?SecurityPolicy", fn=spelled, keep=spellings("selfLink", "type", "rules.priority", "rules.action", "rules.preview", "rules.match.versionedExpr", "rules.match.config.srcIpRanges", "rules.match.expr.expression")),
)

# The certificate itself is not kept: when it ends is a member of its own.
ssl_certificate = ResourceType(
    "gcp.compute.ssl_certificate", facet="ssl_certificate", id="{ssl_certificate.name}", per="project", scope=ROW % "ssl_certificate",
    listed=assets("compute.googleapis.com/(Region)?SslCertificate", keep=("selfLink", "type", "expireTime", "managed")),
)

certificate = ResourceType(
    "gcp.certificatemanager.certificate", facet="certificate", id="{certificate.name}", per="project", scope=ROW % "certificate",
    listed=assets("certificatemanager.googleapis.com/Certificate", keep=("expireTime", "managed.state", "managed.authorizationAttemptInfo.state", "managedIdentity.state")),
)
