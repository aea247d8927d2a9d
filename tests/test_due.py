"""What `collect --due` asks: nothing that is not due yet, and only what is."""

from __future__ import annotations

from annexlog.cycle import Cycle
from annexlog.watching import Watch
from tests.home import HOUR, TARGET, Clock, Home
from tests.wire import Fault


def test_what_was_just_collected_is_not_due_and_nothing_is_asked(home: Home) -> None:
    first = home.annexlog("collect", "--due")
    home.wire.clear()

    second = home.annexlog("collect", "--due")

    assert first.code == 0
    assert (second.code, second.out, home.wire.seen) == (0, "Nothing is due.\n", [])


def test_after_the_shortest_interval_only_what_is_due_then_is_asked(dated: Home, clock: Clock) -> None:
    dated.configure('[collect]\nfloor = "PT1H"\n' + TARGET)
    watch = Watch(Cycle(dated.config, clock=clock))
    watch.due_now()
    whole = dated.wire.operations()
    dated.wire.clear()
    clock.at += 6 * HOUR
    watch.due_now()
    after_hours = dated.wire.operations()
    dated.wire.clear()
    clock.at += 18 * HOUR
    watch.due_now()

    assert "s3.get_bucket_versioning" in whole  # wanted every day
    assert "s3.get_bucket_policy_status" in whole  # wanted every 6 hours
    assert "s3.get_bucket_versioning" not in after_hours
    assert "s3.get_bucket_policy_status" in after_hours
    assert after_hours < whole
    assert "s3.get_bucket_versioning" in dated.wire.operations()


def test_what_could_not_be_seen_is_due_again_soon_and_alone(dated: Home, clock: Clock) -> None:
    dated.wire.inject(Fault("refused", "kms.list_keys"))
    watch = Watch(Cycle(dated.config, clock=clock))
    watch.due_now()
    dated.wire.clear()
    clock.at += HOUR // 2

    turn = watch.due_now()

    services = {name.partition(".")[0] for name in dated.wire.operations()}
    assert turn is not None
    assert not turn.collected.unseen
    assert services <= {"kms", "sts", "organizations", "ec2", "account"}
    assert watch.due_now() is None
