"""A resource's tags as one map, however its provider writes them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from annexlog.evidence_store.model import JSON, TypeShape, Unknown
from annexlog.mappings.paths import Path, parse_path

__all__ = ["tags_of"]

_KEYS = ("Key", "TagKey", "key")
_VALUES = ("Value", "TagValue", "value")


def tags_of(of: TypeShape, facets: Mapping[str, JSON | Unknown]) -> dict[str, JSON] | Unknown:
    """{key: value} of a resource; empty where it has none, or its type knows no tags.

    Reads a list of {Key, Value} (AWS; KMS says TagKey, TagValue) or a mapping.
    """
    if of.tags is None:
        return {}
    path = _path(of.tags)
    root = facets.get("" if path.root == of.facet else path.root, Unknown("unobserved"))
    value = root if isinstance(root, Unknown) else path.value(root)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    pairs = [] if value is None else value
    if not isinstance(pairs, list):
        return Unknown("unreadable", code=of.tags)
    found = {_first(pair, _KEYS): _first(pair, _VALUES) or "" for pair in pairs}
    return found if all(isinstance(key, str) for key in found) else Unknown("unreadable", code=of.tags)


def _first(pair: JSON, names: tuple[str, ...]) -> JSON:
    return next((pair[name] for name in names if name in pair), None) if isinstance(pair, dict) else None


@lru_cache(maxsize=1024)
def _path(text: str) -> Path:
    return parse_path(text)
