"""The one rate limit of a process: an even pace, a window that no delay overfills, a halt on 429, and turns.

RD Station allows 120 requests a minute per account, all methods together [doc], and the budget is shared with the
account's other integrations, so a 429 can come early. Facts: docs/api/crm-v2.md#rate-limit.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Final

import requests

from airbyte_rdstation.client.errors import transient_error
from airbyte_rdstation.client.retry import SYNC_POLICY, RetryPolicy
from airbyte_rdstation.dates import parse_instant

__all__ = ["RateLimit", "Started", "Turn", "Turns", "even_share", "retry_after"]

_REQUESTS_IN_WINDOW: Final = 120  # what RD Station's window of a minute holds [doc]
# Above 1,740 requests a minute, where only the emulator, the demo and the benchmarks go, a second's share is cut into
# portions that leave at once. Smaller ones would be evener still, but each waits for a thread to wake up, and what that
# takes is lost.
_PORTIONS: Final = (20, 10)  # requests, tried in this order
_MOST_PORTIONS_A_SECOND: Final = 10
_EXTRA_SECOND: Final = 1.0  # a time in whole seconds may have lost a part of one
_SECONDS: Final = re.compile(r"\+?([0-9]{1,18}(?:\.[0-9]*)?)\s*(?:(m)?s|sec|secs|seconds?)?", re.ASCII | re.IGNORECASE)
_MILLISECONDS: Final = 1_000
_A_MOMENT: Final = 1e9  # so many seconds are no wait, but a moment since 1970
_IN_MILLISECONDS: Final = 1e12


@dataclass(eq=False)
class Started:
    """A request that has left, and when its answer came, in seconds of the limit's clock."""

    answered: float | None = None


class RateLimit:
    """Keeps `requests_per_minute` for every request of the process; safe to share among threads.

    Two rules, both kept: no second carries more than its share (`even_share`), and no more than 120 requests are under
    way or were answered within the window. The window is as long as 120 requests take at this pace: a minute at 120 a
    minute, 160 s at 45. A server counts arrivals, and a request arrives between its departure and its answer, after
    delays that only the server sees (connections that are opened, a machine that stalls). Who counts departures meets
    a 429 after each stall; who counts a request until a window after its answer never does, and loses one latency a
    window for it (2 s of a minute: 3 %). tests/test_rate_limit.py plays both at the real scale.
    """

    def __init__(
        self,
        requests_per_minute: int,
        retry_policy: RetryPolicy = SYNC_POLICY,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._retry_policy = retry_policy
        self._clock = clock
        self._sleep = sleep
        self._portion, self._interval = even_share(requests_per_minute)
        self._window = 60 * _REQUESTS_IN_WINDOW / requests_per_minute  # seconds
        self._lock = threading.Lock()
        self._departures = deque[float](maxlen=self._portion)
        self._counted: list[Started] = []
        self._halted_until = -math.inf
        self._halted = 0.0

    @property
    def halted(self) -> float:
        """How many seconds nothing could leave, by now, because of 429s."""
        with self._lock:
            return self._halted - max(0.0, self._halted_until - self._clock())

    def start(self) -> Started:
        """Wait until one more request may leave, and count it; whoever sends it says when it is `answered`.

        Raises a transient error where a halt after 429 is longer than a sync can take.
        """
        started, wait = self.try_start()
        while started is None:
            if wait > self._retry_policy.seconds:
                raise transient_error("RD Station's rate limit asks for a longer wait than a sync can take (429).")
            self._sleep(wait)
            started, wait = self.try_start()  # others wait, too, and a halt may have begun meanwhile
        return started

    def try_start(self) -> tuple[Started | None, float]:
        """Count and return one more request if it may leave now; else None and the seconds after which to ask again."""
        with self._lock:
            now = self._clock()
            wait = max(self._halted_until, self._next_even(), self._next_in_window(now)) - now
            if wait > 0:
                return None, wait
            started = Started()
            self._departures.append(now)
            self._counted.append(started)
            return started, 0.0

    def answered(self, started: Started, response: requests.Response | None) -> None:
        """Note that the answer is there, or with None that none will come.

        After a 429 nothing leaves before its time: the limit is the account's, not the request's. The refused call
        sleeps as long in `send_until_final`, side by side with this halt and not after it: there the wait counts
        against the seconds of the call, and is told.
        """
        with self._lock:
            started.answered = self._clock()
            if response is not None and response.status_code == requests.codes.too_many_requests:
                until = started.answered + retry_after(response, self._retry_policy.rate_limit_wait)
                self._halted += max(0.0, until - max(started.answered, self._halted_until))
                self._halted_until = max(self._halted_until, until)

    def _next_even(self) -> float:
        """Return the moment from which on the share of a second has room."""
        return self._departures[0] + self._interval if len(self._departures) == self._portion else -math.inf

    def _next_in_window(self, now: float) -> float:
        """Return the moment from which on the window has room; a full one without an answer is looked at again soon."""
        if len(self._counted) >= _REQUESTS_IN_WINDOW:
            self._counted = [one for one in self._counted if one.answered is None or one.answered > now - self._window]
        if len(self._counted) < _REQUESTS_IN_WINDOW:
            return -math.inf
        answers = [one.answered for one in self._counted if one.answered is not None]
        return min(answers) + self._window if answers else now + self._interval


@dataclass(eq=False)
class Turn:
    """A request of a stream, from its wish to leave to its answer."""

    stream: str
    given: threading.Event = field(default_factory=threading.Event)
    """Set once it is the next to leave, and has a place among those under way."""


@dataclass
class Turns:
    """Bounds the requests under way, and says which is the next to leave: one of the stream that has had the fewest.

    So a short list does not queue behind the thousands of requests of a long one, and long ones share evenly. Of
    streams that have had as many, the one that waits longest is next. Safe to share among threads.
    """

    requests_at_once: int
    """How many may be under way."""
    had: Counter[str] = field(default_factory=Counter)
    """Requests by stream, the one that is the next to leave included."""
    head_starts: Counter[str] = field(default_factory=Counter)
    """How many requests of a stream go before those of all others."""
    under_way: int = 0
    """Those that have a place: the next to leave is one of them once its turn is given."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: dict[str, deque[Turn]] = field(default_factory=dict)
    _next: Turn | None = None

    def ask(self, stream: str) -> Turn:
        """Wish to send a request. Once the turn is given, it is passed on as the request leaves, and ends."""
        turn = Turn(stream)
        with self._lock:
            self._waiting.setdefault(stream, deque()).append(turn)
            if self._next is None:
                self._choose()
        return turn

    def pass_on(self) -> None:
        """Note that the request whose turn it is leaves: another is next."""
        with self._lock:
            self._choose()

    def end(self, turn: Turn) -> None:
        """Note that the answer is there, or that none will come: the place goes to the next, if that has none."""
        with self._lock:
            if self._next is turn:  # it has never left
                self._choose()
            elif not turn.given.is_set():
                self._forget(turn)
            if not turn.given.is_set():  # whoever waited for it failed, and had no place yet
                return
            if self._next and not self._next.given.is_set():
                self._next.given.set()
            else:
                self.under_way -= 1

    def _choose(self) -> None:
        self._next = None
        if self._waiting:
            stream = min(self._waiting, key=lambda waiting: self.had[waiting] - self.head_starts[waiting])
            self._next = self._waiting[stream][0]
            self._forget(self._next)
            self.had[stream] += 1
            if self.under_way < self.requests_at_once:
                self.under_way += 1
                self._next.given.set()

    def _forget(self, turn: Turn) -> None:
        self._waiting[turn.stream].remove(turn)
        if not self._waiting[turn.stream]:
            del self._waiting[turn.stream]  # asked for again, it stands behind the others


def even_share(requests_per_minute: int) -> tuple[int, float]:
    """Return how many requests may leave at once, and seconds until as many more may: `(2, 1.0)` for 120 a minute.

    No second carries more than its share, a sixtieth rounded up: a portion is a whole part of it, as of other portions
    one too many would fall into some second. A minute holds whole portions: of 121 requests in threes, 120.
    """
    share = math.ceil(requests_per_minute / 60)
    portion = next(
        (size for size in _PORTIONS if share % size == 0 and share // size <= _MOST_PORTIONS_A_SECOND), share
    )
    return portion, 60 / (requests_per_minute // portion)


def retry_after(response: requests.Response, otherwise: float) -> float:
    """Return the seconds to wait after a 429: what the header says and one more, `otherwise` where it says nothing.

    The header may say seconds [doc], with a fraction or a unit (`30`, `1.5`, `30s`, `500 ms`), a moment (an HTTP date,
    an ISO date, seconds or milliseconds since 1970), or several of these, of which the longest wait counts.
    """
    header = response.headers.get("Retry-After", "").strip()
    waits = [wait for part in (header, *header.split(",")) if (wait := _wait_in(part.strip())) is not None]
    return max(waits) + _EXTRA_SECOND if waits else otherwise


def _wait_in(text: str) -> float | None:
    now = datetime.now(timezone.utc)
    if found := _SECONDS.fullmatch(text):
        number = float(found[1]) / (_MILLISECONDS if found[2] == "m" else 1)
        if number >= _IN_MILLISECONDS:
            number /= _MILLISECONDS
        return max(0.0, number - now.timestamp()) if number >= _A_MOMENT else number
    for read in (parse_instant, parsedate_to_datetime):
        try:
            moment = read(text)
        except (IndexError, OverflowError, TypeError, ValueError):
            continue
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return max(0.0, (moment - now).total_seconds())
    return None
