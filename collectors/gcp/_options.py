"""The keys of a `[targets.<name>]` table whose provider is Google Cloud."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Node = Annotated[str, msgspec.Meta(pattern=r"^(organizations/[0-9]+|folders/[0-9]+|projects/[a-z0-9.:-]+)$")]


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is looked at, and who asks.

    `parent`: `organizations/<number>`, `folders/<number>` or `projects/<id>`; all projects in it are looked at.

    Who asks: application default credentials, or `credentials_file` (a service account's key, or the configuration of
    a workload identity federation); `impersonate`, a service account's e-mail, is then asked as. `quota_project` pays
    for the requests and must have the Cloud Asset API enabled; not given, it is the credentials' own project.

    `transport`: how Asset Inventory is spoken to. `endpoint`, `security_center_endpoint`, `apis_endpoint` (of all other
    APIs): other addresses than Google's own (private access); without TLS on this host only. `requests_per_minute`: Google allows 100 lists a minute of a
    project. `timeout` in seconds.
    """

    parent: Node
    credentials_file: str = ""
    impersonate: str = ""
    quota_project: str = ""
    transport: Literal["grpc", "rest"] = "grpc"
    endpoint: str = ""
    security_center_endpoint: str = "https://securitycenter.googleapis.com"
    apis_endpoint: str = ""
    requests_per_minute: Annotated[float, msgspec.Meta(gt=0, le=6000)] = 80.0
    timeout: Annotated[float, msgspec.Meta(gt=0, le=600)] = 60.0
