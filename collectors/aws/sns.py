"""Amazon SNS: topics, who may use them, and whether anyone is told."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.aws._counting import counts

__all__ = ["topic"]

topic = ResourceType(
    "aws.sns.topic", facet="topic", id="{topic.TopicArn}", gone=("NotFound", "NotFoundException"),
    counted=counts("AWS::SNS::Topic"),
    listed=Call("sns:ListTopics", "list_topics", items="Topics"),
    details=[
        # Numbers and booleans are texts here; how many subscriptions are confirmed is among them.
        Detail("attributes", Call("sns:GetTopicAttributes", "get_topic_attributes", {"TopicArn": "{topic.TopicArn}"},
               take="Attributes", decode={"Policy": "json"})),
    ],
    ignore=("attributes.EffectiveDeliveryPolicy",),
)
