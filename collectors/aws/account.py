"""AWS accounts and their regions: what is set once for all that lives in them."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.aws.iam import credential_report

__all__ = ["account", "region"]

account = ResourceType(
    "aws.account", facet="account", id="{account}", listed=None, per="account",
    details=[
        Detail("summary", Call("iam:GetAccountSummary", "get_account_summary", take="SummaryMap")),
        Detail("password_policy", Call("iam:GetAccountPasswordPolicy", "get_account_password_policy",
               take="PasswordPolicy", absent=("NoSuchEntity",))),
        Detail("s3_public_access_block", Call("s3:GetAccountPublicAccessBlock", "s3control.get_public_access_block", {"AccountId": "{account}"},
               take="PublicAccessBlockConfiguration", absent=("NoSuchPublicAccessBlockConfiguration",))),
        Detail("security_contact", Call("account:GetAlternateContact", "get_alternate_contact", {"AlternateContactType": "SECURITY"},
               take="AlternateContact", absent=("ResourceNotFoundException",))),
        Detail("root_credentials", credential_report, key="user", match="<root_account>"),
        # Unassigned devices protect nobody; the API's own default is Any.
        Detail("virtual_mfa_devices", Call("iam:ListVirtualMFADevices", "list_virtual_mfa_devices", {"AssignmentStatus": "Assigned"},
               items="VirtualMFADevices")),
        Detail("organization", Call("organizations:DescribeOrganization", "describe_organization",
               take="Organization", absent=("AWSOrganizationsNotInUseException",))),
    ],
    # Seeds are only ever given at creation; should one come, it is not evidence. AvailablePolicyTypes is deprecated
    # (list_roots says which types are on), and a user's last sign-in moves by itself.
    ignore=("virtual_mfa_devices[].Base32StringSeed", "virtual_mfa_devices[].QRCodePNG",
            "virtual_mfa_devices[].User.PasswordLastUsed", "organization.AvailablePolicyTypes"),
    sets=("virtual_mfa_devices",),
)

region = ResourceType(
    "aws.region", facet="region", id="{region}", listed=None, per="region",
    details=[
        Detail("ebs_encryption_by_default", Call("ec2:GetEbsEncryptionByDefault", "get_ebs_encryption_by_default",
               take="EbsEncryptionByDefault")),
        Detail("serial_console", Call("ec2:GetSerialConsoleAccessStatus", "get_serial_console_access_status",
               take="SerialConsoleAccessEnabled")),
        Detail("snapshot_public_access", Call("ec2:GetSnapshotBlockPublicAccessState", "get_snapshot_block_public_access_state",
               take="State")),
        Detail("image_public_access", Call("ec2:GetImageBlockPublicAccessState", "get_image_block_public_access_state",
               take="ImageBlockPublicAccessState")),
    ],
)
