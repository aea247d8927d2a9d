"""Counterparts on the wire: moto over HTTP, faults in front of it, and answers replayed from a tape.

Nothing of ours is ever patched: what a test changes is what the provider says.

    with Wire(forward(moto.url)) as wire:          # or Wire(tape.replay)
        wire.inject(Fault("refused", "s3.list_buckets"))
        …AWS_ENDPOINT_URL = wire.url…
        wire.operations()                          # {"sts.get_caller_identity", "s3.list_buckets", …}
"""

from tests.wire.faults import KINDS, Fault
from tests.wire.http import Reply, Request
from tests.wire.moto import Moto
from tests.wire.spy import spy
from tests.wire.tape import Tape
from tests.wire.wire import Wire, forward

__all__ = ["KINDS", "Fault", "Moto", "Reply", "Request", "Tape", "Wire", "forward", "spy"]
