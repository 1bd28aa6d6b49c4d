"""Tasks: read from the newest down while they jump to the front."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from collected import Collected, announced, context
from hypothesis import given
from hypothesis import strategies as st
from scenario import Scenario, scenarios, spread_list
from simulated_list import SimulatedList, moment

from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.listing import Batch, Query
from airbyte_rdstation.pagination.newest_first import WallReachedError, read_newest_first
from source_rdstation_crm.streams.newest_first_stream import NewestFirstCursor, NewestFirstPartitions


def stream(
    crm: SimulatedList, messages: Collected, state: dict[str, Any] | None = None, start_date: str | None = None
) -> NewestFirstPartitions:
    given = context("tasks", messages, lambda: moment(crm.now), start_date)
    cursor = NewestFirstCursor(given, cursor_field="updated_at", state=state or {})
    return WithoutWall(given, cursor, fetch=announced(cursor, crm.fetch), other_key="")


class WithoutWall(NewestFirstPartitions):
    def _beyond_wall(self) -> Iterator[Batch]:
        raise AssertionError("the list has no wall")


@given(scenario=scenarios(most_rows=80, deletes=False), deaths=st.lists(st.integers(1, 60), max_size=3))
def test_given_edits_and_deaths_when_read_then_nothing_that_existed_throughout_is_missing(
    scenario: Scenario, deaths: list[int]
) -> None:
    ids: set[str] = set()
    state: dict[str, Any] = {}
    started = format_instant(moment(scenario.crm.now))
    for records in [*deaths, None]:
        messages = Collected()
        messages.read(stream(scenario.crm, messages, state).generate(), records)
        ids.update(messages.ids)
        state = messages.states[-1] if messages.states else state

    assert scenario.existed_throughout <= ids
    assert set(state) <= {"updated_at", "settled"}
    if scenario.existed_throughout:
        assert state["updated_at"] <= max(started, format_instant(moment(scenario.crm.now)))


def test_given_nothing_new_when_read_again_then_one_request_suffices_and_the_state_stays() -> None:
    crm, first, second = spread_list(950, page_size=200, milliseconds_apart=10_000), Collected(), Collected()
    first.read(stream(crm, first).generate())
    crm.requests = 0

    second.read(stream(crm, second, first.states[-1]).generate())

    assert crm.requests == 1
    assert second.states[-1] == first.states[-1]
    assert second.states[-1]["updated_at"] == format_instant(moment(9_490_000))


def test_given_a_read_under_way_when_a_state_comes_then_the_cursor_has_not_moved() -> None:
    crm, messages = spread_list(3_000, page_size=200), Collected()

    messages.read(stream(crm, messages, {"updated_at": "2025-01-01T00:00:00.000Z"}).generate(), records=2_500)

    assert [state["updated_at"] for state in messages.states] == ["2025-01-01T00:00:00.000Z"] * 2
    assert messages.states[-1]["position"]["page"] == 10


def test_given_deletions_before_a_resume_when_read_on_then_no_row_is_skipped() -> None:
    crm, first, second = spread_list(2_000, page_size=100), Collected(), Collected()
    first.read(stream(crm, first).generate(), records=1_050)
    for row_id in sorted(crm.created)[-400:]:
        crm.delete(row_id)

    second.read(stream(crm, second, first.states[-1]).generate())

    assert set(crm.created) <= {*first.ids[: first.ids_at_last_state], *second.ids}


def test_given_a_start_date_when_read_then_older_rows_do_not_come() -> None:
    crm, messages = spread_list(1_000, page_size=200), Collected()

    messages.read(stream(crm, messages, start_date=format_instant(moment(600_000))).generate())

    assert sorted(messages.ids) == sorted(crm.created)[600:]


def test_given_a_list_edited_for_ever_when_read_then_it_ends() -> None:
    crm, messages, chance = spread_list(500, page_size=50), Collected(), random.Random(3)

    def edit_ten(crm: SimulatedList) -> None:
        for row_id in chance.sample(sorted(crm.created), 10):
            crm.edit(row_id)

    crm.before_request = edit_ten

    messages.read(stream(crm, messages).generate())

    assert set(messages.ids) == set(crm.created)


def test_given_a_list_whose_pages_end_at_its_wall_without_a_word_when_read_then_it_is_not_taken_for_the_end() -> None:
    crm = spread_list(10_400, page_size=200)

    def fetch(query: Query) -> Page:
        page = crm.fetch(query)
        return replace(page, has_next=More.of(query.page < 50))

    with pytest.raises(WallReachedError):
        list(read_newest_first(fetch, "updated_at", ""))


@pytest.mark.parametrize("rows", [10_001, 10_080, 12_000, 30_090])
def test_given_a_list_that_goes_on_behind_the_wall_when_read_then_its_end_is_not_taken_for_a_wall(rows: int) -> None:
    crm = spread_list(rows, page_size=200)
    crm.wall = 1_000_000

    ids = {row["id"] for batch in read_newest_first(crm.fetch, "updated_at", "") for row in batch.rows}

    assert ids == set(crm.created)
