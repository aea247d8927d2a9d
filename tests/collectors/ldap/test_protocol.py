"""What is sent and read: filters, values as directories write them, and bytes that are nothing of the kind."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexlog.collectors import Call
from annexlog.collectors.ldap import _ber as ber
from annexlog.collectors.ldap import _filters as filters
from annexlog.collectors.ldap import _messages as ldap
from annexlog.collectors.ldap import _values as values
from annexlog.collectors.ldap import provider
from annexlog.collectors.ldap._refusals import refusal
from annexlog.evidence_store.model import DeclarationError


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("(uid=ann)", "a30a0403756964 0403616e6e"),
        ("(uid=*)", "8703756964"),
        ("(!(uid=*))", "a2058703756964"),
        ("(&(a=1)(|(b>=2)(c<=3)))", "a01a a306040161040131 a110 a506040162040132 a606040163040133"),
        ("(cn=a*b*c)", "a40f0402636e 3009 800161 810162 820163"),
        ("(cn=*b)", "a4090402636e 3003 820162"),
        (r"(cn=a\2ab)", "a3090402636e 0403612a62"),
        ("(uac:1.2.3:=2)", "a90f 8105312e322e33 8203756163 830132"),
    ],
)
def test_a_filter_is_sent_as_rfc_4511_says(text: str, sent: str) -> None:
    assert filters.encoded(text) == bytes.fromhex(sent.replace(" ", ""))


@pytest.mark.parametrize("text", ["", "uid=ann", "(uid=ann", "(uid=ann)(x=y)", "(&(uid=ann)", "(=ann)", "(!uid=ann)"])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(DeclarationError):
        filters.encoded(text)


def test_a_value_cannot_leave_its_place_in_a_filter() -> None:
    text = filters.filled("(uid={name})", {"name": r"ann)(|(uid=*)\ "})

    assert filters.encoded(text) == ber.sequence(ber.octets("uid"), ber.octets(r"ann)(|(uid=*)\ "), tag=0xA3)


@pytest.mark.parametrize(
    ("name", "held", "told"),
    [
        ("objectSid", bytes.fromhex("010500000000000515000000010000000200000003000000f4010000"), "S-1-5-21-1-2-3-500"),
        ("objectSid", b"S-1-5-32-544", "S-1-5-32-544"),
        ("lastLogonTimestamp", b"0", "never"),
        ("accountExpires", b"9223372036854775807", "never"),
        ("pwdLastSet", b"133536384000000000", "2024-02-29T00:00:00.000Z"),
        ("whenCreated", b"20240229000000.0Z", "2024-02-29T00:00:00.000Z"),
        ("pwdLastSuccess", b"20240229000000.5Z", "2024-02-29T00:00:00.500Z"),
        ("maxPwdAge", b"-36288000000000", 42.0),
        ("maxPwdAge", b"-9223372036854775808", 0),
        ("lockoutDuration", b"-9223372036854775808", -1),
        ("pwdLockout", b"TRUE", True),
        ("userAccountControl", b"66048", 66048),
    ],
)
def test_a_value_is_read_as_its_attribute_writes_it(name: str, held: bytes, told: object) -> None:
    assert values.value(name, [held]) == told


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("objectSid", [b"\x01\x05"]),
        ("userAccountControl", [b"x"]),
        ("userAccountControl", [b"1", b"2"]),
        ("pwdLockout", [b"yes"]),
        ("whenCreated", [b"20240229000000+0100"]),
        ("dNSHostName", [b"\xff"]),
    ],
)
def test_a_value_that_its_attribute_cannot_have_is_refused(name: str, held: list[bytes]) -> None:
    with pytest.raises((ValueError, KeyError)):
        values.value(name, held)


def test_names_of_attributes_are_told_without_regard_to_case_and_options() -> None:
    assert [values.known(name) for name in ("MEMBER;range=0-1499", "userPassword")] == ["member", None]


@settings(max_examples=150)
@given(st.binary(max_size=60))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    for read in (ldap.opened, ldap.entry, lambda data: ldap.result(data, {}), lambda data: list(ber.elements(data))):
        try:
            read(data)
        except ber.Malformed:
            continue


@settings(max_examples=60)
@given(st.integers(-(2**40), 2**40), st.binary(max_size=300))
def test_what_is_encoded_is_read_back(number: int, content: bytes) -> None:
    found = list(ber.elements(ber.integer(number) + ber.octets(content)))

    assert (ber.number(found[0][1]), found[1][1]) == (number, content)


def test_a_message_that_says_it_is_endless_is_refused() -> None:
    with pytest.raises(ber.Malformed, match="longer"):
        ber.header(b"\x30\x84\xff\xff\xff\xff")


@pytest.mark.parametrize(
    ("code", "reason", "named"),
    [
        (4, "incomplete", "sizeLimitExceeded"),
        (32, "denied", "noSuchObject"),
        (49, "unauthenticated", "invalidCredentials"),
        (50, "denied", "insufficientAccessRights"),
        (51, "throttled", "busy"),
        (12, "unsupported", "unavailableCriticalExtension"),
        (99, "failed", "99"),
    ],
)
def test_a_refusal_is_told_apart_by_its_code(code: int, reason: str, named: str) -> None:
    refused = refusal(ldap.Result(code, "", "uid=planted"))

    assert (refused.reason, refused.code, refused.message) == (reason, named, "")


def test_the_rights_name_the_attributes_that_are_asked_for_of_each_kind_of_directory() -> None:
    calls = [
        Call("accounts", "(uid=*)", {"attributes": ["uid", "entryUUID", "dn"]}),
        Call("domain users", "(objectSid=*)", {"attributes": ["objectSid"]}),
        Call("rootDSE", "(objectClass=*)", {"attributes": ["supportedControl"]}),
    ]

    rights = json.loads(provider.policy(calls))

    who = 'by dn.exact="cn=annexlog,dc=example,dc=com" read by * break'
    assert rights["openldap"][0] == f"olcAccess: to attrs=entry,entryUUID,uid {who}"
    assert rights["active_directory"][0].startswith("read objectSid:")


def test_a_call_without_a_name_of_what_it_reads_is_refused() -> None:
    with pytest.raises(DeclarationError):
        provider.policy([Call("", "(uid=*)")])
