"""Several requests at once: jobs among threads, bounded; the pace and the number under way are the session's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final, TypeVar

from airbyte_rdstation.airbyte.process import Stop

__all__ = ["WorkerPool"]

_POLL_SECONDS: Final = 1.0  # between two looks at the deadline of a stop

T = TypeVar("T")
R = TypeVar("R")


class WorkerPool:
    """The writing threads of a process."""

    def __init__(self, workers: int, stop: Stop) -> None:
        """Once `stop` is requested no job begins."""
        self._stop = stop
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="writer")

    def map(self, job: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Do `job` with each item, several at once; gives the results in order.

        After one raised, no other begins; once those under way have ended, the first error is raised. After a stop
        they are not waited for long.
        """
        failed: list[BaseException] = []

        def guarded(item: T) -> R | None:
            if failed:
                return None
            try:
                self._stop.check()
                return job(item)
            except BaseException as error:
                failed.append(error)
                raise

        futures = [self._pool.submit(guarded, item) for item in items]
        while wait(futures, timeout=_POLL_SECONDS).not_done:
            self._stop.check_deadline()
        if failed:
            raise failed[0]
        return [future.result() for future in futures]  # type: ignore[misc] # None only after a failure

    def close(self) -> None:
        """Let no more jobs begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)
