"""Repositories: what protects their default branch, what scans them, what workflows may do, and how changes came in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.declaring import Asks, keep, rows
from annexlog.collectors.github._calls import BRANCH, MOST, NOT_SHOWN, ORG, REPO, UPGRADE, shown
from annexlog.collectors.github._changes import CONTENTS, PULLS, changes
from annexlog.collectors.github._checks import CHECKS, RUNS, STATUSES, checked
from annexlog.collectors.github._files import codeowners
from annexlog.collectors.github._queries import ADMINISTRATION, GRAPHQL, METADATA, security_policy

__all__ = ["repository"]

ACTIONS, SECRETS = "actions:read", "secrets:read"
RULES = "/repos/{owner}/{repo}/rules/branches/{branch}"


def repositories(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The organization's repositories, and whether these are all: GitHub lists only what the caller may see.

    All of them are seen by an App that is installed in all; else the organization's own count says how many there are.
    Where neither is known, what is seen is part of a population: a Refused (denied) follows it.
    """
    everything = ask(Call(METADATA, ":grant"), {}).body.get("repository_selection") == "all"
    about = ask("/orgs/{org}", {"org": params["org"], **keep("public_repos", "total_private_repos")}).body
    private = about.get("total_private_repos")
    total = None if everything or private is None else int(private) + int(about.get("public_repos") or 0)
    for page in ask.pages("/orgs/{org}/repos", params):
        yield replace(page, total=total)
    if total is None and not everything:
        raise Refused("denied", NOT_SHOWN, "nothing says how many repositories there are", again=False)


def bypasses(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The rulesets that are active on the branch, each with those who need not keep it.

    GitHub shows these only to who may change the ruleset: not shown is denied, never nobody.
    """
    ids = {rule["ruleset_id"] for rule in rows(ask, RULES, {**params, **MOST, **keep("ruleset_id")}) if rule.get("ruleset_id")}
    found = []
    for id in sorted(ids):
        asked = {"owner": params["owner"], "repo": params["repo"], "ruleset_id": id, **keep("id", "name", "enforcement", "source_type", "bypass_actors")}
        one = ask("/repos/{owner}/{repo}/rulesets/{ruleset_id}", asked).body
        if one.get("bypass_actors") is None:
            raise Refused("denied", NOT_SHOWN, f"ruleset {id} does not say who may bypass it", again=False)
        found.append(one)
    yield Page({"rulesets": found})


def dependabot(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{enabled}: whether known vulnerabilities of dependencies are looked for; 204 yes, 404 with these words no."""
    try:
        page = ask("/repos/{owner}/{repo}/vulnerability-alerts", params)
    except Refused as refused:
        if refused.code != "404" or "Vulnerability alerts are disabled" not in refused.message:
            raise
        yield Page({"enabled": False})
    else:
        if page.body is not None:
            raise Refused("unreadable", "OtherAnswer", "the answer is no 204")
        yield replace(page, body={"enabled": True})


def environments(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The environments with their rules, and, where branches are named one by one, the patterns (`branch_patterns`)."""
    members = ("name", "protection_rules.type", "protection_rules.prevent_self_review", "protection_rules.reviewers.type", "deployment_branch_policy", "can_admins_bypass")
    found = rows(ask, "/repos/{owner}/{repo}/environments", {**params, **MOST, **keep(*(f"environments.{m}" for m in members))}, "environments")
    for one in found:
        if (one.get("deployment_branch_policy") or {}).get("custom_branch_policies"):
            asked = {**params, "environment": one["name"], **MOST, **keep("branch_policies.name")}
            named = rows(ask, "/repos/{owner}/{repo}/environments/{environment}/deployment-branch-policies", asked, "branch_policies")
            one["branch_patterns"] = sorted(policy["name"] for policy in named)
    yield Page({"environments": found})


def analyses(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The hundred latest analyses of the default branch, newest first: enough to say which are current."""
    asked = {**params, "ref": f"refs/heads/{params['branch']}", **MOST, **keep("created_at", "error", "category", "tool.name")}
    del asked["branch"]
    page = ask("/repos/{owner}/{repo}/code-scanning/analyses", asked)
    if not isinstance(page.body, list):
        raise Refused("unreadable", "NotAList", "the analyses are no list")
    yield replace(page, body={"analyses": page.body})


def secrets(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{kind: [name]}: the names of the secrets that any workflow of the repository gets; values nobody can read.

    Kinds: repository and organization (of Actions), dependabot. Those of environments are not among them; Codespaces'
    are listed only to who may write them.
    """
    places = {
        "repository": Call(SECRETS, "/repos/{owner}/{repo}/actions/secrets"),
        "organization": Call(SECRETS, "/repos/{owner}/{repo}/actions/organization-secrets"),
        "dependabot": Call("dependabot_secrets:read", "/repos/{owner}/{repo}/dependabot/secrets"),
    }
    asked = {**params, **MOST, **keep("secrets.name")}
    yield Page({kind: sorted(one["name"] for one in rows(ask, call, asked, "secrets")) for kind, call in places.items()})


NO_SCAN = ("404:no analysis found", "403:Advanced Security must be enabled", "403:Code Security must be enabled")
"""What GitHub says where nobody scans the code."""

repository = ResourceType(
    "github.repository", facet="repository", id="{repository.full_name}", per="organization", fold=True, incarnation="repository.id",
    listed=Call(METADATA, "/orgs/{org}/repos",
                {**ORG, **MOST, "type": "all", **keep("id", "name", "full_name", "visibility", "archived", "disabled", "fork", "default_branch", "topics")},
                items="", fn=repositories, also=("organization_administration:read",)),
    details=[
        Detail("security", Call(ADMINISTRATION, "/repos/{owner}/{repo}", {**REPO, **keep("id", "security_and_analysis")},
               fn=shown("/repos/{owner}/{repo}", "security_and_analysis", always="id"), take="security_and_analysis")),
        Detail("protection", Call(ADMINISTRATION, "/repos/{owner}/{repo}/branches/{branch}/protection",
               {**BRANCH, **keep("enforce_admins.enabled", "allow_force_pushes.enabled", "allow_deletions.enabled", "required_signatures.enabled", "required_status_checks.strict",
                                 "required_status_checks.checks.context", "required_status_checks.contexts",
                                 *(f"required_pull_request_reviews.{m}" for m in ("required_approving_review_count", "dismiss_stale_reviews", "require_last_push_approval", "require_code_owner_reviews",
                                   "bypass_pull_request_allowances.users.login", "bypass_pull_request_allowances.teams.slug", "bypass_pull_request_allowances.apps.slug")))},
               fn=shown("/repos/{owner}/{repo}/branches/{branch}/protection", always="enforce_admins"),
               absent=("404:Branch not protected", "404:Branch not found", UPGRADE))),
        Detail("rules", Call(METADATA, RULES, {**BRANCH, **MOST, **keep("type", "parameters", "ruleset_id", "ruleset_source_type")}, items="", absent=(UPGRADE,))),
        Detail("rulesets", Call(METADATA, "/repos/{owner}/{repo}/rulesets/{ruleset_id}", BRANCH, fn=bypasses, items="rulesets", absent=(UPGRADE,))),
        Detail("workflows", Call(ADMINISTRATION, "/repos/{owner}/{repo}/actions/permissions/workflow", REPO,
               fn=shown("/repos/{owner}/{repo}/actions/permissions/workflow", always="default_workflow_permissions"))),
        Detail("dependabot", Call(ADMINISTRATION, "/repos/{owner}/{repo}/vulnerability-alerts", REPO, fn=dependabot)),
        Detail("dependabot_alerts", Call("vulnerability_alerts:read", "/repos/{owner}/{repo}/dependabot/alerts",
               {**REPO, **MOST, **keep("number", "state", "created_at", "dismissed_reason", "security_vulnerability.severity")},
               items="", absent=("403:Dependabot alerts are disabled",))),
        Detail("secret_alerts", Call("secret_scanning_alerts:read", "/repos/{owner}/{repo}/secret-scanning/alerts",
               {**REPO, **MOST, "hide_secret": "true", **keep("number", "state", "created_at", "resolved_at", "resolution", "secret_type", "validity")},
               items="", absent=("404:Secret scanning is disabled",))),
        Detail("code_alerts", Call("security_events:read", "/repos/{owner}/{repo}/code-scanning/alerts",
               {**REPO, **MOST, **keep("number", "state", "created_at", "dismissed_reason", "dismissal_approved_by.login", "rule.severity", "rule.security_severity_level", "tool.name")},
               items="", absent=NO_SCAN)),
        Detail("analyses", Call("security_events:read", "/repos/{owner}/{repo}/code-scanning/analyses", BRANCH, fn=analyses, items="analyses", absent=NO_SCAN)),
        Detail("environments", Call(ACTIONS, "/repos/{owner}/{repo}/environments", REPO, fn=environments, items="environments")),
        Detail("secrets", Call(SECRETS, "/repos/{owner}/{repo}/actions/secrets", REPO, fn=secrets, also=("dependabot_secrets:read",))),
        Detail("codeowners", Call(CONTENTS, "/repos/{owner}/{repo}/contents", BRANCH, fn=codeowners)),
        Detail("security_policy", Call(METADATA, GRAPHQL, REPO, fn=security_policy, also=(ADMINISTRATION,))),
        Detail("changes", Call(CONTENTS, "/repos/{owner}/{repo}/commits", BRANCH, fn=changes, also=(PULLS,), absent=("409:Git Repository is empty",))),
        Detail("checks", Call(CHECKS, RUNS, BRANCH, fn=checked, also=(STATUSES, CONTENTS, PULLS), absent=("409:Git Repository is empty",))),
    ],
    sets=("repository.topics",),
)
