"""GitHub's REST API over HTTPS, as far as a reader sees it, and an organization whose every test passes.

Shapes and messages: docs.github.com, REST API 2022-11-28.
"""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.wire.api import Api, say
from tests.wire.http import Reply, Request
from tests.wire.jwt import claims

SHOP = "/repos/acme/shop"
EMAIL = "planted.person@example.com"
PLANTED = "planted-value-0123456789"
"""What must never get into a store: personal data and secrets that GitHub's answers hold."""

OWNERS = base64.b64encode(f"# who asks whom\n* @acme/all\n/.github/ {EMAIL} # by mail\n".encode()).decode()


def user(login: str, id: int, **more: Any) -> dict[str, Any]:
    return {
        "login": login,
        "id": id,
        "type": "User",
        "avatar_url": f"https://avatars/{PLANTED}",
        "email": EMAIL,
        **more,
    }


def healthy() -> dict[str, Any]:
    """An organization with one repository, in which every test passes."""
    return {
        "/orgs/acme": {
            "login": "acme", "id": 1, "two_factor_requirement_enabled": True, "default_repository_permission": "none",
            "members_can_create_public_repositories": False, "public_repos": 0, "total_private_repos": 1,
            "billing_email": EMAIL, "email": EMAIL,
        },
        "/orgs/acme/members?filter=2fa_disabled": [],
        "/orgs/acme/outside_collaborators": [user("kim", 5)],
        "/orgs/acme/outside_collaborators?filter=2fa_disabled": [],
        "/orgs/acme/members?role=admin": [user("ann", 1), user("bob", 2)],
        "/orgs/acme/members?role=member": [],
        "/orgs/acme/members?role=all": [user("ann", 1), user("bob", 2)],
        "/orgs/acme/invitations?role=admin": [],
        "/orgs/acme/organization-roles": {"total_count": 2, "roles": [
            {"id": 10, "name": "Security manager", "base_role": "read", "permissions": []},
            {"id": 11, "name": "All-repository write", "base_role": "write", "permissions": []},
        ]},
        "/orgs/acme/organization-roles/11/users": [],
        "/orgs/acme/organization-roles/11/teams": [],
        "/orgs/acme/actions/permissions": {"enabled_repositories": "all", "allowed_actions": "selected", "sha_pinning_required": True},
        "/orgs/acme/installations": {"total_count": 1, "installations": [
            {"id": 77, "app_id": 42, "app_slug": "annexlog", "permissions": {"metadata": "read"}, "events": [],
             "repository_selection": "all", "suspended_at": None, "account": user("acme", 1)},
        ]},
        "/orgs/acme/personal-access-tokens": [{
            "id": 25, "token_id": 981, "token_name": PLANTED, "owner": user("ann", 1), "repository_selection": "all",
            "permissions": {"repository": {"metadata": "read"}}, "access_granted_at": "2026-01-01T00:00:00Z", "token_expired": False,
            "token_expires_at": time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + 30 * 86400)), "token_last_used_at": None,
        }],
        "/orgs/acme/repos": [{
            "id": 100, "name": "shop", "full_name": "acme/shop", "visibility": "private", "private": True, "archived": False,
            "disabled": False, "fork": False, "default_branch": "main", "topics": ["web"], "owner": user("acme", 1),
        }],
        f"{SHOP}/collaborators?affiliation=outside": [{**user("Kim", 5), "permissions": {"admin": False, "push": True}, "role_name": "write"}],
        SHOP: {"id": 100, "name": "shop", "security_and_analysis": {
            "secret_scanning": {"status": "enabled"}, "secret_scanning_push_protection": {"status": "enabled"},
        }},
        f"{SHOP}/branches/main/protection": {
            "required_pull_request_reviews": {"required_approving_review_count": 1, "require_code_owner_reviews": True, "dismiss_stale_reviews": True, "require_last_push_approval": True},
            "enforce_admins": {"enabled": True}, "allow_force_pushes": {"enabled": False}, "allow_deletions": {"enabled": False},
            "required_signatures": {"enabled": True},
        },
        f"{SHOP}/rules/branches/main": [{
            "type": "required_status_checks", "ruleset_id": 7, "ruleset_source_type": "Repository",
            "parameters": {"strict_required_status_checks_policy": True, "required_status_checks": [{"context": "test"}]},
        }],
        f"{SHOP}/rulesets/7": {"id": 7, "name": "main", "enforcement": "active", "source_type": "Repository", "bypass_actors": []},
        f"{SHOP}/actions/permissions/workflow": {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
        f"{SHOP}/vulnerability-alerts": Reply(204),
        f"{SHOP}/dependabot/alerts": [{
            "number": 1, "state": "fixed", "created_at": "2026-01-01T00:00:00Z", "security_vulnerability": {"severity": "critical"},
            "dismissed_comment": PLANTED,
        }],
        f"{SHOP}/secret-scanning/alerts?hide_secret=true": [{
            "number": 1, "state": "resolved", "created_at": "2026-01-01T00:00:00Z", "resolved_at": "2026-01-01T01:00:00Z",
            "resolution": "revoked", "secret_type": "aws_secret", "validity": "inactive", "secret": PLANTED, "resolved_by": user("ann", 1),
        }],
        f"{SHOP}/code-scanning/alerts": [{
            "number": 1, "state": "open", "created_at": "2020-01-01T00:00:00Z", "rule": {"severity": "note", "security_severity_level": None},
            "tool": {"name": "CodeQL"}, "most_recent_instance": {"message": {"text": PLANTED}},
        }],
        f"{SHOP}/code-scanning/analyses?ref=refs/heads/main": [{
            "id": 1, "created_at": time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime()), "error": "", "category": "/language:python",
            "tool": {"name": "CodeQL", "guid": None}, "commit_sha": "c1", "environment": PLANTED,
        }],
        f"{SHOP}/environments": {"total_count": 1, "environments": [{
            "id": 1, "name": "production", "can_admins_bypass": False,
            "protection_rules": [{"id": 1, "type": "required_reviewers", "prevent_self_review": True, "reviewers": [{"type": "User", "reviewer": user("bob", 2)}]}],
            "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
        }]},
        f"{SHOP}/environments/production/deployment-branch-policies": {"total_count": 1, "branch_policies": [{"id": 1, "name": "release/*"}]},
        f"{SHOP}/actions/secrets": {"total_count": 1, "secrets": [{"name": "NPM_READ", "created_at": "2026-01-01T00:00:00Z"}]},
        f"{SHOP}/actions/organization-secrets": {"total_count": 0, "secrets": []},
        f"{SHOP}/dependabot/secrets": {"total_count": 0, "secrets": []},
        f"{SHOP}/contents": [{"name": ".github", "type": "dir", "download_url": f"https://raw/{PLANTED}"}, {"name": "README.md", "type": "file"}],
        f"{SHOP}/contents/.github": [{"name": "CODEOWNERS", "type": "file"}],
        f"{SHOP}/contents/.github/CODEOWNERS": {"name": "CODEOWNERS", "size": 60, "encoding": "base64", "content": OWNERS},
        f"{SHOP}/codeowners/errors": {"errors": []},
        f"{SHOP}/private-vulnerability-reporting": {"enabled": True},
        f"{SHOP}/commits?sha=main": [{
            "sha": "c1", "author": user("ann", 1),
            "commit": {"author": {"name": "Ann", "email": EMAIL}, "committer": {"email": EMAIL, "date": "2026-06-01T10:00:00Z"}, "message": PLANTED},
        }],
        f"{SHOP}/commits/c1/pulls": [
            {"number": 3, "merged_at": "2026-06-01T10:00:00Z", "base": {"ref": "main"}, "head": {"sha": "h1"}, "user": user("ann", 1), "title": PLANTED},
            {"number": 4, "merged_at": None, "base": {"ref": "main"}, "head": {"sha": "h9"}, "user": user("eve", 9)},
        ],
        # The scan of infrastructure code runs on pull requests only.
        f"{SHOP}/commits/c1/check-runs": {"total_count": 1, "check_runs": [
            {"id": 1, "name": "test", "app": {"id": 15368, "slug": "github-actions"}, "status": "completed", "conclusion": "success", "output": {"text": PLANTED}},
        ]},
        f"{SHOP}/commits/c1/status": {"state": "pending", "total_count": 0, "statuses": []},
        f"{SHOP}/commits/h1/check-runs": {"total_count": 1, "check_runs": [
            {"id": 2, "name": "tfsec", "app": {"id": 15368, "slug": "github-actions"}, "status": "completed", "conclusion": "success", "output": {"text": PLANTED}},
        ]},
        f"{SHOP}/commits/h1/status": {"state": "success", "total_count": 1, "statuses": [{"context": "ci/scan", "state": "success", "description": PLANTED}]},
        f"{SHOP}/pulls/3/commits": [{"sha": "h1", "author": user("ann", 1), "parents": [{"sha": "c0"}]}],
        f"{SHOP}/pulls/3/reviews": [{
            "user": user("bob", 2), "state": "APPROVED", "commit_id": "h1", "submitted_at": "2026-06-01T09:00:00Z",
            "author_association": "MEMBER", "body": PLANTED,
        }],
    }  # fmt: skip


QUERIES: Mapping[str, Any] = {
    "samlIdentityProvider": {"organization": {"samlIdentityProvider": {"externalIdentities": {
        "totalCount": 2, "pageInfo": {"hasNextPage": False, "endCursor": "c2"}, "nodes": [
            {"user": {"login": "ann"}, "samlIdentity": {"nameId": EMAIL}},
            {"user": {"login": "Bob"}, "samlIdentity": {"nameId": f"b.{EMAIL}"}},
        ],
    }}}},
    "isSecurityPolicyEnabled": {"repository": {"isSecurityPolicyEnabled": True}},
}  # fmt: skip
"""Answers of the GraphQL API, by a field that the query asks for."""


REGISTERS: Mapping[str, Any] = {
    "github_owners": ["ann", "bob"],
    "github_apps": [{"app": "annexlog", "permissions": {"metadata": "read"}, "all_repositories": True}],
    "github_outside_collaborators": [{"login": "kim", "until": "2099-12-31"}],
    "github_deploying_repositories": ["acme/shop"],
    "github_infrastructure_scans": [{"repository": "Acme/shop", "check": "tfsec", "app": 15368, "tool": "CodeQL"}],
    "github_shared_secrets": ["NPM_READ"],
}


@dataclass
class GitHub(Api):
    """A running GitHub. An App signs in with `key`; each token that its installation is given is valid until revoked.

    `selection`: in which repositories it is installed. `lasts`: seconds that a token is valid.
    """

    key: rsa.RSAPrivateKey | None = None
    selection: str = "all"
    lasts: float = 3600
    issued: int = 0
    queries: Mapping[str, Any] = field(default_factory=lambda: dict(QUERIES))

    def special(self, request: Request, path: str) -> Reply | None:
        if not path.startswith("/app/") and not path.endswith("/installation"):
            return self._queried(request) if path == "/graphql" else None
        if not self._signed(request.headers.get("authorization", "")):
            return self.refuse(401, "A JSON web token could not be decoded")
        if path == "/app/installations":
            return say([
                {"id": 77, "target_type": "Organization", "account": {"login": "Acme"}, "suspended_at": None},
                {"id": 78, "target_type": "Organization", "account": {"login": "old"}, "suspended_at": "2026-01-01T00:00:00Z"},
                {"id": 79, "target_type": "User", "account": {"login": "ann"}, "suspended_at": None},
            ])  # fmt: skip
        if path == "/orgs/acme/installation":
            return say({"id": 77, "repository_selection": self.selection})
        if path == "/app/installations/77/access_tokens" and request.method == "POST":
            self.issued += 1
            self.valid.add(f"ghs_installation{self.issued}")
            until = datetime.fromtimestamp(time.time() + self.lasts, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            grant = {"permissions": {"metadata": "read"}, "repository_selection": self.selection}
            return say({"token": f"ghs_installation{self.issued}", "expires_at": until, **grant}, 201)
        return self.refuse(404)

    def _queried(self, request: Request) -> Reply:
        if request.headers.get("authorization", "") not in {f"Bearer {token}" for token in self.valid}:
            return self.refuse(401)
        asked = json.loads(request.body)
        answer = next((data for name, data in self.queries.items() if name in asked["query"]), None)
        if answer is None:
            return say({"data": None, "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible"}]})
        return answer if isinstance(answer, Reply) else say({"data": answer(asked) if callable(answer) else answer})

    def _signed(self, header: str) -> bool:
        told = claims(header.removeprefix("Bearer "), self.key) if self.key else None
        return (
            told is not None and told["iss"] == "42" and told["iat"] <= time.time() < told["exp"] <= told["iat"] + 600
        )

    def choose(self, path: str, query: Mapping[str, str]) -> Any:
        if path == "/installation/repositories":
            return {"total_count": 1, "repository_selection": self.selection, "repositories": []}
        return super().choose(path, query)

    def refuse(self, status: int, message: str = "", **headers: str) -> Reply:
        usual = {401: "Bad credentials", 403: "Resource not accessible by integration", 404: "Not Found"}
        said = {
            "message": message or usual.get(status, "fault"),
            "documentation_url": "https://docs.github.com/rest",
            "status": str(status),
        }
        return Reply(
            status,
            {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}},
            json.dumps(said).encode(),
        )
