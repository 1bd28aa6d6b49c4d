"""How many requests lie between two states: what a killed sync has to ask again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from collected import Collected, context

from airbyte_rdstation.airbyte.state import FullRefreshCursor


def requests_before_states(requests: int, then: Callable[[FullRefreshCursor], None]) -> list[int]:
    """The numbers of the requests with which a state was emitted; `then` is done after each."""
    messages = Collected()
    cursor = FullRefreshCursor(context("users", messages, lambda: datetime.now(timezone.utc)))
    numbers: list[int] = []
    for number in range(1, requests + 1):
        cursor.before_request()
        then(cursor)
        numbers += [number] * (len(messages.states) - len(numbers))
    return numbers


def test_given_requests_that_bring_records_when_these_are_emitted_then_a_state_follows_every_fifth() -> None:
    assert requests_before_states(16, FullRefreshCursor.records_emitted) == [5, 10, 15]


def test_given_requests_that_bring_no_records_when_sent_then_the_state_is_said_again_before_every_ninth() -> None:
    assert requests_before_states(28, lambda _: None) == [9, 18, 27]
