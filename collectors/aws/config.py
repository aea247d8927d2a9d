"""AWS Config: what records configurations, the rules that check them, and what gathers them from all accounts."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["aggregator", "recorder", "resource_count", "rule"]

recorder = ResourceType(
    "aws.config.recorder", facet="recorder", id="{recorder.name}",
    listed=Call("config:DescribeConfigurationRecorders", "describe_configuration_recorders", items="ConfigurationRecorders"),
    details=[
        # The recorders that services run for themselves are not answered for by name, and record for nobody else.
        Detail("status", Call("config:DescribeConfigurationRecorderStatus", "describe_configuration_recorder_status",
               items="ConfigurationRecordersStatus"), only="recorder.servicePrincipal == ''", key="name", match="{recorder.name}"),
    ],
    ignore=("status.lastStartTime", "status.lastStatusChangeTime"),
    sets=("recorder.recordingGroup.resourceTypes", "recorder.recordingGroup.exclusionByResourceTypes.resourceTypes"),
)

rule = ResourceType(
    "aws.config.rule", facet="rule", id="{rule.ConfigRuleArn}",
    listed=Call("config:DescribeConfigRules", "describe_config_rules", items="ConfigRules"),
    details=[
        Detail("evaluation", Call("config:DescribeConfigRuleEvaluationStatus", "describe_config_rule_evaluation_status",
               items="ConfigRulesEvaluationStatus"), key="ConfigRuleName", match="{rule.ConfigRuleName}"),
        Detail("compliance", Call("config:DescribeComplianceByConfigRule", "describe_compliance_by_config_rule",
               items="ComplianceByConfigRules"), key="ConfigRuleName", match="{rule.ConfigRuleName}"),
    ],
    ignore=("evaluation.LastSuccessfulInvocationTime", "evaluation.LastFailedInvocationTime"),
)

aggregator = ResourceType(
    "aws.config.aggregator", facet="aggregator", id="{aggregator.ConfigurationAggregatorArn}",
    gone=("NoSuchConfigurationAggregatorException",),
    listed=Call("config:DescribeConfigurationAggregators", "describe_configuration_aggregators", items="ConfigurationAggregators"),
    details=[
        Detail("sources", Call("config:DescribeConfigurationAggregatorSourcesStatus", "describe_configuration_aggregator_sources_status",
               {"ConfigurationAggregatorName": "{aggregator.ConfigurationAggregatorName}"}, items="AggregatedSourceStatusList")),
    ],
    ignore=("sources[].LastUpdateTime", "aggregator.LastUpdatedTime"),
    sets=("sources",),
)

# What Config's recorder counts in the region: the second source of what others list (second_sources = true).
resource_count = ResourceType(
    "aws.config.resource_count", facet="resource_count", id="{resource_count.resourceType}",
    listed=Call("config:GetDiscoveredResourceCounts", "get_discovered_resource_counts", items="resourceCounts"),
)
