"""What GitHub demands of changes to a branch, whom it exempts, and whether changes were really approved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = [
    "branch_demands",
    "branch_exempt",
    "code_owners_asked",
    "loose_environments",
    "unapproved",
    "unowned",
]

TRUSTED = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""Associations of those whose review counts: others may review, but not approve."""


@derived
def branch_demands(protection: JSON, rules: JSON) -> JSON:
    """What the classic protection of a branch (null: none) and its active rules demand together; all of them hold.

    {pull_request, approvals, dismisses_stale, last_push, owners_review, no_force_push, no_deletion, checks, strict,
    signed}. Source: REST API, "Get branch protection", "Get rules for a branch" (rules that are only evaluated are not
    in its answer).
    """
    classic = protection or {}
    reviews = classic.get("required_pull_request_reviews")
    checks = classic.get("required_status_checks")
    asked = [rule.get("parameters") or {} for rule in _of(rules, "pull_request")]
    tested = [rule.get("parameters") or {} for rule in _of(rules, "required_status_checks")]
    by_classic = reviews or {}
    return {
        "pull_request": reviews is not None or bool(_of(rules, "pull_request")),
        "approvals": max(
            (
                int(by_classic.get("required_approving_review_count") or 0),
                *(int(one.get("required_approving_review_count") or 0) for one in asked),
            )
        ),
        "dismisses_stale": by_classic.get("dismiss_stale_reviews") is True
        or any(one.get("dismiss_stale_reviews_on_push") is True for one in asked),
        "last_push": by_classic.get("require_last_push_approval") is True
        or any(one.get("require_last_push_approval") is True for one in asked),
        "owners_review": by_classic.get("require_code_owner_reviews") is True
        or any(one.get("require_code_owner_review") is True for one in asked),
        "no_force_push": (protection is not None and not _on(classic, "allow_force_pushes"))
        or bool(_of(rules, "non_fast_forward")),
        "no_deletion": (protection is not None and not _on(classic, "allow_deletions")) or bool(_of(rules, "deletion")),
        "checks": sorted({*_checks(checks), *(name for one in tested for name in _contexts(one))}),
        "strict": bool(checks and checks.get("strict"))
        or any(one.get("strict_required_status_checks_policy") is True for one in tested),
        "signed": _on(classic, "required_signatures") or bool(_of(rules, "required_signatures")),
    }


def _of(rules: JSON, kind: str) -> list[Mapping[str, Any]]:
    return [rule for rule in rules or () if rule["type"] == kind]


def _on(classic: Mapping[str, Any], member: str) -> bool:
    return bool((classic.get(member) or {}).get("enabled"))


def _checks(checks: Mapping[str, Any] | None) -> Iterable[str]:
    if checks is None:
        return ()
    return (*(one["context"] for one in checks.get("checks") or ()), *(checks.get("contexts") or ()))


def _contexts(parameters: Mapping[str, Any]) -> Iterable[str]:
    return (one["context"] for one in parameters.get("required_status_checks") or ())


@derived
def branch_exempt(protection: JSON, rulesets: JSON) -> JSON:
    """Who need not keep the rules of a branch: `admins`, `user:LOGIN`, `team:SLUG`, `app:SLUG`, `RULESET/KIND:ID`.

    KIND and ID are the actor's (RepositoryRole, Team, Integration, OrganizationAdmin …); one that may only bypass by
    a pull request is among them. Source: REST API, "Get branch protection", "Get a repository ruleset".
    """
    found = set()
    if protection is not None:
        if not _on(protection, "enforce_admins"):
            found.add("admins")
        allowed = (protection.get("required_pull_request_reviews") or {}).get("bypass_pull_request_allowances") or {}
        for kind, member, name in (("user", "users", "login"), ("team", "teams", "slug"), ("app", "apps", "slug")):
            found |= {f"{kind}:{one[name]}" for one in allowed.get(member) or ()}
    for ruleset in rulesets or ():
        for actor in ruleset["bypass_actors"]:
            id = actor.get("actor_id")
            found.add(f"{ruleset['name']}/{actor['actor_type']}" + (f":{id}" if id is not None else ""))
    return sorted(found)


@derived
def unapproved(changes: JSON, bots: JSON) -> JSON:
    """Commits of a branch that no other person approved, and why: [{commit, pull, why}].

    A commit counts as approved if one of the merged pull requests it came by has, from before it was merged, an
    approval that is its giver's latest word, by a person (no bot) who is a member or collaborator and wrote none of
    it, of what was merged: of its head, or of a commit that only merges of the base follow. Pull requests of the
    accounts `bots` need no approval.
    """
    pulls = {pull["number"]: pull for pull in changes["pulls"]}
    found = []
    for commit in changes["commits"]:
        came = [pulls[number] for number in commit["pulls"]]
        if not came:
            found.append({"commit": commit["sha"], "pull": None, "why": "pushed without a pull request"})
        elif not any(pull["author"] in bots or _approved(pull, commit["author"]) for pull in came):
            found.append({"commit": commit["sha"], "pull": came[0]["number"], "why": "approved by nobody else"})
    return found


def _approved(pull: Mapping[str, Any], author: str) -> bool:
    latest: dict[str, Mapping[str, Any]] = {}
    for review in sorted(pull["reviews"], key=lambda one: str(one["submitted_at"] or "")):
        before = bool(review["submitted_at"]) and review["submitted_at"] <= pull["merged_at"]
        if before and review["state"] in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            latest[review["user"]] = review
    own = {*pull["authors"], author}
    return any(
        review["state"] == "APPROVED"
        and user
        and user not in own
        and review["type"] == "User"
        and review["author_association"] in TRUSTED
        and _of_what_was_merged(review["commit_id"], pull)
        for user, review in latest.items()
    )


def _of_what_was_merged(sha: str, pull: Mapping[str, Any]) -> bool:
    if sha == pull["head"]:
        return True
    shas = [one["sha"] for one in pull["commits"]]
    return sha in shas and all(one["merge"] for one in pull["commits"][shas.index(sha) + 1 :])


@derived
def unowned(codeowners: JSON, paths: JSON) -> JSON:
    """Those of the paths, and of CODEOWNERS itself, that no line of it gives an owner: the last that fits counts.

    `codeowners`: {path, rules: [{pattern, owned}]}. A path ending in a slash stands for all that is in the folder, at
    any depth: a later line without an owner that may fit some of it counts.
    Source: docs.github.com, "About code owners": patterns as in gitignore files, without `!` and `[]`.
    """
    if codeowners["path"] is None:
        return list(paths)
    rules = [(rule["pattern"], _pattern(rule["pattern"]), rule["owned"]) for rule in codeowners["rules"]]
    return [path for path in dict.fromkeys((*paths, codeowners["path"])) if not _owned(path.lstrip("/"), rules)]


def _owned(path: str, rules: list[tuple[str, re.Pattern[str], bool]]) -> bool:
    inside = path.endswith("/") or not path
    last = [
        max((number for number, (_, pattern, _) in enumerate(rules) if pattern.fullmatch(probe)), default=-1)
        for probe in ((f"{path}any-file", f"{path}any-folder/any-file") if inside else (path,))
    ]
    if min(last) < 0 or not all(rules[number][2] for number in last):
        return False
    return not inside or all(owned or not _may_fit(text, path) for text, _, owned in rules[min(last) + 1 :])


def _may_fit(text: str, folder: str) -> bool:
    """Whether a pattern may fit something in a folder: not if it begins with the name of another."""
    begins = re.split(r"[*?]", text.strip("/"), maxsplit=1)[0]
    return "/" not in text.rstrip("/") or folder.startswith(begins) or begins.startswith(folder)


def _pattern(text: str) -> re.Pattern[str]:
    """A pattern of CODEOWNERS as an expression over paths: of a folder it means all below it."""
    body = text.strip("/")
    anchored = "/" in text.rstrip("/")
    parts = {"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    said = re.sub(r"/?\*\*/|/\*\*|\*\*|[*?]|[^*?/]+|/", lambda m: parts.get(m[0], re.escape(m[0])), body)
    below = "/.*" if text.endswith("/") else "" if body.endswith("/*") else "(?:/.*)?"
    return re.compile(("" if anchored else "(?:.*/)?") + said + below)


@derived
def code_owners_asked(protection: JSON, rules: JSON) -> JSON:
    """Whether a change of the branch needs the review of an owner of what it changes, by either kind of protection."""
    classic = ((protection or {}).get("required_pull_request_reviews") or {}).get("require_code_owner_reviews") is True
    ruled = [r for r in rules or () if r["type"] == "pull_request"]
    return classic or any((r.get("parameters") or {}).get("require_code_owner_review") is True for r in ruled)


@derived
def loose_environments(environments: JSON, names: JSON) -> JSON:
    """Environments of these names (case aside) that anyone may deploy to: [{environment, why}]; and names missing.

    Source: REST API, "List environments": protection_rules (required_reviewers), deployment_branch_policy.
    """
    wanted = {str(name).lower() for name in names}
    found = [
        {"environment": one["name"], "why": why}
        for one in environments
        if one["name"].lower() in wanted
        for why in [_loose(one)]
        if why
    ]
    if not any(one["name"].lower() in wanted for one in environments):
        found.append({"environment": "", "why": "no environment for production"})
    return found


def _loose(environment: Mapping[str, Any]) -> str:
    reviewers = [rule for rule in environment.get("protection_rules") or () if rule["type"] == "required_reviewers"]
    branches = environment.get("deployment_branch_policy")
    if not any(rule.get("reviewers") for rule in reviewers):
        return "nobody approves deployments"
    if not all(rule.get("prevent_self_review") is True for rule in reviewers):
        return "who deploys may approve"
    if not branches or not (branches.get("protected_branches") or branches.get("custom_branch_policies")):
        return "every branch may be deployed"
    if {"*", "**", "**/*"}.intersection(environment.get("branch_patterns") or ()):
        return "every branch may be deployed"
    if environment.get("can_admins_bypass") is not False:
        return "administrators may bypass the rules"
    return ""
