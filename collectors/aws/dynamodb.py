"""Amazon DynamoDB: tables, how far back they can be restored, and what they let expire."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.aws._counting import counts

__all__ = ["table"]

NAMED = {"TableName": "{table}"}

table = ResourceType(
    "aws.dynamodb.table", facet="table", id="arn:{partition}:dynamodb:{region}:{account}:table/{table}",
    counted=counts("AWS::DynamoDB::Table"),
    gone=("TableNotFoundException", "ResourceNotFoundException"),
    listed=Call("dynamodb:ListTables", "list_tables", items="TableNames"),
    details=[
        # The latest restorable time moves by the minute, so each look makes a version of this facet, and of no other.
        Detail("restorable", Call("dynamodb:DescribeContinuousBackups", "describe_continuous_backups", NAMED,
               take="ContinuousBackupsDescription.PointInTimeRecoveryDescription")),
        Detail("expiry", Call("dynamodb:DescribeTimeToLive", "describe_time_to_live", NAMED, take="TimeToLiveDescription")),
    ],
    ignore=("restorable.EarliestRestorableDateTime",),
)
