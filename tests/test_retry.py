"""The one loop: how long it waits, what it tells meanwhile, and when it gives up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import requests_mock

from airbyte_rdstation.airbyte.stream_factory import tell_rate_limited
from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import ConnectorError, transient_error
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.retry import Answer, Fail, Parsed, Retry, RetryPolicy, Verdict, send_until_final
from airbyte_rdstation.client.session import Session

FAILED = Retry(transient_error("It passes."), "a try failed")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("airbyte_rdstation.client.retry.time.sleep", found.append)
    return found


def carried_out(*verdicts: Verdict[str], retry_policy: RetryPolicy | None = None) -> tuple[str, list[int]]:
    """What is parsed at the end of a series of verdicts, and how many failures each was told."""
    due: Iterator[Verdict[str]] = iter(verdicts)
    told: list[int] = []

    def classify(_answer: Answer, tried: int) -> Verdict[str]:
        told.append(tried)
        return next(due)

    parsed = send_until_final(requests.Response, classify, retry_policy or RetryPolicy(), on_wait=lambda _: None)
    return parsed.value, told


def test_given_failures_when_sent_then_waits_double_with_jitter_up_to_a_minute(waits: list[float]) -> None:
    _, told = carried_out(*[FAILED] * 9, Parsed("done", {}))

    assert told == list(range(1, 11))
    longest = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert all(most / 4 <= wait <= most for wait, most in zip(waits, longest, strict=True))


def test_given_a_wait_that_the_answer_asks_for_when_sent_then_it_is_that_long_and_may_not_count(
    waits: list[float],
) -> None:
    wait = Retry(FAILED.error, "", after=7.0, counts=False)

    assert carried_out(wait, wait, FAILED, Parsed("done", {})) == ("done", [1, 1, 1, 2])
    assert waits[:2] == [7.0, 7.0]


def test_given_a_failure_that_is_final_or_no_time_left_when_sent_then_its_error_is_raised_without_a_wait(
    waits: list[float],
) -> None:
    for verdict in (Fail(FAILED.error), Retry(FAILED.error, "", after=31.0)):
        with pytest.raises(ConnectorError, match="It passes"):
            carried_out(verdict, retry_policy=RetryPolicy(seconds=30.0))

    assert waits == []


def test_given_a_request_that_waited_long_for_its_turn_when_it_fails_then_it_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    clock = [0.0]
    monkeypatch.setattr("airbyte_rdstation.client.retry.time.monotonic", lambda: clock[0])
    verdicts: Iterator[Verdict[str]] = iter([FAILED, FAILED, Parsed("done", {})])

    def send() -> requests.Response:
        clock[0] += 4_000  # seconds behind the requests of other streams
        return requests.Response()

    assert send_until_final(send, lambda _, __: next(verdicts), RetryPolicy(), lambda _: None).value == "done"
    with pytest.raises(ConnectorError, match="It passes"):
        send_until_final(send, lambda _, __: FAILED, RetryPolicy(until=5_000.0), lambda _: None)


@pytest.mark.parametrize("tells_platform", [True, False])
def test_given_a_429_when_waited_for_then_the_platform_is_told_or_the_log(
    tells_platform: bool, waits: list[float], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "airbyte.rdstation")
    session = Session(RateLimit(1_000_000), requests_at_once=1)
    api = Api("https://api.example", session, on_rate_limit_wait=tell_rate_limited if tells_platform else None)

    with requests_mock.Mocker() as server:
        server.get("https://api.example/deals", [{"status_code": 429, "headers": {"Retry-After": "1"}}, {"text": "[]"}])
        api.get("/deals", {}, len, stream="deals")

    assert waits == [2.0], "as long as the halt of all: the header's time and a second"
    logged = "GET /deals -> 429: waiting for the rate limit." in caplog.messages
    told: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "TRACE" in line]
    assert logged is not tells_platform
    statuses = [message["trace"]["stream_status"] for message in told]
    resets = [reason.pop("rate_limited")["quota_reset"] for status in statuses for reason in status["reasons"]]
    assert statuses == (
        [{"stream_descriptor": {"name": "deals"}, "status": "RUNNING", "reasons": [{"type": "RATE_LIMITED"}]}]
        if tells_platform
        else []
    )
    emitted = [message["trace"]["emitted_at"] for message in told]
    assert all(reset == pytest.approx(at + 2_000, abs=1_000) for reset, at in zip(resets, emitted, strict=True))
