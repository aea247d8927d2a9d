"""Amazon ECR: repositories of container images, the registry's own policy, and the public registry."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["public_repository", "registry", "repository"]

repository = ResourceType(
    "aws.ecr.repository", facet="repository", id="{repository.repositoryArn}", gone=("RepositoryNotFoundException",),
    listed=Call("ecr:DescribeRepositories", "describe_repositories", items="repositories"),
    details=[
        # What is in force, be it by the repository's own setting or by a rule of the registry.
        Detail("scanning", Call("ecr:BatchGetRepositoryScanningConfiguration", "batch_get_repository_scanning_configuration",
               items="scanningConfigurations"), key="repositoryName", match="{repository.repositoryName}", batch=("repositoryNames", 25)),
        Detail("policy", Call("ecr:GetRepositoryPolicy", "get_repository_policy", {"repositoryName": "{repository.repositoryName}"},
               take="policyText", absent=("RepositoryPolicyNotFoundException",), decode={"": "json"})),
    ],
    sets=("repository.imageTagMutabilityExclusionFilters", "scanning.appliedScanFilters"),
)

registry = ResourceType(
    "aws.ecr.registry", facet="registry", id="{region}", listed=None,
    details=[
        Detail("registry_policy", Call("ecr:GetRegistryPolicy", "get_registry_policy", take="policyText",
               absent=("RegistryPolicyNotFoundException",), decode={"": "json"})),
    ],
)

public_repository = ResourceType(
    "aws.ecr_public.repository", facet="public_repository", id="{public_repository.repositoryArn}", per="account",
    listed=Call("ecr-public:DescribeRepositories", "describe_repositories", items="repositories"),
)
