"""AWS WAF: what a web ACL in front of something does, with the rule groups that it uses. Read where it protects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page

__all__ = ["for_resource", "named"]

Ask = Callable[[str, Mapping[str, Any]], Page]
Rule = Mapping[str, Any]

GROUPS = ("wafv2:DescribeManagedRuleGroup", "wafv2:GetRuleGroup")


def for_resource(arn: str) -> Call:
    """The call for the web ACL of a regional resource (a load balancer, an API's stage); `arn`: template of its ARN."""
    return Call("wafv2:GetWebACLForResource", "get_web_acl_for_resource", {"ResourceArn": arn},
                fn=_of_resource, also=("wafv2:GetWebACL", *GROUPS))


def named(arn: str) -> Call:
    """The call for a web ACL by its ARN, such as a distribution names; `arn`: template of that."""
    return Call("wafv2:GetWebACL", "get_web_acl", {"ARN": arn}, fn=_by_arn, also=GROUPS)


def _of_resource(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """`{"WebACL": … or null, "Groups": [{Key, Rules: [{Name, Action}]}]}`: the groups that its rules refer to."""
    page = ask("get_web_acl_for_resource", params)
    # Without one WAF leaves it out.
    yield _with_groups(ask, page, page.body.get("WebACL"))


def _by_arn(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """As `_of_resource`. What is no ARN is a web ACL of the retired WAF Classic, which filters nothing any more."""
    if not params["ARN"].startswith("arn:"):
        yield Page({"WebACL": None, "Groups": []})
        return
    page = ask("get_web_acl", params)
    yield _with_groups(ask, page, page.body["WebACL"])


def _with_groups(ask: Ask, page: Page, acl: Mapping[str, Any] | None) -> Page:
    groups: dict[str, list[Rule]] = {}
    if acl is not None:
        scope = "CLOUDFRONT" if ":global/" in acl["ARN"] else "REGIONAL"
        for rule in (*acl.get("Rules", ()), *acl.get("PreProcessFirewallManagerRuleGroups", ()),
                     *acl.get("PostProcessFirewallManagerRuleGroups", ())):
            statement = rule.get("Statement") or rule["FirewallManagerStatement"]
            if managed := statement.get("ManagedRuleGroupStatement"):
                key = f"{managed['VendorName']}/{managed['Name']}/{managed.get('Version', '')}"
                if key not in groups:
                    wanted = {"VendorName": managed["VendorName"], "Name": managed["Name"], "Scope": scope}
                    version = {"VersionName": managed["Version"]} if managed.get("Version") else {}
                    groups[key] = ask("describe_managed_rule_group", {**wanted, **version}).body["Rules"]
            elif reference := statement.get("RuleGroupReferenceStatement"):
                key = reference["ARN"]
                if key not in groups:
                    rules = ask("get_rule_group", {"ARN": key}).body["RuleGroup"].get("Rules", [])
                    groups[key] = [{"Name": rule["Name"], "Action": rule.get("Action", {})} for rule in rules]
    found = [{"Key": key, "Rules": rules} for key, rules in sorted(groups.items())]
    return Page({"WebACL": acl, "Groups": found}, page.request_id, page.date)
