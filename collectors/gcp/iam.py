"""Service accounts and their keys, API keys, custom roles, and the outside identities that are let in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from annexlog.collectors import Call, Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._calls import ROW, assets, listing

__all__ = ["api_key", "identity_pool", "identity_provider", "role", "service_account", "service_account_key", "sign_in"]

ACCOUNTS = assets("iam.googleapis.com/ServiceAccount", keep=("email", "uniqueId", "disabled"))

service_account = ResourceType(
    "gcp.iam.service_account", facet="service_account", id="{service_account.name}", per="project", scope=ROW % "service_account",
    listed=replace(ACCOUNTS, params={**ACCOUNTS.params, "updated": True}),
    incarnation="service_account.data.uniqueId",
)

ACTIVITIES = "//policyanalyzer.googleapis.com/v1/projects/{project}/locations/global/activityTypes/serviceAccountLastAuthentication/activities:query"


def sign_ins(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """When accounts of a project were last used: {account (its unique id), last ("" if not), since, until}."""
    whole = listing(ACTIVITIES, "activities", "activity.lastAuthenticatedTime", "activity.serviceAccount.serviceAccountId", "observationPeriod")
    for page in whole(ask, params):
        rows = [
            {
                "account": one["activity"]["serviceAccount"]["serviceAccountId"],
                "last": one["activity"].get("lastAuthenticatedTime", ""),
                "since": one["observationPeriod"]["startTime"],
                "until": one["observationPeriod"]["endTime"],
            }
            for one in page.body["activities"]
        ]
        yield Page({"activities": rows}, page.request_id, page.date)


sign_in = ResourceType(
    "gcp.iam.sign_in", facet="sign_in", id="{project.project}/{sign_in.account}", per="project", under="gcp.project",
    listed=Call("policyanalyzer.serviceAccountLastAuthenticationActivities.query", ACTIVITIES, {"project": "{project.project}", "pageSize": 1000}, items="activities", fn=sign_ins),
)

# The key itself is another call, with another permission.
api_key = ResourceType(
    "gcp.apikeys.key", facet="api_key", id="{api_key.name}", per="project", scope=ROW % "api_key",
    listed=assets("apikeys.googleapis.com/Key", keep=("createTime", "deleteTime", "serviceAccountEmail", "restrictions.apiTargets.service", "restrictions.browserKeyRestrictions.allowedReferrers", "restrictions.serverKeyRestrictions.allowedIps",
                  "restrictions.androidKeyRestrictions.allowedApplications.packageName", "restrictions.iosKeyRestrictions.allowedBundleIds")),
)

service_account_key = ResourceType(
    "gcp.iam.service_account_key", facet="service_account_key", id="{service_account_key.name}", per="project", scope=ROW % "service_account_key",
    listed=assets("iam.googleapis.com/ServiceAccountKey", keep=("name", "keyType", "keyOrigin", "disabled", "validAfterTime", "validBeforeTime")),
)

# Custom roles, of projects and of the organization.
role = ResourceType(
    "gcp.iam.role", facet="role", id="{role.name}", per="organization",
    listed=assets("iam.googleapis.com/Role", keep=("name", "stage", "deleted", "includedPermissions")),
    sets=("role.data.includedPermissions",),
)

identity_pool = ResourceType(
    "gcp.iam.identity_pool", facet="identity_pool", id="{identity_pool.name}", per="project", scope=ROW % "identity_pool",
    listed=assets("iam.googleapis.com/WorkloadIdentityPool", keep=("name", "state", "disabled")),
)

identity_provider = ResourceType(
    "gcp.iam.identity_provider", facet="identity_provider", id="{identity_provider.name}", per="project", scope=ROW % "identity_provider",
    listed=assets("iam.googleapis.com/WorkloadIdentityPoolProvider", keep=("name", "state", "disabled", "attributeCondition", "attributeMapping", "oidc.issuerUri", "aws.accountId", "saml", "x509")),
    ignore=("identity_provider.data.saml.idpMetadataXml", "identity_provider.data.x509.trustStore"),
)
