"""A real domain controller (Samba AD DC), made and started for a test: as root, and on LDAP's own ports."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import trustme

from tests.wire.slapd import wait

REALM, BASE = "AD.EXAMPLE.TEST", "DC=ad,DC=example,DC=test"
READER, ADMINISTRATOR = "annexlog@ad.example.test", "Administrator@ad.example.test"
PASSWORD = "Samba-s3cret-pass-1!"

WANTED = os.environ.get("ANNEXLOG_TEST_SAMBA") == "1"
HERE = shutil.which("samba-tool") and shutil.which("samba", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Samba:
    """A running domain with the accounts annexlog and ann, and ann in a group within Domain Admins."""

    def __enter__(self) -> Self:
        self._kept = tempfile.TemporaryDirectory()
        self.folder = Path(self._kept.name)
        authority = trustme.CA()
        self.ca_file = str(self.folder / "ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        certificate.cert_chain_pems[0].write_to_path(str(self.folder / "server.pem"))
        certificate.private_key_pem.write_to_path(str(self.folder / "server.key"))
        (self.folder / "server.key").chmod(0o600)
        named = (
            "--realm",
            REALM,
            "--domain",
            "ADX",
            "--server-role",
            "dc",
            "--dns-backend",
            "NONE",
            "--host-name",
            "dc1",
        )
        here = ("--host-ip", "127.0.0.1", "--option", "interfaces=lo", "--option", "bind interfaces only=yes")
        self._tool(
            "domain", "provision", *named, *here, "--adminpass", PASSWORD, "--targetdir", str(self.folder / "ad")
        )
        self._config = self.folder / "ad/etc/smb.conf"
        files = "".join(f"\ttls {kind}file = {self.folder}/{name}\n" for kind, name in _FILES)
        text = re.sub(r"\tserver services = .*\n", "", self._config.read_text())
        self._config.write_text(text.replace("[global]\n", f"[global]\n\tserver services = ldap\n{files}", 1))
        for name in ("annexlog", "ann"):
            self._tool("user", "create", name, PASSWORD, "-s", str(self._config))
        self._tool("group", "add", "night", "-s", str(self._config))
        self._tool("group", "addmembers", "night", "ann", "-s", str(self._config))
        self._tool("group", "addmembers", "Domain Admins", "night", "-s", str(self._config))
        command = [str(HERE), "-i", "-M", "single", "-s", str(self._config)]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
        wait((389, 636), self._process)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._kept.cleanup()

    def _tool(self, *arguments: str) -> None:
        subprocess.run(["samba-tool", *arguments], check=True, capture_output=True, timeout=300)


_FILES = (("ca", "ca.pem"), ("cert", "server.pem"), ("key", "server.key"))
