"""Amazon EventBridge: the rules of the default bus, and where they send what they match."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["rule"]

rule = ResourceType(
    "aws.events.rule", facet="rule", id="{rule.Arn}", gone=("ResourceNotFoundException",),
    # Events of AWS services come to the default bus, which is meant where none is named.
    listed=Call("events:ListRules", "list_rules", items="Rules"),
    details=[
        Detail("targets", Call("events:ListTargetsByRule", "list_targets_by_rule", {"Rule": "{rule.Name}"}, items="Targets")),
    ],
    # Texts that are sent along may hold anything; where they go is what is asked.
    ignore=("targets[].Input", "targets[].InputTransformer", "targets[].HttpParameters", "targets[].EcsParameters",
            "targets[].RedshiftDataParameters", "targets[].SageMakerPipelineParameters", "targets[].AppSyncParameters",
            "targets[].BatchParameters", "targets[].RunCommandParameters"),
    sets=("targets",),
)
