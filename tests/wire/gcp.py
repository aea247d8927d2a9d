"""Google Cloud over HTTP, as far as a reader sees it, and an organization whose every test passes.

Asset Inventory answers Google's own client by REST as the proto's HTTP binding says; answers are the package's own
messages, so that a fixture that is none is refused. Errors: google.rpc.Status with ErrorInfo and RetryInfo.
"""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, parse_qsl, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from google.cloud.asset_v1 import ContentType, ListAssetsResponse

from tests.wire.api import Api, say
from tests.wire.gcp_estate import REGISTERS as MORE
from tests.wire.gcp_estate import apis, estate
from tests.wire.http import Reply, Request, Server
from tests.wire.jwt import claims, pem

PLANTED = "planted-value-0123456789"
"""What must never get into a store: secrets and personal data that assets hold."""

ORG, PROJECT, NUMBER = "organizations/9", "shop-prod", "12"
ABOVE = ["folders/5", ORG]
ACCOUNT = "annexlog@tools.iam.gserviceaccount.com"
PREFIX = "https://www.googleapis.com/compute/v1/"
_MEMBERS = {
    "RESOURCE": "resource",
    "IAM_POLICY": "iamPolicy",
    "ORG_POLICY": "orgPolicy",
    "OS_INVENTORY": "osInventory",
    "ACCESS_POLICY": "servicePerimeter",
}


def asset(
    type: str,
    name: str,
    data: Mapping[str, Any] | None = None,
    *,
    node: str = f"projects/{NUMBER}",
    above: list[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    resource = {} if data is None else {"resource": {"version": "v1", "data": dict(data)}}
    ancestors = [*([node] if node else []), *(ABOVE if above is None else above)]
    return {
        "name": name,
        "assetType": type,
        "ancestors": ancestors,
        "updateTime": "2026-01-01T00:00:00Z",
        **resource,
        **more,
    }


def bound(*bindings: tuple[str, str], audit: bool = False) -> dict[str, Any]:
    """The member of an asset that is its IAM policy: (role, member) each."""
    kinds = [{"logType": kind} for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")]
    audits = {"auditConfigs": [{"service": "allServices", "auditLogConfigs": kinds}]} if audit else {}
    return {"iamPolicy": {"bindings": [{"role": role, "members": [member]} for role, member in bindings], **audits}}


def project(id: str, number: str, state: str = "ACTIVE") -> dict[str, Any]:
    data = {
        "projectId": id,
        "projectNumber": number,
        "lifecycleState": state,
        "name": PLANTED,
        "labels": {"env": "prod", "classification": "confidential", "owner": "shop-team"},
    }
    return asset(
        "cloudresourcemanager.googleapis.com/Project",
        f"//cloudresourcemanager.googleapis.com/projects/{number}",
        data,
        node=f"projects/{number}",
        **bound(("roles/viewer", "group:ops@acme.example")),
    )


def org_policy(constraint: str, rule: Mapping[str, Any], node: str = ORG) -> dict[str, Any]:
    name = f"{node}/policies/{constraint}"
    return asset(
        "orgpolicy.googleapis.com/Policy",
        f"//orgpolicy.googleapis.com/{name}",
        {"name": name, "spec": {"rules": [dict(rule)]}},
        node="",
        above=[ORG],
    )


def healthy() -> list[dict[str, Any]]:
    """The assets of an organization in which every test passes."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    here, run = f"projects/{PROJECT}", f"//run.googleapis.com/projects/{PROJECT}/locations/europe-west1/services/shop"
    network = f"{here}/global/networks/main"
    pool = f"//iam.googleapis.com/projects/{NUMBER}/locations/global/workloadIdentityPools/ci"
    instance = f"//compute.googleapis.com/{here}/zones/europe-west1-b/instances/web"
    report = f"projects/{NUMBER}/locations/europe-west1-b/instances/4711/vulnerabilityReport"
    plan = f"//gkebackup.googleapis.com/{here}/locations/europe-west1/backupPlans/daily"
    key = f"//cloudkms.googleapis.com/{here}/locations/eu/keyRings/ring/cryptoKeys/main"
    constraints = (
        "storage.publicAccessPrevention",
        "storage.uniformBucketLevelAccess",
        "compute.skipDefaultNetworkCreation",
        "iam.disableServiceAccountKeyCreation",
        "compute.requireOsLogin",
    )
    return [
        asset("cloudresourcemanager.googleapis.com/Organization", f"//cloudresourcemanager.googleapis.com/{ORG}", {"name": ORG, "displayName": PLANTED}, node="", above=[ORG],
              **bound(("roles/resourcemanager.organizationAdmin", "user:ann@acme.example"), ("roles/cloudasset.viewer", f"serviceAccount:{ACCOUNT}"), audit=True)),
        asset("cloudresourcemanager.googleapis.com/Folder", "//cloudresourcemanager.googleapis.com/folders/5", {"name": "folders/5", "displayName": PLANTED}, node="", **bound(("roles/browser", "group:ops@acme.example"))),
        project(PROJECT, NUMBER), project("tools", "13"), project("old", "14", "DELETE_REQUESTED"),
        *(org_policy(one, {"enforce": True}) for one in constraints),
        org_policy("gcp.resourceLocations", {"values": {"allowedValues": ["in:eu-locations"]}}),
        asset("essentialcontacts.googleapis.com/Contact", f"//essentialcontacts.googleapis.com/{ORG}/contacts/1", {"name": f"{ORG}/contacts/1", "email": PLANTED, "validationState": "VALID", "notificationCategorySubscriptions": ["SECURITY"]}, node="", above=[ORG]),
        org_policy("iam.allowedPolicyMemberDomains", {"values": {"allowedValues": ["is:C01abc"]}}),
        org_policy("compute.trustedImageProjects", {"values": {"allowedValues": ["projects/debian-cloud"]}}),
        asset("logging.googleapis.com/LogSink", f"//logging.googleapis.com/{ORG}/sinks/all", {"name": "all", "destination": f"logging.googleapis.com/{here}/locations/eu/buckets/all", "includeChildren": True, "writerIdentity": PLANTED}, node="", above=[ORG]),
        asset("iam.googleapis.com/Role", f"//iam.googleapis.com/{ORG}/roles/look", {"name": f"{ORG}/roles/look", "title": PLANTED, "includedPermissions": ["storage.objects.get"]}, node="", above=[ORG]),
        asset("iam.googleapis.com/ServiceAccountKey", f"//iam.googleapis.com/{here}/serviceAccounts/1/keys/a", {"name": f"{here}/serviceAccounts/x/keys/a", "keyType": "SYSTEM_MANAGED"}),
        asset("iam.googleapis.com/WorkloadIdentityPool", pool, {"name": "ci", "state": "ACTIVE"}),
        asset("iam.googleapis.com/WorkloadIdentityPoolProvider", f"{pool}/providers/github", {"name": "github", "state": "ACTIVE", "attributeCondition": "assertion.repository_owner == 'acme'", "oidc": {"issuerUri": "https://token.actions.githubusercontent.com", "jwksJson": PLANTED}}),
        asset("storage.googleapis.com/Bucket", "//storage.googleapis.com/shop", {"id": "shop", "timeCreated": "2026-01-01T00:00:00Z", "labels": {"criticality": "critical", "retention": "1-year"}, "locationType": "dual-region", "softDeletePolicy": {"retentionDurationSeconds": "604800"}, "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 350}}]}, "iamConfiguration": {"publicAccessPrevention": "inherited", "uniformBucketLevelAccess": {"enabled": True}}, "acl": [], "website": {"notFoundPage": PLANTED}},
              **bound(("roles/storage.objectViewer", "serviceAccount:app@shop-prod.iam.gserviceaccount.com"), (f"{ORG}/roles/look", "serviceAccount:12-compute@developer.gserviceaccount.com"))),
        asset("bigquery.googleapis.com/Dataset", f"//bigquery.googleapis.com/{here}/datasets/sales", {"datasetReference": {"datasetId": "sales"}, "access": [{"role": "OWNER", "specialGroup": "projectOwners"}, {"role": "READER", "userByEmail": f"{PLANTED}@acme.example"}], "labels": {"retention": "90-days"}, "defaultTableExpirationMs": "7776000000"}),
        asset("sqladmin.googleapis.com/Instance", f"//cloudsql.googleapis.com/{here}/instances/db", {"name": "db", "instanceType": "CLOUD_SQL_INSTANCE", "rootPassword": PLANTED, "databaseVersion": "MYSQL_8_0", "state": "RUNNABLE", "settings": {"userLabels": {"criticality": "critical"}, "availabilityType": "REGIONAL", "activationPolicy": "ALWAYS", "databaseFlags": [{"name": "cloudsql_mysql_audit", "value": "ON"}], "ipConfiguration": {"ipv4Enabled": False, "sslMode": "ENCRYPTED_ONLY"}, "backupConfiguration": {"enabled": True, "pointInTimeRecoveryEnabled": True}}}),
        asset("cloudkms.googleapis.com/CryptoKey", key, {"name": "main", "purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "7776000s", "nextRotationTime": "2999-01-01T00:00:00Z", "primary": {"state": "ENABLED", "createTime": now}}, **bound(("roles/cloudkms.cryptoKeyEncrypterDecrypter", "serviceAccount:service-12@compute-system.iam.gserviceaccount.com"))),
        asset("compute.googleapis.com/Network", f"//compute.googleapis.com/{network}", {"name": "main", "selfLink": PREFIX + network, "autoCreateSubnetworks": False}),
        asset("compute.googleapis.com/Firewall", f"//compute.googleapis.com/{here}/global/firewalls/https", {"name": "https", "network": PREFIX + network, "direction": "INGRESS", "priority": 1000, "allowed": [{"IPProtocol": "tcp", "ports": ["443"]}], "sourceRanges": ["0.0.0.0/0"], "description": PLANTED}),
        asset("compute.googleapis.com/FirewallPolicy", "//compute.googleapis.com/locations/global/firewallPolicies/1", {"name": "1", "associations": [{"attachmentTarget": f"https://cloudresourcemanager.googleapis.com/v3/{ORG}"}], "rules": [{"priority": 1, "direction": "INGRESS", "action": "allow", "match": {"srcIpRanges": ["35.235.240.0/20"], "layer4Configs": [{"ipProtocol": "tcp", "ports": ["22"]}]}}]}, node="", above=[ORG]),
        asset("compute.googleapis.com/Image", f"//compute.googleapis.com/{here}/global/images/base", {"name": "base", "status": "READY"}, **bound(("roles/compute.imageUser", "group:ops@acme.example"))),
        asset("compute.googleapis.com/TargetHttpsProxy", f"//compute.googleapis.com/{here}/global/targetHttpsProxies/lb", {"name": "lb", "selfLink": f"{PREFIX}{here}/global/targetHttpsProxies/lb", "sslPolicy": f"{PREFIX}{here}/global/sslPolicies/tls", "sslCertificates": [f"{PREFIX}{here}/global/sslCertificates/web"]}),
        asset("compute.googleapis.com/SslPolicy", f"//compute.googleapis.com/{here}/global/sslPolicies/tls", {"selfLink": f"{PREFIX}{here}/global/sslPolicies/tls", "minTlsVersion": "TLS_1_2", "profile": "MODERN"}),
        asset("compute.googleapis.com/GlobalForwardingRule", f"//compute.googleapis.com/{here}/global/forwardingRules/lb", {"target": f"{PREFIX}{here}/global/targetHttpsProxies/lb", "loadBalancingScheme": "EXTERNAL_MANAGED"}),
        asset("compute.googleapis.com/Instance", instance, {"id": "4711", "status": "RUNNING", "labels": {"env": "prod"}, "selfLink": f"{PREFIX}{here}/zones/europe-west1-b/instances/web", "metadata": {"items": [{"key": "startup-script", "value": PLANTED}, {"key": "serial-port-enable", "value": "FALSE"}, {"key": "enable-oslogin", "value": "TRUE"}]},
              "networkInterface": [{"network": PREFIX + network, "ipAddress": PLANTED}], "shieldedInstanceConfig": {"enableSecureBoot": True, "enableVtpm": True, "enableIntegrityMonitoring": True}, "serviceAccount": [{"email": "app@shop-prod.iam.gserviceaccount.com", "scope": ["https://www.googleapis.com/auth/cloud-platform"]}],
              "disk": [{"boot": True, "deviceName": PLANTED, "source": f"{PREFIX}{here}/zones/europe-west1-b/disks/web", "guestOsFeature": [{"type": "UEFI_COMPATIBLE"}], "license": [f"{PREFIX}projects/debian-cloud/global/licenses/debian-12"]}]},
              osInventory={"name": "x", "updateTime": now, "osInfo": {"hostname": PLANTED}}),
        asset("osconfig.googleapis.com/VulnerabilityReport", f"//osconfig.googleapis.com/{report}", {"name": report, "updateTime": now, "vulnerabilities": [{"createTime": now, "details": {"cve": "CVE-2026-1", "severity": "CRITICAL", "cvssV3": {"baseScore": 9.8}}}]}),
        asset("container.googleapis.com/Cluster", f"//container.googleapis.com/{here}/locations/europe-west1/clusters/main", {"name": "main", "status": "RUNNING", "endpoint": "34.77.1.2", "databaseEncryption": {"state": "ENCRYPTED", "currentState": "CURRENT_STATE_ENCRYPTED", "keyName": PLANTED}, "masterAuth": {"clusterCaCertificate": PLANTED}, "networkConfig": {"defaultEnablePrivateNodes": True}, "masterAuthorizedNetworksConfig": {"enabled": True, "gcpPublicCidrsAccessEnabled": False}, "resourceLabels": {"criticality": "critical"}, "releaseChannel": {"channel": "REGULAR"}, "currentMasterVersion": "1.33.4-gke.100", "nodePools": [{"name": "a", "version": "1.33.4-gke.100", "management": {"autoUpgrade": True}, "config": {"workloadMetadataConfig": {"mode": "GKE_METADATA"}, "metadata": {"x": PLANTED}}}], "binaryAuthorization": {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"}, "workloadIdentityConfig": {"workloadPool": f"{PROJECT}.svc.id.goog"}, "shieldedNodes": {"enabled": True}}),
        asset("run.googleapis.com/Service", run, {"kind": "Service", "metadata": {"annotations": {"run.googleapis.com/ingress": "all", "owner": PLANTED}}, "spec": {"template": {"spec": {"containers": [{"image": f"europe-docker.pkg.dev/{PROJECT}/images/shop@sha256:0", "env": [{"name": "PASSWORD", "value": PLANTED}]}]}}}},
              **bound(("roles/run.invoker", "serviceAccount:app@shop-prod.iam.gserviceaccount.com"))),
        asset("cloudfunctions.googleapis.com/CloudFunction", f"//cloudfunctions.googleapis.com/{here}/locations/europe-west1/functions/mail", {"name": "mail", "status": "ACTIVE", "environmentVariables": {"PASSWORD": PLANTED}}),
        asset("gkebackup.googleapis.com/BackupPlan", plan, {"name": plan, "cluster": f"{here}/locations/europe-west1/clusters/main", "state": "READY", "description": PLANTED, "backupSchedule": {"cronSchedule": "0 3 * * *"}, "backupConfig": {"allNamespaces": True, "includeVolumeData": True}}),
        asset("gkebackup.googleapis.com/Backup", f"{plan}/backups/b1", {"state": "SUCCEEDED", "completeTime": now, "description": PLANTED}),
        asset("binaryauthorization.googleapis.com/Policy", f"//binaryauthorization.googleapis.com/{here}/policy", {"description": PLANTED, "defaultAdmissionRule": {"evaluationMode": "REQUIRE_ATTESTATION", "requireAttestationsBy": [f"{here}/attestors/ci"], "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}, "admissionWhitelistPatterns": [{"namePattern": "gke.gcr.io/**"}]}),
        asset("artifactregistry.googleapis.com/Repository", f"//artifactregistry.googleapis.com/{here}/locations/europe/repositories/images", {"name": "images", "format": "DOCKER", "mode": "STANDARD_REPOSITORY", "description": PLANTED, "vulnerabilityScanningConfig": {"enablementState": "SCANNING_ACTIVE"}}),
        asset("compute.googleapis.com/Project", f"//compute.googleapis.com/{here}", {"name": PROJECT, "commonInstanceMetadata": {"items": [{"key": "ssh-keys", "value": PLANTED}, {"key": "enable-oslogin", "value": "TRUE"}]}}),
        asset("compute.googleapis.com/InstanceSettings", f"//compute.googleapis.com/projects/{NUMBER}/zones/europe-west1-b/instanceSettings/InstanceSettings", {"metadata": {"items": {"enable-oslogin-2fa": "TRUE", "password": PLANTED}}}),
        asset("compute.googleapis.com/InstanceTemplate", f"//compute.googleapis.com/{here}/global/instanceTemplates/web", {"selfLink": f"{PREFIX}{here}/global/instanceTemplates/web", "properties": {"labels": {"criticality": "critical"}, "metadata": {"items": [{"key": "x", "value": PLANTED}]}}}),
        asset("compute.googleapis.com/InstanceGroupManager", f"//compute.googleapis.com/{here}/regions/europe-west1/instanceGroupManagers/web", {"region": f"{PREFIX}{here}/regions/europe-west1", "targetSize": 2, "distributionPolicy": {"targetShape": "EVEN", "zones": [{"zone": "b"}, {"zone": "c"}]}, "versions": [{"instanceTemplate": f"{PREFIX}{here}/global/instanceTemplates/web"}], "autoHealingPolicies": [{"healthCheck": f"{PREFIX}{here}/global/healthChecks/web"}], "description": PLANTED}),
        asset("compute.googleapis.com/Disk", f"//compute.googleapis.com/{here}/zones/europe-west1-b/disks/web", {"id": "81", "selfLink": f"{PREFIX}{here}/zones/europe-west1-b/disks/web", "status": "READY", "labels": {"criticality": "critical"}, "description": PLANTED, "sourceImage": f"{PREFIX}projects/debian-cloud/global/images/debian-12", "resourcePolicy": [f"{PREFIX}{here}/regions/europe-west1/resourcePolicies/daily"]}),
        asset("compute.googleapis.com/ResourcePolicy", f"//compute.googleapis.com/{here}/regions/europe-west1/resourcePolicies/daily", {"selfLink": f"{PREFIX}{here}/regions/europe-west1/resourcePolicies/daily", "status": "READY", "snapshotSchedulePolicy": {"schedule": {"dailySchedule": {"startTime": "03:00"}}, "retentionPolicy": {"maxRetentionDays": 14}}}),
        asset("compute.googleapis.com/Snapshot", f"//compute.googleapis.com/{here}/global/snapshots/web-1", {"name": "web-1", "status": "READY", "sourceDiskId": "81", "creationTimestamp": now}),
        asset("compute.googleapis.com/TargetInstance", f"//compute.googleapis.com/{here}/zones/europe-west1-b/targetInstances/vpn", {"selfLink": f"{PREFIX}{here}/zones/europe-west1-b/targetInstances/vpn", "instance": f"{PREFIX}{here}/zones/europe-west1-b/instances/web"}),
        asset("compute.googleapis.com/Subnetwork", f"//compute.googleapis.com/{here}/regions/europe-west1/subnetworks/main", {"network": PREFIX + network, "purpose": "PRIVATE", "privateIpGoogleAccess": True, "logConfig": {"enable": True, "flowSampling": 0.5}, "description": PLANTED}),
        asset("compute.googleapis.com/Route", f"//compute.googleapis.com/{here}/global/routes/out", {"network": PREFIX + network, "destRange": "0.0.0.0/0", "nextHopGateway": f"{PREFIX}{here}/global/gateways/default-internet-gateway", "description": PLANTED}),
        asset("compute.googleapis.com/Router", f"//compute.googleapis.com/{here}/regions/europe-west1/routers/nat", {"network": PREFIX + network, "description": PLANTED, "bgpPeer": [{"name": "office", "peerIpAddress": PLANTED}]}),
        asset("compute.googleapis.com/BackendService", f"//compute.googleapis.com/{here}/global/backendServices/web", {"loadBalancingScheme": "EXTERNAL_MANAGED", "protocol": "HTTPS", "securityPolicy": f"{PREFIX}{here}/global/securityPolicies/waf", "logConfig": {"enable": True, "sampleRate": 1}, "iap": {"oauth2ClientSecret": PLANTED}}),
        asset("compute.googleapis.com/SecurityPolicy", f"//compute.googleapis.com/{here}/global/securityPolicies/waf", {"selfLink": f"{PREFIX}{here}/global/securityPolicies/waf", "rule": [{"priority": 100, "action": "deny(403)", "description": PLANTED, "match": {"expr": {"expression": "evaluatePreconfiguredWaf('sqli-v33-stable')"}}}, {"priority": 2147483647, "action": "allow", "match": {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRange": ["*"]}}}]}),
        asset("compute.googleapis.com/SslCertificate", f"//compute.googleapis.com/{here}/global/sslCertificates/web", {"selfLink": f"{PREFIX}{here}/global/sslCertificates/web", "type": "SELF_MANAGED", "certificate": PLANTED, "expireTime": "2999-01-01T00:00:00.000-07:00"}),
        asset("certificatemanager.googleapis.com/Certificate", f"//certificatemanager.googleapis.com/{here}/locations/global/certificates/web", {"expireTime": "2999-01-01T00:00:00Z", "pemCertificate": PLANTED, "managed": {"state": "ACTIVE", "authorizationAttemptInfo": [{"state": "AUTHORIZED"}]}}),
        asset("dns.googleapis.com/ManagedZone", f"//dns.googleapis.com/projects/{NUMBER}/managedZones/acme", {"name": "acme", "dnsName": "acme.example.", "visibility": "PUBLIC", "description": PLANTED, "dnssecConfig": {"state": "ON", "defaultKeySpecs": [{"algorithm": "RSASHA256"}]}}),
        asset("dns.googleapis.com/Policy", f"//dns.googleapis.com/projects/{NUMBER}/policies/1", {"enableLogging": True, "description": PLANTED, "networks": [{"networkUrl": PREFIX + network}]}),
        asset("dns.googleapis.com/ResponsePolicy", f"//dns.googleapis.com/projects/{NUMBER}/responsePolicies/block", {"responsePolicyName": "block", "description": PLANTED, "networks": [{"networkUrl": PREFIX + network}]}),
        asset("dns.googleapis.com/ResponsePolicyRule", f"//dns.googleapis.com/projects/{NUMBER}/responsePolicies/block/rules/evil", {"dnsName": "evil.example.", "localData": {"localDatas": [{"name": "evil.example.", "type": "A", "rrdatas": ["0.0.0.0"]}]}}),
        asset("cloudresourcemanager.googleapis.com/Organization", f"//cloudresourcemanager.googleapis.com/{ORG}", None, node="", above=[ORG],
              servicePerimeter={"name": "accessPolicies/1/servicePerimeters/data", "title": PLANTED, "status": {"resources": [f"projects/{NUMBER}", "projects/13"], "restrictedServices": ["bigquery.googleapis.com", "storage.googleapis.com"], "ingressPolicies": [{"ingressFrom": {"identities": [f"user:{PLANTED}"], "sources": [{"accessLevel": "accessPolicies/1/accessLevels/office"}]}, "ingressTo": {"operations": [{"serviceName": "storage.googleapis.com", "methodSelectors": [{"method": "*"}]}], "resources": ["*"]}}]}}),
        *estate(asset, bound, ORG, PROJECT, NUMBER, PLANTED),
    ]  # fmt: skip


def findings() -> dict[str, Any]:
    """What Security Command Center says, and the other APIs."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    one = {
        "name": f"{ORG}/sources/1/findings/a",
        "state": "ACTIVE",
        "findingClass": "MISCONFIGURATION",
        "severity": "HIGH",
        "createTime": now,
        "category": "OPEN_FIREWALL",
        "sourceProperties": {"explanation": PLANTED},
    }
    return {
        **apis(PROJECT, PLANTED),
        f"/v2/{ORG}/sources": {
            "sources": [
                {"name": f"{ORG}/sources/1", "displayName": "Security Health Analytics", "description": PLANTED}
            ]
        },
        f"/v2/{ORG}/sources/-/findings": {
            "listFindingsResults": [{"finding": one, "resource": {"displayName": PLANTED}}],
            "totalSize": 1,
        },
    }


REGISTERS: Mapping[str, Any] = {
    "gcp_own_domains": ["acme.example"],
    "gcp_own_customers": ["C01abc"],
    "gcp_federated_tenants": ["acme"],
    "gcp_approved_locations": ["in:eu-locations"],
    **MORE,
    "gcp_approved_image_projects": ["projects/debian-cloud"],
    "gcp_blocked_names": ["evil.example"],
    "gcp_admins": ["roles/resourcemanager.organizationAdmin user:ann@acme.example"],
}


def error(status: int, name: str, reason: str = "", delay: str = "", message: str = "on purpose") -> Reply:
    """An error as Google gives it."""
    details: list[dict[str, Any]] = []
    if reason:
        details.append(
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": "googleapis.com",
                "metadata": {},
            }
        )
    if delay:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    return say({"error": {"code": status, "message": message, "status": name, "details": details}}, status)


@dataclass
class GoogleCloud(Api):
    """A running Google Cloud: its token endpoint, Asset Inventory and Security Command Center, at one address.

    A list of assets is known by a path of its own, `ListAssets RESOURCE storage.googleapis.com/Bucket`, so that it can
    be faulted and counted. `key` signs what asks for a token.
    """

    key: rsa.RSAPrivateKey | None = None
    wrapped: ClassVar[tuple[str, ...]] = ("sources", "listFindingsResults", "activities", "items", "dnsKeys")
    tokens: int = 0

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._server = Server(self._reply)
        self._server.__enter__()
        self.url, self.ca_file = self._server.url, ""
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    @property
    def asked(self) -> list[str]:
        return [called(request.target) for request in self.log]

    def _reply(self, request: Request) -> Reply:
        path = called(request.target)
        with self._lock:
            self.log.append(request)
            fault = next((f for f in self.faults if f.strikes(path, urlsplit(request.target).query)), None)
        if fault is not None:
            return fault.reply
        if path == "/token":
            return self._token(dict(parse_qsl(request.body.decode())))
        if not self._knows(request.headers.get("authorization", "").removeprefix("Bearer ")):
            return self.refuse(401)
        if path.startswith("ListAssets "):
            return self._assets(urlsplit(request.target))
        return self._found(path, dict(parse_qsl(urlsplit(request.target).query)))

    def _knows(self, bearer: str) -> bool:
        """Whether it is a token from here, or a service account's own assertion, which Google's APIs take as well."""
        told = claims(bearer, self.key) if self.key and bearer not in self.valid else None
        return bearer in self.valid or (told is not None and told["iss"] == ACCOUNT and told["exp"] > time.time())

    def _token(self, form: Mapping[str, str]) -> Reply:
        told = claims(form.get("assertion", ""), self.key) if self.key else None
        if told is None or told["iss"] != ACCOUNT or told["exp"] <= time.time():
            return say({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        self.tokens += 1
        return say({"access_token": "s3cret-token", "expires_in": 3600, "token_type": "Bearer"})

    def _assets(self, url: Any) -> Reply:
        query = parse_qs(url.query)
        content, types = ContentType(int(query["contentType"][0])).name, query.get("assetTypes", [])
        member = _MEMBERS[content]
        found = [one for one in self.answers["assets"] if member in one and (not types or _of(one["assetType"], types))]
        size, at = min(self.page, int(query["pageSize"][0])), int(query.get("pageToken", ["0"])[0])
        shown = [
            {k: v for k, v in one.items() if k == member or k not in _MEMBERS.values()} for one in found[at : at + size]
        ]
        more = {"nextPageToken": str(at + size)} if len(found) > at + size else {}
        answer = {"readTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "assets": shown, **more}
        return Reply(
            200,
            {"Content-Type": "application/json"},
            ListAssetsResponse.to_json(ListAssetsResponse.from_json(json.dumps(answer))).encode(),
        )

    def refuse(self, status: int, message: str = "", **headers: str) -> Reply:
        names = {
            401: "UNAUTHENTICATED",
            403: "PERMISSION_DENIED",
            404: "NOT_FOUND",
            429: "RESOURCE_EXHAUSTED",
            500: "INTERNAL",
        }
        return error(status, names[status])


def _of(type: str, patterns: list[str]) -> bool:
    return any(re.fullmatch(pattern, type) for pattern in patterns)


def called(target: str) -> str:
    """A path, or what a list of assets is known by."""
    url = urlsplit(target)
    if not url.path.endswith("/assets"):
        return url.path
    query = parse_qs(url.query)
    content = ContentType(int(query["contentType"][0])).name
    return " ".join(["ListAssets", content, *query.get("assetTypes", [])])


def key_file(key: rsa.RSAPrivateKey, url: str) -> str:
    """A service account's key as Google gives it, whose tokens come from here."""
    return json.dumps(
        {
            "type": "service_account",
            "client_email": ACCOUNT,
            "private_key_id": "k1",
            "private_key": pem(key),
            "token_uri": f"{url}/token",
        }
    )
