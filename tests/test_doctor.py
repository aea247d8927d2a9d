"""What `annexlog doctor` says before anything is collected."""

from __future__ import annotations

from annexlog.cli.shapes import Doctor
from tests.home import Home
from tests.wire import Fault


def test_where_nothing_is_missing_doctor_says_so_and_ends_with_0(home: Home) -> None:
    told: Doctor = home.json("doctor", of=Doctor)

    assert home.annexlog("doctor").code == 0
    assert [check.what for check in told.checks if check.state == "missing"] == []
    assert {"configuration", "signing key", "mappings", "disk", "store", "target acme"} <= {c.what for c in told.checks}


def test_a_refused_listing_is_named_with_the_permission_that_mends_it(home: Home) -> None:
    home.wire.inject(Fault("refused", "s3.list_buckets"))

    told: Doctor = home.json("doctor", of=Doctor)

    missing = {check.what: check.mend for check in told.checks if check.state == "missing"}
    assert missing == {"target acme: aws.s3.bucket": "Grant s3:ListAllMyBuckets."}
    assert home.annexlog("doctor").code == 3


def test_a_provider_that_fails_is_not_taken_for_a_missing_permission(home: Home) -> None:
    home.wire.inject(Fault("broken", "kms.list_keys"))

    told: Doctor = home.json("doctor", of=Doctor)

    missing = {check.what: check.mend for check in told.checks if check.state == "missing"}
    assert missing == {"target acme: aws.kms.key": "Not a matter of permissions; try again later."}


def test_a_key_that_others_can_read_is_missing_with_its_mend(home: Home) -> None:
    (home.folder / "annexlog.key").chmod(0o644)

    told: Doctor = home.json("doctor", of=Doctor)

    key = next(check for check in told.checks if check.what == "signing key")
    assert key.state == "missing"
    assert "chmod 600" in key.mend
