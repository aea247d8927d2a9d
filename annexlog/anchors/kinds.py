"""Every kind of anchor, by the word that the configuration calls it."""

from __future__ import annotations

from annexlog.anchors import Anchor
from annexlog.anchors.email import Email
from annexlog.anchors.file import File
from annexlog.anchors.s3 import S3
from annexlog.anchors.timestamp import Timestamp
from annexlog.anchors.webhook import Webhook
from annexlog.anchors.witness import Witness

KINDS: dict[str, type[Anchor]] = {one.kind: one for one in (Email, File, S3, Timestamp, Webhook, Witness)}
