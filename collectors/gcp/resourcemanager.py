"""The organization, its folders and projects, and the policies on them and on everything in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._calls import ASSETS, POLICIES, RESOURCES, ROW, ancestors, assets, listing, policies

__all__ = ["access_approval", "ancestor", "contact", "iam_policy", "labelled", "org_policy", "organization", "project"]

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


def notified(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Settings of Access Approval by `node`, with how many addresses are told (`notified`) instead of the addresses."""
    for page in ask.pages(ASSETS, params):
        rows = []
        for row in page.body["assets"]:
            data = {name: value for name, value in row["data"].items() if name != "notificationEmails"}
            node = str(data.get("name") or "").removesuffix("/accessApprovalSettings")
            node = row["holders"][-1] if node.startswith("projects/") else node  # by number, as others have it
            rows.append({**row, "node": node, "data": data, "notified": len(row["data"].get("notificationEmails") or ())})
        yield Page({**page.body, "assets": rows})


# Whether somebody here must agree before Google's own staff gets at data.
access_approval = ResourceType(
    "gcp.access_approval", facet="access_approval", id="{access_approval.name}", per="organization",
    listed=assets("accessapproval.googleapis.com/AccessApprovalSettings", keep=("name", "notificationEmails", "notificationPubsubTopic", "enrolledServices", "approvalPolicy", "effectiveApprovalPolicy"), fn=notified),
)

LABELS = (("labels",), ("settings", "userLabels"), ("resourceLabels",), ("metadata", "labels"))


def labels(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Resources with their labels as `labels`, wherever their API has them, and nothing else of them.

    Labels of a resource that came without its data are its data: no object, so that nothing is read of it.
    """
    for page in ask.pages(ASSETS, params):
        rows = []
        for row in page.body["assets"]:
            found: dict[str, Any] = {}
            for path in LABELS:
                value: Any = row["data"]
                for step in path:
                    value = (value or {}).get(step)
                found |= value or {}
            rows.append({name: row[name] for name in ("name", "type", "project", "ancestors")} | {"labels": found if isinstance(row["data"], Mapping) else row["data"]})
        yield Page({**page.body, "assets": rows})


# What should say whose it is: the kinds that hold data or work on it.
labelled = ResourceType(
    "gcp.labelled", facet="labelled", id="{labelled.name}", per="project", scope=ROW % "labelled",
    listed=assets(
        "cloudresourcemanager.googleapis.com/Project", "compute.googleapis.com/(Instance|Snapshot|(Region)?Disk)", "storage.googleapis.com/Bucket", "bigquery.googleapis.com/Dataset", "sqladmin.googleapis.com/Instance",
        "container.googleapis.com/Cluster", "cloudkms.googleapis.com/CryptoKey", "secretmanager.googleapis.com/Secret", "run.googleapis.com/Service", "cloudfunctions.googleapis.com/(CloudFunction|Function)", "pubsub.googleapis.com/Topic",
        keep=LABELS, fn=labels,
    ),
    tags="labelled.labels",
)
