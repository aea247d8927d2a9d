"""Whose account a member of an IAM policy is, by its address.

Source: IAM, principal identifiers; service agents ("Service agents" reference: their domains); types of service accounts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Projects of Google itself in which it keeps service agents. Of any other, anyone could have made `service-123`.
_GOOGLE = (
    r"(?:gcp-sa-[a-z0-9-]+|bigquery-encryption|cloud-cdn-fill|cloud-filer|cloud-memcache-sa|cloud-ml\.google\.com|cloud-redis"
    r"|cloud-tpu|cloudcomposer-accounts|compute-system|container-analysis|container-engine-robot|containerregistry"
    r"|dataflow-service-producer-prod|dataproc-accounts|dlp-api|endpoints-portal|firebase-rules|gae-api-prod\.google\.com"
    r"|gcf-admin-robot|gcp-gae-service|genomics-api\.google\.com|gs-project-accounts|monitoring-notification"
    r"|remotebuildexecution|security-center-api|serverless-robot-prod|service-consumer-management|service-networking"
    r"|sourcerepo-service-accounts|storage-transfer-service)\.iam"
)
_DOMAIN = r"\.gserviceaccount\.com"
_FORMS = (
    ("", True, re.compile(rf"serviceAccount:(\d+)@cloudservices{_DOMAIN}")),
    ("", True, re.compile(rf"serviceAccount:(?:service|project|bq)-(\d+)@{_GOOGLE}{_DOMAIN}")),
    ("", True, re.compile(rf"serviceAccount:(?:p|bqcx-|connection-)(\d+)-\w+@{_GOOGLE}{_DOMAIN}")),
    ("organizations/", True, re.compile(rf"serviceAccount:(?:service-org-(\d+)|o(\d+)-\d+)@{_GOOGLE}{_DOMAIN}")),
    ("folders/", True, re.compile(rf"serviceAccount:(?:service-folder-(\d+)|f(\d+)-\d+)@{_GOOGLE}{_DOMAIN}")),
    ("", True, re.compile(r"principalSet://cloudresourcemanager\.googleapis\.com/projects/([^/]+)/type/ServiceAgent")),
    ("", True, re.compile(r"principalSet://cloudresourcemanager\.googleapis\.com/([^/]+/[^/]+)/type/ServiceAgent")),
    ("", False, re.compile(rf"serviceAccount:(\d+)(?:-compute@developer|@cloudbuild){_DOMAIN}")),
    ("", False, re.compile(rf"serviceAccount:([^@]+)@appspot{_DOMAIN}")),
    ("", False, re.compile(rf"serviceAccount:[^@]+@([a-z0-9.:-]+)\.iam{_DOMAIN}")),
    ("", False, re.compile(r"serviceAccount:([a-z0-9.:-]+)\.(?:svc\.id\.goog|global\.workload\.id\.goog)\[.*\]")),
    ("", False, re.compile(r"principal(?:Set)?://[a-z]+\.googleapis\.com/projects/([^/]+)(?:/.*)?")),
    ("", False, re.compile(r"project(?:Owner|Editor|Viewer):(.+)")),
    ("organizations/", False, re.compile(r"principal(?:Set)?://[a-z]+\.googleapis\.com/organizations/([^/]+)(?:/.*)?")),
    ("folders/", False, re.compile(r"principal(?:Set)?://[a-z]+\.googleapis\.com/folders/([^/]+)(?:/.*)?")),
)


@dataclass(frozen=True, slots=True)
class Account:
    """`of`: a project by id or number, or `organizations/<number>`, `folders/<number>`. `agent`: it is Google's own."""

    of: str
    agent: bool


def account(member: str) -> Account | None:
    """None for a member that is no project's, folder's or organization's account (a user, a group, everybody)."""
    for prefix, agent, form in _FORMS:
        if found := form.fullmatch(member):
            return Account(prefix + _id(next(filter(None, found.groups()))), agent)
    return None


def _id(project: str) -> str:
    """A project's id as it is elsewhere: that of one in a domain, `acme.com:p-1`, is `p-1.acme.com` in addresses."""
    name, _, domain = project.partition(".")
    return f"{domain}:{name}" if domain and ":" not in project else project
