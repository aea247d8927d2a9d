"""Asset Inventory by Google's own client: pages of assets, turned into JSON from the raw messages.

No message is wrapped by proto-plus, and of a resource only the members that are kept are ever converted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud.asset_v1 import AssetServiceClient, ContentType, ListAssetsRequest, ListAssetsResponse
from google.cloud.asset_v1.services.asset_service.transports import AssetServiceGrpcTransport
from google.protobuf.json_format import MessageToDict

from annexlog.collectors import Page, Refused
from annexlog.collectors.gcp._accounts import account
from annexlog.collectors.gcp._options import Options
from annexlog.collectors.gcp._refusals import told
from annexlog.collectors.paths import KEEP
from annexlog.collectors.rest import loopback
from annexlog.evidence_store.model import ConfigError

PAGE = 1000
"""As many as one list may hold; Google's default is 100."""

UNREADABLE = ""
"""The data of a resource that came without: no object, so that nothing can be read of it, and no join passes over it."""

_MEMBERS = {
    "RESOURCE": "resource",
    "IAM_POLICY": "iam_policy",
    "ORG_POLICY": "org_policy",
    "OS_INVENTORY": "os_inventory",
}
_ACCESS = ("access_policy", "access_level", "service_perimeter")

Tree = dict[str, "Tree"]


def client(options: Options, credentials: Any, where: str) -> AssetServiceClient:
    """Google's own client. Raises ConfigError for an address that would send credentials in the clear."""
    url = urlsplit(options.endpoint)
    plain = url.scheme == "http"
    if plain and not loopback(url.hostname or ""):
        raise ConfigError(f"{options.endpoint} is not reached by https.", where=f"{where}.endpoint")
    if options.transport == "grpc" and plain:
        channel = AssetServiceGrpcTransport(
            channel=grpc.insecure_channel(url.netloc), credentials=AnonymousCredentials(), host=url.netloc
        )
        return AssetServiceClient(transport=channel)
    endpoint = options.endpoint if plain or options.transport == "rest" else url.netloc or options.endpoint
    made = ClientOptions(api_endpoint=endpoint) if endpoint else ClientOptions()
    return AssetServiceClient(credentials=credentials, transport=options.transport, client_options=made)


class Assets:
    """The pages of one list; after a Refused, `next` asks for the same page again.

    `params`: `content` (a ContentType), `asset_types`, `keep`, the members of each resource that are kept, and `updated`,
    whether a row has the time of its last change. A row is
    {name, type, project, ancestors, holders, nodes, key} and what the content is of: `data`, `policy`, `org_policies`, `inventory`,
    or `access`. `projects`: their ids by number; a row's project is "" where it belongs to none of them. `ancestors`:
    the folders and the organization above. `holders`: what has IAM policies below those that reach the resource; `nodes`:
    both. `key`: what others find it by. The URLs of Compute Engine are names of assets, as others have them.
    """

    def __init__(
        self,
        client: AssetServiceClient,
        parent: str,
        params: Mapping[str, Any],
        projects: Mapping[str, str],
        timeout: float,
    ) -> None:
        self._client, self._projects, self._timeout = client, projects, timeout
        self._content = str(params["content"])
        self._tree = tree(params.get(KEEP, ()))
        self._updated = bool(params.get("updated"))
        self._request = ListAssetsRequest(
            parent=parent,
            content_type=getattr(ContentType, self._content),
            asset_types=params.get("asset_types", ()),
            page_size=PAGE,
        )
        self._seen: set[str] = set()
        self._over = False

    def __iter__(self) -> Assets:
        return self

    def __next__(self) -> Page:
        if self._over:
            raise StopIteration
        with told():
            # The client's own retries would hide that Google asks to slow down: the engine has its own.
            pager = self._client.list_assets(request=self._request, retry=None, timeout=self._timeout)
            answer: Any = ListAssetsResponse.pb(next(iter(pager.pages)))
        if not answer.HasField("read_time"):
            raise Refused("unreadable", "OtherAnswer", "the answer has no read_time")
        token = answer.next_page_token
        if token in self._seen:
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")
        self._seen.add(token)
        self._request.page_token = token
        self._over = not token
        rows = [self._row(asset) for asset in answer.assets]
        return Page({"assets": rows, "readTime": answer.read_time.ToJsonString()})

    def _row(self, asset: Any) -> dict[str, Any]:
        ancestors = list(asset.ancestors)
        node = next((one for one in ancestors if one.startswith("projects/")), "")
        row: dict[str, Any] = {
            "name": asset.name,
            "type": asset.asset_type,
            "project": self._projects.get(node.removeprefix("projects/"), ""),
            "ancestors": [one for one in ancestors if one != node],
            "holders": holders(asset.name, node),
        }
        row["key"] = key(asset.name, row["holders"])
        row["nodes"] = [*row["holders"], *row["ancestors"]]
        if self._updated and asset.HasField("update_time"):
            row["updated"] = asset.update_time.ToJsonString()
        return row | self._value(asset)

    def _accounts(self, policy: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Members that are the account of a project, folder or organization, and whose: {member, of, agent}.

        A project is told by id if it is one of ours, else as the member says; others by their node. `agent`: it is
        Google's own, which nobody can sign in as.
        """
        members = {member for binding in policy["bindings"] for member in binding["members"]}
        found = [(member, account(member)) for member in sorted(members)]
        return [
            {"member": member, "of": self._projects.get(one.of, one.of), "agent": one.agent}
            for member, one in found
            if one is not None
        ]

    def _value(self, asset: Any) -> dict[str, Any]:
        """What the list was asked for; nothing where the asset lacks it, and then whoever reads it cannot."""
        if self._content == "ACCESS_POLICY":
            found = next((name for name in _ACCESS if asset.HasField(name)), None)
            return {"access": {found: MessageToDict(getattr(asset, found))}} if found else {}
        if self._content == "ORG_POLICY":
            return {"org_policies": [MessageToDict(one) for one in asset.org_policy]}
        if not asset.HasField(_MEMBERS[self._content]):
            return {"data": UNREADABLE} if self._content == "RESOURCE" else {}
        if self._content == "RESOURCE":
            return {"data": plain(asset.resource.data, self._tree) if asset.resource.HasField("data") else UNREADABLE}
        if self._content == "IAM_POLICY":
            bound = policy(asset.iam_policy)
            return {"policy": bound, "accounts": self._accounts(bound)}
        return {"inventory": {"updateTime": asset.os_inventory.update_time.ToJsonString()}}


_INSIDE = re.compile(r"/(?:cryptoKeys|importJobs|providers)/")


def holders(name: str, node: str) -> list[str]:
    """The asset itself, what it lies in (a key's key ring, a provider's pool), and the project (`projects/<number>`).

    A project is called by its number in all of them.
    """
    own = node if name == f"//cloudresourcemanager.googleapis.com/{node}" else name
    inside = [name[: found.start()] for found in [_INSIDE.search(name)] if found]
    return list(dict.fromkeys([own, *inside, *([node] if node else [])]))


def key(name: str, holders: Sequence[str]) -> str:
    """What others find an asset by: its name; of a project its node; of an organization policy the node it is set on."""
    constraint = name.removeprefix("//orgpolicy.googleapis.com/")
    return holders[0] if constraint == name else constraint.partition("/policies/")[0]


def policy(found: Any) -> dict[str, Any]:
    """An IAM policy: {bindings: [{role, members, condition?}], audit_configs: [{service, logs: [{type, exempted}]}]}."""
    bindings = []
    for one in found.bindings:
        condition = {"condition": one.condition.expression} if one.HasField("condition") else {}
        bindings.append({"role": one.role, "members": sorted(one.members), **condition})
    audits = []
    for config in found.audit_configs:
        logs = [
            {"type": type(log).LogType.Name(log.log_type), "exempted": sorted(log.exempted_members)}
            for log in config.audit_log_configs
        ]
        audits.append({"service": config.service, "logs": logs})
    return {"bindings": bindings, "audit_configs": audits}


def tree(paths: Iterable[str | Sequence[str]]) -> Tree:
    """Paths (`a.b`, or their steps one by one; lists are looked through) by their steps."""
    root: Tree = {}
    for path in paths:
        below = root
        for step in path.split(".") if isinstance(path, str) else path:
            below = below.setdefault(step, {})
    return root


def plain(struct: Any, wanted: Tree) -> dict[str, Any]:
    """A Struct as JSON, with the wanted members only (none: all)."""
    fields = struct.fields
    if not wanted:
        return {name: _value(fields[name], {}) for name in fields}
    return {name: _value(fields[name], below) for name, below in wanted.items() if name in fields}


_URL = re.compile(r"^https://(?:www|compute)\.googleapis\.com/compute/[a-z0-9_]+/(?=projects/)")


def _value(value: Any, wanted: Tree) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return _URL.sub("//compute.googleapis.com/", value.string_value, count=1)
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "struct_value":
        return plain(value.struct_value, wanted)
    if kind == "list_value":
        return [_value(one, wanted) for one in value.list_value.values]
    return None
