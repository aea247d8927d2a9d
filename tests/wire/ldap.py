"""A domain controller, as far as a reader sees it: pages, ranges, values as Active Directory writes them, and faults.

It stands where a real one is not to be had; that what is sent and read is LDAP, slapd shows (tests/wire/slapd.py).
Shapes: [MS-ADTS], [MS-ADA1] to [MS-ADA3].
"""

# ruff: noqa: E501 — entries read as a table

from __future__ import annotations

import re
import socket
import socketserver
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import trustme

BASE, SID = "DC=example,DC=com", "S-1-5-21-1-2-3"
CONFIGURATION = f"CN=Configuration,{BASE}"
BIND, PASSWORD = "annexlog@example.com", "domain-s3cret-password"
EMAIL, PLANTED = "planted.person@example.com", "planted-value-0123456789"
"""What must never get into a store: personal data that entries hold."""

Entry = Mapping[str, Any]


# ── values as they are sent ───────────────────────────────────────────────────────────────


def sid(text: str) -> bytes:
    _, revision, authority, *parts = text.split("-")
    head = bytes((int(revision), len(parts))) + int(authority).to_bytes(6, "big")
    return head + b"".join(struct.pack("<I", int(part)) for part in parts)


def ago(days: int) -> str:
    """A FILETIME, these days before now."""
    passed = datetime.now(UTC) - timedelta(days=days) - datetime(1601, 1, 1, tzinfo=UTC)
    return str(int(passed.total_seconds()) * 10_000_000)


def user(name: str, rid: int, **more: Any) -> Entry:
    return {
        "dn": f"CN={name},CN=Users,{BASE}", "objectClass": ["top", "person", "organizationalPerson", "user"],
        "objectSid": sid(f"{SID}-{rid}"), "userAccountControl": "512", "whenCreated": "20200101000000.0Z", "logonCount": "7",
        "lastLogonTimestamp": ago(10), "pwdLastSet": ago(30),
        "accountExpires": "9223372036854775807", "primaryGroupID": "513", "mail": EMAIL, "description": PLANTED, **more,
    }  # fmt: skip


def group(name: str, of: str, *members: str, where: str = "CN=Users") -> Entry:
    held = {"member": list(members)} if members else {}
    return {
        "dn": f"CN={name},{where},{BASE}",
        "objectClass": ["top", "group"],
        "objectSid": sid(of),
        "description": PLANTED,
        **held,
    }


def healthy() -> list[Entry]:
    """A domain in which every test passes."""
    administrator = f"CN=Administrator,CN=Users,{BASE}"
    container = f"CN=Password Settings Container,CN=System,{BASE}"
    return [
        {
            "dn": "", "supportedCapabilities": ["1.2.840.113556.1.4.800"], "defaultNamingContext": BASE,
            "namingContexts": [BASE, CONFIGURATION], "configurationNamingContext": CONFIGURATION,
        },
        {
            "dn": BASE, "objectClass": ["top", "domain", "domainDNS"], "objectSid": sid(SID), "minPwdLength": "14",
            "pwdHistoryLength": "24", "pwdProperties": "1", "maxPwdAge": "-36288000000000", "lockoutThreshold": "10",
            "lockoutDuration": "-9000000000", "lockoutObservationWindow": "-9000000000", "ms-DS-MachineAccountQuota": "0",
        },
        {"dn": f"CN=EXAMPLE,CN=Partitions,{CONFIGURATION}", "objectClass": ["crossRef"], "systemFlags": "3", "nCName": BASE},
        {"dn": container, "objectClass": ["top", "msDS-PasswordSettingsContainer"]},
        {
            "dn": f"CN=Strict,{container}", "objectClass": ["top", "msDS-PasswordSettings"], "msDS-MinimumPasswordLength": "20",
            "msDS-PasswordHistoryLength": "24", "msDS-PasswordComplexityEnabled": "TRUE",
            "msDS-PasswordReversibleEncryptionEnabled": "FALSE", "msDS-LockoutThreshold": "3",
            "msDS-LockoutDuration": "-9223372036854775808", "msDS-LockoutObservationWindow": "-18000000000",
        },
        user("Administrator", 500),
        user("krbtgt", 502, userAccountControl="514"),
        user("Ann", 1101),
        user("Old", 1102, userAccountControl="514"),
        {
            "dn": f"CN=DC1,OU=Domain Controllers,{BASE}", "objectClass": ["top", "computer"], "objectSid": sid(f"{SID}-1000"),
            "userAccountControl": "532480", "dNSHostName": "127.0.0.1",
        },
        group("Domain Admins", f"{SID}-512", administrator),
        group("Administrators", "S-1-5-32-544", administrator, f"CN=Domain Admins,CN=Users,{BASE}", where="CN=Builtin"),
    ]  # fmt: skip


REGISTERS: Mapping[str, Any] = {"ldap_privileged_accounts": [f"{SID}-500"]}


# ── the protocol, from the server's side ──────────────────────────────────────────────────


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    length = bytes((size,)) if size < 128 else b"\x84" + struct.pack(">I", size)
    return bytes((tag,)) + length + content


def parts(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(data):
        size, start = data[at + 1], at + 2
        if size >= 128:
            start += size - 128
            size = int.from_bytes(data[at + 2 : start], "big")
        found.append((data[at], data[start : start + size]))
        at = start + size
    return found


@dataclass
class Fault:
    """What is done instead, to searches whose `base filter` fits the pattern: a result's number, or what else it names.

    "drop": the connection ends; "garbage": bytes that are nothing; "empty": success without entries; "stripped": entries
    without attributes; "cut": what there is, and then that the limit of size was met.
    """

    pattern: str
    does: int | str
    seen: int = 0


@dataclass
class Domain:
    """A running controller, with LDAPS at `url`. `most`: entries of a page. `ranged`: values that are told at once.

    `asked`: `base filter` of each search. `plain`: what a bind without TLS is answered, at `plain_port`.
    """

    entries: list[Entry]
    most: int = 1000
    ranged: int = 1500
    plain: int = 8
    anonymous: int = 1
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    binds: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._kept = tempfile.TemporaryDirectory()
        authority = trustme.CA()
        self.ca_file = str(Path(self._kept.name) / "ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self.tls)
        self._servers = [_Server(("127.0.0.1", 0), self, self.tls), _Server(("127.0.0.1", 0), self, None)]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        port, self.plain_port = (server.server_address[1] for server in self._servers)
        self.url = f"ldaps://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._kept.cleanup()

    def found(self, base: str, scope: int, fits: Callable[[Entry], bool]) -> list[Entry] | None:
        """The entries of a search; None: there is no such base."""
        below = [entry for entry in self.entries if _within(entry["dn"], base, scope)]
        if not any(entry["dn"].casefold() == base.casefold() for entry in self.entries):
            return [entry for entry in below if fits(entry)] if below else None
        return [entry for entry in below if fits(entry)]


def _within(dn: str, base: str, scope: int) -> bool:
    dn, base = dn.casefold(), base.casefold()
    if scope == 0 or not base:
        return dn == base
    if scope == 1:
        return dn.endswith(f",{base}") and "," not in dn[: -len(base) - 1]
    return dn == base or dn.endswith(f",{base}")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, at: tuple[str, int], domain: Domain, tls: ssl.SSLContext | None) -> None:
        super().__init__(at, _Handler)
        self.domain, self.tls = domain, tls

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is none of ours."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        tls, self._signed_in = self.server.tls, False
        line = tls.wrap_socket(self.request, server_side=True) if tls else self.request
        try:
            for data in _messages(line):
                (_, id), (tag, content), *more = parts(parts(data)[0][1])
                for answer in self._answers(tag, content, more[0][1] if more else b""):
                    line.sendall(answer if answer.startswith(b"!") else tlv(0x30, tlv(2, id), answer))
        except (OSError, _Ends):
            pass
        finally:
            line.close()

    def _answers(self, tag: int, content: bytes, controls: bytes) -> Iterator[bytes]:
        if tag == 0x60:
            yield _result(0x61, self._bind(content))
        elif tag == 0x63:
            yield from self._search(content, controls)
        else:
            raise _Ends

    def _bind(self, content: bytes) -> int:
        (_, _), (_, dn), (_, password) = parts(content)
        domain = self.server.domain
        domain.binds.append(dn.decode())
        if self.server.tls is None:
            return domain.plain
        self._signed_in = dn.decode() == BIND and password.decode() == PASSWORD
        return 0 if self._signed_in else 49

    def _search(self, content: bytes, controls: bytes) -> Iterator[bytes]:
        domain = self.server.domain
        (_, base), (_, scope), _, _, _, _, (tag, wanted), (_, names) = parts(content)
        told = f"{base.decode()} {_written(tag, wanted)}"
        if not self._signed_in:
            yield _result(
                0x65, domain.anonymous, "In order to perform this operation a successful bind must be completed"
            )
            return
        domain.asked.append(told)
        fault = next((one for one in domain.faults if re.fullmatch(one.pattern, told)), None)
        does = fault.does if fault else None
        if does == "drop":
            raise _Ends
        if does == "garbage":
            yield b"!HTTP/1.1 400 Bad Request\r\n\r\n"
            raise _Ends
        if isinstance(does, int):
            yield _result(0x65, does)
            return
        found = domain.found(base.decode(), scope[0], _filter(tag, wanted))
        if found is None:
            yield _result(0x65, 32)
            return
        page = _page(controls)
        at, size = (int(page[1] or b"0"), min(page[0], domain.most)) if page else (0, len(found))
        asked = [name.decode() for _, name in parts(names)]
        for entry in [] if does == "empty" else found[at : at + size]:
            yield _entry(entry, [] if does == "stripped" else asked, domain.ranged)
        following = str(at + size).encode() if page and at + size < len(found) else b""
        yield _result(0x65, 4 if does == "cut" else 0) + (tlv(0xA0, _control(following)) if page else b"")


class _Ends(Exception):
    """The connection is over."""


def _messages(line: socket.socket) -> Iterator[bytes]:
    held = b""
    while True:
        head = 2 if len(held) < 2 or held[1] < 128 else 2 + held[1] - 128
        if len(held) >= head and len(held) >= 2:
            size = held[1] if head == 2 else int.from_bytes(held[2:head], "big")
            if len(held) >= head + size:
                yield held[: head + size]
                held = held[head + size :]
                continue
        part = line.recv(65536)
        if not part:
            return
        held += part


def _result(tag: int, code: int, message: str = PLANTED) -> bytes:
    return tlv(tag, tlv(10, bytes((code,))), tlv(4), tlv(4, message.encode()))


def _control(cookie: bytes) -> bytes:
    return tlv(0x30, tlv(4, b"1.2.840.113556.1.4.319"), tlv(4, tlv(0x30, tlv(2, b"\0"), tlv(4, cookie))))


def _page(controls: bytes) -> tuple[int, bytes] | None:
    for _, one in parts(controls):
        said = parts(one)
        if said[0][1] == b"1.2.840.113556.1.4.319":
            (_, size), (_, cookie) = parts(parts(said[-1][1])[0][1])
            return int.from_bytes(size, "big"), cookie
    return None


def _entry(entry: Entry, names: list[str], ranged: int) -> bytes:
    attributes = []
    for asked in names:
        name, _, option = asked.partition(";")
        held = entry.get(name)
        if held is None:
            continue
        values = [
            one if isinstance(one, bytes) else str(one).encode() for one in (held if isinstance(held, list) else [held])
        ]
        at = int(option.removeprefix("range=").partition("-")[0]) if option else 0
        if option or len(values) > ranged:
            last = len(values) <= at + ranged
            name += f";range={at}-{'*' if last else at + ranged - 1}"
            values = values[at : at + ranged]
        attributes.append(tlv(0x30, tlv(4, name.encode()), tlv(0x31, *(tlv(4, value) for value in values))))
    return tlv(0x64, tlv(4, entry["dn"].encode()), tlv(0x30, *attributes))


def _values(entry: Entry, name: str) -> list[bytes]:
    held = {key.casefold(): value for key, value in entry.items()}.get(name.casefold(), [])
    return [
        one if isinstance(one, bytes) else str(one).encode() for one in (held if isinstance(held, list) else [held])
    ]


def _filter(tag: int, content: bytes) -> Callable[[Entry], bool]:
    """What a filter asks of an entry. A SID may be written as text."""
    inside = parts(content) if tag != 0x87 else []
    if tag in (0xA0, 0xA1):
        each = [_filter(*one) for one in inside]
        return lambda entry: (all if tag == 0xA0 else any)(one(entry) for one in each)
    if tag == 0xA2:
        return lambda entry: not _filter(*inside[0])(entry)
    if tag == 0x87:
        name = content.decode()
        return lambda entry: name.casefold() == "objectclass" or bool(_values(entry, name))
    if tag == 0xA9:
        (_, _), (_, attribute), (_, bits) = inside
        return lambda entry: any(int(one) & int(bits) == int(bits) for one in _values(entry, attribute.decode()))
    (_, attribute), (_, value) = inside
    name = attribute.decode()
    if name == "objectCategory":
        return lambda entry: "person" in entry.get("objectClass", ())
    wanted = sid(value.decode()) if name in ("objectSid", "sIDHistory") else value
    return lambda entry: wanted.lower() in [one.lower() for one in _values(entry, name)]


def _written(tag: int, content: bytes) -> str:
    """A filter as it reads, for faults and logs."""
    if tag in (0xA0, 0xA1, 0xA2):
        return f"({ {0xA0: '&', 0xA1: '|', 0xA2: '!'}[tag] }{''.join(_written(*one) for one in parts(content))})"
    if tag == 0x87:
        return f"({content.decode()}=*)"
    inside = [value.decode("utf-8", "replace") for _, value in parts(content)]
    return f"({inside[1]}:{inside[0]}:={inside[2]})" if tag == 0xA9 else f"({inside[0]}={inside[1]})"
