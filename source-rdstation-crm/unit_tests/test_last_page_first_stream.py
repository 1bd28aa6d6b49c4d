"""Contacts and companies of API v1: everything once, then what changed; killed, resumed, and short of the wall."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from collected import Collected, announced, context
from counted_list import CountedList, counted
from hypothesis import given
from hypothesis import strategies as st
from scenario import Scenario, scenarios
from simulated_list import SimulatedList, moment

from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination import last_page_first, newest_first
from source_rdstation_crm.streams import last_page_first_stream
from source_rdstation_crm.streams.last_page_first_stream import (
    LastPageFirstCursor,
    LastPageFirstPartitions,
)

WALL = 200


def spread(rows: int, page_size: int = 10) -> CountedList:
    times = {f"{number:024x}": number * 1_000 for number in range(rows)}
    return CountedList(dict(times), dict(times), page_size)


def read(
    crm: CountedList,
    state: dict[str, Any] | None = None,
    *,
    start_date: str | None = None,
    records: int | None = None,
) -> tuple[Collected, list[str]]:
    """What was collected, and the sentences on what could not be read."""
    messages, incomplete = Collected(), list[str]()
    given_ = context("contacts", messages, lambda: moment(crm.now), start_date)
    given_.report_incomplete = incomplete.append
    messages.read(last_page_first_stream_of(given_, crm, state or {})[0].generate(), records)
    return messages, incomplete


def last_page_first_stream_of(
    given_: StreamContext, crm: CountedList, state: dict[str, Any]
) -> tuple[LastPageFirstPartitions, LastPageFirstCursor]:
    cursor = LastPageFirstCursor(given_, cursor_field="updated_at", state=state)
    return LastPageFirstPartitions(given_, cursor, fetch=announced(cursor, crm.fetch)), cursor


@pytest.fixture
def low_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (last_page_first_stream, newest_first, last_page_first):
        monkeypatch.setattr(module, "WALL", WALL)


def test_given_no_state_when_read_then_all_rows_come_and_the_cursor_is_the_newest() -> None:
    crm = spread(95)

    messages, incomplete = read(crm)

    assert sorted(messages.ids) == sorted(crm.created)
    assert messages.states[-1]["updated_at"] == format_instant(moment(94_000))
    assert "position" not in messages.states[-1]
    assert incomplete == []


def test_given_no_change_when_read_again_then_one_request_is_enough() -> None:
    crm = spread(95)
    crm.now += 3_600_000
    state = read(crm)[0].states[-1]
    crm.requests = 0

    read(crm, state)

    assert crm.requests == 1


def test_given_edits_when_read_again_then_just_they_come() -> None:
    crm = spread(95)
    crm.now += 3_600_000
    state = read(crm)[0].states[-1]
    crm.now += 60_000
    for number in (3, 40, 77):
        crm.edit(f"{number:024x}")

    messages, _ = read(crm, state)

    assert {f"{number:024x}" for number in (3, 40, 77)} <= set(messages.ids)
    assert len(set(messages.ids)) <= 4  # the row at the cursor may come again


def test_given_a_start_date_when_read_then_older_rows_do_not_come() -> None:
    crm = spread(95)

    messages, _ = read(crm, start_date=format_instant(moment(60_000)))

    assert sorted(messages.ids) == sorted(crm.created)[60:]


@given(scenario=scenarios(most_rows=80, ties=False), deaths=st.lists(st.integers(1, 60), max_size=3))
def test_given_changes_and_deaths_when_resumed_then_nothing_that_existed_throughout_is_missing(
    scenario: Scenario, deaths: list[int]
) -> None:
    crm = counted(scenario.crm)
    committed: set[str] = set()
    state: dict[str, Any] | None = None
    for records in [*deaths, None]:
        messages, _ = read(crm, state, records=records)
        committed |= set(messages.ids if records is None else messages.ids[: messages.ids_at_last_state])
        state = messages.states[-1] if messages.states else state

    assert scenario.existed_throughout <= committed


@given(scenario=scenarios(most_rows=60, deletes=False, ties=False))
def test_given_edits_during_a_read_when_read_again_then_the_newest_version_of_every_row_is_there(
    scenario: Scenario,
) -> None:
    crm = counted(scenario.crm)
    first, _ = read(crm)
    crm.before_request = lambda _: None
    edited = {
        row_id for row_id, at in crm.updated.items() if format_instant(moment(at)) > first.states[-1]["updated_at"]
    }

    second, _ = read(crm, first.states[-1])

    assert set(crm.created) <= {*first.ids, *second.ids}
    assert edited <= set(second.ids)


@given(scenario=scenarios(most_rows=60, ties=False), changed=st.sets(st.integers(0, 59), min_size=15))
def test_given_changes_before_and_during_a_read_when_read_again_then_what_had_changed_and_still_exists_comes(
    scenario: Scenario, changed: set[int]
) -> None:
    crm = counted(scenario.crm)
    crm.before_request = lambda _: None
    state = read(crm)[0].states[-1]
    crm.now += 3_600_000
    edited = {row_id for number in changed if (row_id := f"{number:024x}") in crm.created}
    for row_id in sorted(edited):
        crm.edit(row_id)
    crm.before_request = scenario.crm.before_request

    messages, _ = read(crm, state)

    assert edited & scenario.existed_throughout <= set(messages.ids)


def changed_list() -> tuple[CountedList, dict[str, Any]]:
    """A list of ten pages that has been read, and all of it edited since; and the state."""
    crm = spread(95)
    crm.now += 3_600_000
    state = read(crm)[0].states[-1]
    crm.now += 3_600_000
    for row_id in sorted(crm.created):
        crm.edit(row_id)
    crm.requests = 0
    return crm, state


def test_given_one_deletion_when_read_again_then_going_back_costs_two_requests() -> None:
    crm, state = changed_list()

    def delete_the_newest(list_: SimulatedList) -> None:
        if list_.requests == 4:
            list_.delete(max(list_.created))

    crm.before_request = delete_the_newest

    messages, incomplete = read(crm, state)

    assert set(crm.created) <= set(messages.ids)
    assert incomplete == []
    assert crm.requests == 10 + 2 + 1, "the pages, page 4 and 5 once more, and the front"


@pytest.mark.parametrize("which", [min, max])
def test_given_deletions_at_every_request_when_read_again_then_it_goes_on_and_says_so(
    which: Callable[[Iterable[str]], str],
) -> None:
    crm, state = changed_list()
    crm.before_request = lambda list_: list_.delete(which(list_.created)) if len(list_.created) > 30 else None

    messages, incomplete = read(crm, state)

    assert "position" not in messages.states[-1]
    assert ["deleted faster" in told for told in incomplete] == [True]


@pytest.mark.usefixtures("low_wall")
def test_given_a_tie_before_the_wall_that_is_edited_away_when_swept_then_nothing_beyond_the_wall_is_asked_for() -> None:
    for seed in range(10):
        crm = spread(300)
        crm.wall, crm.now, crm.seed = WALL, crm.now + 3_600_000, seed
        crm.__post_init__()
        tied = [f"{number:024x}" for number in range(108, 124)]  # places 177 to 192, newest first: pages 18 to 20
        crm.updated |= dict.fromkeys(tied, 108_000)

        def edit_the_tie(list_: SimulatedList, tied: list[str] = tied) -> None:
            if list_.requests == 20:
                for row_id in tied:
                    list_.edit(row_id)

        crm.before_request = edit_the_tie

        messages, _ = read(crm, {"updated_at": format_instant(moment(104_000)), "settled": True})

        assert set(messages.ids) >= {f"{number:024x}" for number in range(105, 300)}


def test_given_a_read_under_way_when_a_state_comes_then_it_has_no_cursor_yet() -> None:
    messages, _ = read(spread(400), records=350)

    assert messages.states
    assert all("updated_at" not in state and state["position"]["whole"] for state in messages.states)


@pytest.mark.usefixtures("low_wall")
def test_given_rows_beyond_the_wall_when_read_then_their_number_is_told_now_and_at_every_later_sync() -> None:
    crm = spread(500)
    crm.wall, crm.now = WALL, crm.now + 3_600_000

    messages, first = read(crm)
    _, second = read(crm, messages.states[-1])

    missing = 500 - len(set(messages.ids))
    assert missing > 0
    assert len(messages.ids) == len(set(messages.ids))
    assert [f"{len(set(messages.ids)):,} of 500" in told and f"{missing:,} cannot" in told for told in first] == [True]
    assert [f"{missing:,} records could not be reached" in told for told in second] == [True]


@pytest.mark.usefixtures("low_wall")
def test_given_a_kill_beyond_the_wall_when_resumed_then_everything_is_read_anew() -> None:
    crm = spread(380)
    crm.wall = WALL

    killed, _ = read(crm, records=250)
    messages, incomplete = read(crm, killed.states[-1] if killed.states else None)

    assert set(messages.ids) == set(crm.created)
    assert incomplete == []


@pytest.mark.usefixtures("low_wall")
def test_given_more_changes_than_the_wall_shows_when_read_then_they_come_by_creation() -> None:
    crm = spread(350)
    crm.wall = WALL
    crm.now += 3_600_000
    state = {"updated_at": format_instant(moment(50_000)), "settled": True}

    messages, _ = read(crm, state)

    assert set(messages.ids) >= set(sorted(crm.created)[50:])


def test_given_rows_that_are_counted_and_not_shown_when_read_then_that_is_told() -> None:
    crm = spread(8)
    crm.hidden = 5

    _, incomplete = read(crm)

    assert ["counts 13" in told and "showed 8" in told for told in incomplete] == [True]


def test_given_failures_before_the_first_page_when_read_again_then_everything_comes() -> None:
    crm = spread(95)

    def fail(list_: SimulatedList) -> None:
        if list_.requests >= 1:
            raise ConnectionError

    crm.before_request = fail
    messages = Collected()
    given_ = context("contacts", messages, lambda: moment(crm.now))
    partitions, cursor = last_page_first_stream_of(given_, crm, {})
    with pytest.raises(ConnectionError):
        messages.read(partitions.generate())
    cursor.ensure_at_least_one_state_emitted()
    crm.before_request = lambda _: None

    resumed, _ = read(crm, messages.states[-1])

    assert set(resumed.ids) == set(crm.created)


def test_given_counted_rows_missing_on_several_pages_when_read_then_that_is_told() -> None:
    crm = spread(95)
    crm.hidden = 7

    messages, incomplete = read(crm)

    assert set(messages.ids) == set(crm.created)
    assert ["counts 102" in told and "showed 95" in told for told in incomplete] == [True]


@pytest.mark.usefixtures("low_wall")
def test_given_more_edits_than_the_wall_during_a_read_when_read_then_it_ends() -> None:
    crm = spread(300)
    crm.wall, crm.now = WALL, crm.now + 3_600_000
    state = {"updated_at": format_instant(moment(250_000)), "settled": True}

    def edit_all(list_: SimulatedList) -> None:
        if list_.requests == 1:
            for row_id in list_.created:
                list_.edit(row_id)

    crm.before_request = edit_all

    messages, _ = read(crm, state)

    assert set(messages.ids) >= set(sorted(crm.created)[250:])
