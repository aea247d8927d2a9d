"""A real OpenLDAP server as annexlog sees it: TLS in every way, rules of access that filter silently, and the proof."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from annexlog.collectors.ldap import Options, provider
from annexlog.collectors.ldap._adapter import Ldap
from annexlog.collectors.ldap.directory import account, directory, group, password_policy
from annexlog.evidence_store.model import Coverage
from tests.providers import Ground, ground, holds, leaked, look, unmet, untested
from tests.wire.api import Api
from tests.wire.slapd import BASE, BLIND, EMAIL, PASSWORD, READER, Slapd, uuid
from tests.wire.slapd import directory as ldif

SCOPE = f"ldap/{BASE}"
ADMINS = f"cn=admins,ou=groups,{BASE}"


Connect = Callable[..., Ldap]


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    """As the one who may read everything, where nothing else is said."""
    opened: list[Ldap] = []

    def connecting(server: Slapd, **options: object) -> Ldap:
        (tmp_path / "password").write_text(PASSWORD)
        who = {"bind_dn": READER, "password_file": str(tmp_path / "password"), "last_sign_in": "pwdLastSuccess"}
        given = {"url": server.secure_url, "ca_file": server.ca_file, "privileged_groups": (ADMINS,), **who, **options}
        opened.append(Ldap(Options(**given), "home"))  # type: ignore[arg-type]
        return opened[-1]

    yield connecting
    for adapter in opened:
        adapter.close()


@pytest.mark.parametrize("way", ["ldaps", "starttls", "certificate"])
def test_every_way_in_over_tls_works(way: str, slapd: Slapd, connect: Connect) -> None:
    options: dict[str, object] = {"url": slapd.url} if way == "starttls" else {}
    if way == "certificate":
        options = {"bind_dn": "", "password_file": "", "client_certificate": slapd.client_certificate}

    found = connect(slapd, **options).discover()

    assert (found.status, [scope.name for scope in found.scopes]) == (Coverage.COMPLETE, [SCOPE])


@pytest.mark.parametrize("url", ["url", "secure_url"])
def test_a_certificate_that_nobody_vouches_for_is_not_believed(url: str, slapd: Slapd, connect: Connect) -> None:
    found = connect(slapd, url=getattr(slapd, url), ca_file=None).discover()

    assert [refused.code for refused in found.refusals] == ["SSLCertVerificationError"]


def test_all_is_seen_where_as_many_entries_are_seen_as_the_monitor_counts(slapd: Slapd, connect: Connect) -> None:
    seen = look(connect(slapd, page=2), account)

    bodies: dict[str, Any] = seen.values("ldap.account", scope=SCOPE)
    assert (sorted(bodies), seen.status("ldap.account", scope=SCOPE)) == (
        [uuid(n) for n in range(3)],
        ("complete", None),
    )
    assert {name for body in bodies.values() for name in body} == {
        "entryUUID",
        "createTimestamp",
        "pwdAccountLockedTime",
        "last_sign_in",
        "stated",
        "grouped",
        "uid",
        "mail",
        "employeeNumber",
    }


def test_who_may_not_read_the_monitor_has_no_proof(slapd: Slapd, connect: Connect) -> None:
    seen = look(connect(slapd, bind_dn=BLIND), account)

    status, told = seen.status("ldap.account", scope=SCOPE)
    assert (status, told and told.code) == ("denied", "noSuchObject")


@pytest.mark.usefixtures("slapd")
def test_who_sees_fewer_entries_than_the_monitor_counts_has_no_proof(connect: Connect) -> None:
    hides = f'access to dn.subtree="ou=policies,{BASE}" by * none\n'
    hides += f'access to * by dn.exact="{READER}" read by anonymous auth\n'
    with Slapd(ldif(1), access=hides) as other:
        seen = look(connect(other), account)

    status, told = seen.status("ldap.account", scope=SCOPE)
    assert (status, told and told.code) == ("denied", "no proof of sight")


@pytest.mark.usefixtures("slapd")
def test_the_printed_rule_of_access_is_enough(connect: Connect) -> None:
    kinds = (account, directory, group, password_policy)
    rules = json.loads(provider.policy([call for kind in kinds for call in kind.calls()]))["openldap"]
    rule = "\n".join((rules[0], rules[2]))
    access = rule.replace("olcAccess:", "access").replace("cn=annexlog,dc=example,dc=com", READER)
    with Slapd(ldif(), access=f"{access}\naccess to * by anonymous auth by * none\n") as other:
        seen = [look(connect(other), kind).status(kind.name, scope=SCOPE) for kind in kinds]

    assert seen == [("complete", None)] * len(kinds)


POSIX = f"""
dn: uid=mail,ou=people,{BASE}
objectClass: inetOrgPerson
objectClass: posixAccount
uid: mail
cn: mail
sn: mail
gidNumber: 50
entryUUID: {uuid(7)}

dn: cn=ops,ou=groups,{BASE}
objectClass: groupOfNames
objectClass: posixGroup
cn: ops
gidNumber: 50
member: uid=user0,ou=people,{BASE}
memberUid: user1
"""


def test_a_group_of_two_classes_has_the_members_of_both(connect: Connect) -> None:
    named = {"privileged_groups": (f"cn=ops,ou=groups,{BASE}", f"cn=night,ou=groups,{BASE}")}
    with Slapd(f"{ldif()}\n{POSIX.lstrip()}") as other:
        groups: Any = look(connect(other, **named), group).values("ldap.group", scope=SCOPE)
        accounts: Any = look(connect(other, **named), account).values("ldap.account", "power", SCOPE)

    ops, night = (name.casefold() for name in named["privileged_groups"])
    assert groups[ops]["members"] == [uuid(0), uuid(1), uuid(7)]
    assert {id: body["groups"] for id, body in accounts.items()} == {
        uuid(0): [night, ops], uuid(1): [night, ops], uuid(2): [night], uuid(7): [ops],
    }  # fmt: skip


def test_a_login_in_a_group_that_no_account_has_leaves_its_members_open(connect: Connect) -> None:
    gone = POSIX.replace("memberUid: user1", "memberUid: gone")
    with Slapd(f"{ldif()}\n{gone.lstrip()}") as other:
        seen = look(connect(other, privileged_groups=(f"cn=ops,ou=groups,{BASE}",)), group)

    told = seen.status("ldap.group", scope=SCOPE)[1]
    assert told is not None
    assert (told.reason, told.code) == ("unresolved", "NoAccount")


def test_groups_in_groups_in_a_circle_are_read(slapd: Slapd, connect: Connect) -> None:
    seen = look(connect(slapd), group)

    body: Any = seen.values("ldap.group", scope=SCOPE)[ADMINS]
    assert (body["members"], body["more"]) == ([uuid(n) for n in range(3)], False)


def test_a_group_that_is_hidden_is_denied_and_not_empty(slapd: Slapd, connect: Connect) -> None:
    seen = look(connect(slapd, privileged_groups=(f"cn=gone,{BASE}",)), group)

    assert seen.status("ldap.group", scope=SCOPE)[0] == "denied"


def test_password_policies_and_what_the_server_says_of_itself_are_read(slapd: Slapd, connect: Connect) -> None:
    policies: dict[str, Any] = look(connect(slapd), password_policy).values("ldap.password_policy", scope=SCOPE)
    seen = look(connect(slapd, probe=True, plain_port=slapd.port), directory)

    found: dict[str, Any] = {name: seen.values("ldap.directory", name, SCOPE)[BASE] for name in directory.facets[1:]}
    (policy,) = policies.values()
    assert (policy["pwdMinLength"], policy["pwdLockout"]) == (14, True)
    assert "1.3.6.1.4.1.42.2.27.8.5.1" in found["root"]["supportedControl"]
    assert (found["anonymous"], found["plain_bind"]) == ({"answer": "refused"}, {"answer": "13"})
    assert found["tls"]["verified"] is True


@pytest.fixture(scope="module")
def home(slapd: Slapd, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    folder = tmp_path_factory.mktemp("slapd")
    (folder / "password").write_text(PASSWORD)
    who = f'bind_dn = "{READER}"\npassword_file = "{folder}/password"\nlast_sign_in = "pwdLastSuccess"'
    told = f'all_visible_because = "the rules of access were read"\nprivileged_groups = ["{ADMINS}"]'
    options = f'url = "{slapd.secure_url}"\n{who}\n{told}\nprobe = true\nplain_port = {slapd.port}'
    registers = {"ldap_privileged_accounts": [uuid(n) for n in range(3)]}
    return ground(cast("Api", slapd), "ldap", options, registers, folder)


def test_in_a_healthy_directory_every_test_of_directories_passes(home: Ground) -> None:
    assert unmet(home) == {}
    assert {test for test in untested(home) if home.mappings.tests[test].of.level == "directory"} == set()


def test_nothing_personal_and_no_secret_gets_into_the_store(home: Ground) -> None:
    assert leaked(home, EMAIL, PASSWORD, "uid=user0", "Planted") == set()
    assert holds(home, uuid(1))
