"""Threads that work through populations: fair between them, and never all waiting for one crowded lane."""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Protocol

Task = Callable[[], None]


class Source(Protocol):
    """Something with tasks to do. All but the tasks is called by one thread at a time; it returns at once."""

    def take(self) -> Task | None:
        """The next task, or None if there is none now."""

    def pending(self) -> bool:
        """Whether `take` would give one."""
        ...

    def crowded(self) -> bool:
        """Whether its tasks wait for the provider: then only a few threads are spent on it."""
        ...

    def exhausted(self) -> bool:
        """Whether no more tasks will come; asked when none of its tasks is running."""
        ...


class _Batch:
    """The sources of one `run`, and how many of them are not done yet."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.works = [_Work(source, self) for source in sources]
        self.left = len(self.works)
        self.error: BaseException | None = None


class _Released:
    """Around a task: the lock is free meanwhile, and what it raises is carried to the thread that called `run`."""

    def __init__(self, lock: threading.Lock, batch: _Batch) -> None:
        self._lock, self._batch = lock, batch

    def __enter__(self) -> None:
        self._lock.release()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        self._lock.acquire()
        self._batch.error = self._batch.error or error
        return True


class _Work:
    """A source under way. `queued`: it stands in the pool's queue, once; `over`: it is done."""

    __slots__ = ("batch", "over", "queued", "running", "source")

    def __init__(self, source: Source, batch: _Batch) -> None:
        self.source, self.batch = source, batch
        self.running = 0
        self.queued = self.over = False


class Pool:
    """At most `size` threads, which live only while there is work. Several threads may call `run` at once."""

    def __init__(self, size: int) -> None:
        _share_memory()
        self._size, self._few = size, max(1, size // 8)
        self._lock = threading.Lock()  # guards everything below, and the sources
        self._offered, self._done = threading.Condition(self._lock), threading.Condition(self._lock)
        self._ready: deque[_Work] = deque()
        self._open = self._threads = self._idle = 0

    def run(self, sources: Sequence[Source]) -> None:
        """Do all their tasks. Raises the first error that a task raised; further tasks are then left undone."""
        batch = _Batch(sources)
        with self._lock:
            self._open += batch.left
            for work in batch.works:
                self._offer(work)
            try:
                while batch.left:
                    self._done.wait()
            finally:
                if batch.left:  # the wait was interrupted
                    batch.error = batch.error or KeyboardInterrupt()
                    self._settle(batch)
                batch.works = []  # each knows its batch: a circle that would keep all sources until it is searched for
        if batch.error is not None:
            raise batch.error

    def _offer(self, work: _Work) -> None:
        """Queue the work if it has something to do, and see that a thread looks."""
        if work.queued or work.batch.error or work.running >= self._most(work) or not work.source.pending():
            return
        work.queued = True
        self._ready.append(work)
        if self._idle:
            self._offered.notify()
        elif self._threads < self._size:
            self._threads += 1
            threading.Thread(target=self._work, name="annexlog-collect", daemon=True).start()

    def _most(self, work: _Work) -> int:
        return self._few if work.source.crowded() else self._size

    def _next(self) -> tuple[_Work, Task] | None:
        while self._ready:
            work = self._ready.popleft()
            work.queued = False
            if work.batch.error is None and work.running < self._most(work) and (task := work.source.take()):
                return work, task
        return None

    def _work(self) -> None:
        with self._lock:
            while self._open:
                found = self._next()
                if found is None:
                    self._idle += 1
                    self._offered.wait()
                    self._idle -= 1
                    continue
                work, task = found
                work.running += 1
                self._offer(work)
                with _Released(self._lock, work.batch):
                    task()
                work.running -= 1
                self._settle(work.batch) if work.batch.error else self._end(work)
                self._offer(work)
                del found, work, task  # a thread that waits or ends keeps nothing of what it did
            self._threads -= 1

    def _end(self, work: _Work) -> None:
        """Note that the work is over, if it is."""
        if work.over or work.running or not (work.batch.error or work.source.exhausted()):
            return
        work.over = True
        work.batch.left -= 1
        self._open -= 1
        if not work.batch.left:
            self._done.notify_all()
        if not self._open:
            self._offered.notify_all()

    def _settle(self, batch: _Batch) -> None:
        """The batch has failed: what is not running is over."""
        for work in batch.works:
            self._end(work)


_ARENAS, _MOST = -8, 2  # M_ARENA_MAX of malloc.h


@cache
def _share_memory() -> None:
    """Let threads share two heaps: glibc gives each its own, and none of them gives back what its thread once used.

    Elsewhere than with glibc nothing happens.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_ARENAS, _MOST)
