"""Deals in windows of time: none lost at an edge, none twice, whatever the API does at its wall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from counted_list import CountedList
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenario import Scenario, scenarios
from simulated_list import DAWN, moment

from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.pagination import last_page_first, time_windows
from airbyte_rdstation.pagination.listing import Bound, Fetch, PageRefusedError, PaginationError, Query
from airbyte_rdstation.pagination.time_windows import Windows

WALL = 100
DAY = 86_400_000


@pytest.fixture(autouse=True)
def low_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (last_page_first, time_windows):
        monkeypatch.setattr(module, "WALL", WALL)
    monkeypatch.setattr(time_windows, "_MOST_ROWS", 90)
    monkeypatch.setattr(time_windows, "_ROWS_A_WINDOW", 40)


def account(rows: int, apart: int = DAY // 2, *, cursor: bool = True, past_the_wall: bool = False) -> CountedList:
    times = {f"{number:024x}": number * apart for number in range(rows)}
    crm = CountedList(dict(times), dict(times), 10, wall=WALL, has_cursor=cursor, past_wall=past_the_wall)
    crm.now = rows * apart
    return crm


def wider(crm: CountedList) -> Fetch:
    """As the lists of API v1 ask: a day more on both sides."""

    def fetch(query: Query) -> Page:
        bounds = tuple(
            Bound(
                bound.field,
                bound.at_least and bound.at_least - timedelta(days=1),
                bound.before and bound.before + timedelta(days=1),
            )
            for bound in query.bounds
        )
        return crm.fetch(replace(query, bounds=bounds))

    return fetch


def read(crm: CountedList, fetch: Fetch | None = None, parts: Iterable[Fetch] = ()) -> tuple[list[str], Windows]:
    list_ = Windows(fetch or wider(crm), lambda: parts, lambda: moment(crm.now))
    rows, windows = list_.plan()
    ids = [row["id"] for row in rows]
    for window in windows:
        ids += [row["id"] for batch in list_.read(window) for row in batch.rows]
    return ids, list_


@pytest.mark.parametrize("cursor", [True, False])
@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 40, 41, 99, 101, 350, 1_000])
def test_given_a_list_of_any_length_when_read_then_every_row_comes_once(rows: int, cursor: bool) -> None:
    crm = account(rows, cursor=cursor)

    ids, list_ = read(crm)

    assert Counter(ids) == dict.fromkeys(crm.created, 1)
    assert not list_.walled


def test_given_a_small_list_when_read_then_one_request_is_enough() -> None:
    crm = account(9)

    read(crm)

    assert crm.requests == 1


@pytest.mark.parametrize("created_at", [None, "2026-02-30T10:00:00.000Z"])
def test_given_a_row_without_a_readable_date_when_any_window_brings_it_then_it_comes_once(created_at: str) -> None:
    crm = account(200)
    inner = wider(crm)

    def fetch(query: Query) -> Page:
        page = inner(query)
        late = query.bounds and query.bounds[-1].before is None
        rows = [*page.rows, {"id": "undated", "created_at": created_at}] if late else page.rows
        return replace(page, rows=rows)

    ids, _ = read(crm, fetch)

    assert Counter(ids)["undated"] == 1


def test_given_rows_on_the_edges_of_windows_when_read_then_each_comes_once() -> None:
    crm = account(200)
    _, windows = Windows(wider(crm), tuple, lambda: moment(crm.now)).plan()
    for number, window in enumerate(windows[:-1]):
        assert window.before is not None
        at = int((window.before - DAWN).total_seconds() * 1_000)
        crm.created |= {f"{5_000 + 3 * number + step:024x}": at + step - 1 for step in range(3)}
    crm.updated = dict(crm.created)

    ids, _ = read(crm)

    assert Counter(ids) == dict.fromkeys(crm.created, 1)


@pytest.mark.parametrize("past_the_wall", [True, False])
@pytest.mark.parametrize("cursor", [True, False])
def test_given_more_rows_in_a_day_than_the_wall_when_read_then_every_row_comes_once(
    cursor: bool, past_the_wall: bool
) -> None:
    crm = account(180, apart=1_000, cursor=cursor, past_the_wall=past_the_wall)

    ids, list_ = read(crm)

    assert Counter(ids) == dict.fromkeys(crm.created, 1)
    assert not list_.walled


def test_given_a_wall_that_refuses_when_the_cursor_reaches_it_then_the_other_end_is_read() -> None:
    crm = account(180, apart=1_000)

    def fetch(query: Query) -> Page:
        if query.cursor and int(query.cursor) >= WALL:
            raise PageRefusedError
        return wider(crm)(query)

    ids, _ = read(crm, fetch)

    assert Counter(ids) == dict.fromkeys(crm.created, 1)


@pytest.mark.parametrize("cursor", [True, False])
def test_given_more_rows_in_a_day_than_both_ends_reach_when_read_then_parts_help(cursor: bool) -> None:
    crm = account(280, apart=1_000, cursor=cursor)
    middle = {row_id: at for row_id, at in crm.created.items() if 95 <= int(row_id, 16) < 190}
    part = CountedList(middle, dict(middle), 10, wall=WALL, has_cursor=cursor)

    ids, list_ = read(crm, parts=[wider(part)])

    assert Counter(ids) == dict.fromkeys(crm.created, 1)
    assert not list_.walled


@pytest.mark.parametrize("cursor", [True, False])
def test_given_rows_that_nothing_reaches_when_read_then_they_are_counted(cursor: bool) -> None:
    crm = account(280, apart=1_000, cursor=cursor)

    ids, list_ = read(crm)

    assert len(ids) == len(set(ids)) == 200
    assert (list_.walled, list_.total) == (True, 280)


@pytest.mark.parametrize("rows", [95, 30])
def test_given_a_cursor_that_stands_still_when_read_then_page_numbers_are_used(rows: int) -> None:
    crm = account(rows)

    def stuck(query: Query) -> Page:
        return replace(wider(crm)(replace(query, cursor=None)), cursor="the same")

    ids, _ = read(crm, stuck)

    assert Counter(ids) == dict.fromkeys(crm.created, 1)


def test_given_deletions_while_the_cursor_is_absent_when_read_then_no_other_row_is_missing() -> None:
    crm = account(80, cursor=False)
    crm.before_request = lambda list_: list_.delete(min(list_.created)) if list_.requests % 3 == 2 else None

    ids, _ = read(crm)

    assert set(crm.created) <= set(ids)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenario=scenarios(most_rows=90, ties=False), apart=st.sampled_from([1, DAY // 400]))
def test_given_a_list_that_moves_when_read_by_page_numbers_then_nothing_that_existed_throughout_is_missing(
    scenario: Scenario, apart: int
) -> None:
    times = {row_id: at * apart for row_id, at in scenario.crm.created.items()}
    crm = CountedList(dict(times), dict(times), 10, before_request=scenario.crm.before_request, wall=WALL)

    ids, list_ = read(crm)

    assert scenario.existed_throughout <= set(ids)
    assert not list_.walled


def test_given_a_filter_that_is_ignored_when_read_then_it_is_an_error() -> None:
    crm = account(300)

    with pytest.raises(PaginationError, match="ignores its filter"):
        read(crm, lambda query: crm.fetch(replace(query, bounds=())))


@pytest.mark.parametrize("total", [None, 0])
def test_given_a_page_behind_the_wall_that_counts_nothing_when_read_then_the_other_end_is_read(
    total: int | None,
) -> None:
    crm = account(180, apart=1_000)

    def fetch(query: Query) -> Page:
        page = wider(crm)(query)
        return page if page.rows else Page([], More.UNKNOWN, total=total)

    ids, _ = read(crm, fetch)

    assert Counter(ids) == dict.fromkeys(crm.created, 1)
