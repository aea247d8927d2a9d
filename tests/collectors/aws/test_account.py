"""The account and its regions as AWS shows them: what is set once for all."""

from __future__ import annotations

import base64
from typing import Any

from annexlog.collectors.aws.account import account, region
from annexlog.evidence_store.model import Coverage, Unknown
from tests.collectors.aws.conftest import Connect
from tests.collectors.aws.looking import REGION, look
from tests.wire import Fault, Moto, Reply, Wire
from tests.wire.moto import ACCOUNT

BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
CONTACT = {
    "AlternateContactType": "SECURITY",
    "Name": "Security team",
    "Title": "On call",
    "EmailAddress": "security@example.com",
    "PhoneNumber": "+49 30 1234567",
}
HEADER = (
    "user,arn,password_enabled,password_last_used,access_key_1_last_used_date,access_key_2_last_used_date,mfa_active\n"
)
ROOT = f"<root_account>,arn:aws:iam::{ACCOUNT}:root,true,2026-01-02T03:04:05+00:00,N/A,N/A,true\n"


def iam(operation: str, result: str) -> Reply:
    inner = f"<{operation}Result>{result}</{operation}Result>"
    body = f'<{operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">{inner}</{operation}Response>'
    return Reply(200, {"Content-Type": "text/xml"}, body.encode())


def ec2(operation: str, result: str) -> Reply:
    body = f'<{operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{result}</{operation}Response>'
    return Reply(200, {"Content-Type": "text/xml"}, body.encode())


def credential_report(rows: str) -> Fault:
    content = base64.b64encode((HEADER + rows).encode()).decode()
    when = "<GeneratedTime>2026-01-03T00:00:00Z</GeneratedTime>"
    result = f"<Content>{content}</Content><ReportFormat>text/csv</ReportFormat>{when}"
    return Fault("reply", "iam.get_credential_report", reply=iam("GetCredentialReport", result))


def public_access_block() -> Reply:
    settings = "".join(f"<{name}>true</{name}>" for name in BLOCKED)
    body = f"<PublicAccessBlockConfiguration>{settings}</PublicAccessBlockConfiguration>"
    return Reply(200, {"Content-Type": "application/xml"}, body.encode())


def test_an_account_where_everything_is_set_shows_it(wire: Wire, client: Any, connect: Connect) -> None:
    client("iam").update_account_password_policy(MinimumPasswordLength=14, PasswordReusePrevention=24)
    client("account").put_alternate_contact(**CONTACT)
    client("organizations").create_organization(FeatureSet="ALL")
    wire.inject(Fault("reply", "s3control.get_public_access_block", reply=public_access_block()))

    facets = ("password_policy", "security_contact", "organization", "s3_public_access_block", "virtual_mfa_devices")
    seen = look(connect(), account, *facets)

    organization = seen.facets[ACCOUNT].pop("organization")
    assert (organization["FeatureSet"], organization["MasterAccountId"]) == ("ALL", ACCOUNT)
    assert "AvailablePolicyTypes" not in organization
    assert seen.facets == {
        ACCOUNT: {
            "": {"partition": "aws", "account": ACCOUNT},
            "password_policy": {
                "MinimumPasswordLength": 14,
                "RequireSymbols": False,
                "RequireNumbers": False,
                "RequireUppercaseCharacters": False,
                "RequireLowercaseCharacters": False,
                "AllowUsersToChangePassword": False,
                "ExpirePasswords": False,
                "MaxPasswordAge": 0,
                "PasswordReusePrevention": 24,
                "HardExpiry": False,
            },
            "security_contact": CONTACT,
            "s3_public_access_block": BLOCKED,
            "virtual_mfa_devices": [],
        }
    }


def test_an_account_where_nothing_is_set_says_so(moto: Moto, client: Any, connect: Connect) -> None:
    seen = look(connect(), account, "password_policy", "security_contact", "organization", "s3_public_access_block")

    assert seen.facets == {
        ACCOUNT: {
            "": {"partition": "aws", "account": ACCOUNT},
            "password_policy": None,
            "security_contact": None,
            "organization": None,
            "s3_public_access_block": None,
        }
    }


def test_the_summary_counts_what_root_and_users_have(moto: Moto, client: Any, connect: Connect) -> None:
    client("iam").create_user(UserName="ada")

    seen = look(connect(), account, "summary")

    summary = seen.facets[ACCOUNT]["summary"]
    assert (summary["Users"], summary["AccountMFAEnabled"], summary["AccountAccessKeysPresent"]) == (1, 0, 0)


def test_only_devices_that_are_assigned_are_listed_and_their_seeds_are_not_kept(
    moto: Moto, client: Any, connect: Connect
) -> None:
    plant = client("iam")
    plant.create_user(UserName="ada")
    used = plant.create_virtual_mfa_device(VirtualMFADeviceName="ada")["VirtualMFADevice"]["SerialNumber"]
    plant.create_virtual_mfa_device(VirtualMFADeviceName="spare")
    plant.enable_mfa_device(
        UserName="ada", SerialNumber=used, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )

    seen = look(connect(), account, "virtual_mfa_devices")

    [device] = seen.facets[ACCOUNT]["virtual_mfa_devices"]
    assert device["SerialNumber"] == used
    assert device["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ada"
    assert device.keys() & {"Base32StringSeed", "QRCodePNG"} == set()


def test_the_root_row_of_the_credential_report_is_the_accounts(wire: Wire, connect: Connect) -> None:
    wire.inject(credential_report(f"ada,arn:aws:iam::{ACCOUNT}:user/ada,true,no_information,N/A,N/A,false\n{ROOT}"))

    seen = look(connect(), account, "root_credentials")

    assert seen.facets[ACCOUNT]["root_credentials"] == {
        "user": "<root_account>",
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "password_enabled": "true",
        "password_last_used": "2026-01-02T03:04:05+00:00",
        "access_key_1_last_used_date": "N/A",
        "access_key_2_last_used_date": "N/A",
        "mfa_active": "true",
    }


def test_a_report_without_a_root_row_says_nothing_of_root(moto: Moto, client: Any, connect: Connect) -> None:
    client("iam").create_user(UserName="ada")

    seen = look(connect(), account, "root_credentials")

    assert seen.facets[ACCOUNT]["root_credentials"] == Unknown(
        "unlisted", "get_credential_report", "iam:GetCredentialReport"
    )


def test_what_may_not_be_read_of_an_account_is_unknown(wire: Wire, connect: Connect) -> None:
    wire.inject(Fault("refused", "iam.get_account_password_policy"))
    wire.inject(Fault("refused", "organizations.describe_organization"))

    seen = look(connect(), account, "password_policy", "organization", "security_contact")

    assert seen.facets[ACCOUNT] == {
        "": {"partition": "aws", "account": ACCOUNT},
        "password_policy": Unknown(
            "denied", "get_account_password_policy", "iam:GetAccountPasswordPolicy", "AccessDenied"
        ),
        "organization": Unknown(
            "denied", "describe_organization", "organizations:DescribeOrganization", "AccessDeniedException"
        ),
        "security_contact": None,
    }
    assert seen.status["password_policy"] is Coverage.DENIED


def test_a_region_shows_its_defaults(wire: Wire, client: Any, connect: Connect) -> None:
    client("ec2", region=REGION).enable_ebs_encryption_by_default()
    wire.inject(
        Fault(
            "reply",
            "ec2.get_serial_console_access_status",
            reply=ec2("GetSerialConsoleAccessStatus", "<serialConsoleAccessEnabled>false</serialConsoleAccessEnabled>"),
        )
    )
    wire.inject(
        Fault(
            "reply",
            "ec2.get_snapshot_block_public_access_state",
            reply=ec2("GetSnapshotBlockPublicAccessState", "<state>block-all-sharing</state>"),
        )
    )
    wire.inject(
        Fault(
            "reply",
            "ec2.get_image_block_public_access_state",
            reply=ec2(
                "GetImageBlockPublicAccessState",
                "<imageBlockPublicAccessState>unblocked</imageBlockPublicAccessState>",
            ),
        )
    )

    seen = look(connect(), region, *region.facets[1:])

    assert seen.facets == {
        REGION: {
            "": {"partition": "aws", "account": ACCOUNT, "region": REGION},
            "ebs_encryption_by_default": True,
            "serial_console": False,
            "snapshot_public_access": "block-all-sharing",
            "image_public_access": "unblocked",
        }
    }


def test_an_answer_that_does_not_say_is_not_a_no(wire: Wire, connect: Connect) -> None:
    empty = ec2("GetSerialConsoleAccessStatus", "<requestId>r</requestId>")
    wire.inject(Fault("reply", "ec2.get_serial_console_access_status", reply=empty))
    wire.inject(Fault("refused", "ec2.get_ebs_encryption_by_default"))

    seen = look(connect(), region, "serial_console", "ebs_encryption_by_default")

    assert seen.facets[REGION] == {
        "": {"partition": "aws", "account": ACCOUNT, "region": REGION},
        "serial_console": Unknown(
            "unreadable",
            "get_serial_console_access_status",
            "ec2:GetSerialConsoleAccessStatus",
            "no SerialConsoleAccessEnabled",
        ),
        "ebs_encryption_by_default": Unknown(
            "denied", "get_ebs_encryption_by_default", "ec2:GetEbsEncryptionByDefault", "UnauthorizedOperation"
        ),
    }
