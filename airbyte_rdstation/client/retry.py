"""How often and how long a process tries again, and the one loop that does: for API calls, renewals and the consent.

What an answer means is not decided here: a `classify` of the caller says `Parsed`, `Retry` or `Fail`.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

import requests

from airbyte_rdstation.client.errors import ConnectorError

__all__ = ["REQUEST_TIMEOUT_SECONDS", "Answer", "Fail", "Parsed", "Retry", "RetryPolicy", "Verdict", "send_until_final"]

T = TypeVar("T")

REQUEST_TIMEOUT_SECONDS: Final = (10.0, 30.0)  # connect, read; `requests` sets none
_SECONDS_OF_CHECK: Final = 30.0
_LONGEST_WAIT_SECONDS: Final = 60.0

_logger = logging.getLogger("airbyte.rdstation")


@dataclass(frozen=True)
class RetryPolicy:
    """How often a call is tried after failures that pass, and how long it may wait between its tries in all."""

    tries: int = 8
    tries_on_500: int = 5  # a 500 on a filtered list is probably our own query [seen]: fewer
    seconds: float = 3600.0  # of one call's waits, those for the rate limit included, which are no tries
    timeout: tuple[float, float] = REQUEST_TIMEOUT_SECONDS
    rate_limit_wait: float = 60.0
    """Seconds to wait after a 429 that names no time; the longest that a window of a minute can take [doc]."""
    until: float = float("inf")
    """A moment of `time.monotonic` after which no call is tried again, whatever is left of its own seconds."""

    @classmethod
    def of_check(cls) -> RetryPolicy:
        """Return the policy of a `check` that begins now: it has to end within a minute, even where nothing answers."""
        until = time.monotonic() + _SECONDS_OF_CHECK
        return cls(tries=4, tries_on_500=4, seconds=_SECONDS_OF_CHECK, timeout=(8, 12), until=until)

    def allows(self, waited: float, wait: float) -> bool:
        """Tell whether what has waited so many seconds may wait so many more."""
        return waited + wait <= self.seconds and time.monotonic() + wait <= self.until


SYNC_POLICY: Final = RetryPolicy()
"""What a sync has; `check` begins one of its own."""

Answer: TypeAlias = "requests.Response | requests.RequestException"
"""An answer of any status, or why none came."""


@dataclass(frozen=True)
class Parsed(Generic[T]):
    """The answer is what was asked for."""

    value: T
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Retry:
    """A failure that passes: worth another try."""

    error: ConnectorError
    """What the call ends with where no time is left."""
    notice: str
    """The log line that says so."""
    after: float | None = None
    """Seconds to wait, as the answer says; None for a wait that doubles from try to try."""
    counts: bool = True
    """Whether it uses up one of the policy's tries; a wait for the rate limit does not."""


@dataclass(frozen=True)
class Fail:
    """No further try can help, or none is left."""

    error: ConnectorError


Verdict: TypeAlias = "Parsed[T] | Retry | Fail"
"""What an answer means to a caller."""


def _log(retry: Retry) -> None:
    _logger.info("%s", retry.notice)


def send_until_final(
    send: Callable[[], requests.Response],
    classify: Callable[[Answer, int], Verdict[T]],
    retry_policy: RetryPolicy,
    on_wait: Callable[[Retry], None] = _log,
) -> Parsed[T]:
    """Send until an answer is parsed; wait in between as long as it says, else twice as long each time, with jitter.

    `classify` gets the answer and the number of this try; `on_wait` is called before each wait.
    Raises the error of a `Fail`, or of a `Retry` without time left, and what `send` raises but a RequestException.
    """
    failed = 0
    waited = 0.0  # between tries: what a request waits for its turn, behind those of other streams, is no failure
    while True:
        answer: Answer
        try:
            answer = send()
        except requests.RequestException as error:
            answer = error
        verdict = classify(answer, failed + 1)
        if isinstance(verdict, Parsed):
            return verdict
        if isinstance(verdict, Fail):
            raise verdict.error
        failed += verdict.counts
        longest = min(_LONGEST_WAIT_SECONDS, 0.5 * 2.0**failed)
        wait = random.uniform(longest / 4, longest) if verdict.after is None else verdict.after  # noqa: S311 - jitter
        if not retry_policy.allows(waited, wait):
            raise verdict.error
        on_wait(verdict)
        time.sleep(wait)
        waited += wait
