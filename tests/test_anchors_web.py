"""The webhook, and what holds for every anchor that is reached by HTTP: TLS, bounds, secrets, proxies."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from annexlog.anchors import Refused
from annexlog.anchors.asking import Way, post
from annexlog.anchors.webhook import Webhook
from annexlog.evidence_store.anchors import Receipt
from annexlog.evidence_store.layout import sha256
from annexlog.evidence_store.model import ConfigError
from tests.anchored import SIGNER, Log
from tests.wire import Reply, Request
from tests.wire.certificates import Tls
from tests.wire.http import Server

SECRET = "Bearer hunter2-hunter2"


class Hook:
    """What came, and what is answered."""

    def __init__(self) -> None:
        self.came: list[Request] = []
        self.reply = Reply(204)

    def answer(self, request: Request) -> Reply:
        self.came.append(request)
        return self.reply


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    made.grow(2)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return Tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def hook() -> Hook:
    return Hook()


@pytest.fixture
def url(hook: Hook, tls: Tls, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Server(hook.answer, tls=tls.server) as server:
        yield f"{server.url}/hook/T0PSECRET"


def refused(log: Log, one: Webhook) -> Refused:
    with pytest.raises(Refused) as caught:
        log.send(one)
    return caught.value


def test_the_note_is_posted_as_text(log: Log, hook: Hook, url: str, tls: Tls) -> None:
    note = log.store.checkpoint(SIGNER).encode()

    token = log.send(Webhook(url=url, ca_file=str(tls.ca)))

    (request,) = hook.came
    assert (request.method, request.target, request.body) == ("POST", "/hook/T0PSECRET", note)
    assert request.headers["content-type"] == "text/plain; charset=utf-8"
    detail = f"status 204, sha256 of the body {sha256(note).hex()}, to 127.0.0.1"
    assert Receipt.check(token, [SIGNER.verifier]).detail == detail


def test_the_note_is_posted_as_one_line_of_json(log: Log, hook: Hook, url: str, tls: Tls) -> None:
    of = log.store.checkpoint(SIGNER)

    log.send(Webhook(url=url, ca_file=str(tls.ca), format="json"))

    (request,) = hook.came
    assert request.body.endswith(b"}\n")
    told = {"text": of.encode().decode(), "origin": "example.com/log", "size": 2, "root": of.root.hex()}
    assert json.loads(request.body) == told


def test_secret_headers_come_from_the_environment_and_go_nowhere_else(
    log: Log, hook: Hook, url: str, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", SECRET)
    one = Webhook(url=url, ca_file=str(tls.ca), headers_env={"Authorization": "HOOK_TOKEN"})
    hook.reply = Reply(401, {}, SECRET.encode())

    error = refused(log, one)
    hook.reply = Reply(200)
    token = log.send(one)

    assert hook.came[0].headers["authorization"] == SECRET
    told = f"{error} {error.message} {error.code} {one.place()} {one!r} {token!r}"
    assert "hunter2" not in told
    assert "T0PSECRET" not in f"{error} {error.message} {one.place()} {token!r}"
    assert b"hunter2" not in (log.folder / "evidence.db").read_bytes() + (log.folder / "evidence.db-wal").read_bytes()


def test_a_url_that_is_a_secret_itself_comes_from_the_environment(
    log: Log, hook: Hook, url: str, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_URL", url)
    one = Webhook(url_env="HOOK_URL", ca_file=str(tls.ca))

    log.send(one)

    assert len(hook.came) == 1
    assert one.place() == "the URL in HOOK_URL"


def test_a_variable_that_is_not_set_is_named(log: Log) -> None:
    one = Webhook(url="https://localhost:9/x", headers_env={"Authorization": "NOT_SET_HERE"})

    error = refused(log, one)

    assert (error.reason, error.message) == ("unauthenticated", "NOT_SET_HERE is not set in the environment")


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "unauthenticated"), (403, "denied"), (404, "denied"), (429, "throttled"), (500, "failed"), (302, "failed")],
)
def test_an_answer_that_is_no_success_is_a_refusal_with_its_status(
    log: Log, hook: Hook, url: str, tls: Tls, status: int, reason: str
) -> None:
    hook.reply = Reply(status, {"Location": "https://elsewhere.example/"})

    error = refused(log, Webhook(url=url, ca_file=str(tls.ca)))

    assert (error.reason, error.code) == (reason, str(status))
    assert len(hook.came) == 1


def test_a_server_that_nobody_vouches_for_gets_nothing(log: Log, hook: Hook, url: str) -> None:
    error = refused(log, Webhook(url=url))

    assert (error.reason, error.code, hook.came) == ("failed", "certificate", [])


def test_a_file_that_holds_no_certificates_is_named(log: Log, url: str, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")

    error = refused(log, Webhook(url=url, ca_file="empty.pem"))

    assert error.message == f"{tmp_path / 'empty.pem'} holds no certificates"


def test_an_answer_that_is_too_long_is_refused(log: Log, hook: Hook, url: str, tls: Tls) -> None:
    hook.reply = Reply(200, {}, bytes(100_000))

    error = refused(log, Webhook(url=url, ca_file=str(tls.ca)))

    assert error.reason == "unreadable"


def test_nobody_there_is_a_refusal(log: Log) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        error = refused(log, Webhook(url=f"https://127.0.0.1:{port}/"))

    assert (error.reason, error.message) == ("failed", "127.0.0.1 cannot be reached: Connection refused")


def _drip(listening: socket.socket, stop: threading.Event) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not stop.wait(0.05):
            try:
                connection.sendall(b"X: y\r\n"[:1])
            except OSError:
                return


def test_a_server_that_drips_its_answer_is_left_when_the_time_is_over(log: Log) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_drip, args=(listening, stop))
        thread.start()
        try:
            with pytest.raises(Refused) as caught:
                post(f"http://127.0.0.1:{listening.getsockname()[1]}/", b"", {}, Way(0.5))
        finally:
            stop.set()
            thread.join()

    assert caught.value.reason == "deadline"


class _Proxy:
    """Connects through to wherever it is asked, and keeps the first lines of what it was asked."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        client, _ = self._listening.accept()
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        self.heads.append(head.decode())
        host, _, port = head.split(b" ")[1].partition(b":")
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        back = threading.Thread(target=_pump, args=(server, client))
        back.start()
        _pump(client, server)
        back.join()
        client.close()
        server.close()

    def close(self) -> None:
        self._thread.join()
        self._listening.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_a_proxy_is_used_and_its_password_comes_from_the_environment(
    log: Log, hook: Hook, url: str, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = _Proxy()
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@{proxy.url}")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")

    log.send(Webhook(url=url, ca_file=str(tls.ca)))

    proxy.close()
    (head,) = proxy.heads
    assert head.startswith("CONNECT 127.0.0.1:")
    assert "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n" in head
    assert len(hook.came) == 1


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ('url = "http://hooks.example/x"', "the URL must begin with https://"),
        ('url = "https://me:pw@hooks.example/x"', "the URL holds a user name or password"),
        ('url = "https://a.example"\nurl_env = "X"', "give either url or url_env"),
        ("", "give either url or url_env"),
        ('url = "https://a.example"\nproxy = "http://me:pw@p:1"', "the proxy's password belongs in the environment"),
        ('url = "https://a.example"\nheaders_env = {"a b" = "X"}', "'a b' is not the name of a header"),
        ('url = "https://a.example"\ntimeout = 0', "timeout is a number of seconds from 1 to 120"),
        ('url = "https://a.example"\nevery = "daily"', "'daily' is not a duration such as PT6H or P1D"),
    ],
)
def test_options_that_cannot_be_are_refused_without_repeating_a_secret(log: Log, options: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        log.config(f'[anchors.hook]\nkind = "webhook"\n{options}\n')

    assert what in caught.value.what
    assert caught.value.where == f"{log.folder / 'annexlog.toml'}: anchors.hook"
    assert "pw" not in str(caught.value).replace(str(log.folder), "")
