"""Amazon SQS: queues, and who may use them."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.aws._counting import counts

__all__ = ["queue"]

queue = ResourceType(
    "aws.sqs.queue", facet="queue", id="{queue}", gone=("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
    counted=counts("AWS::SQS::Queue"),
    # Without a number of results SQS gives the first thousand, and no token. Where there is none it leaves the list out.
    listed=Call("sqs:ListQueues", "list_queues", {"MaxResults": 1000}, items="QueueUrls", missing=[]),
    details=[
        # Numbers and booleans are texts here.
        Detail("attributes", Call("sqs:GetQueueAttributes", "get_queue_attributes", {"QueueUrl": "{queue}", "AttributeNames": ["All"]},
               take="Attributes", decode={"Policy": "json"})),
    ],
    ignore=("attributes.ApproximateNumberOfMessages", "attributes.ApproximateNumberOfMessagesNotVisible",
            "attributes.ApproximateNumberOfMessagesDelayed"),
)
