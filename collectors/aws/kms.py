"""AWS KMS keys: their state, rotation and policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType

__all__ = ["key"]

KEY = {"KeyId": "{key.KeyArn}"}
CUSTOMER = "metadata.KeyManager == 'CUSTOMER'"


def policies(ask: Callable[[str, Mapping[str, Any]], Page], params: Mapping[str, Any]) -> Iterator[Page]:
    """Every policy of a key, as `{"Policies": [{PolicyName, Policy}]}`: `default`, and `AWS_RAM` for a shared key.

    Two names are all there are, and a page of names holds 100: one answer lists them.
    """
    names = ask("list_key_policies", params).body["PolicyNames"]
    read = [(name, ask("get_key_policy", {**params, "PolicyName": name})) for name in names]
    yield Page({"Policies": [{"PolicyName": name, "Policy": page.body["Policy"]} for name, page in read]})


key = ResourceType(
    "aws.kms.key", facet="key", id="{key.KeyArn}", gone=("NotFoundException",),
    # Without ResourceOwners only the account's own keys come; those shared with it are judged where they live.
    listed=Call("kms:ListKeys", "list_keys", items="Keys"),
    details=[
        Detail("metadata", Call("kms:DescribeKey", "describe_key", KEY, take="KeyMetadata")),
        # AWS rotates its own managed keys every year: nothing to ask.
        Detail("rotation", Call("kms:GetKeyRotationStatus", "get_key_rotation_status", KEY,
               absent=("UnsupportedOperationException",)), only=CUSTOMER),
        Detail("rotations", Call("kms:ListKeyRotations", "list_key_rotations", KEY,
               items="Rotations", absent=("UnsupportedOperationException",)), only="metadata.Origin == 'EXTERNAL'"),
        Detail("policies", Call("kms:ListKeyPolicies", "list_key_policies", KEY, items="Policies", fn=policies,
               decode={"[].Policy": "json"}, also=("kms:GetKeyPolicy",)), only=CUSTOMER),
    ],
    sets=("metadata.EncryptionAlgorithms", "metadata.SigningAlgorithms", "metadata.MultiRegionConfiguration.ReplicaKeys"),
)
