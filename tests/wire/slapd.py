"""A real OpenLDAP server (slapd 2.5) with TLS, password policies, a monitor and rules of access, started for a test."""

# ruff: noqa: E501 — entries read as a table

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import trustme

BASE = "dc=example,dc=com"
ROOT, READER, BLIND = f"cn=root,{BASE}", f"cn=reader,{BASE}", f"cn=blind,{BASE}"
PASSWORD = "slapd-s3cret-password"
EMAIL = "planted.person@example.com"

SLAPD = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/openldap")
SCHEMA, MODULES = Path("/etc/ldap/schema"), Path("/usr/lib/ldap")

_CONFIG = """
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
attributetype ( 1.3.6.1.1.1.1.12 NAME 'memberUid' EQUALITY caseExactIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
objectclass ( 1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top AUXILIARY MUST gidNumber MAY memberUid )
objectclass ( 1.3.6.1.1.1.2.0 NAME 'posixAccount' SUP top AUXILIARY MUST ( uid $ gidNumber ) )
modulepath {modules}
moduleload back_mdb
moduleload back_monitor
moduleload ppolicy
moduleload memberof
pidfile {folder}/pid
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
TLSVerifyClient try
authz-regexp "cn=client" "{reader}"
{more}
database monitor
access to * by dn.exact="{reader}" read by * none
database mdb
suffix "{base}"
rootdn "{root}"
rootpw {password}
directory {folder}/db
maxsize 268435456
lastbind on
overlay memberof
overlay ppolicy
ppolicy_default "cn=default,ou=policies,{base}"
limits dn.exact="{reader}" size=unlimited size.prtotal=unlimited
{access}
"""

_ACCESS = f"""
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=people,{BASE}" by dn.exact="{READER}" read by * none
access to * by dn.exact="{READER}" read by dn.exact="{BLIND}" read by anonymous auth by * none
"""


def uuid(number: int) -> str:
    """The entryUUID of a person."""
    return f"00000000-0000-4000-8000-{number:012d}"


def person(number: int) -> str:
    uid = f"user{number}"
    return (
        f"dn: uid={uid},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: Planted\nmail: {EMAIL}\n"
        f"userPassword: {PASSWORD}\nentryUUID: {uuid(number)}\n\n"
    )


def directory(people: int = 3) -> str:
    """A small directory, as LDIF."""
    named = "".join(f"member: uid=user{n},ou=people,{BASE}\n" for n in range(2))
    return (
        f"dn: {BASE}\nobjectClass: domain\ndc: example\n\n"
        + "".join(
            f"dn: {dn}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: {dn[3:9].split(',')[0]}\n"
            f"userPassword: {PASSWORD}\n\n"
            for dn in (READER, BLIND)
        )
        + "".join(
            f"dn: ou={ou},{BASE}\nobjectClass: organizationalUnit\nou: {ou}\n\n"
            for ou in ("people", "groups", "policies")
        )
        + f"dn: cn=default,ou=policies,{BASE}\nobjectClass: device\nobjectClass: pwdPolicy\ncn: default\npwdAttribute: userPassword\n"
        "pwdMinLength: 14\npwdMaxFailure: 5\npwdLockout: TRUE\npwdInHistory: 5\npwdCheckQuality: 2\npwdLockoutDuration: 900\n\n"
        + "".join(person(n) for n in range(people))
        + f"dn: cn=admins,ou=groups,{BASE}\nobjectClass: groupOfNames\ncn: admins\n{named}member: cn=night,ou=groups,{BASE}\n\n"
        + f"dn: cn=night,ou=groups,{BASE}\nobjectClass: groupOfNames\ncn: night\nmember: uid=user2,ou=people,{BASE}\n"
        f"member: cn=admins,ou=groups,{BASE}\n"
    )


class Slapd:
    """A running server. `url`, `secure_url`: without and with TLS. `ca_file`, `client_certificate`: PEM files."""

    def __init__(self, ldif: str, *, access: str = _ACCESS, more: str = "") -> None:
        self._ldif, self._access, self._more = ldif, access, more
        self.asked: list[str] = []  # what it is asked, it does not tell

    def __enter__(self) -> Self:
        assert SLAPD is not None
        self._kept = tempfile.TemporaryDirectory()
        self.folder = Path(self._kept.name)
        (self.folder / "db").mkdir()
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.folder / "ca.pem"))
        server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("client@x", common_name="client")
        server.cert_chain_pems[0].write_to_path(str(self.folder / "server.pem"))
        server.private_key_pem.write_to_path(str(self.folder / "server.key"))
        client.private_key_and_cert_chain_pem.write_to_path(str(self.folder / "client.pem"))
        self.ca_file, self.client_certificate = str(self.folder / "ca.pem"), str(self.folder / "client.pem")
        told = {
            "root": ROOT,
            "reader": READER,
            "base": BASE,
            "password": PASSWORD,
            "access": self._access,
            "more": self._more,
        }
        config = self.folder / "slapd.conf"
        config.write_text(_CONFIG.format(schema=SCHEMA, modules=MODULES, folder=self.folder, **told))
        (self.folder / "all.ldif").write_text(self._ldif)
        add = [SLAPD, "-T", "add", "-q", "-f", str(config), "-l", str(self.folder / "all.ldif")]
        subprocess.run(add, check=True, capture_output=True, timeout=120)
        self.port, self.secure_port = _free(2)
        self.url, self.secure_url = f"ldap://127.0.0.1:{self.port}", f"ldaps://127.0.0.1:{self.secure_port}"
        # -d 0 keeps it in the foreground, so that it ends with us.
        command = [SLAPD, "-d", "0", "-f", str(config), "-h", f"{self.url}/ {self.secure_url}/"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait((self.port, self.secure_port), self._process)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)
        self._kept.cleanup()


def _free(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def wait(ports: Iterable[int], process: subprocess.Popen[bytes]) -> None:
    """Until it takes connections: it says nothing when it does."""
    until = time.monotonic() + 60
    todo = list(ports)
    while todo and time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", todo[0]), 1).close()
            todo.pop(0)
        except OSError:
            time.sleep(0.05)
    assert not todo, "slapd does not start"
