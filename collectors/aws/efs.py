"""Amazon EFS: file systems."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.aws._counting import counts

__all__ = ["file_system"]

file_system = ResourceType(
    "aws.efs.file_system", facet="file_system", id="{file_system.FileSystemId}", tags="file_system.Tags",
    counted=counts("AWS::EFS::FileSystem"),
    listed=Call("elasticfilesystem:DescribeFileSystems", "describe_file_systems", items="FileSystems"),
    ignore=("file_system.SizeInBytes",), incarnation="file_system.CreationTime", sets=("file_system.Tags",),
)
