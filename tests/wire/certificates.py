"""TLS for counterparts: an authority of the tests' own, and servers that it vouches for."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Tls:
    """`ca`: the file of the authority's certificate. `server`: for `localhost` and 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca = folder / "tls-ca.pem"
        authority.cert_pem.write_to_path(self.ca)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(self.server)
