"""How often and how long a process tries again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

__all__ = ["REQUEST_TIMEOUT_SECONDS", "RetryPolicy"]

REQUEST_TIMEOUT_SECONDS: Final = (10.0, 30.0)  # connect, read; the CDK sets none
_SECONDS_OF_CHECK: Final = 30.0


@dataclass(frozen=True)
class RetryPolicy:
    """How often a call is tried after failures that pass, and how long it may go on in all."""

    tries: int = 8
    tries_on_500: int = 5  # a 500 on a filtered list is probably our own query [seen]: fewer
    seconds: float = 3600.0  # of one call; waits for the rate limit count here, and nowhere else
    timeout: tuple[float, float] = REQUEST_TIMEOUT_SECONDS
    rate_limit_wait: float = 60.0
    """Seconds to wait after a 429 that does not say; the longest that a window of a minute can take [doc]."""
    until: float = field(default=float("inf"))
    """A moment of `time.monotonic` after which no call is tried again, whatever is left of its own seconds."""

    @classmethod
    def of_check(cls) -> RetryPolicy:
        """For `check`, which has to answer within a minute, even where nothing listens or the vendor asks to wait."""
        until = time.monotonic() + _SECONDS_OF_CHECK
        return cls(tries=4, tries_on_500=4, seconds=_SECONDS_OF_CHECK, timeout=(8, 12), until=until)

    def allows(self, started: float, wait: float) -> bool:
        """Whether a call that began at `started` (of `time.monotonic`) may wait so many seconds more."""
        then = time.monotonic() + wait
        return then - started <= self.seconds and then <= self.until
