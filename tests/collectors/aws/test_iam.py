"""Users, roles, policies and those who hold them, as IAM shows them."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

import pytest

from annexlog.collectors.aws.iam import policy, principal, role, server_certificate, user
from annexlog.evidence_store.model import Coverage, Unknown
from tests.collectors.aws.conftest import Connect
from tests.collectors.aws.looking import look
from tests.wire import Fault, Moto, Reply, Wire
from tests.wire.moto import ACCOUNT

ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "sts:AssumeRole"}],
}
HERE = f"arn:aws:iam::{ACCOUNT}"
ADA, BOB = f"{HERE}:user/ada", f"{HERE}:user/bob"
HEADER = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active\n"


def answer(operation: str, result: str) -> Reply:
    inner = f"<{operation}Result>{result}</{operation}Result>"
    body = f'<{operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">{inner}</{operation}Response>'
    return Reply(200, {"Content-Type": "text/xml"}, body.encode())


def reported(rows: str, header: str = HEADER) -> Fault:
    """What GetCredentialReport says."""
    content = base64.b64encode((header + rows).encode()).decode()
    when = "<GeneratedTime>2026-01-03T00:00:00Z</GeneratedTime>"
    result = f"<Content>{content}</Content><ReportFormat>text/csv</ReportFormat>{when}"
    return Fault("reply", "iam.get_credential_report", reply=answer("GetCredentialReport", result))


def plant_people(client: Any) -> Any:
    """Ada is an administrator by her group, Bob by a policy of his own."""
    iam = client("iam")
    iam.create_user(UserName="ada", Tags=[{"Key": "identity", "Value": "person"}])
    iam.create_user(UserName="bob")
    iam.create_group(GroupName="admins")
    iam.add_user_to_group(GroupName="admins", UserName="ada")
    iam.put_group_policy(GroupName="admins", PolicyName="all", PolicyDocument=json.dumps(ALL))
    iam.put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=json.dumps(ALL))
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST))
    for name, document in (("read", READ), ("spare", ALL)):
        iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
    iam.attach_role_policy(RoleName="app", PolicyArn=f"{HERE}:policy/read")
    return iam


# ── users ─────────────────────────────────────────────────────────────────────────────────


def test_a_user_shows_its_groups_its_own_policies_and_its_tags(moto: Moto, client: Any, connect: Connect) -> None:
    plant_people(client)

    seen = look(connect(), user)

    listed = {
        id: {k: v for k, v in body.items() if k not in ("UserId", "CreateDate")} for id, body in seen.of("").items()
    }
    assert listed == {
        ADA: {
            "Path": "/",
            "UserName": "ada",
            "Arn": ADA,
            "GroupList": ["admins"],
            "AttachedManagedPolicies": [],
            "UserPolicyList": [],
            "Tags": [{"Key": "identity", "Value": "person"}],
        },
        BOB: {
            "Path": "/",
            "UserName": "bob",
            "Arn": BOB,
            "GroupList": [],
            "AttachedManagedPolicies": [],
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": ALL}],
        },
    }


def test_active_keys_are_listed_and_each_with_its_last_use(moto: Moto, client: Any, connect: Connect) -> None:
    iam = client("iam")
    iam.create_user(UserName="ada")
    old, new = (iam.create_access_key(UserName="ada")["AccessKey"] for _ in range(2))
    iam.update_access_key(UserName="ada", AccessKeyId=old["AccessKeyId"], Status="Inactive")
    iam.create_user(UserName="bob")

    seen = look(connect(), user, "access_keys", "key_use", "signing_certificates")

    created = datetime.fromisoformat(seen.facets[ADA]["access_keys"][0]["CreateDate"])
    assert abs((created - new["CreateDate"]).total_seconds()) < 1
    shown = {"UserName": "ada", "AccessKeyId": new["AccessKeyId"], "Status": "Active"}
    shown["CreateDate"] = seen.facets[ADA]["access_keys"][0]["CreateDate"]
    assert seen.of("access_keys") == {ADA: [shown], BOB: []}
    assert seen.of("key_use") == {ADA: [{**shown, "LastUsedDate": None}], BOB: []}
    assert seen.of("signing_certificates") == {ADA: [], BOB: []}


def rows(iam: Any, **columns: str) -> Fault:
    """A report in which no credential of these users is active, but for what is said otherwise."""
    usual = {f"{kind}_{n}_active": "false" for kind in ("access_key", "cert") for n in (1, 2)} | columns
    head = ",".join(("user,arn,user_creation_time", *usual))
    users = [(one["UserName"], one["Arn"], one["CreateDate"].isoformat()) for one in iam.list_users()["Users"]]
    text = "\n".join([head, *(",".join((*told, *usual.values())) for told in users)])
    said = "<ReportFormat>text/csv</ReportFormat><GeneratedTime>2026-01-03T00:00:00Z</GeneratedTime>"
    result = f"<Content>{base64.b64encode(text.encode()).decode()}</Content>{said}"
    return Fault("reply", "iam.get_credential_report", reply=answer("GetCredentialReport", result))


def test_who_holds_nothing_active_by_the_report_is_not_asked_for_it(wire: Wire, client: Any, connect: Connect) -> None:
    wire.inject(rows(plant_people(client)))

    seen = look(connect(), user, "access_keys", "signing_certificates")

    assert (seen.of("access_keys"), seen.of("signing_certificates")) == ({ADA: [], BOB: []}, {ADA: [], BOB: []})
    assert (wire.count("iam.list_access_keys"), wire.count("iam.list_signing_certificates")) == (0, 0)


@pytest.mark.parametrize(
    "columns",
    [
        {"access_key_2_active": "TRUE", "cert_1_active": "true"},
        {"additional_credentials_info": "1: use ListAccessKeys and ListSigningCertificates"},
        {"access_key_1_active": "not_supported", "cert_2_active": "N/A"},
    ],
)
def test_who_may_hold_something_active_by_the_report_is_asked_for_it(
    wire: Wire, client: Any, connect: Connect, columns: dict[str, str]
) -> None:
    wire.inject(rows(plant_people(client), **columns))

    look(connect(), user, "access_keys", "signing_certificates")

    assert (wire.count("iam.list_access_keys"), wire.count("iam.list_signing_certificates")) == (2, 2)


def test_a_user_made_anew_since_the_report_is_asked_for_what_it_holds(
    wire: Wire, client: Any, connect: Connect
) -> None:
    client("iam").create_user(UserName="ada")
    row = f"ada,{ADA},2020-01-01T00:00:00+00:00,false,false,false,false\n"
    wire.inject(
        reported(
            row, "user,arn,user_creation_time,access_key_1_active,access_key_2_active,cert_1_active,cert_2_active\n"
        )
    )

    look(connect(), user, "access_keys", "signing_certificates")

    assert (wire.count("iam.list_access_keys"), wire.count("iam.list_signing_certificates")) == (1, 1)


@pytest.mark.parametrize("quota", [3, None])
def test_where_a_user_may_hold_more_than_the_report_has_everybody_is_asked_for_it(
    wire: Wire, client: Any, connect: Connect, quota: int | None
) -> None:
    wire.inject(rows(plant_people(client)))
    said = "" if quota is None else f"<entry><key>AccessKeysPerUserQuota</key><value>{quota}</value></entry>"
    summary = answer("GetAccountSummary", f"<SummaryMap>{said}</SummaryMap>")
    wire.inject(Fault("reply", "iam.get_account_summary", reply=summary))

    look(connect(), user, "access_keys", "signing_certificates")

    assert (wire.count("iam.list_access_keys"), wire.count("iam.list_signing_certificates")) == (2, 2)


CREDENTIALS = "iam.list_service_specific_credentials"


def credential(name: str) -> str:
    return (
        f"<member><UserName>{name}</UserName><Status>Active</Status><CreateDate>2026-01-01T00:00:00Z</CreateDate>"
        f"<ServiceSpecificCredentialId>ACCA{name}</ServiceSpecificCredentialId><ServiceName>bedrock.amazonaws.com"
        "</ServiceName></member>"
    )


def credentials(*names: str) -> Reply:
    members = "".join(map(credential, names))
    said = f"<ServiceSpecificCredentials>{members}</ServiceSpecificCredentials>"
    return answer("ListServiceSpecificCredentials", said)


def plant_three(client: Any) -> None:
    for name in ("ada", "bob", "eve"):
        client("iam").create_user(UserName=name)


def of_names(seen: Any) -> dict[str, list[str]]:
    held = seen.of("service_credentials")
    return {id.rpartition("/")[2]: [one["UserName"] for one in found] for id, found in held.items()}


def test_one_answer_has_the_service_credentials_of_all_users(wire: Wire, client: Any, connect: Connect) -> None:
    plant_three(client)
    wire.inject(Fault("refused", CREDENTIALS, containing="UserName=", code="ValidationError"))
    wire.inject(Fault("reply", CREDENTIALS, reply=credentials("bob", "bob")))

    seen = look(connect(), user, "service_credentials")

    assert of_names(seen) == {"ada": [], "bob": ["bob", "bob"], "eve": []}
    assert wire.count(CREDENTIALS) == 2


def test_where_all_users_is_no_known_parameter_each_is_asked_for(wire: Wire, client: Any, connect: Connect) -> None:
    plant_three(client)
    wire.inject(Fault("reply", CREDENTIALS, containing="UserName=bob", reply=credentials("bob")))
    wire.inject(Fault("reply", CREDENTIALS, reply=credentials()))

    seen = look(connect(), user, "service_credentials")

    assert of_names(seen) == {"ada": [], "bob": ["bob"], "eve": []}
    assert wire.count(CREDENTIALS) == 4


def test_where_all_users_needs_the_name_of_a_service_each_is_asked_for(
    wire: Wire, client: Any, connect: Connect
) -> None:
    plant_three(client)
    wire.inject(Fault("refused", CREDENTIALS, containing="AllUsers=", code="ValidationError"))
    wire.inject(Fault("reply", CREDENTIALS, containing="UserName=bob", reply=credentials("bob")))
    wire.inject(Fault("reply", CREDENTIALS, reply=credentials()))

    seen = look(connect(), user, "service_credentials")

    assert of_names(seen) == {"ada": [], "bob": ["bob"], "eve": []}
    assert wire.count(CREDENTIALS) == 5


def test_service_credentials_that_may_not_be_listed_are_unknown(wire: Wire, client: Any, connect: Connect) -> None:
    plant_three(client)
    wire.inject(Fault("refused", CREDENTIALS))

    seen = look(connect(), user, "service_credentials")

    permission = "iam:ListServiceSpecificCredentials"
    denied = Unknown("denied", "list_service_specific_credentials", permission, "AccessDenied")
    assert set(seen.of("service_credentials").values()) == {denied}


def test_each_user_gets_its_row_of_the_credential_report(wire: Wire, client: Any, connect: Connect) -> None:
    plant_people(client)
    wire.inject(reported(f"ada,{ADA},2026-01-01T00:00:00+00:00,true,no_information,2026-01-01T00:00:00+00:00,false\n"))

    seen = look(connect(), user, "credential_report")

    assert seen.of("credential_report") == {
        ADA: {
            "user": "ada",
            "arn": ADA,
            "user_creation_time": "2026-01-01T00:00:00+00:00",
            "password_enabled": "true",
            "password_last_used": "no_information",
            "password_last_changed": "2026-01-01T00:00:00+00:00",
            "mfa_active": "false",
        },
        BOB: Unknown("unlisted", "get_credential_report", "iam:GetCredentialReport"),
    }
    assert wire.count("iam.get_credential_report") == 1


def test_a_user_younger_than_the_report_is_asked_for_what_it_would_say(
    wire: Wire, client: Any, connect: Connect
) -> None:
    iam = plant_people(client)
    iam.create_user(UserName="eve")
    iam.create_login_profile(UserName="eve", Password="Correct-horse-7")
    wire.inject(reported(f"ada,{ADA},2026-01-01T00:00:00+00:00,true,no_information,N/A,false\n"))

    seen = look(connect(), user, "newcomer")

    profile = seen.facets[f"{HERE}:user/eve"]["newcomer"].pop("LoginProfile")
    assert profile["UserName"] == "eve"
    assert seen.of("newcomer") == {
        ADA: None,
        BOB: {"arn": BOB, "LoginProfile": None, "MFADevices": []},
        f"{HERE}:user/eve": {"arn": f"{HERE}:user/eve", "MFADevices": []},
    }
    assert wire.count("iam.get_login_profile") == 2


def test_a_report_that_is_still_being_written_is_asked_for_again(wire: Wire, client: Any, connect: Connect) -> None:
    client("iam").create_user(UserName="ada")
    wire.inject(Fault("refused", "iam.get_credential_report", code="ReportInProgress", times=1))

    seen = look(connect(), user, "credential_report")

    assert seen.facets[ADA]["credential_report"]["user"] == "ada"
    assert wire.count("iam.generate_credential_report") == 2


def test_a_report_with_a_row_cut_short_is_unreadable(wire: Wire, client: Any, connect: Connect) -> None:
    client("iam").create_user(UserName="ada")
    wire.inject(reported(f"ada,{ADA},2026-01-01T00:00:00+00:00,true"))

    seen = look(connect(), user, "credential_report")

    unreadable = Unknown("unreadable", "get_credential_report", "iam:GetCredentialReport", "CredentialReport")
    assert seen.of("credential_report") == {ADA: unreadable}


def test_what_may_not_be_read_of_a_user_is_unknown(wire: Wire, client: Any, connect: Connect) -> None:
    client("iam").create_user(UserName="ada")
    wire.inject(Fault("refused", "iam.generate_credential_report"))

    seen = look(connect(), user, "credential_report", "newcomer", "access_keys", "key_use")

    report = Unknown("denied", "generate_credential_report", "iam:GenerateCredentialReport", "AccessDenied")
    del seen.facets[ADA][""]
    facets = ("credential_report", "newcomer", "held", "access_keys", "key_use")
    assert seen.facets == {ADA: dict.fromkeys(facets, report)}
    assert seen.status["credential_report"] is Coverage.DENIED


def test_a_refused_listing_shows_nobody_and_says_so(wire: Wire, client: Any, connect: Connect) -> None:
    client("iam").create_user(UserName="ada")
    wire.inject(Fault("refused", "iam.get_account_authorization_details"))

    seen = [look(connect(), type) for type in (user, role, policy, principal)]

    denied = Unknown(
        "denied", "get_account_authorization_details", "iam:GetAccountAuthorizationDetails", "AccessDenied"
    )
    assert [(one.facets, one.status, one.refusals) for one in seen] == [({}, {"": Coverage.DENIED}, {"": denied})] * 4


# ── roles, policies, principals ───────────────────────────────────────────────────────────


def test_a_role_shows_whom_it_trusts_but_not_when_it_was_used(moto: Moto, client: Any, connect: Connect) -> None:
    plant_people(client)

    seen = look(connect(), role, "last_used")

    body = seen.facets[f"{HERE}:role/app"].pop("")
    assert body["AssumeRolePolicyDocument"] == TRUST
    assert body["AttachedManagedPolicies"] == [{"PolicyName": "read", "PolicyArn": f"{HERE}:policy/read"}]
    assert "RoleLastUsed" not in body
    assert seen.facets == {f"{HERE}:role/app": {"last_used": {"Arn": f"{HERE}:role/app", "RoleLastUsed": {}}}}


def test_every_permissions_policy_shows_who_holds_it(moto: Moto, client: Any, connect: Connect) -> None:
    plant_people(client)

    seen = look(connect(), policy)

    assert seen.of("") == {
        f"{HERE}:policy/read": {
            "Arn": f"{HERE}:policy/read",
            "Kind": "customer",
            "PolicyName": "read",
            "Document": READ,
            "Holders": [f"{HERE}:role/app"],
        },
        f"{HERE}:policy/spare": {
            "Arn": f"{HERE}:policy/spare",
            "Kind": "customer",
            "PolicyName": "spare",
            "Document": ALL,
            "Holders": [],
        },
        f"{HERE}:group/admins/inline/all": {
            "Arn": f"{HERE}:group/admins/inline/all",
            "Kind": "inline",
            "PolicyName": "all",
            "Document": ALL,
            "Holders": [f"{HERE}:group/admins"],
        },
        f"{BOB}/inline/own": {
            "Arn": f"{BOB}/inline/own",
            "Kind": "inline",
            "PolicyName": "own",
            "Document": ALL,
            "Holders": [BOB],
        },
    }


def test_only_the_version_in_force_of_a_policy_counts(moto: Moto, client: Any, connect: Connect) -> None:
    iam = client("iam")
    arn = iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(ALL))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(READ), SetAsDefault=True)

    seen = look(connect(), policy)

    assert seen.facets[arn][""]["Document"] == READ


def test_a_principal_names_every_policy_it_has_also_by_its_groups(moto: Moto, client: Any, connect: Connect) -> None:
    plant_people(client)

    seen = look(connect(), principal)

    shown = {id: (body["Kind"], body["Groups"], body["Policies"]) for id, body in seen.of("").items()}
    assert shown == {
        ADA: ("user", ["admins"], [f"{HERE}:group/admins/inline/all"]),
        BOB: ("user", [], [f"{BOB}/inline/own"]),
        f"{HERE}:role/app": ("role", [], [f"{HERE}:policy/read"]),
    }


def test_a_group_that_the_answer_does_not_have_is_not_overlooked(wire: Wire, connect: Connect) -> None:
    body = (
        f"<UserDetailList><member><Path>/</Path><UserName>ada</UserName><UserId>AIDAADA</UserId><Arn>{ADA}</Arn>"
        "<CreateDate>2026-01-01T00:00:00Z</CreateDate><GroupList><member>ghosts</member></GroupList>"
        "<AttachedManagedPolicies/></member></UserDetailList><GroupDetailList/><RoleDetailList/><Policies/>"
    )
    details = answer("GetAccountAuthorizationDetails", body)
    wire.inject(Fault("reply", "iam.get_account_authorization_details", reply=details))

    seen = look(connect(), principal)

    assert seen.facets[ADA][""]["Policies"] == ["group ghosts"]


def test_all_pages_of_the_authorization_details_are_read(wire: Wire, client: Any, connect: Connect) -> None:
    def page(name: str, *, last: bool) -> Reply:
        role = (
            f"<member><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA{name}</RoleId><Arn>{HERE}:role/{name}</Arn>"
            "<CreateDate>2026-01-01T00:00:00Z</CreateDate><AttachedManagedPolicies/></member>"
        )
        more = "<IsTruncated>false</IsTruncated>" if last else "<IsTruncated>true</IsTruncated><Marker>two</Marker>"
        lists = f"<UserDetailList/><GroupDetailList/><RoleDetailList>{role}</RoleDetailList><Policies/>"
        return answer("GetAccountAuthorizationDetails", lists + more)

    details = "iam.get_account_authorization_details"
    wire.inject(Fault("reply", details, containing="Marker=two", reply=page("b", last=True)))
    wire.inject(Fault("reply", details, reply=page("a", last=False)))

    seen = look(connect(), principal)

    assert sorted(seen.facets) == [f"{HERE}:role/a", f"{HERE}:role/b"]


def test_a_continuation_that_leads_back_is_no_answer(wire: Wire, connect: Connect) -> None:
    lists = "<UserDetailList/><GroupDetailList/><RoleDetailList/><Policies/>"
    page = answer("GetAccountAuthorizationDetails", f"{lists}<IsTruncated>true</IsTruncated><Marker>again</Marker>")
    wire.inject(Fault("reply", "iam.get_account_authorization_details", reply=page))

    seen = look(connect(), principal)

    assert seen.refusals == {
        "": Unknown(
            "unreadable",
            "get_account_authorization_details",
            "iam:GetAccountAuthorizationDetails",
            "RepeatedToken",
        )
    }


def test_a_second_page_that_is_refused_leaves_no_principals_at_all(wire: Wire, client: Any, connect: Connect) -> None:
    plant_people(client)
    wire.inject(Fault("second_page", "iam.get_account_authorization_details"))

    seen = look(connect(), principal)

    assert (seen.facets, seen.status) == ({}, {"": Coverage.DENIED})


def test_a_server_certificate_shows_when_it_expires(wire: Wire, connect: Connect) -> None:
    arn = f"{HERE}:server-certificate/web"
    row = (
        "<ServerCertificateMetadataList><member><Path>/</Path><ServerCertificateName>web</ServerCertificateName>"
        f"<ServerCertificateId>ASCA1</ServerCertificateId><Arn>{arn}</Arn><Expiration>2026-02-03T04:05:06Z</Expiration>"
        "</member></ServerCertificateMetadataList><IsTruncated>false</IsTruncated>"
    )
    wire.inject(Fault("reply", "iam.list_server_certificates", reply=answer("ListServerCertificates", row)))

    seen = look(connect(), server_certificate)

    assert seen.facets == {
        arn: {
            "": {
                "Path": "/",
                "ServerCertificateName": "web",
                "ServerCertificateId": "ASCA1",
                "Arn": arn,
                "Expiration": "2026-02-03T04:05:06Z",
            }
        }
    }
