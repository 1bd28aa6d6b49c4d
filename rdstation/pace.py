"""The one call budget of a process: an even pace below the vendor's limit, and a common halt on 429.

RD Station allows 120 requests a minute per account, all methods together [doc], and the budget is shared with the
account's other integrations, so a 429 can come early. Facts: api/crm-v2.md, section 3.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

import requests
from airbyte_cdk.sources.streams.call_rate import HttpAPIBudget, MovingWindowCallRatePolicy, Rate

from rdstation.arrivals import Arrival, Arrivals
from rdstation.errors import transient_error
from rdstation.patience import Patience

__all__ = ["Pace", "even_rate", "retry_after"]

_LIMIT: Final = 120  # a minute [doc]; with another `requests_per_minute`, within proportionally more or less time
_SLACK: Final = 1.03  # for what `Arrivals` cannot know: how long requests without an answer are under way
# Requests that may go at once. Fewer would be evener still, but each portion waits for a thread to wake up, and what
# that takes is lost.
_PORTIONS: Final = (20, 10)
_PORTIONS_A_SECOND: Final = 10


class Pace(HttpAPIBudget):
    """`requests_per_minute`, evenly, for every request of the process (no matcher: nothing is unlimited)."""

    def __init__(
        self,
        requests_per_minute: int,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(policies=[MovingWindowCallRatePolicy(rates=[even_rate(requests_per_minute)], matchers=[])])
        self._patience = patience or Patience()
        self._clock = clock
        self._lock = threading.Lock()
        self._halted_until = clock()
        self._arrivals = Arrivals(_LIMIT, 60 * _LIMIT / requests_per_minute)
        self._under_way = WeakKeyDictionary[Any, Arrival]()

    def acquire_call(self, request: Any, block: bool = True, timeout: float | None = None) -> None:
        """Blocks until the pace allows one more request and no halt is in force; raises if the halt is too long."""
        super().acquire_call(request, block, timeout)
        while True:
            halt = self._halted_until - self._clock()
            if halt > self._patience.seconds:
                raise transient_error("RD Station's rate limit asks for a longer wait than a sync can take (429).")
            if halt > 0:
                time.sleep(halt)
                super().acquire_call(request, block, timeout)  # everybody wakes at once: take turns again
                continue
            arrival = self._arrivals.depart(self._clock())
            if isinstance(arrival, Arrival):
                break
            time.sleep(arrival)  # and look again: a halt may have begun meanwhile
        with self._lock:
            self._under_way[request] = arrival

    def update_from_response(self, request: Any, response: Any) -> None:
        """After a 429 nobody asks before `Retry-After`: the limit is the account's, not the request's."""
        with self._lock:
            arrival = self._under_way.pop(request, None)
        if arrival is not None:
            self._arrivals.answered(arrival, self._clock())
        if isinstance(response, requests.Response) and response.status_code == requests.codes.too_many_requests:
            wait = retry_after(response, self._patience.rate_limit_wait)
            with self._lock:
                self._halted_until = max(self._halted_until, self._clock() + wait)


def even_rate(requests_per_minute: int) -> Rate:
    """At most a sixtieth of the budget, rounded up, in any second, in even portions where the share allows it.

    A portion is a whole part of the share: of other portions, one too many would fall into some second.
    """
    share = math.ceil(requests_per_minute / 60)
    portion = next((size for size in _PORTIONS if share % size == 0 and share // size <= _PORTIONS_A_SECOND), share)
    return Rate(limit=portion, interval=timedelta(seconds=60 * portion / requests_per_minute * _SLACK))


def retry_after(response: requests.Response, otherwise: float) -> float:
    """Seconds to wait after a 429: the header in seconds [doc] or as an HTTP date, or `otherwise`."""
    header = response.headers.get("Retry-After", "").strip()
    if header.isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return otherwise
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
