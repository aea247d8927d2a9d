"""Active Directory as the engine sees it: which domains, what is hidden, ranges, groups in groups, and who asks."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.collectors.ldap._adapter import Ldap
from annexlog.collectors.ldap.domain import controller, group, user
from annexlog.collectors.ldap.domain import domain as of_domain
from annexlog.evidence_store.model import ConfigError, Coverage, Unknown
from tests.collectors.ldap.conftest import Connect
from tests.providers import look
from tests.wire.ldap import BASE, BIND, CONFIGURATION, SID, Domain, Fault, sid
from tests.wire.ldap import group as entry_of_group
from tests.wire.ldap import user as entry_of_user

SCOPE = "ldap/example.com"
USERS = r".* \(&\(objectCategory=person\).*"


def admins(server: Domain) -> Any:
    return next(one for one in server.entries if one["dn"].startswith("CN=Domain Admins"))


# ── who asks ──


@pytest.mark.parametrize(
    "options",
    [
        {"password_file": ""},
        {"bind_dn": ""},
        {"client_certificate": "x.pem"},
        {"url": "ldap://dc1.example.com", "start_tls": False},
        {"url": "https://dc1.example.com"},
        {"accounts": "uid=ann"},
        {"last_sign_in": "shoeSize"},
    ],
)
def test_a_target_that_does_not_say_who_asks_whom_is_refused(options: dict[str, object], connect: Connect) -> None:
    with pytest.raises(ConfigError):
        connect(**options)


def test_a_password_that_is_wrong_is_unauthenticated(connect: Connect, tmp_path: Any) -> None:
    (tmp_path / "other").write_text("wrong")

    found = connect(password_file=str(tmp_path / "other")).discover()

    assert (found.status, [refused.reason for refused in found.refusals]) == (Coverage.FAILED, ["unauthenticated"])


def test_a_server_whose_certificate_nobody_vouches_for_is_told_no_password(domain: Domain, connect: Connect) -> None:
    found = connect(ca_file=None).discover()

    assert [(refused.reason, refused.code) for refused in found.refusals] == [("failed", "SSLCertVerificationError")]
    assert domain.binds == []


# ── which domains ──


def test_a_domain_is_called_by_its_dns_name_and_others_of_the_forest_are_named(
    domain: Domain, connect: Connect
) -> None:
    other = {"objectClass": ["crossRef"], "systemFlags": "3", "nCName": f"DC=eu,{BASE}"}
    domain.entries.append({"dn": f"CN=EU,CN=Partitions,{CONFIGURATION}", **other})

    found = connect().discover()

    assert [scope.name for scope in found.scopes] == [SCOPE, "ldap/eu.example.com"]
    assert found.skipped == {"ldap/eu.example.com": "another domain of the forest: it needs a target of its own"}


@pytest.mark.parametrize("hidden", [BASE, f"CN=EXAMPLE,CN=Partitions,{CONFIGURATION}"])
def test_a_domain_that_does_not_show_itself_is_denied(hidden: str, domain: Domain, connect: Connect) -> None:
    domain.entries[:] = [
        {**one, "objectSid": [], "nCName": []} if one["dn"] == hidden else one for one in domain.entries
    ]

    found = connect().discover()

    assert (found.status, [refused.reason for refused in found.refusals]) == (Coverage.FAILED, ["denied"])


# ── what is hidden ──


def test_where_nobody_states_that_all_is_seen_no_list_is_believed(connect: Connect) -> None:
    seen = look(connect(all_visible_because=""), user)

    told = Unknown("denied", "(objectSid={domain}-500)", "domain users", "no proof of sight")
    assert seen.status("ldap.ad.user", scope=SCOPE) == ("denied", told)


def test_a_statement_is_not_believed_where_the_built_in_administrator_is_hidden(
    domain: Domain, connect: Connect
) -> None:
    domain.entries[:] = [one for one in domain.entries if not one["dn"].startswith("CN=Administrator,")]

    seen = look(connect(), user)

    assert seen.status("ldap.ad.user", scope=SCOPE)[0] == "denied"


def test_an_attribute_that_is_not_shown_is_null_and_nothing_else(domain: Domain, connect: Connect) -> None:
    domain.entries.append({**entry_of_user("Eve", 1103), "lastLogonTimestamp": [], "accountExpires": []})

    seen = look(connect(), user)

    body: Any = seen.values("ldap.ad.user", scope=SCOPE)[f"{SID}-1103"]
    assert (body["lastLogonTimestamp"], body["accountExpires"], body["logonCount"]) == (None, None, 7)


def test_password_settings_that_only_administrators_may_read_are_denied(domain: Domain, connect: Connect) -> None:
    domain.entries[:] = [one for one in domain.entries if "Password Settings Container" not in one["dn"]]

    seen = look(connect(), of_domain, ["finer"])

    (found,) = seen.values("ldap.ad.domain", "finer", SCOPE).values()
    assert isinstance(found, Unknown)
    assert (found.reason, found.code) == ("denied", "noSuchObject")


# ── what is seen ──


def test_users_are_read_page_by_page_and_only_as_they_are_wanted(domain_of_many: Domain, connect: Connect) -> None:
    adapter: Ldap = connect(page=100)
    (scope,) = adapter.discover().scopes
    listed = user.listed
    assert listed is not None
    domain_of_many.asked.clear()

    pages = adapter.pages(listed, {"base": BASE, "attributes": ["objectSid"]}, scope)

    assert (len(next(pages).body), len(domain_of_many.asked)) == (100, 1)
    assert [len(page.body) for page in pages] == [100, 54]


@pytest.fixture
def domain_of_many(domain: Domain) -> Domain:
    domain.entries += [entry_of_user(f"User{n}", 2000 + n) for n in range(250)]
    return domain


def test_a_limit_of_size_makes_the_list_partial_and_what_came_is_kept(domain: Domain, connect: Connect) -> None:
    domain.faults.append(Fault(USERS, "cut"))

    seen = look(connect(), user)

    status, told = seen.status("ldap.ad.user", scope=SCOPE)
    assert (status, told and told.code) == ("partial", "sizeLimitExceeded")
    assert len(seen.values("ldap.ad.user", scope=SCOPE)) == 4


def test_a_connection_that_is_lost_is_made_again(domain: Domain, connect: Connect) -> None:
    adapter = connect()
    (scope,) = adapter.discover().scopes
    listed = user.listed
    assert listed is not None
    domain.faults.append(Fault(USERS, "drop"))
    pages = adapter.pages(listed, {"base": BASE, "attributes": ["objectSid"]}, scope)
    with pytest.raises(Exception, match="Disconnected"):
        next(pages)
    domain.faults.clear()

    assert len(next(pages).body) == 4


# ── groups ──


def test_members_that_come_in_ranges_are_read_to_the_end(domain: Domain, connect: Connect) -> None:
    domain.ranged = 3
    domain.entries += [entry_of_user(f"User{n}", 2000 + n) for n in range(8)]
    admins(domain)["member"] += [f"CN=User{n},CN=Users,{BASE}" for n in range(8)]

    seen = look(connect(), group)

    body: Any = seen.values("ldap.ad.group", scope=SCOPE)[f"{SID}-512"]
    assert body["members"] == [*(f"{SID}-{2000 + n}" for n in range(8)), f"{SID}-500"]


def test_a_range_that_stops_before_its_end_is_incomplete(domain: Domain, connect: Connect) -> None:
    domain.ranged = 3
    admins(domain)["member"] += [f"CN=User{n},CN=Users,{BASE}" for n in range(8)]
    domain.faults.append(Fault(r"CN=Domain Admins,.* \(objectClass=\*\)", "stripped"))

    seen = look(connect(), group)

    assert seen.status("ldap.ad.group", scope=SCOPE)[0] in ("denied", "partial")


def test_groups_in_groups_in_a_circle_and_primary_groups_count(domain: Domain, connect: Connect) -> None:
    domain.entries += [
        entry_of_group("Night", f"{SID}-1200", f"CN=Bob,CN=Users,{BASE}", f"CN=Domain Admins,CN=Users,{BASE}"),
        entry_of_user("Bob", 1104),
        entry_of_user("Hidden", 1105, primaryGroupID="1200"),
        entry_of_user("Direct", 1106, primaryGroupID="512"),
    ]
    admins(domain)["member"].append(f"CN=Night,CN=Users,{BASE}")

    seen = look(connect(), group)

    body: Any = seen.values("ldap.ad.group", scope=SCOPE)[f"{SID}-512"]
    assert body["members"] == [f"{SID}-1104", f"{SID}-1105", f"{SID}-1106", f"{SID}-500"]


@pytest.mark.parametrize(
    ("member", "reason"), [("CN=Ann,CN=Users,DC=other,DC=org", "unsupported"), (f"CN=Gone,CN=Users,{BASE}", "denied")]
)
def test_a_member_that_cannot_be_told_makes_the_groups_unknown(
    member: str, reason: str, domain: Domain, connect: Connect
) -> None:
    admins(domain)["member"].append(member)

    seen = look(connect(), group)

    told = seen.status("ldap.ad.group", scope=SCOPE)[1]
    assert told is not None
    assert told.reason == reason


def test_groups_that_the_target_names_are_looked_at_as_well(domain: Domain, connect: Connect) -> None:
    domain.entries.append(entry_of_group("Backup", f"{SID}-1300", f"CN=Ann,CN=Users,{BASE}"))

    seen = look(connect(privileged_groups=(f"{SID}-1300",)), group)

    body: Any = seen.values("ldap.ad.group", scope=SCOPE)[f"{SID}-1300"]
    assert body["members"] == [f"{SID}-1101"]


@pytest.mark.parametrize(
    ("named", "reason"), [(f"{SID}-1301", "denied"), (f"CN=Backup,CN=Users,{BASE}", "unsupported")]
)
def test_a_group_that_the_target_names_and_nobody_finds_makes_the_groups_unknown(
    named: str, reason: str, domain: Domain, connect: Connect
) -> None:
    seen = look(connect(privileged_groups=(named,)), group)

    told = seen.status("ldap.ad.group", scope=SCOPE)[1]
    assert told is not None
    assert told.reason == reason


def test_who_brought_along_the_sid_of_a_group_is_in_it(domain: Domain, connect: Connect) -> None:
    history = [sid(f"{SID}-512"), sid("S-1-5-21-7-8-9-1107")]
    domain.entries.append({**entry_of_user("Quiet", 1107), "sIDHistory": history})

    groups, users = look(connect(), group), look(connect(), user)

    admins: Any = groups.values("ldap.ad.group", scope=SCOPE)[f"{SID}-512"]
    body: Any = users.values("ldap.ad.user", scope=SCOPE)[f"{SID}-1107"]
    assert admins["members"] == [f"{SID}-1107", f"{SID}-500"]
    assert body["sIDHistory"] == [f"{SID}-512", "S-1-5-21-7-8-9-1107"]


def test_whoever_is_in_a_group_that_brought_along_the_sid_is_in_it(domain: Domain, connect: Connect) -> None:
    moved = entry_of_group("Moved", f"{SID}-1210", f"CN=Ann,CN=Users,{BASE}")
    domain.entries.append({**moved, "sIDHistory": [sid(f"{SID}-512")]})

    admins: Any = look(connect(), group).values("ldap.ad.group", scope=SCOPE)[f"{SID}-512"]

    assert admins["members"] == [f"{SID}-1101", f"{SID}-500"]


def test_each_account_has_the_powerful_groups_that_it_is_in(domain: Domain, connect: Connect) -> None:
    domain.entries += [
        entry_of_group("Night", f"{SID}-1200", f"CN=Ann,CN=Users,{BASE}"),
        {**entry_of_user("Once", 1108), "adminCount": "1"},
    ]
    admins(domain)["member"].append(f"CN=Night,CN=Users,{BASE}")

    seen = look(connect(), user)

    power: Any = seen.values("ldap.ad.user", "power", SCOPE)
    bodies: Any = seen.values("ldap.ad.user", scope=SCOPE)
    assert {id: body["groups"] for id, body in power.items() if body["groups"]} == {
        f"{SID}-500": [f"{SID}-512", "S-1-5-32-544"],
        f"{SID}-1101": [f"{SID}-512", "S-1-5-32-544"],
    }
    assert {id for id, body in bodies.items() if body["marked"] == ["adminCount"]} == {f"{SID}-1108"}


def test_where_a_powerful_group_is_not_read_nobody_is_told_to_have_no_power(domain: Domain, connect: Connect) -> None:
    admins(domain)["member"].append(f"CN=Gone,CN=Users,{BASE}")

    seen = look(connect(), user, ["power"])

    power: Any = seen.values("ldap.ad.user", "power", SCOPE)
    assert {told.reason for told in power.values()} == {"denied"}


# ── controllers ──


@pytest.mark.parametrize(("code", "answer"), [(8, "8"), (49, "49")])
def test_a_made_up_name_is_tried_without_tls_and_no_account_of_ours(
    code: int, answer: str, domain: Domain, connect: Connect
) -> None:
    domain.plain = code

    seen = look(connect(), controller, ["plain_bind"])

    assert seen.values("ldap.ad.controller", "plain_bind", SCOPE) == {"127.0.0.1": {"answer": answer}}
    assert domain.binds[-1].startswith("cn=annexlog-probe-")


def test_nothing_is_tried_where_the_target_does_not_say_so(domain: Domain, connect: Connect) -> None:
    seen = look(connect(probe=False), controller, ["plain_bind"])

    (found,) = seen.values("ldap.ad.controller", "plain_bind", SCOPE).values()
    assert isinstance(found, Unknown)
    assert (found.reason, found.code) == ("unsupported", "ProbeOff")
    assert not any(name.startswith("cn=annexlog-probe-") for name in domain.binds)


def test_a_name_of_another_domain_leads_nowhere(domain: Domain, connect: Connect) -> None:
    controllers = [one for one in domain.entries if "dNSHostName" in one]
    domain.entries[:] = [one for one in domain.entries if one not in controllers]
    domain.entries.append({**controllers[0], "dNSHostName": "dc1.example.com.evil.test"})

    seen = look(connect(), controller)

    told = {name: list(seen.values("ldap.ad.controller", name, SCOPE).values()) for name in ("plain_bind", "tls")}
    assert {found.code for values in told.values() for found in values if isinstance(found, Unknown)} == {"OtherHost"}
    assert domain.binds[-1] == BIND


@pytest.mark.parametrize(
    ("code", "told"), [(1, {"answer": "refused"}), (50, {"answer": "refused"}), (0, {"answer": "nothing"})]
)
def test_what_nobody_gets_to_see_is_told_by_the_answer(
    code: int, told: dict[str, str], domain: Domain, connect: Connect
) -> None:
    domain.anonymous = code

    seen = look(connect(), of_domain, ["anonymous"])

    assert list(seen.values("ldap.ad.domain", "anonymous", SCOPE).values()) == [told]


@pytest.mark.parametrize(("code", "reason"), [(51, "throttled"), (52, "failed"), (80, "failed")])
def test_a_server_that_is_busy_refuses_nobody(code: int, reason: str, domain: Domain, connect: Connect) -> None:
    domain.anonymous = code

    seen = look(connect(), of_domain, ["anonymous"])

    (found,) = seen.values("ldap.ad.domain", "anonymous", SCOPE).values()
    assert isinstance(found, Unknown)
    assert found.reason == reason
