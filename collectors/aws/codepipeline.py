"""AWS CodePipeline: pipelines with their stages and actions."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["pipeline"]

ACTION = "pipeline.stages[].actions[]"

pipeline = ResourceType(
    "aws.codepipeline.pipeline", facet="summary", id="arn:{partition}:codepipeline:{region}:{account}:{summary.name}", tags="tagging",
    gone=("PipelineNotFoundException", "ResourceNotFoundException"),
    listed=Call("codepipeline:ListPipelines", "list_pipelines", items="pipelines"),
    details=[
        Detail("pipeline", Call("codepipeline:GetPipeline", "get_pipeline", {"name": "{summary.name}"}, take="pipeline")),
        Detail("tagging", Call("codepipeline:ListTagsForResource", "list_tags_for_resource",
               {"resourceArn": "arn:{partition}:codepipeline:{region}:{account}:{summary.name}"}, items="tags")),
    ],
    # What an action passes on; CodePipeline itself masks what a provider declares to be secret.
    redact=dict.fromkeys((f"{ACTION}.configuration.EnvironmentVariables", f"{ACTION}.configuration.UserParameters",
                          f"{ACTION}.configuration.ParameterOverrides", f"{ACTION}.configuration.OAuthToken", f"{ACTION}.configuration.Commands",
                          f"{ACTION}.commands", f"{ACTION}.environmentVariables[].value", "pipeline.variables[].defaultValue"), "secrets"),
    sets=("tagging",),
)
