"""botocore's service models, of which only what is asked for becomes objects: EC2's alone would take 60 MB as a whole."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from botocore import xform_name
from botocore.loaders import JSONFileLoader, Loader, create_loader

_READ: dict[str, Callable[[Path], bytes]] = {
    ".json": Path.read_bytes,
    ".json.gz": lambda path: gzip.decompress(path.read_bytes()),
}
_LAZY = ("operations", "shapes")
_DOCUMENTATION = re.compile(rb'"documentation"\s*:\s*"[^"\\]*(?:\\.[^"\\]*)*"')
"""Half of a model's text, and what is read lazily keeps the text."""
_Raw = dict[str, msgspec.Raw]


class Lazy(dict[str, Any]):
    """Members of an object, read when they are asked for by name. It lists only those that were."""

    def __init__(self, raw: Mapping[str, msgspec.Raw]) -> None:
        super().__init__()
        self._raw = raw

    def __missing__(self, name: str) -> Any:
        return self.setdefault(name, msgspec.json.decode(self._raw[name]))

    def __contains__(self, name: object) -> bool:
        return name in self._raw

    def names(self) -> tuple[str, ...]:
        """All there are."""
        return tuple(self._raw)


class _Files(JSONFileLoader):
    """Reads botocore's files, service models lazily."""

    def load_file(self, file_path: str) -> Any:
        for suffix, read in _READ.items():
            path = Path(file_path + suffix)
            if path.is_file():
                text = read(path)
                return _model(text) if path.name.startswith("service-2.json") else msgspec.json.decode(text)
        return None


def _model(text: bytes) -> dict[str, Any]:
    if b'"endpointoperation"' in text:  # botocore looks through all operations for the one that tells endpoints
        whole: dict[str, Any] = msgspec.json.decode(text)
        return whole
    parts = msgspec.json.decode(_DOCUMENTATION.sub(b'"documentation":""', text), type=_Raw)
    return {
        name: Lazy(msgspec.json.decode(raw, type=_Raw)) if name in _LAZY else msgspec.json.decode(raw)
        for name, raw in parts.items()
    }


@cache
def loader(data_path: str | None = None) -> Loader:
    """What reads botocore's service models, each of them once in this process: they take up to 0.1 s each."""
    made = create_loader(data_path)
    made.file_loader = _Files()
    return made


@cache
def operations(reader: Loader, service: str) -> Mapping[str, str]:
    """{name in Python: name of AWS} of a service's operations. Raises UnknownServiceError."""
    found = reader.load_service_model(service, "service-2")["operations"]
    return {xform_name(name): name for name in (found.names() if isinstance(found, Lazy) else found)}
