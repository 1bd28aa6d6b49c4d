"""Deals listed once for several streams: reaching back far enough for each, and no stream's failure is another's."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from typing import Any

import pytest

from source_rdstation_crm.streams.deal_children import ListedDeals, SharedDeals

EARLY, LATE = (datetime(2026, 8, day, 12, tzinfo=timezone.utc) for day in (1, 20))
PAGES: list[list[dict[str, Any]]] = [
    [{"id": "b", "updated_at": "2026-08-10T09:00:00-03:00"}, {"id": "a", "updated_at": "2026-08-02T00:00:00Z"}],
    [{"id": "c", "updated_at": None}, {"id": "a", "updated_at": "2026-08-30T00:00:00Z"}],
]


class Lists:
    """Counts readings, and since when."""

    def __init__(self, failures: int = 0) -> None:
        self.since: list[datetime | None] = []
        self._failures = failures

    def __call__(self, since: datetime | None) -> ListedDeals:
        self.since.append(since)
        if len(self.since) <= self._failures:
            raise ConnectionError
        return ListedDeals.of(PAGES, since)


def test_given_a_deal_that_moved_while_it_was_listed_when_taken_then_it_is_due_once_and_in_its_new_place() -> None:
    listed = ListedDeals.of(PAGES, None)

    assert listed.deals == [("", "c"), ("2026-08-10T12:00:00.000Z", "b"), ("2026-08-30T00:00:00.000Z", "a")]
    assert listed.rows == 4
    assert listed.due(LATE) == ListedDeals.of(PAGES, LATE).deals == [("", "c"), ("2026-08-30T00:00:00.000Z", "a")]


@pytest.mark.parametrize(("first", "second"), [(LATE, EARLY), (EARLY, LATE), (None, EARLY), (EARLY, None)])
def test_given_two_streams_that_are_expected_when_read_then_the_list_reaches_back_for_both(
    first: datetime | None, second: datetime | None
) -> None:
    shared, lists = SharedDeals(), Lists()
    shared.expect(first)
    shared.expect(second)

    assert shared.read(first, lists) is shared.read(second, lists)
    assert lists.since == [None if None in (first, second) else EARLY]


def test_given_a_stream_that_was_not_expected_when_it_needs_older_deals_then_they_are_listed_anew() -> None:
    shared, lists = SharedDeals(), Lists()
    shared.read(LATE, lists)

    assert len(shared.read(EARLY, lists).due(EARLY)) == 3
    assert lists.since == [LATE, EARLY]


def test_given_a_reading_that_fails_when_another_stream_comes_then_it_reads_for_itself() -> None:
    shared, lists = SharedDeals(), Lists(failures=1)

    with pytest.raises(ConnectionError):
        shared.read(None, lists)

    assert shared.read(None, lists).rows == 4


def test_given_many_streams_at_once_when_read_then_one_lists_and_the_others_wait() -> None:
    shared, lists = SharedDeals(), Lists()
    all_there = threading.Barrier(8)
    found: list[ListedDeals] = []

    def stream() -> None:
        all_there.wait()
        found.append(shared.read(None, lists))

    threads = [threading.Thread(target=stream) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(lists.since) == 1
    assert len(found) == 8
    assert all(each is found[0] for each in found)
