"""How clusters are configured and reached, and what is refused before anything is sent."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from annexlog.collectors import Call, Refused
from annexlog.collectors.kubernetes import Options
from annexlog.collectors.kubernetes._adapter import Kubernetes
from annexlog.evidence_store.model import ConfigError
from tests.wire.cluster import Cluster, thing

NODES = Call("nodes:list", "nodes", items="items")
Connect = Callable[..., Kubernetes]


@pytest.fixture
def connect() -> Iterator[Connect]:
    open_ones: list[Kubernetes] = []

    def connect(**options: Any) -> Kubernetes:
        open_ones.append(Kubernetes(msgspec.convert(options, Options), "k8s"))
        return open_ones[-1]

    yield connect
    for adapter in open_ones:
        adapter.close()


def names(adapter: Kubernetes, which: int = 0) -> list[str]:
    """Of the nodes of a cluster. Raises Refused."""
    pages = adapter.pages(NODES, {}, adapter.discover().scopes[which])
    return [item["metadata"]["name"] for page in pages for item in page.body["items"]]


@pytest.fixture(autouse=True)
def nodes(cluster: Cluster) -> None:
    cluster.add("v1/nodes", [thing("n1")])


# ── which ─────────────────────────────────────────────────────────────────────────────────


def test_without_a_word_the_current_context_is_looked_at(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    file = cluster.kubeconfig(tmp_path, context="arn:aws:eks:eu-west-1:1:cluster/prod")

    (scope,) = connect(kubeconfig=str(file)).discover().scopes

    assert (scope.name, scope.level) == ("kubernetes/arn:aws:eks:eu-west-1:1:cluster:prod", "cluster")
    assert scope.values == {
        "cluster": "arn:aws:eks:eu-west-1:1:cluster:prod",
        "context": "arn:aws:eks:eu-west-1:1:cluster/prod",
        "server": cluster.url.removeprefix("http://"),
    }


def test_clusters_have_our_names(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    file = cluster.kubeconfig(tmp_path, context="gke_a_b_c")

    adapter = connect(kubeconfig=str(file), clusters={"prod": "gke_a_b_c"})

    assert [scope.name for scope in adapter.discover().scopes] == ["kubernetes/prod"]
    assert names(adapter) == ["n1"]


def test_one_cluster_that_is_away_is_nothing_to_another(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    data = yaml.safe_load(cluster.kubeconfig(tmp_path).read_text())
    data["clusters"].append({"name": "away", "cluster": {"server": "http://127.0.0.1:1"}})
    data["contexts"].append({"name": "away", "context": {"cluster": "away", "user": "u"}})
    file = tmp_path / "both"
    file.write_text(yaml.safe_dump(data))

    adapter = connect(kubeconfig=str(file), clusters={"away": "away", "here": "test"})

    with pytest.raises(Refused) as refused:
        names(adapter, 0)
    assert (refused.value.reason, names(adapter, 1)) == ("failed", ["n1"])


@pytest.mark.parametrize(
    ("options", "where", "word"),
    [
        ({"kubeconfig": "/nowhere"}, "targets.k8s.kubeconfig", "no kubeconfig file"),
        ({"clusters": {"a": "unheard"}}, "targets.k8s.clusters.a", "unheard"),
        ({"clusters": {"a": "test"}, "in_cluster": "a"}, "targets.k8s.in_cluster", "two clusters"),
        ({"in_cluster": "a"}, "targets.k8s.in_cluster", "Service host/port"),
    ],
)
def test_what_is_configured_wrongly_is_told(
    cluster: Cluster, connect: Connect, tmp_path: Path, options: dict[str, Any], where: str, word: str
) -> None:
    with pytest.raises(ConfigError) as error:
        connect(**{"kubeconfig": str(cluster.kubeconfig(tmp_path)), **options})

    assert (error.value.where, word in str(error.value)) == (where, True)


@pytest.mark.parametrize("text", ["", "- a", "{", "clusters: 7", "a: &a [*a]"])
def test_a_file_that_is_no_kubeconfig_is_told(connect: Connect, tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd"
    file.write_text(text)

    with pytest.raises(ConfigError):
        connect(kubeconfig=str(file))


# ── how ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("server", ["http://10.1.2.3:6443", "http://kubernetes.example"])
def test_a_server_without_tls_is_not_asked(cluster: Cluster, connect: Connect, tmp_path: Path, server: str) -> None:
    file = cluster.kubeconfig(tmp_path, server=server)

    with pytest.raises(ConfigError, match="not reached by https"):
        connect(kubeconfig=str(file))


def test_a_context_that_verifies_nothing_is_refused(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    file = cluster.kubeconfig(tmp_path, server="https://kubernetes.example")
    data = yaml.safe_load(file.read_text())
    data["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    file.write_text(yaml.safe_dump(data))

    with pytest.raises(ConfigError, match="insecure-skip-tls-verify"):
        connect(kubeconfig=str(file))


def test_a_certificate_of_an_unknown_authority_is_not_trusted(
    cluster: Cluster, connect: Connect, tmp_path: Path
) -> None:
    cluster.over_tls()

    with pytest.raises(Refused) as refused:
        names(connect(kubeconfig=str(cluster.kubeconfig(tmp_path))))

    assert (refused.value.reason, "CERTIFICATE_VERIFY_FAILED" in refused.value.message) == ("failed", True)


def test_the_clusters_own_authority_is_trusted(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    authority = cluster.over_tls()

    assert names(connect(kubeconfig=str(cluster.kubeconfig(tmp_path, authority=authority)))) == ["n1"]


def test_a_client_certificate_is_shown(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    authority = cluster.over_tls(clients=True)
    cluster.token = ""
    certificate = cluster.client_certificate(tmp_path)

    file = cluster.kubeconfig(tmp_path, authority=authority, **certificate)

    assert names(connect(kubeconfig=str(file))) == ["n1"]


def test_without_a_client_certificate_such_a_server_does_not_answer(
    cluster: Cluster, connect: Connect, tmp_path: Path
) -> None:
    authority = cluster.over_tls(clients=True)

    with pytest.raises(Refused) as refused:
        names(connect(kubeconfig=str(cluster.kubeconfig(tmp_path, authority=authority))))

    assert refused.value.reason == "failed"
    assert ssl.HAS_TLSv1_3


# ── as whom ───────────────────────────────────────────────────────────────────────────────


def test_a_token_file_that_was_rotated_is_read_again(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(cluster.token)
    adapter = connect(kubeconfig=str(cluster.kubeconfig(tmp_path, tokenFile=str(token))))
    first = names(adapter)

    cluster.token = "another"
    token.write_text("another")

    assert (first, names(adapter)) == (["n1"], ["n1"])


PLUGIN = """
import json, pathlib, sys
token = pathlib.Path(sys.argv[1]).read_text()
kind = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
print(json.dumps({**kind, "status": {"token": token}}))
"""


def plugin(folder: Path, *arguments: str) -> dict[str, Any]:
    """The user of a kubeconfig file whose credentials a program gives."""
    script = folder / "plugin.py"
    script.write_text(PLUGIN)
    api = "client.authentication.k8s.io/v1"
    return {
        "exec": {
            "apiVersion": api,
            "command": sys.executable,
            "args": [str(script), *arguments],
            "interactiveMode": "Never",
        }
    }


def test_a_credential_plugin_is_asked_and_asked_again_when_its_token_no_longer_counts(
    cluster: Cluster, connect: Connect, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(cluster.token)
    adapter = connect(kubeconfig=str(cluster.kubeconfig(tmp_path, **plugin(tmp_path, str(token)))))
    first = names(adapter)

    cluster.token = "another"
    token.write_text("another")

    assert (first, names(adapter)) == (["n1"], ["n1"])


def test_a_credential_plugin_that_fails_is_told_and_says_nothing_of_its_own(
    cluster: Cluster, connect: Connect, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = cluster.kubeconfig(tmp_path, **plugin(tmp_path, "/nowhere"))

    with pytest.raises(ConfigError) as error:
        connect(kubeconfig=str(file))

    assert error.value.where == "targets.k8s.clusters.test"
    assert capfd.readouterr() == ("", "")


def test_a_token_that_no_longer_counts_is_told_as_such(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    adapter = connect(kubeconfig=str(cluster.kubeconfig(tmp_path)))
    cluster.token = "another"

    with pytest.raises(Refused) as refused:
        names(adapter)

    assert (refused.value.reason, refused.value.code) == ("unauthenticated", "Unauthorized")


def test_the_token_is_in_no_message(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    file = cluster.kubeconfig(tmp_path, server="http://127.0.0.1:1")

    with pytest.raises(Refused) as refused:
        names(connect(kubeconfig=str(file)))

    assert cluster.token not in f"{refused.value} {refused.value.message}"
