"""The keys of a `[targets.<name>]` table whose provider is Kubernetes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from annexlog.collectors.options import Seconds

Name = Annotated[str, msgspec.Meta(pattern="^[^/\\s]+$", max_length=200)]
Namespace = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which clusters are looked at, and how they are reached.

    `clusters`: {our name: context of the kubeconfig file}. The name is part of scopes' names, so that it should outlive
    a renamed context. Left out: the file's current context, under its own name (`/` becomes `:`).
    `kubeconfig`: the file; left out, `KUBECONFIG`, else `~/.kube/config`, as kubectl reads them.
    `in_cluster`: our name of the cluster that this process runs in, which it reaches with its service account.

    `namespaces`: where a list of the whole cluster is refused, these are listed one by one, and the population is
    partial; left out, all namespaces that may be listed.

    `secrets`: true: the metadata of Secrets is listed as well, for the tests that need it. Kubernetes cannot grant that
    without granting the right to read all that they hold, so the printed ClusterRole has this rule as a comment.

    `requests_per_second`: for each cluster; its API server serves its own controllers as well. Timeouts in seconds.
    """

    clusters: dict[Name, str] = {}
    kubeconfig: str | None = None
    in_cluster: Name | None = None
    namespaces: tuple[Namespace, ...] = ()
    secrets: bool = False
    requests_per_second: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 50.0
    connect_timeout: Seconds = 5
    read_timeout: Seconds = 60
