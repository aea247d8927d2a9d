"""What namespaces say of themselves."""

from __future__ import annotations

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["environments_of"]


@derived
def environments_of(namespaces: JSON, keys: JSON, production: JSON, other: JSON) -> JSON:
    """{production, other, unlabelled: ids} of namespaces [{id, tags}], by the first of these labels that they have.

    A value that is in neither list says nothing.
    """
    found: dict[str, list[JSON]] = {"production": [], "other": [], "unlabelled": []}
    for one in namespaces:
        said = next((str(one["tags"][key]).strip().lower() for key in keys if key in one["tags"]), "")
        kind = "production" if said in production else "other" if said in other else "unlabelled"
        found[kind].append(one["id"])
    return found
