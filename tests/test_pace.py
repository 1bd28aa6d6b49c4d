"""The call budget: even, common to all, and silent after a 429."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
import requests
from airbyte_cdk.sources.streams.call_rate import CallRateLimitHit

from rdstation.pace import Pace, even_rate, retry_after


@pytest.mark.parametrize("requests_per_minute", [1, 7, 45, 60, 61, 100, 120, 121, 2_400, 1_000_000])
def test_given_any_budget_when_spread_then_neither_a_second_nor_a_minute_carries_too_much(
    requests_per_minute: int,
) -> None:
    rate = even_rate(requests_per_minute)

    def most_within(time: timedelta) -> int:
        return (time // rate.interval + 1) * rate.limit

    assert most_within(timedelta(seconds=1) - timedelta.resolution) <= -(-requests_per_minute // 60)
    assert most_within(timedelta(minutes=1) - timedelta.resolution) <= requests_per_minute


def test_given_a_full_share_when_another_request_comes_then_it_has_to_wait_whatever_its_address() -> None:
    pace = Pace(60)
    pace.acquire_call(request("https://api.example/crm/v2/deals"))

    with pytest.raises(CallRateLimitHit):
        pace.acquire_call(request("https://elsewhere.example/oauth2/token"), block=False)


def test_given_a_429_when_others_ask_then_they_wait_as_long_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    slept: list[float] = []
    pace = Pace(6_000_000, clock=lambda: now + sum(slept))
    monkeypatch.setattr("rdstation.pace.time.sleep", slept.append)

    pace.update_from_response(request("https://api.example/"), answer(429, {"Retry-After": "17"}))
    pace.acquire_call(request("https://api.example/"))

    assert sum(slept) == 17


def test_given_a_429_while_one_waits_for_the_limit_when_it_goes_on_then_it_waits_for_the_halt_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    pace = Pace(6_000_000, clock=lambda: 1_000.0 + sum(slept))  # 120 within 1.2 ms
    asked = request("https://api.example/")

    def sleep(seconds: float) -> None:
        if not slept:
            pace.update_from_response(asked, answer(429, {"Retry-After": "17"}))
        slept.append(seconds)

    monkeypatch.setattr("rdstation.pace.time.sleep", sleep)
    for _ in range(121):
        pace.acquire_call(asked)

    assert sum(slept) == pytest.approx(17)


def test_given_a_token_request_within_another_when_both_are_answered_late_then_both_count_as_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rdstation.pace._LIMIT", 2)
    now = 0.0
    slept: list[float] = []
    pace = Pace(6_000_000, clock=lambda: now + sum(slept))
    monkeypatch.setattr("rdstation.pace.time.sleep", slept.append)
    quick, outer, inner = (request("https://api.example/") for _ in range(3))
    pace.acquire_call(quick)
    pace.update_from_response(quick, answer(200, {}))

    now = 1.0
    pace.acquire_call(outer)
    pace.acquire_call(inner)
    now = 1.25
    pace.update_from_response(inner, answer(200, {}))
    pace.update_from_response(outer, answer(200, {}))
    pace.acquire_call(request("https://api.example/"))

    assert slept == pytest.approx([0.00002])


def test_given_a_late_answer_when_the_limit_is_reached_then_the_wait_is_longer_by_as_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1_000.0
    slept: list[float] = []
    pace = Pace(6_000_000, clock=lambda: now + sum(slept))  # 120 within 1.2 ms
    monkeypatch.setattr("rdstation.pace.time.sleep", slept.append)

    asked = request("https://api.example/")
    for late in [0.0, *[0.25] * 119]:
        now = 1_000.0
        pace.acquire_call(asked)
        now += late
        pace.update_from_response(asked, answer(200, {}))
    pace.acquire_call(request("https://api.example/"))  # the quick one left the window long ago
    pace.acquire_call(request("https://api.example/"))

    assert slept == pytest.approx([0.0012])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("17", 17, id="seconds"),
        pytest.param("0", 0, id="none"),
        pytest.param("", 60, id="blank"),
        pytest.param("soon", 60, id="unreadable"),
        pytest.param("-5", 60, id="negative"),
        pytest.param("nan", 60, id="not-a-number"),
    ],
)
def test_given_a_retry_after_when_read_then_it_is_seconds(header: str, seconds: float) -> None:
    assert retry_after(answer(429, {"Retry-After": header}), 60) == seconds


def test_given_a_retry_after_as_a_date_when_read_then_it_is_the_time_until_then() -> None:
    header = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=40), usegmt=True)

    assert 35 < retry_after(answer(429, {"Retry-After": header}), 60) <= 40


def test_given_no_retry_after_when_read_then_it_is_what_the_caller_says() -> None:
    assert retry_after(answer(429, {}), 7) == 7


def request(url: str) -> requests.PreparedRequest:
    return requests.Request("GET", url).prepare()


def answer(status: int, headers: dict[str, str]) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    return response
