"""The organization, its folders and projects, and the policies on them and on everything in them."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.gcp._calls import ASSETS, POLICIES, RESOURCES, ROW, ancestors, assets, listing, policies

__all__ = ["ancestor", "contact", "iam_policy", "org_policy", "organization", "project"]

SOURCES = "/v2/organizations/{organization}/sources"

organization = ResourceType(
    "gcp.organization", facet="organization", id="{node}", listed=None, per="organization",
    details=[
        Detail("finding_sources", Call("securitycenter.sources.list", SOURCES, {"organization": "{number}", "pageSize": 1000},
               fn=listing(SOURCES, "sources", "name", "displayName"), items="sources")),
    ],
)

# The organization itself and its folders: what is granted there reaches every project below.
ancestor = ResourceType(
    "gcp.ancestor", facet="ancestor", id="{ancestor.node}", per="organization",
    listed=Call(RESOURCES, ASSETS, items="assets", fn=ancestors, observed="readTime", also=(POLICIES,)),
    sets=("ancestor.policy.bindings", "ancestor.policy.audit_configs"),
)

project = ResourceType(
    "gcp.project", facet="project", id="{project.name}", per="project", scope=ROW % "project",
    listed=assets("cloudresourcemanager.googleapis.com/Project", keep=("projectId", "lifecycleState", "state", "labels")),
    tags="project.data.labels",
)

# Every IAM policy there is on a project, or on anything in it.
iam_policy = ResourceType(
    "gcp.iam_policy", facet="iam_policy", id="{iam_policy.name}", per="project", scope=ROW % "iam_policy",
    listed=policies(), sets=("iam_policy.policy.bindings", "iam_policy.policy.audit_configs"),
)

org_policy = ResourceType(
    "gcp.org_policy", facet="org_policy", id="{org_policy.name}", per="organization",
    listed=assets("orgpolicy.googleapis.com/Policy", keep=("name", "spec", "dryRunSpec")),
    ignore=("org_policy.data.spec.updateTime", "org_policy.data.spec.etag"),
)

# Whom Google tells of what; the address is not kept.
contact = ResourceType(
    "gcp.contact", facet="contact", id="{contact.name}", per="organization",
    listed=assets("essentialcontacts.googleapis.com/Contact", keep=("name", "notificationCategorySubscriptions", "validationState")),
)
