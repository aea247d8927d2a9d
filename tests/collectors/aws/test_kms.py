"""Keys as KMS shows them."""

from __future__ import annotations

import json
from typing import Any

from annexlog.collectors.aws.kms import key
from annexlog.evidence_store.model import Coverage, Unknown
from tests.collectors.aws.conftest import Connect
from tests.collectors.aws.looking import REGION, look
from tests.wire import Fault, Moto, Reply, Wire

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}],
}
SHARED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "kms:Decrypt", "Resource": "*"}],
}


def answer(**body: Any) -> Reply:
    return Reply(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode())


def test_a_customers_key_shows_its_state_its_rotation_and_its_policies(
    moto: Moto, client: Any, connect: Connect
) -> None:
    kms = client("kms", region=REGION)
    arn = kms.create_key(Policy=json.dumps(POLICY))["KeyMetadata"]["Arn"]
    kms.enable_key_rotation(KeyId=arn)

    seen = look(connect(), key, "metadata", "rotation", "rotations", "policies")

    metadata = seen.facets[arn].pop("metadata")
    assert metadata["KeyManager"] == "CUSTOMER"
    assert metadata["KeyState"] == "Enabled"
    assert seen.facets == {
        arn: {
            "": {"KeyArn": arn, "KeyId": arn.rpartition("/")[2]},
            "rotation": {"KeyRotationEnabled": True},
            "rotations": None,
            "policies": [{"PolicyName": "default", "Policy": POLICY}],
        }
    }


def test_both_policies_of_a_shared_key_are_read(wire: Wire, client: Any, connect: Connect) -> None:
    arn = client("kms", region=REGION).create_key(Policy=json.dumps(POLICY))["KeyMetadata"]["Arn"]
    wire.inject(
        Fault("reply", "kms.list_key_policies", reply=answer(PolicyNames=["default", "AWS_RAM"], Truncated=False))
    )
    wire.inject(
        Fault(
            "reply",
            "kms.get_key_policy",
            containing="AWS_RAM",
            reply=answer(Policy=json.dumps(SHARED), PolicyName="AWS_RAM"),
        )
    )

    seen = look(connect(), key, "policies")

    assert seen.facets[arn]["policies"] == [
        {"PolicyName": "default", "Policy": POLICY},
        {"PolicyName": "AWS_RAM", "Policy": SHARED},
    ]


def test_rotations_are_asked_for_only_where_the_material_is_imported(wire: Wire, client: Any, connect: Connect) -> None:
    kms = client("kms", region=REGION)
    own = kms.create_key()["KeyMetadata"]["Arn"]
    imported = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]

    seen = look(connect(), key, "rotations")

    assert seen.of("rotations") == {own: None, imported: []}


def test_nothing_is_asked_of_a_key_that_aws_manages(wire: Wire, client: Any, connect: Connect) -> None:
    arn = client("kms", region=REGION).create_key()["KeyMetadata"]["Arn"]
    metadata = {"KeyId": arn.rpartition("/")[2], "Arn": arn, "KeyManager": "AWS", "Origin": "AWS_KMS"}
    wire.inject(Fault("reply", "kms.describe_key", reply=answer(KeyMetadata=metadata)))

    seen = look(connect(), key, "rotation", "policies")

    assert seen.facets[arn]["rotation"] is None
    assert seen.facets[arn]["policies"] is None
    assert wire.operations() & {"kms.get_key_rotation_status", "kms.list_key_policies", "kms.get_key_policy"} == set()


def test_a_key_that_cannot_rotate_says_so_by_an_error(wire: Wire, client: Any, connect: Connect) -> None:
    arn = client("kms", region=REGION).create_key()["KeyMetadata"]["Arn"]
    wire.inject(Fault("refused", "kms.get_key_rotation_status", code="UnsupportedOperationException"))

    seen = look(connect(), key, "rotation")

    assert seen.of("rotation") == {arn: None}
    assert seen.status["rotation"] is Coverage.COMPLETE


def test_a_key_policy_that_may_not_be_read_is_unknown(wire: Wire, client: Any, connect: Connect) -> None:
    arn = client("kms", region=REGION).create_key()["KeyMetadata"]["Arn"]
    wire.inject(Fault("refused", "kms.get_key_policy"))

    seen = look(connect(), key, "policies", "rotation")

    denied = Unknown("denied", "get_key_policy", "kms:GetKeyPolicy", "AccessDeniedException")
    assert seen.of("policies") == {arn: denied}
    assert seen.of("rotation") == {arn: {"KeyRotationEnabled": False}}
    assert seen.status["policies"] is Coverage.DENIED
