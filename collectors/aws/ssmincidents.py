"""AWS Systems Manager Incident Manager: where incidents are kept, response plans, and whom they engage."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["contact", "replication_set", "response_plan"]

replication_set = ResourceType(
    "aws.ssmincidents.replication_set", facet="replication_set_arn", id="{replication_set_arn}", gone=("ResourceNotFoundException",),
    # An account has one; each of its regions shows it.
    listed=Call("ssm-incidents:ListReplicationSets", "list_replication_sets", items="replicationSetArns"),
    details=[
        Detail("replication_set", Call("ssm-incidents:GetReplicationSet", "get_replication_set", {"arn": "{replication_set_arn}"},
               take="replicationSet")),
    ],
)

response_plan = ResourceType(
    "aws.ssmincidents.response_plan", facet="plan_summary", id="{plan_summary.arn}", gone=("ResourceNotFoundException",),
    listed=Call("ssm-incidents:ListResponsePlans", "list_response_plans", items="responsePlanSummaries"),
    details=[
        Detail("plan", Call("ssm-incidents:GetResponsePlan", "get_response_plan", {"arn": "{plan_summary.arn}"})),
    ],
    # Names of secrets and what automations are given.
    ignore=("plan.integrations", "plan.actions"),
)

contact = ResourceType(
    "aws.ssmincidents.contact", facet="contact", id="{contact.ContactArn}", gone=("ResourceNotFoundException",),
    listed=Call("ssm-contacts:ListContacts", "list_contacts", items="Contacts"),
    details=[
        # Schedules and escalations have no channels of their own.
        Detail("channels", Call("ssm-contacts:ListContactChannels", "list_contact_channels", {"ContactId": "{contact.ContactArn}"},
               items="ContactChannels"), only="contact.Type == 'PERSONAL'"),
        Detail("engagement", Call("ssm-contacts:GetContact", "get_contact", {"ContactId": "{contact.ContactArn}"}, take="Plan"),
               only="contact.Type == 'ESCALATION'"),
    ],
    # Telephone numbers and mail addresses of people.
    ignore=("channels[].DeliveryAddress",),
    sets=("channels",),
)
