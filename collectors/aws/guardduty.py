"""Amazon GuardDuty: detectors, what silences or feeds them, what they protect, and their high findings."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["coverage", "detector", "finding", "ip_set", "malware_plan", "suppression", "threat_entity_set", "threat_intel_set", "trusted_entity_set"]

OF = {"DetectorId": "{detector_id}"}
# From 7.0 on GuardDuty calls a finding high or critical. Archived ones come too: only a criterion would leave them out.
# An administrator's account is shown its members' as well: each account is asked for its own.
HIGH = {"Criterion": {"severity": {"GreaterThanOrEqual": 7}, "accountId": {"Equals": ["{account}"]}}}
CLUSTERS = {"FilterCriterion": [{"CriterionKey": "RESOURCE_TYPE", "FilterCondition": {"Equals": ["EKS", "ECS"]}},
                                {"CriterionKey": "ACCOUNT_ID", "FilterCondition": {"Equals": ["{account}"]}}]}

detector = ResourceType(
    "aws.guardduty.detector", facet="detector_id", id="{detector_id}",
    # One a region at most; none means that GuardDuty is not on there.
    listed=Call("guardduty:ListDetectors", "list_detectors", items="DetectorIds"),
    details=[Detail("detector", Call("guardduty:GetDetector", "get_detector", OF))],
    sets=("detector.Features", "detector.Features[].AdditionalConfiguration"),
)


def _named(name: str, facet: str, listed: Call, read: Call) -> ResourceType:
    """What a detector has many of, listed by their ids or names."""
    return ResourceType(
        name, facet=f"{facet}_id", id=f"{{detector_id}}/{{{facet}_id}}", under="aws.guardduty.detector",
        listed=listed, details=[Detail(facet, read)],
    )


suppression = _named(
    "aws.guardduty.filter", "suppression",
    Call("guardduty:ListFilters", "list_filters", OF, items="FilterNames"),
    Call("guardduty:GetFilter", "get_filter", {**OF, "FilterName": "{suppression_id}"}),
)
threat_intel_set = _named(
    "aws.guardduty.threat_intel_set", "threat_intel_set",
    Call("guardduty:ListThreatIntelSets", "list_threat_intel_sets", OF, items="ThreatIntelSetIds"),
    Call("guardduty:GetThreatIntelSet", "get_threat_intel_set", {**OF, "ThreatIntelSetId": "{threat_intel_set_id}"}),
)
threat_entity_set = _named(
    "aws.guardduty.threat_entity_set", "threat_entity_set",
    Call("guardduty:ListThreatEntitySets", "list_threat_entity_sets", OF, items="ThreatEntitySetIds"),
    Call("guardduty:GetThreatEntitySet", "get_threat_entity_set", {**OF, "ThreatEntitySetId": "{threat_entity_set_id}"}),
)
ip_set = _named(
    "aws.guardduty.ip_set", "ip_set",
    Call("guardduty:ListIPSets", "list_ip_sets", OF, items="IpSetIds"),
    Call("guardduty:GetIPSet", "get_ip_set", {**OF, "IpSetId": "{ip_set_id}"}),
)
trusted_entity_set = _named(
    "aws.guardduty.trusted_entity_set", "trusted_entity_set",
    Call("guardduty:ListTrustedEntitySets", "list_trusted_entity_sets", OF, items="TrustedEntitySetIds"),
    Call("guardduty:GetTrustedEntitySet", "get_trusted_entity_set", {**OF, "TrustedEntitySetId": "{trusted_entity_set_id}"}),
)

finding = ResourceType(
    "aws.guardduty.finding", facet="finding_id", id="{finding_id}", under="aws.guardduty.detector",
    listed=Call("guardduty:ListFindings", "list_findings", {**OF, "FindingCriteria": HIGH}, items="FindingIds"),
    details=[
        Detail("finding", Call("guardduty:GetFindings", "get_findings", OF, items="Findings"),
               key="Id", match="{finding_id}", batch=("FindingIds", 50)),
    ],
    # What moves each time the same thing is seen again, and the whole course of the attack: for those who look into it.
    ignore=("finding.UpdatedAt", "finding.Service.Count", "finding.Service.EventLastSeen", "finding.Service.Action",
            "finding.Service.Evidence", "finding.Service.AdditionalInfo", "finding.Service.EbsVolumeScanDetails",
            "finding.Service.RuntimeDetails", "finding.Service.Detection", "finding.Service.MalwareScanDetails"),
)

coverage = ResourceType(
    "aws.guardduty.coverage", facet="coverage", id="{coverage.ResourceId}", under="aws.guardduty.detector",
    # Of clusters alone: instances come by the thousand, and are not asked about.
    listed=Call("guardduty:ListCoverage", "list_coverage", {**OF, "FilterCriteria": CLUSTERS}, items="Resources"),
    ignore=("coverage.UpdatedAt",),
)

malware_plan = ResourceType(
    "aws.guardduty.malware_protection_plan", facet="malware_plan_id", id="{malware_plan_id.MalwareProtectionPlanId}",
    gone=("ResourceNotFoundException",),
    listed=Call("guardduty:ListMalwareProtectionPlans", "list_malware_protection_plans", items="MalwareProtectionPlans"),
    details=[
        Detail("malware_plan", Call("guardduty:GetMalwareProtectionPlan", "get_malware_protection_plan",
               {"MalwareProtectionPlanId": "{malware_plan_id.MalwareProtectionPlanId}"})),
    ],
)
