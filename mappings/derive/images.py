"""Names of container images: who keeps them, and which one is meant."""

from __future__ import annotations

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["foreign_images", "full_name"]


def full_name(reference: str) -> dict[str, str]:
    """{name, tag, digest} of a reference, with what is implicit in its name written out.

    The first part is a host if it has a dot or a colon, or is `localhost`; else the host is docker.io, and what has
    one part only is in its `library`. Source: distribution/reference, ParseNormalizedNamed.
    """
    rest, _, digest = reference.partition("@")
    head, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    name = f"{head}{slash}{last}"
    host, slash, path = name.partition("/")
    if not (slash and ("." in host or ":" in host or host == "localhost")):
        host, path = "docker.io", name
    if host == "index.docker.io":
        host = "docker.io"
    if host == "docker.io" and "/" not in path:
        path = f"library/{path}"
    return {"name": f"{host}/{path}", "tag": tag, "digest": digest}


@derived
def foreign_images(images: JSON, approved: JSON) -> JSON:
    """Those of the images whose name neither is one of the approved ones nor lies under one, part by part.

    `registry.example.com` holds `registry.example.com/shop/web`, and `registry.example.com.evil.org/web` it does not.
    """
    keepers = [str(one).rstrip("/") for one in approved]
    return [
        one["image"]
        for one in images
        if not any(one["name"] == keeper or one["name"].startswith(f"{keeper}/") for keeper in keepers if keeper)
    ]
