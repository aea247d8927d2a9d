"""AWS Systems Manager: the nodes it manages, their patches and inventory, and the account's own documents."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["document", "managed_node"]

managed_node = ResourceType(
    "aws.ssm.managed_node", facet="managed_node", id="{managed_node.InstanceId}", gone=("InvalidInstanceId",),
    listed=Call("ssm:DescribeInstanceInformation", "describe_instance_information", items="InstanceInformationList"),
    details=[
        Detail("patch_state", Call("ssm:DescribeInstancePatchStates", "describe_instance_patch_states", items="InstancePatchStates"),
               key="InstanceId", match="{managed_node.InstanceId}", batch=("InstanceIds", 50), otherwise=None),
        # AWS collects nothing about clocks itself: a custom type, which a script on the node writes.
        Detail("time_sync", Call("ssm:ListInventoryEntries", "list_inventory_entries",
               {"InstanceId": "{managed_node.InstanceId}", "TypeName": "Custom:TimeSync"}, absent=("InvalidTypeNameException",))),
    ],
    # What moves with every sign of life.
    ignore=("managed_node.LastPingDateTime", "managed_node.LastAssociationExecutionDate", "managed_node.LastSuccessfulAssociationExecutionDate",
            "managed_node.AssociationOverview", "managed_node.AssociationStatus", "patch_state.SnapshotId", "patch_state.OperationStartTime"),
)

document = ResourceType(
    "aws.ssm.document", facet="document", id="{document.Name}", tags="document.Tags", gone=("InvalidDocument",),
    # Else those of Amazon and of others are listed too.
    listed=Call("ssm:ListDocuments", "list_documents", {"Filters": [{"Key": "Owner", "Values": ["Self"]}]}, items="DocumentIdentifiers"),
    details=[
        Detail("sharing", Call("ssm:DescribeDocumentPermission", "describe_document_permission",
               {"Name": "{document.Name}", "PermissionType": "Share"}, items="AccountIds")),
        Detail("content", Call("ssm:GetDocument", "get_document", {"Name": "{document.Name}", "DocumentFormat": "JSON"}, take="Content",
               decode={"": "json"}), only="document.DocumentType == 'Session'"),
    ],
    sets=("document.PlatformTypes", "document.Tags", "sharing"),
)
