"""AWS Certificate Manager: certificates of every kind of key, and how long they last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused, ResourceType

__all__ = ["certificate"]

# Without these only RSA-1024 and RSA-2048 certificates come, and none that was asked for by ACME.
ALL = {
    "Includes": {"keyTypes": ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]},
    "CertificateKeyPairOrigins": ["AWS_MANAGED", "ACME", "CUSTOMER_PROVIDED"],
}
# Certificates under the roots of Amazon's second hierarchy come only by themselves.
N2 = {"RootHierarchyTypes": ["N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED"]}


def certificates(ask: Callable[[str, Mapping[str, Any]], Page], params: Mapping[str, Any]) -> Iterator[Page]:
    """Every certificate, under whichever roots."""
    for which in (params, {**params, **N2}):
        token: dict[str, Any] = {}
        while True:
            page = ask("list_certificates", {**which, **token})
            yield page
            if not page.body.get("NextToken"):
                break
            if token == (token := {"NextToken": page.body["NextToken"]}):
                raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")


certificate = ResourceType(
    "aws.acm.certificate", facet="certificate", id="{certificate.CertificateArn}",
    listed=Call("acm:ListCertificates", "list_certificates", ALL, items="CertificateSummaryList", fn=certificates),
    sets=("certificate.SubjectAlternativeNameSummaries", "certificate.KeyUsages", "certificate.ExtendedKeyUsages"),
)
