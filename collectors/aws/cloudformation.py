"""AWS CloudFormation: stacks and whether what they made still is as they say. Parameters and outputs are not read."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType

__all__ = ["stack"]

# All that have resources; left to itself, the list holds deleted stacks of the last 90 days too.
STATES = (
    "CREATE_IN_PROGRESS", "CREATE_FAILED", "CREATE_COMPLETE", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS", "DELETE_FAILED", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE",
    "UPDATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE", "IMPORT_IN_PROGRESS", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_COMPLETE",
)

stack = ResourceType(
    "aws.cloudformation.stack", facet="stack", id="{stack.StackId}",
    listed=Call("cloudformation:ListStacks", "list_stacks", {"StackStatusFilter": list(STATES)}, items="StackSummaries"),
    sets=("stack.LastOperations",),
)
