"""A PostgreSQL server that dies, connections that break at the worst moment: nothing is half recorded, and on it goes.

A server's disk cannot be made to fail as that of a file can (failing_disk.py): the server is not ours, and what it does
then (it panics and recovers from its log) is what it does when one of its processes is killed, which is done here.
"""

import random
import socket
import threading
from contextlib import closing, suppress

import pytest
from making import BUCKETS, collect, facets, look, rows
from rounds import server_killed
from servers import own_server

from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import StoreError
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

SIGNER = Signer("example.com/log", bytes(range(32)))


def test_a_server_that_dies_while_runs_are_recorded_loses_none_that_was_acknowledged(tmp_path):
    with own_server() as server, server.database() as url:
        Store.open(url, create=True).close()
        died = server_killed(server, url, random.Random(5), times=2)

    assert (died.lost, died.wrong, died.unclear) == ([], [], [])
    assert (died.goes_on, died.errors >= 2, died.records > 2) == (True, True, True)


class Cutting:
    """A way to a server that breaks once, at the commit: before the server has it, or after, before it is answered."""

    def __init__(self, server, when):
        self._path, self._when, self.cuts = server.socket, when, 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listening.close()

    def _accept(self):
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client):
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._path)
            answers = threading.Thread(target=self._answers, args=(server, client), daemon=True)
            answers.start()
            while asked := client.recv(1 << 16):
                if b"COMMIT" in asked and not self.cuts:
                    self.cuts = 1
                    client.shutdown(socket.SHUT_RDWR)  # what the server answers goes nowhere
                    if self._when == "after":
                        server.sendall(asked)
                    break
                server.sendall(asked)
            with suppress(OSError):
                server.shutdown(socket.SHUT_WR)
            answers.join(20)  # it has done what it was asked to

    def _answers(self, server, client):
        with suppress(OSError):
            while told := server.recv(1 << 16):
                with suppress(OSError):
                    client.sendall(told)


@pytest.mark.parametrize(("when", "left"), [("before", 1), ("after", 2)])
def test_a_connection_that_breaks_at_the_commit_is_told_and_the_same_run_can_be_recorded_again(
    server, database, when, left
):
    direct = Store.open(database, create=True)
    collect(direct, "one", look(BUCKETS, 10, {"a": 1}))
    with closing(direct), closing(Cutting(server, when)) as way:
        through = server.url_over_tcp(database, way.port)
        with Store.open(through) as store:
            with pytest.raises(StoreError) as caught:
                collect(store, "two", look(BUCKETS, 20, {"a": 2, "b": 1}))
            with direct.exclusive():  # whoever was cut off has ended
                after = direct.size()
            again = collect(store, "two", look(BUCKETS, 20, {"a": 2, "b": 1}))

        direct.checkpoint(SIGNER)
        report = verify(direct, keys=[SIGNER.verifier])
        shown = facets(direct.view())
        runs = len(rows(direct, "run"))

    assert "the connection to the server cannot be made, or was lost" in str(caught.value)
    assert "what was recorded already is not recorded twice" in str(caught.value)
    assert (way.cuts, after, again, runs, report.findings) == (1, left, 2, 2, [])
    assert shown == {"a": {"": 2}, "b": {"": 1}}
