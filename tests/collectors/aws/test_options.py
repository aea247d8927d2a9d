"""What the options of an AWS target come to."""

from annexlog.collectors.aws import Options, provider


def test_only_a_share_of_the_published_quotas_is_used() -> None:
    share = provider.ceilings(Options(quota_share=0.25))

    assert share == {"aws/*/ec2": 5.0, "aws/*/cloudtrail": 2.5}
