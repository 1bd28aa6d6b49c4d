"""What a server counts within a window, whatever delays requests on their way."""

from __future__ import annotations

import heapq
from bisect import bisect_left

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdstation.arrivals import Arrival, Arrivals


def departed(arrivals: Arrivals, now: float) -> Arrival:
    arrival = arrivals.depart(now)
    assert isinstance(arrival, Arrival)
    return arrival


def test_given_as_many_as_the_limit_when_another_would_go_then_it_waits_until_the_first_is_out_of_the_window() -> None:
    arrivals = Arrivals(most=2, seconds=60)
    departed(arrivals, 100)
    departed(arrivals, 110)

    assert arrivals.depart(130) == 30
    departed(arrivals, 160)
    assert arrivals.depart(160) == 10


@pytest.mark.parametrize("quick_one_comes", ["first", "later"])
def test_given_a_late_answer_when_another_would_go_then_the_request_counts_as_late_by_as_much(
    quick_one_comes: str,
) -> None:
    arrivals = Arrivals(most=2, seconds=60)
    late, quick = departed(arrivals, 100), departed(arrivals, 100)
    answers = [(quick, 101), (late, 109)]

    for arrival, moment in answers if quick_one_comes == "first" else reversed(answers):
        arrivals.answered(arrival, moment)

    assert arrivals.depart(150) == 10
    departed(arrivals, 160)
    assert arrivals.depart(160) == 8


def test_given_no_answer_when_another_would_go_then_the_departure_counts() -> None:
    arrivals = Arrivals(most=1, seconds=60)
    departed(arrivals, 100)

    assert arrivals.depart(159) == 1
    departed(arrivals, 160)


@settings(deadline=None)
@given(
    delays=st.lists(st.floats(0, 3), min_size=20, max_size=200),
    readers=st.integers(1, 8),
    back=st.floats(0.01, 1),
)
def test_given_a_quick_answer_and_any_delays_when_readers_ask_then_no_window_holds_more_than_the_limit(
    delays: list[float], readers: int, back: float
) -> None:
    arrivals, arrived = Arrivals(most=10, seconds=20), list[float]()
    under_way: list[Arrival] = []
    # Moments at which a reader wants to ask (-1), or has the answer to the request of that number.
    events = [(0.0, -1)] * readers
    delays.append(0.0)  # of the first request, whose answer tells how quick one can be
    while delays:
        now, number = heapq.heappop(events)
        if number >= 0:
            arrivals.answered(under_way[number], now)
        match arrivals.depart(now):
            case Arrival() as arrival:
                under_way.append(arrival)
                arrived.append(now + delays.pop())
                heapq.heappush(events, (arrived[-1] + back, len(under_way) - 1))
            case wait:
                heapq.heappush(events, (now + wait + 1e-6, -1))

    arrived.sort()
    assert all(bisect_left(arrived, moment + 20 - 1e-6) - first <= 10 for first, moment in enumerate(arrived))
