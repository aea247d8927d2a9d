"""How clusters are configured and reached, and what is refused before anything is sent."""

from __future__ import annotations

import base64
import json
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import yaml

from annexlog.collectors import Call, Refused
from annexlog.collectors.kubernetes import Options
from annexlog.collectors.kubernetes._adapter import Kubernetes
from annexlog.collectors.kubernetes._connection import Connection
from annexlog.collectors.kubernetes._kubeconfig import Cluster as Named
from annexlog.evidence_store.model import ConfigError
from tests.wire.cluster import Cluster, Fault, status, thing
from tests.wire.proxy import Proxy

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
        "endpoint": cluster.url,
        "host": urlsplit(cluster.url).hostname,
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


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with Proxy() as running:
        yield running


def through(cluster: Cluster, folder: Path, url: str, authority: str = "") -> str:
    """A kubeconfig file whose cluster is reached through a proxy."""
    file = cluster.kubeconfig(folder, authority=authority)
    data = yaml.safe_load(file.read_text())
    data["clusters"][0]["cluster"]["proxy-url"] = url
    file.write_text(yaml.safe_dump(data))
    return str(file)


def test_a_cluster_is_reached_through_the_proxy_of_its_context(
    cluster: Cluster, connect: Connect, tmp_path: Path, proxy: Proxy
) -> None:
    authority = cluster.over_tls()

    found = names(connect(kubeconfig=through(cluster, tmp_path, f"http://ann:hunter2@{proxy.host}", authority)))

    credentials = base64.b64encode(b"ann:hunter2").decode()
    assert found == ["n1"]
    assert proxy.asked == [(f"CONNECT {cluster.url.removeprefix('https://')}", f"Basic {credentials}")]


def test_the_proxy_of_the_environment_is_used(
    cluster: Cluster, connect: Connect, tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = cluster.over_tls()
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    found = names(connect(kubeconfig=str(cluster.kubeconfig(tmp_path, authority=authority))))

    assert (found, len(proxy.asked)) == (["n1"], 1)


def test_what_the_environment_leaves_out_is_reached_without_a_proxy(
    cluster: Cluster, connect: Connect, tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = cluster.over_tls()
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    found = names(connect(kubeconfig=str(cluster.kubeconfig(tmp_path, authority=authority))))

    assert (found, proxy.asked) == (["n1"], [])


def test_a_proxy_that_is_away_is_told_without_its_password(
    cluster: Cluster, connect: Connect, tmp_path: Path, proxy: Proxy
) -> None:
    with pytest.raises(Refused) as refused:
        names(connect(kubeconfig=through(cluster, tmp_path, "http://ann:hunter2@127.0.0.1:1")))

    assert (refused.value.reason, "hunter2" in f"{refused.value} {refused.value.message}") == ("failed", False)


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "ftp://127.0.0.1:1080"])
def test_a_proxy_that_cannot_be_spoken_to_is_told(
    cluster: Cluster, connect: Connect, tmp_path: Path, proxy: Proxy, url: str
) -> None:
    with pytest.raises(ConfigError) as error:
        connect(kubeconfig=through(cluster, tmp_path, url))

    assert error.value.where == "targets.k8s.clusters.test"


def test_a_name_other_than_the_servers_is_looked_for_in_its_certificate(
    cluster: Cluster, connect: Connect, tmp_path: Path
) -> None:
    file = cluster.kubeconfig(tmp_path, authority=cluster.over_tls())
    data = yaml.safe_load(file.read_text())
    data["clusters"][0]["cluster"]["tls-server-name"] = "another.example"
    file.write_text(yaml.safe_dump(data))

    with pytest.raises(Refused) as refused:
        names(connect(kubeconfig=str(file)))

    assert refused.value.code == "MaxRetryError" or "certificate" in refused.value.message.lower()


def test_the_authority_may_be_a_file(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(cluster.over_tls()))
    file = cluster.kubeconfig(tmp_path)
    data = yaml.safe_load(file.read_text())
    data["clusters"][0]["cluster"]["certificate-authority"] = "ca.crt"
    file.write_text(yaml.safe_dump(data))

    assert names(connect(kubeconfig=str(file))) == ["n1"]


# ── as whom ───────────────────────────────────────────────────────────────────────────────


def test_a_token_file_that_was_rotated_is_read_again(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(cluster.token)
    adapter = connect(kubeconfig=str(cluster.kubeconfig(tmp_path, tokenFile=str(token))))
    first = names(adapter)

    cluster.token = "another"
    token.write_text("another")

    assert (first, names(adapter)) == (["n1"], ["n1"])


def test_a_token_file_that_was_rotated_is_read_before_its_token_ends(cluster: Cluster, tmp_path: Path) -> None:
    token, now = tmp_path / "token", [0.0]
    token.write_text(cluster.token)
    options = Options(kubeconfig=str(cluster.kubeconfig(tmp_path, tokenFile=str(token))))
    connection = Connection(Named("test", "test"), options, "targets.k8s", now=lambda: now[0])
    token.write_text("another")
    connection.get("/version")
    cluster.token, now[0] = "another", 61.0

    connection.get("/version")

    shown = [headers["authorization"] for _, _, headers in cluster.log]
    assert shown == ["Bearer s3cret-token", "Bearer another"]


@pytest.fixture
def account(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a pod finds of its service account, and of where its cluster is."""
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(cluster.over_tls()))
    (tmp_path / "token").write_text(cluster.token)
    host, _, port = cluster.url.removeprefix("https://").partition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    return tmp_path


def test_inside_a_cluster_its_service_account_asks(cluster: Cluster, account: Path) -> None:
    adapter = Kubernetes(Options(in_cluster="here"), "k8s", account=account)

    (scope,) = adapter.discover().scopes

    told = {
        "cluster": "here",
        "context": "",
        "server": cluster.url.removeprefix("https://"),
        "endpoint": cluster.url,
        "host": urlsplit(cluster.url).hostname,
    }
    assert (names(adapter), scope.name, scope.values) == (["n1"], "kubernetes/here", told)
    assert adapter.caller(scope).identity == "service account"
    adapter.close()


def test_inside_a_cluster_the_token_is_read_again_before_it_ends(cluster: Cluster, account: Path) -> None:
    now = [0.0]
    options = Options(in_cluster="here")
    connection = Connection(Named("here", None), options, "targets.k8s", account=account, now=lambda: now[0])
    (account / "token").write_text("another")
    cluster.token, now[0] = "another", 61.0

    connection.get("/version")

    assert [headers["authorization"] for _, _, headers in cluster.log] == ["bearer another"]


def test_inside_a_cluster_a_rotated_token_is_read_again(cluster: Cluster, account: Path) -> None:
    adapter = Kubernetes(Options(in_cluster="here"), "k8s", account=account)
    first = names(adapter)

    cluster.token = "another"
    (account / "token").write_text("another")

    assert (first, names(adapter)) == (["n1"], ["n1"])
    adapter.close()


PLUGIN = """
import json, pathlib, sys
kind = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
given = pathlib.Path(sys.argv[1]).read_text()
print(json.dumps({**kind, "status": json.loads(given) if given.startswith("{") else {"token": given}}))
"""


def plugin(folder: Path, *arguments: str, said: Any = None) -> dict[str, Any]:
    """The user of a kubeconfig file whose credentials a program gives: the token in a file, or what is `said`."""
    script = folder / "plugin.py"
    script.write_text(PLUGIN)
    if said is not None:
        (folder / "said").write_text(json.dumps(said))
        arguments = (str(folder / "said"),)
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

    with pytest.raises(Refused) as refused:
        names(connect(kubeconfig=str(file)))

    assert (refused.value.reason, refused.value.code) == ("unauthenticated", "NoCredentials")
    assert refused.value.message.startswith("targets.k8s.clusters.test: the credentials cannot be had: exec: process")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("user", [{"tokenFile": "/nowhere"}, {"client-certificate": "/nowhere"}])
def test_credentials_that_are_not_there_are_told_of_their_cluster(
    cluster: Cluster, connect: Connect, tmp_path: Path, user: dict[str, str]
) -> None:
    cluster.over_tls()

    with pytest.raises(Refused) as refused:
        names(connect(kubeconfig=str(cluster.kubeconfig(tmp_path, **user))))

    assert (refused.value.reason, "/nowhere" in refused.value.message) == ("unauthenticated", True)


def test_a_cluster_whose_credentials_cannot_be_had_is_nothing_to_another(
    cluster: Cluster, connect: Connect, tmp_path: Path
) -> None:
    data = yaml.safe_load(cluster.kubeconfig(tmp_path).read_text())
    data["users"].append({"name": "nobody", "user": plugin(tmp_path, "/nowhere")})
    data["contexts"].append({"name": "away", "context": {"cluster": "c", "user": "nobody"}})
    file = tmp_path / "both"
    file.write_text(yaml.safe_dump(data))

    adapter = connect(kubeconfig=str(file), clusters={"away": "away", "here": "test"})

    with pytest.raises(Refused) as refused:
        names(adapter, 0)
    assert (refused.value.reason, names(adapter, 1)) == ("unauthenticated", ["n1"])
    assert [scope.values["server"] for scope in adapter.discover().scopes] == [cluster.url.removeprefix("http://")] * 2


def test_a_plugin_that_fails_is_not_asked_for_each_list_but_after_a_minute(cluster: Cluster, tmp_path: Path) -> None:
    token, now = tmp_path / "token", [0.0]
    user = plugin(tmp_path, str(token))
    options = Options(kubeconfig=str(cluster.kubeconfig(tmp_path, **user)))
    connection = Connection(Named("test", "test"), options, "targets.k8s", now=lambda: now[0])
    token.write_text(cluster.token)
    now[0] = 59

    with pytest.raises(Refused) as refused:
        connection.get("/version")
    now[0] = 61

    assert refused.value.code == "NoCredentials"
    assert connection.get("/version").body["major"] == "1"


def test_a_plugin_may_give_a_client_certificate(cluster: Cluster, connect: Connect, tmp_path: Path) -> None:
    authority = cluster.over_tls(clients=True)
    cluster.token = ""
    shown = cluster.client_certificate(tmp_path)
    status = {"clientCertificateData": Path(shown["client-certificate"]).read_text()}
    status["clientKeyData"] = Path(shown["client-key"]).read_text()

    file = cluster.kubeconfig(tmp_path, authority=authority, **plugin(tmp_path, said=status))

    assert names(connect(kubeconfig=str(file))) == ["n1"]


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


@pytest.mark.parametrize(
    ("headers", "body", "after"),
    [
        ({"Retry-After": "7"}, None, 7.0),
        ({}, status(429, details={"retryAfterSeconds": 9}), 9.0),
        ({"Retry-After": "7"}, status(429, details={"retryAfterSeconds": 9}), 9.0),
        ({}, None, 0.0),
    ],
)
def test_a_server_that_has_too_much_to_do_says_when_to_come_again(
    cluster: Cluster, connect: Connect, tmp_path: Path, headers: dict[str, str], body: Any, after: float
) -> None:
    cluster.faults.append(Fault("/api/v1/nodes", 429, headers=headers, body=body))

    with pytest.raises(Refused) as refused:
        names(connect(kubeconfig=str(cluster.kubeconfig(tmp_path))))

    assert (refused.value.reason, refused.value.after) == ("throttled", after)
