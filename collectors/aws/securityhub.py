"""AWS Security Hub (CSPM): whether it is on in a region, its standards, and its critical findings."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["finding", "region", "standard"]

# So it says that it is not on. The code alone may mean other things.
OFF = ("InvalidAccessException:is not subscribed to AWS Security Hub", "ResourceNotFoundException")


def _is(value: str) -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": "EQUALS"}]


region = ResourceType(
    "aws.securityhub.region", facet="securityhub_region", id="{region}", listed=None, per="region",
    details=[Detail("hub", Call("securityhub:DescribeHub", "describe_hub", absent=OFF))],
)

standard = ResourceType(
    "aws.securityhub.standard", facet="standard", id="{standard.StandardsSubscriptionArn}", gone=("ResourceNotFoundException",),
    listed=Call("securityhub:GetEnabledStandards", "get_enabled_standards", items="StandardsSubscriptions", absent=OFF),
    details=[
        Detail("controls", Call("securityhub:DescribeStandardsControls", "describe_standards_controls",
               {"StandardsSubscriptionArn": "{standard.StandardsSubscriptionArn}"}, items="Controls")),
    ],
    # What the standard says of each control: the same for everyone, and long.
    ignore=("controls[].Title", "controls[].Description", "controls[].RemediationUrl", "controls[].RelatedRequirements"),
    sets=("controls",),
)

finding = ResourceType(
    "aws.securityhub.finding", facet="finding", id="{finding.Id}",
    # Where findings are aggregated, a region shows those of others, and an administrator's account those of its members:
    # each is asked of the account and region that it is of.
    listed=Call("securityhub:GetFindings", "get_findings",
                {"Filters": {"AwsAccountId": _is("{account}"), "Region": _is("{region}"), "SeverityLabel": _is("CRITICAL"),
                             "RecordState": _is("ACTIVE")}, "MaxResults": 100}, items="Findings", absent=OFF),
    # Texts that are the same for each finding of a kind, copies of the resource's configuration, and what moves at
    # every check.
    ignore=("finding.Description", "finding.Remediation", "finding.Resources[].Details", "finding.ProductFields",
            "finding.UpdatedAt", "finding.LastObservedAt", "finding.ProcessedAt"),
)
