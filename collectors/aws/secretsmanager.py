"""AWS Secrets Manager: secrets, never what is in them: when they were changed, and who may read them."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["secret"]

secret = ResourceType(
    "aws.secretsmanager.secret", facet="secret", id="{secret.ARN}", gone=("ResourceNotFoundException",), tags="secret.Tags",
    # One that is to be deleted can be restored, with its policy.
    listed=Call("secretsmanager:ListSecrets", "list_secrets", {"IncludePlannedDeletion": True}, items="SecretList"),
    details=[
        # Where there is no policy the answer has none.
        Detail("policy", Call("secretsmanager:GetResourcePolicy", "get_resource_policy", {"SecretId": "{secret.ARN}"},
               take="ResourcePolicy", missing=None, decode={"": "json"})),
    ],
    ignore=("secret.LastAccessedDate", "secret.SecretVersionsToStages"), sets=("secret.Tags",),
)
