"""What of an API server cannot be told, and how long the authorities of its webhooks are good for."""

from __future__ import annotations

import base64

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["authorities", "not_shown"]


@derived
def not_shown(value: JSON) -> Unknown:  # noqa: ARG001 — whatever there is, it is not in it
    """Unknown (unsupported): where nothing that may be read tells what is asked."""
    return Unknown("unsupported", operation="control plane", code="NotShown")


@derived
def authorities(webhook: JSON) -> JSON:
    """[{name, ends}] of the webhooks of a configuration that bring their authority: when the last of its certificates
    ends, RFC 3339. Raises ValueError on a caBundle that holds no certificate.

    Source: Kubernetes API, WebhookClientConfig (caBundle: base64 of PEM).
    """
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 — few commands need it

    found = []
    for one in webhook.get("webhooks") or ():
        bundle = one["clientConfig"].get("caBundle")
        if bundle:
            known = load_pem_x509_certificates(base64.b64decode(bundle))
            ends = max(certificate.not_valid_after_utc for certificate in known)
            found.append({"name": one["name"], "ends": f"{ends:%Y-%m-%dT%H:%M:%SZ}"})
    return found
