"""An AWS of one's own: moto over HTTP on a loopback port, with a clock that can be set.

Run as `python -m annexlog.demo.server`; prints its port, then serves until its standard input closes.
"""

from __future__ import annotations

import base64
import gc
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Any

CLOCK_PATH = "/annexlog-clock/"
"""GET /annexlog-clock/<offset>: from now on it is <offset> seconds from the present."""

_REPORT = re.compile(rb"(<Content>)([^<]*)(</Content>.*<GeneratedTime>)2015[^<]*(</GeneratedTime>)", re.DOTALL)
_ROOT = (
    b"<root_account>,arn:aws:iam::123456789012:root,2020-01-01T00:00:00Z,not_supported,no_information,not_supported,"
    b"not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n"
)


class Shifted:
    """moto with a clock of its own: its Date header follows it, and so does the credential report, which moto dates
    2015 and leaves without the root user's row. What moto does not have fails in it; here it is said to be not offered.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app, self._offset = app, 0.0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(CLOCK_PATH):
            self._offset = float(path.removeprefix(CLOCK_PATH))
            start_response("204 No Content", [])
            return []
        said: list[Any] = []

        def heard(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            said[:] = [status, headers]

        body = _REPORT.sub(self._report, b"".join(self._app(environ, heard)))
        status, headers = said
        if status.startswith("5"):
            status, headers, body = "501 Not Implemented", [("Content-Type", "text/plain")], b""
        kept = [(k, v) for k, v in headers if k.lower() not in ("date", "content-length")]
        start_response(status, [*kept, ("Content-Length", str(len(body)))])
        return [body]

    def now(self) -> float:
        """What time it is in this cloud, in seconds."""
        return time.time() + self._offset

    def _report(self, match: re.Match[bytes]) -> bytes:
        header, _, rows = base64.b64decode(match[2]).partition(b"\n")
        content = base64.b64encode(header + b"\n" + _ROOT + rows)
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now())).encode()
        return match[1] + content + match[3] + made + match[4]


def main() -> None:
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # thousands of images that no demo needs
    gc.set_threshold(50_000, 20, 50)  # moto holds a million objects for good, and looking through them takes long
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    logging.getLogger("werkzeug").disabled = True
    app = Shifted(DomainDispatcherApplication(create_backend_app))

    class Handler(WSGIRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(app.now() if timestamp is None else timestamp, usegmt=True)

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 — nobody reads what moto prints, and a full pipe would stop it
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
