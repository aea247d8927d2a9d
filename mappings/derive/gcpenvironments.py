"""Whether environments are apart in Google Cloud: by project, and by who may do something in another's."""

from __future__ import annotations

from collections.abc import Mapping

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["accounts_across", "labelled_otherwise"]


def _class(labels: Mapping[str, str], keys: JSON, production: JSON) -> bool | None:
    """Whether labels say production: None where they do not say what, or say both."""
    said = {str(value).lower() in production for key, value in labels.items() if key.lower() in keys and value}
    return said.pop() if len(said) == 1 else None


@derived
def labelled_otherwise(project: JSON, resources: JSON, keys: JSON, production: JSON) -> JSON:
    """Resources whose labels put them into another class of environment than their project's, or into both.

    There are two classes: production, and all else. `resources`: joined gcp.labelled. Raises ValueError where the
    project's own labels say nothing, or both; AttributeError where labels are a text, because they could not be read.
    """
    own = _class(project["data"].get("labels") or {}, keys, production)
    if own is None:
        raise ValueError("the project is of no one environment")
    rows = [one["labelled"] for one in resources]
    said = [row for row in rows if any(key.lower() in keys and value for key, value in row["labels"].items())]
    return sorted(row["name"] for row in said if _class(row["labels"], keys, production) is not own)


@derived
def accounts_across(
    policy: JSON, own: JSON, others: JSON, keys: JSON, production: JSON, allowed: JSON
) -> JSON | Unknown:
    """Accounts of one class of environment that have a role in a project of the other: `role to member`, each.

    `own`: joined, the policy's project; `others`: joined, the projects of its accounts. Google's own agents and members
    that are allowed are left out, and so is what is no account of a project that was looked at: others judge strangers.
    Unknown(unclassified) where nothing is found, and the policy's project, or one of the others, is of no one
    environment, or all accounts below a folder or the organization are named at once.
    """
    classes = {
        row["project"]: _class(row["data"].get("labels") or {}, keys, production)
        for row in (one["project"] for one in (*own, *others))
    }
    here = policy["project"]
    own_class = classes.get(here)
    of = {
        one["member"]: one["of"]
        for one in policy["accounts"]
        if not one["agent"] and one["of"] != here and one["member"] not in allowed
    }
    crowds = any(node.startswith(("folders/", "organizations/")) for node in of.values())
    said = {member: classes[project] for member, project in of.items() if project in classes}
    found = [
        f"{binding['role']} to {who}"
        for binding in policy["policy"]["bindings"]
        for who in binding["members"]
        if {said.get(who), own_class} == {True, False}
    ]
    unsaid = bool(said) and None in {own_class, *said.values()}
    return Unknown("unclassified", operation="environment") if (crowds or unsaid) and not found else sorted(found)
