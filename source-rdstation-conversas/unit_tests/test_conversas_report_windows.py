"""Windows of days that never come to rest: the next sync reads them again, so the cursor stays before them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

from airbyte_cdk.sources.message import InMemoryMessageRepository
from conversas_samples import Growing

from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.listing import Fetch, Query
from source_rdstation_conversas.streams.reports import ReportsCursor, ReportsPartitions

NOW = datetime.now(timezone.utc)
START = format_instant(NOW - timedelta(days=200))


def at_rest(_: Query) -> Page:
    return Page([{"id": "r1", "created_at": START}], has_next=More.NO, total=1)


def read(restless: int | None) -> tuple[dict[str, Any], list[date], list[str]]:
    """The last state, the first days of the windows, and what is reported; one window, by its number, never rests."""
    told: list[str] = []
    context = StreamContext("reports", InMemoryMessageRepository(), dict, START, lambda moment: moment, 1, told.append)
    cursor = ReportsCursor(context, lookback=timedelta(0), cursor_field="created_at", state={})
    days: list[date] = []

    def fetch_window(first: date, _: date) -> Fetch:
        days.append(first)
        return Growing(lambda n: {"id": f"g{n}", "created_at": START}) if len(days) - 1 == restless else at_rest

    for partition in ReportsPartitions(context, cursor, fetch_window=fetch_window).generate():
        list(partition.read())
    return dict(cursor.state), days, told


def test_given_windows_at_rest_when_read_then_the_cursor_is_the_start_of_the_sync() -> None:
    state, days, told = read(None)

    assert len(days) == 3
    assert state["created_at"] >= format_instant(NOW)
    assert told == []


def test_given_a_window_that_never_rests_when_read_then_the_cursor_stays_before_it_and_others_are_read() -> None:
    state, days, told = read(1)

    assert len(days) == 3
    assert state["created_at"][:10] <= days[1].isoformat()
    assert any("The next sync reads it again." in sentence for sentence in told)
