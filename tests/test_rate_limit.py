"""The rate limit: even, common to all, silent after a 429, and nearly whole at the vendor's real limits.

What takes minutes on a clock is played in virtual time: workers, latencies, jitter and stalls, at the real scale.
"""

from __future__ import annotations

import heapq
import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
import requests

from airbyte_rdstation.client.errors import ConnectorError
from airbyte_rdstation.client.rate_limit import RateLimit, Started, even_share, retry_after
from airbyte_rdstation.client.retry import RetryPolicy
from airbyte_rdstation.client.session import Session


class Unreachable(requests.adapters.HTTPAdapter):
    """Sends nothing: every request fails."""

    def send(self, *_: Any, **__: Any) -> requests.Response:
        raise requests.ConnectionError("reset")


class Clock:
    """A clock that a sleep moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.mark.parametrize("requests_per_minute", [1, 7, 45, 60, 61, 100, 120, 121, 2_400, 1_000_000])
def test_given_any_budget_when_spread_then_neither_a_second_nor_a_minute_carries_too_much(
    requests_per_minute: int,
) -> None:
    portion, seconds = even_share(requests_per_minute)

    def most_within(time: float) -> int:
        return (int(time / seconds) + 1) * portion

    assert most_within(1 - 1e-6) <= -(-requests_per_minute // 60)
    assert most_within(60 - 1e-6) <= requests_per_minute


def test_given_a_full_share_when_another_request_comes_then_it_has_to_wait() -> None:
    limit = RateLimit(60, clock=lambda: 5.0)
    begun(limit)

    assert limit.try_start() == (None, 1.0)


def test_given_a_429_when_others_ask_then_they_wait_as_long_as_it_says_and_a_second() -> None:
    clock = Clock()
    limit = RateLimit(6_000_000, clock=clock, sleep=clock.sleep)

    limit.answered(limit.start(), answer(429, {"Retry-After": "17"}))
    limit.start()

    assert sum(clock.slept) == 18


def test_given_a_429_while_one_waits_for_the_limit_when_it_goes_on_then_it_waits_for_the_halt_too() -> None:
    clock = Clock()

    def sleep(seconds: float) -> None:
        if not clock.slept:
            limit.answered(first, answer(429, {"Retry-After": "17"}))
        clock.sleep(seconds)

    limit = RateLimit(60, clock=clock, sleep=sleep)
    first = limit.start()
    limit.start()

    assert sum(clock.slept) == pytest.approx(18)


def test_given_a_halt_longer_than_a_sync_when_one_waits_then_an_error_says_so() -> None:
    limit = RateLimit(60, RetryPolicy(seconds=30))
    limit.answered(limit.start(), answer(429, {"Retry-After": "31"}))

    with pytest.raises(ConnectorError, match="429"):
        limit.start()


def test_given_120_requests_under_way_when_another_would_go_then_it_waits_for_a_minute_after_an_answer() -> None:
    clock = Clock()
    limit = RateLimit(120, clock=clock)
    started = []
    for _ in range(120):
        started.append(begun(limit))
        clock.now += 0.5
    clock.now += 30

    limit.answered(started[7], answer(200, {}))

    assert limit.try_start() == (None, 60)
    clock.now += 60
    begun(limit)
    assert limit.try_start()[0] is None


def test_given_a_failure_when_sent_then_it_counts_as_over() -> None:
    clock = Clock()
    limit = RateLimit(120, clock=clock, sleep=clock.sleep)
    session = Session(limit, requests_at_once=1)
    session.mount("http://", Unreachable())

    for _ in range(121):
        with pytest.raises(requests.ConnectionError, match="reset"):
            session.get("http://127.0.0.1/", timeout=(1, 1))

    assert clock.now - 1_000 == pytest.approx(60, abs=0.6)


@dataclass
class Server:
    """A moving window over arrivals, or a bucket that drains, as seen on CRM and Conversas."""

    most: int
    seconds: float
    drains: bool = False
    arrived: list[float] = field(default_factory=list)
    refused: int = 0
    _level: float = 0.0
    _at: float = 0.0

    def takes(self, now: float) -> bool:
        """Whether the request that arrives now is within the limit; later ones arrive later."""
        if self.drains:
            self._level = max(0.0, self._level - (now - self._at) * 48 / 60)
            self._at = now
            taken = self._level + 1 <= self.most
            self._level += taken
        else:
            taken = len(self.arrived) - bisect_left(self.arrived, now - self.seconds) < self.most
        self.refused += not taken
        if taken:
            self.arrived.append(now)
        return taken


@dataclass
class Simulation:
    """Workers that send one request after another for a while, over a wire that delays and at times stands still.

    Events are (moment, tie-breaker, what happens); every request departs, arrives and is answered.
    """

    rng: random.Random
    server: Server
    workers: int
    latency: float
    jitter: float = 0.0
    stalls: Sequence[tuple[float, float]] = ()
    now: float = 0.0
    left: list[float] = field(default_factory=list)
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _number: int = 0

    def run(self, limit: RateLimit, seconds: float) -> None:
        """Play."""
        for _ in range(self.workers):
            self._at(self.rng.random() * 0.1, lambda: self._send(limit))
        while self._events and self.now < seconds:
            self.now, _, happen = heapq.heappop(self._events)
            happen()

    def _send(self, limit: RateLimit) -> None:
        started, wait = limit.try_start()
        if started is None:
            self._at(self.now + wait + self.rng.random() * self.jitter * 0.01, lambda: self._send(limit))
            return
        self.left.append(self.now)
        self._at(self._delayed(self.latency * self.rng.random()), lambda: self._arrive(limit, started))

    def _arrive(self, limit: RateLimit, started: Started) -> None:
        taken = self.server.takes(self.now)
        reply = answer(200, {}) if taken else answer(429, {"Retry-After": "10"})
        self._at(self._delayed(self.latency / 2), lambda: self._answer(limit, started, reply))

    def _answer(self, limit: RateLimit, started: Started, reply: requests.Response) -> None:
        limit.answered(started, reply)
        self._send(limit)

    def _delayed(self, seconds: float) -> float:
        moment = self.now + seconds + self.rng.random() * self.jitter
        for begin, end in self.stalls:
            if begin <= moment < end:
                moment = end + self.rng.random() * 0.01
        return moment

    def _at(self, moment: float, happen: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (moment, self._number, happen))


MINUTES = 4
LATENCIES = (0.2, 0.5, 1.0, 2.0)  # what the benchmarks use; a request takes up to one and a half of it


@pytest.mark.parametrize("latency", LATENCIES)
def test_given_the_real_limit_when_8_workers_read_then_90_percent_of_it_is_used_evenly_and_nothing_is_refused(
    latency: float,
) -> None:
    for seed in range(12):
        played = play(120, Server(120, 60), seed, workers=8, latency=latency)
        assert played.server.refused == 0
        assert len(played.server.arrived) >= 0.9 * 120 * MINUTES
        assert busiest_second(played.left) <= 2


def test_given_the_real_limit_when_one_worker_reads_then_its_latency_alone_slows_it_down() -> None:
    for seed in range(12):
        played = play(120, Server(120, 60), seed, workers=1, latency=0.2)
        assert played.server.refused == 0
        assert len(played.server.arrived) >= 0.9 * 120 * MINUTES


@pytest.mark.parametrize("latency", LATENCIES)
def test_given_jitter_and_stalls_when_read_then_nothing_is_refused(latency: float) -> None:
    for seed in range(25):
        rng = random.Random(seed)
        stalls = [(begin, begin + rng.uniform(0.5, 25)) for begin in range(20, 60 * MINUTES, 75)]
        played = play(
            120, Server(120, 60), seed, workers=rng.choice((1, 8)), latency=latency, jitter=1.5, stalls=stalls
        )
        assert played.server.refused == 0


def test_given_stalls_when_departures_alone_are_counted_then_the_server_refuses_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RateLimit, "_next_in_window", lambda *_: float("-inf"))
    stalls = [(begin, begin + 8.0) for begin in range(20, 60 * MINUTES, 75)]

    refused = sum(
        play(117, Server(120, 60), seed, workers=8, latency=0.5, stalls=stalls).server.refused for seed in range(20)
    )

    assert refused > 0, "the opponent is too kind: this is what the window is for"


@pytest.mark.parametrize("latency", LATENCIES)
def test_given_the_bucket_of_conversas_when_read_then_90_percent_of_the_pace_is_used_and_nothing_is_refused(
    latency: float,
) -> None:
    for seed in range(12):
        rng = random.Random(seed)
        calm = play(45, Server(30, 60, drains=True), seed, workers=8, latency=latency)
        stalls = [(begin, begin + rng.uniform(0.5, 15)) for begin in range(20, 60 * MINUTES, 75)]
        rough = play(45, Server(30, 60, drains=True), seed, workers=8, latency=latency, jitter=1.5, stalls=stalls)
        assert calm.server.refused == rough.server.refused == 0
        assert len(calm.server.arrived) >= 0.9 * 45 * MINUTES
        assert busiest_second(calm.left) <= 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("17", 18, id="seconds"),
        pytest.param("0", 1, id="none"),
        pytest.param("", 60, id="blank"),
        pytest.param("soon", 60, id="unreadable"),
        pytest.param("-5", 60, id="negative"),
        pytest.param("nan", 60, id="not-a-number"),
        pytest.param("1.5", 2.5, id="fraction"),
        pytest.param("30s", 31, id="unit"),
        pytest.param("30 seconds", 31, id="word"),
        pytest.param("500ms", 1.5, id="milliseconds"),
        pytest.param("10, 30", 31, id="two-headers"),
        pytest.param("²", 60, id="a-digit-that-is-no-number"),
        pytest.param("9" * 400, 60, id="endless"),
        pytest.param("Mon, 01 Jan 0001 00:00:00 GMT", 1, id="a-date-long-ago"),
    ],
)
def test_given_a_retry_after_when_read_then_it_is_seconds_and_one_more_where_it_says_any(
    header: str, seconds: float
) -> None:
    assert retry_after(answer(429, {"Retry-After": header}), 60) == seconds


def test_given_a_retry_after_as_a_date_when_read_then_it_is_the_time_until_then_and_a_second() -> None:
    moment = datetime.now(timezone.utc) + timedelta(seconds=40)
    seconds = int(moment.timestamp())

    for header in (format_datetime(moment, usegmt=True), moment.isoformat(), f"{seconds}", f"{seconds}000"):
        assert 36 < retry_after(answer(429, {"Retry-After": header}), 60) <= 41


def test_given_no_retry_after_when_read_then_it_is_what_the_caller_says() -> None:
    assert retry_after(answer(429, {}), 7) == 7


def play(
    requests_per_minute: int,
    server: Server,
    seed: int,
    *,
    workers: int,
    latency: float,
    jitter: float = 0.0,
    stalls: Sequence[tuple[float, float]] = (),
) -> Simulation:
    """`MINUTES` of a read."""
    played = Simulation(random.Random(seed), server, workers, latency, jitter, stalls)
    played.run(RateLimit(requests_per_minute, clock=lambda: played.now), 60.0 * MINUTES)
    return played


def busiest_second(moments: list[float]) -> int:
    """The most that any second holds."""
    return max(bisect_left(moments, begin + 1 - 1e-6) - number for number, begin in enumerate(moments))


def begun(limit: RateLimit) -> Started:
    started, _ = limit.try_start()
    assert started
    return started


def answer(status: int, headers: dict[str, str]) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    return response
