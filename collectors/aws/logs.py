"""Amazon CloudWatch Logs: log groups, how long they keep what, what they mask, and what is counted in them."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["log_group", "metric_filter", "region"]

log_group = ResourceType(
    "aws.logs.log_group", facet="log_group", id="{log_group.arn}", tags="tagging", gone=("ResourceNotFoundException",),
    listed=Call("logs:DescribeLogGroups", "describe_log_groups", items="logGroups"),
    details=[
        # The ARN without the `:*` of log streams is what tags hang on.
        Detail("tagging", Call("logs:ListTagsForResource", "list_tags_for_resource", {"resourceArn": "{log_group.logGroupArn}"}, take="tags")),
        Detail("data_protection", Call("logs:GetDataProtectionPolicy", "get_data_protection_policy",
               {"logGroupIdentifier": "{log_group.logGroupArn}"}, take="policyDocument", missing=None, decode={"": "json"}),
               only="log_group.dataProtectionStatus != ''"),
    ],
    ignore=("log_group.storedBytes", "log_group.metricFilterCount"),
)

metric_filter = ResourceType(
    "aws.logs.metric_filter", facet="metric_filter", id="{metric_filter.logGroupName}/{metric_filter.filterName}",
    listed=Call("logs:DescribeMetricFilters", "describe_metric_filters", items="metricFilters"),
)

region = ResourceType(
    "aws.logs.region", facet="logs_region", id="{region}", listed=None, per="region",
    details=[
        Detail("account_data_protection", Call("logs:DescribeAccountPolicies", "describe_account_policies",
               {"policyType": "DATA_PROTECTION_POLICY"}, items="accountPolicies", decode={"[].policyDocument": "json"},
               also=("logs:GetDataProtectionPolicy",))),
    ],
)
