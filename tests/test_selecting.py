"""What `collect --only` and `collect --since` look at: one scope, and what was not seen whole since an instant."""

from __future__ import annotations

from tests.home import Home
from tests.wire import Fault
from tests.wire.moto import ACCOUNT

REGION = f"aws/{ACCOUNT}/eu-west-1"
OF_DISCOVERY = {
    "sts.get_caller_identity",
    "organizations.describe_organization",
    "organizations.list_accounts",
    "ec2.describe_regions",
}


def test_only_a_scope_is_looked_at_where_it_is_named_and_the_rest_is_as_it_was(collected: Home) -> None:
    before = collected.outcomes()

    told = collected.annexlog("collect", "--only", REGION)

    assert told.code == 0
    assert {"ec2.describe_security_groups", "kms.list_keys"} <= collected.wire.operations()
    assert not {"iam.get_account_summary", "s3.list_buckets"} & collected.wire.operations()
    assert collected.outcomes() == before


def test_an_account_is_looked_at_with_its_regions_and_the_organization_is_not(collected: Home) -> None:
    collected.annexlog("collect", "--no-assess", "--only", f"aws/{ACCOUNT}")

    assert {"ec2.describe_security_groups", "s3.list_buckets"} <= collected.wire.operations()
    assert "organizations.list_roots" not in collected.wire.operations()


def test_a_name_that_is_no_target_and_no_scope_is_told(collected: Home) -> None:
    told = collected.annexlog("collect", "--only", "aws/999999999999")

    assert told.code == 2
    assert "there is no target or known scope 'aws/999999999999'; the configured targets are acme." in told.err
    assert collected.wire.seen == []


def test_of_what_was_looked_at_since_then_only_what_was_not_seen_whole_is_asked_again(collected: Home) -> None:
    collected.wire.inject(Fault("refused", "kms.list_keys"))
    collected.annexlog("collect", "--no-assess", "--only", REGION)
    collected.wire.clear()

    told = collected.annexlog("collect", "--no-assess", "--since", "2026-01-01")

    assert told.code == 0
    asked = collected.wire.operations() - OF_DISCOVERY
    assert "kms.list_keys" in asked
    assert {name.partition(".")[0] for name in asked} == {"kms"}


def test_what_is_due_decides_itself(home: Home) -> None:
    told = home.annexlog("collect", "--due", "--since", "2026-01-01")

    assert told.code == 2
    assert "leave out --only and --since" in told.err
