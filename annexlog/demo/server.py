"""An AWS of one's own: moto over HTTP on a loopback port, with a clock that can be set.

Run as `python -m annexlog.demo.server`; prints its port, then serves until its standard input closes.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Any

CLOCK_PATH = "/annexlog-clock/"
"""GET /annexlog-clock/<offset>: from now on the Date header is <offset> seconds from the present."""


class Shifted:
    """A WSGI application whose Date header follows the simulated clock."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app, self._offset = app, 0.0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(CLOCK_PATH):
            self._offset = float(path.removeprefix(CLOCK_PATH))
            start_response("204 No Content", [])
            return []

        def dated(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            kept = [(k, v) for k, v in headers if k.lower() != "date"]
            return start_response(status, [*kept, ("Date", formatdate(time.time() + self._offset, usegmt=True))], *more)

        return self._app(environ, dated)


def main() -> None:
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # thousands of images that no demo needs
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    logging.getLogger("werkzeug").disabled = True
    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # keep connections: half of the time goes there otherwise
    app = Shifted(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
