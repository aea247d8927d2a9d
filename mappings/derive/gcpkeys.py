"""API keys of Google Cloud: what each can be used for, and from where."""

from __future__ import annotations

import re

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.network import covers_internet

__all__ = ["key_made", "loose_api_key"]


@derived
def loose_api_key(key: JSON) -> JSON:
    """Why an API key can be used by others, or for other things: one text for each; [] if it cannot.

    It must name the APIs that it is for, and who uses it: web sites by a name of their own, addresses that are not as
    good as all, apps. Source: API Keys API v2, Restrictions.
    """
    limits = key["data"].get("restrictions") or {}
    found = [] if any(one.get("service") for one in limits.get("apiTargets") or ()) else ["it is for every API"]
    sites = (limits.get("browserKeyRestrictions") or {}).get("allowedReferrers") or []
    addresses = (limits.get("serverKeyRestrictions") or {}).get("allowedIps") or []
    apps = [
        *((limits.get("androidKeyRestrictions") or {}).get("allowedApplications") or ()),
        *((limits.get("iosKeyRestrictions") or {}).get("allowedBundleIds") or ()),
    ]
    if not (sites or addresses or apps):
        found.append("anyone can use it")
    found += [f"any site like {one} can use it" for one in sites if not _own_site(str(one))]
    return [*found, "any address can use it"] if addresses and covers_internet(map(str, addresses)) else found


_SHARED = frozenset({
    "amazonaws.com", "appspot.com", "azurewebsites.net", "cloudfront.net", "cloudfunctions.net", "firebaseapp.com",
    "github.io", "gitlab.io", "herokuapp.com", "netlify.app", "pages.dev", "run.app", "vercel.app", "web.app",
    "workers.dev",
})  # fmt: skip
"""Where anybody can have a host of his own. Source: each provider's page on the addresses that it gives."""


def _own_site(referrer: str) -> bool:
    """Whether a pattern names a host of two labels at least, such as `*.shop.example/*`; `*.com` and `*` do not, nor do
    all hosts below a name that many share.
    """
    host = re.sub(r"^[a-z*]+://", "", referrer.strip().lower()).partition("/")[0].partition(":")[0]
    named = host.removeprefix("*.")
    shared = named != host and (named in _SHARED or re.fullmatch(r"(ac|co|com|edu|gov|net|org)\.[a-z]{2}", named))
    return "*" not in named and "." in named.strip(".") and not shared


@derived
def key_made(key: JSON) -> JSON | Unknown:
    """When a service account's key was made. Unknown(unresolved) unless Google made it: the times in an uploaded one
    are its uploader's own. Source: IAM API v1, ServiceAccountKey.keyOrigin, validAfterTime.
    """
    data = key["data"]
    if data.get("keyOrigin") != "GOOGLE_PROVIDED":
        return Unknown("unresolved", operation="ListAssets")
    return str(data["validAfterTime"])
