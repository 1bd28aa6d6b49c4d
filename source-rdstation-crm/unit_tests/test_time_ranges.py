"""A keyset read shared out among readers: nothing is lost, whoever is faster, and wherever the process is killed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario import Scenario, scenarios, spread_list
from simulated_list import SimulatedList, moment

from airbyte_rdstation.pagination.keyset import read_keyset
from airbyte_rdstation.pagination.listing import Batch
from airbyte_rdstation.pagination.time_ranges import TimeRange, TimeRanges

BY_UPDATE = ("updated_at", "created_at")
BY_CREATION = ("created_at",)


class Readers:
    """Reads the ranges of one list a request at a time, each time the range that chance picks."""

    def __init__(self, crm: SimulatedList, keys: tuple[str, ...], chance: random.Random, readers: int = 4) -> None:
        self.crm = crm
        self.keys = keys
        self.chance = chance
        self.readers = readers
        self.started = moment(crm.now)
        self.ids: set[str] = set()
        self.most_at_once = 0
        self.ranges = self._ranges([TimeRange(None, None)])

    def read(self, requests: int | None = None) -> bool:
        """Reads on, for at most so many requests; returns whether all ranges are read."""
        under_way: list[tuple[TimeRange, Iterator[Batch]]] = []
        while requests is None or requests > 0:
            while (time_range := self.ranges.take()) is not None:
                under_way.append((time_range, self._read(time_range)))
            if not under_way:
                return True
            self.most_at_once = max(self.most_at_once, len(under_way))
            time_range, batches = self.chance.choice(under_way)
            batch = next(batches, None)
            if batch is None:
                self.ranges.finish(time_range)
                under_way.remove((time_range, batches))
                continue
            self.ids.update(row["id"] for row in batch.rows)
            self.ranges.advance(time_range, batch.reached, batch.pages_left)
            requests = None if requests is None else requests - 1
        return False

    def die_and_resume(self) -> None:
        """A new process: it knows what the last state says, and the first attempt's start."""
        self.ranges = self._ranges([TimeRange(start, end) for start, end in self.ranges.remaining()])

    def _ranges(self, ranges: list[TimeRange]) -> TimeRanges:
        moving = self.keys is BY_UPDATE
        return TimeRanges(ranges, horizon=lambda: self.started, open_range_last=moving, requests_at_once=self.readers)

    def _read(self, time_range: TimeRange) -> Iterator[Batch]:
        return read_keyset(
            self.crm.fetch,
            self.keys,
            time_range.position,
            began=self.started,
            end=lambda: time_range.end,
            tie_sort="name",
            with_undated=True,
        )


@pytest.mark.parametrize("keys", [BY_UPDATE, BY_CREATION], ids=["by-update", "by-creation"])
@given(
    scenario=scenarios(most_rows=120, deletes=False) | scenarios(most_rows=120, ties=False),
    seed=st.integers(0, 2**32),
    deaths=st.lists(st.integers(1, 12), max_size=4),
)
def test_given_many_readers_and_deaths_when_a_moving_list_is_read_then_nothing_that_existed_throughout_is_missing(
    keys: tuple[str, ...], scenario: Scenario, seed: int, deaths: list[int]
) -> None:
    readers = Readers(scenario.crm, keys, random.Random(seed))
    for requests in deaths:
        readers.read(requests)
        readers.die_and_resume()

    assert readers.read()

    assert scenario.existed_throughout <= readers.ids


@pytest.mark.parametrize("last_link", [True, False], ids=["last-link", "no-last-link"])
@pytest.mark.parametrize("keys", [BY_UPDATE, BY_CREATION], ids=["by-update", "by-creation"])
def test_given_a_big_list_when_read_then_several_readers_share_it_at_few_extra_requests(
    keys: tuple[str, ...], last_link: bool
) -> None:
    crm = spread_list(12_000, page_size=200)
    crm.last_link = last_link
    crm.now += int(timedelta(hours=1).total_seconds() * 1000)
    readers = Readers(crm, keys, random.Random(1), readers=8)

    assert readers.read()

    assert readers.ids == set(crm.created)
    assert readers.most_at_once >= 4
    assert crm.requests <= 1.1 * 60 + 5


def test_given_a_small_list_when_read_then_it_is_not_cut() -> None:
    crm = spread_list(700, page_size=200)
    crm.now += int(timedelta(hours=1).total_seconds() * 1000)
    readers = Readers(crm, BY_UPDATE, random.Random(1))

    assert readers.read()

    assert readers.most_at_once == 1
    assert crm.requests == 4, "the last page is asked for from the far end, where rows without the key would be"


def test_given_rows_that_move_when_read_in_spans_then_the_open_span_comes_last() -> None:
    ranges = TimeRanges(
        [TimeRange(moment(0), moment(50_000)), TimeRange(moment(50_000), None)],
        horizon=lambda: moment(50_000),
        open_range_last=True,
        requests_at_once=4,
    )

    closed = ranges.take()
    assert closed is not None
    assert closed.end is not None
    assert ranges.take() is None
    ranges.finish(closed)

    last = ranges.take()
    assert last is not None
    assert last.end is None


def test_given_a_failed_reader_when_spans_are_asked_for_then_no_more_come_and_the_rest_remains() -> None:
    ranges = TimeRanges(
        [TimeRange(moment(0), moment(9_000))], horizon=lambda: moment(9_000), open_range_last=False, requests_at_once=4
    )

    ranges.give_up()

    assert list(ranges) == []
    assert ranges.remaining() == [(moment(0), moment(9_000))]
