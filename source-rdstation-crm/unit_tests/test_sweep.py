"""Page numbers, where there is nothing better: complete in the end, and never for ever."""

from __future__ import annotations

import pytest
from counted_list import CountedList
from hypothesis import given
from hypothesis import strategies as st
from scenario import Scenario, scenarios, spread_list

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.pagination import page_numbers
from airbyte_rdstation.pagination.listing import PaginationError, Query
from airbyte_rdstation.pagination.page_numbers import numbered, single_pass, sweep


@given(scenario=scenarios(deletes=False))
def test_given_a_list_without_order_when_swept_then_each_row_comes_once_and_none_is_missing(scenario: Scenario) -> None:
    ids = [row["id"] for batch in sweep(scenario.crm.fetch, Query(None)) for row in batch.rows]

    assert len(ids) == len(set(ids))
    assert scenario.existed_throughout <= set(ids)


@pytest.mark.parametrize("links", [True, False], ids=["links", "no-links"])
@pytest.mark.parametrize("rows", [0, 1, 10, 25])
def test_given_a_sorted_list_when_read_in_one_pass_then_each_row_comes_once(rows: int, links: bool) -> None:
    crm = spread_list(rows, page_size=10)
    crm.links = links

    ids = [row["id"] for batch in single_pass(crm.fetch, Query("created_at")) for row in batch.rows]

    assert ids == sorted(crm.created)


@pytest.mark.parametrize("walled", [True, False], ids=["walled", "without-a-wall"])
def test_given_a_page_that_repeats_for_ever_when_read_then_it_fails(walled: bool) -> None:
    page = Page([{"id": "a"}], has_next=More.YES)

    with pytest.raises(PaginationError, match="again and again"):
        list(numbered(lambda _: page, Query("name"), walled=walled))


def test_given_a_walled_list_when_swept_beyond_it_then_it_fails_rather_than_ask() -> None:
    crm = spread_list(10_001, page_size=500)

    with pytest.raises(PaginationError, match="10,000"):
        list(sweep(crm.fetch, Query("created_at")))


def test_given_an_undocumented_wall_of_empty_pages_when_read_then_it_fails_rather_than_stop_short() -> None:
    crm = spread_list(10_400, page_size=200)
    crm.wall = 10**9

    def fetch(query: Query) -> Page:
        return Page([], has_next=More.NO) if query.page > 50 else crm.fetch(query)

    with pytest.raises(PaginationError, match="stops at 10,000"):
        list(single_pass(fetch, Query("created_at")))


def test_given_rows_without_a_key_at_the_front_when_swept_then_only_those_come() -> None:
    blank: list[Row] = [{"id": f"b{number}", "due_date": None} for number in range(25)]
    rows = [*blank, *({"id": f"d{number}", "due_date": "2026-01-01T00:00:00.000Z"} for number in range(30))]

    def fetch(query: Query) -> Page:
        return Page(rows[(query.page - 1) * 10 : query.page * 10], has_next=More.of(query.page * 10 < len(rows)))

    swept = [row for batch in sweep(fetch, Query("due_date"), without="due_date") for row in batch.rows]

    assert swept == blank


@given(seed=st.integers(0, 2**32), milliseconds_apart=st.sampled_from([0, 1]), links=st.booleans())
def test_given_rows_that_share_their_sort_key_across_pages_when_read_in_one_pass_then_none_is_missing(
    seed: int, milliseconds_apart: int, links: bool
) -> None:
    crm = spread_list(60, page_size=7)
    crm.created = {row_id: number // 9 * milliseconds_apart for number, row_id in enumerate(sorted(crm.created))}
    crm.seed, crm.links = seed, links
    crm.__post_init__()

    ids = [row["id"] for batch in single_pass(crm.fetch, Query("created_at")) for row in batch.rows]

    assert sorted(ids) == sorted(crm.updated)


@pytest.mark.parametrize("rows", [90, 100, 110, 200])
def test_given_a_list_without_a_wall_that_says_no_end_when_swept_then_an_empty_page_is_its_end(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_numbers, "WALL", 100)
    crm = spread_list(rows, page_size=10)
    crm.links = False

    ids = [row["id"] for batch in sweep(crm.fetch, Query(None), walled=False) for row in batch.rows]

    assert sorted(ids) == sorted(crm.created)


def test_given_a_list_that_says_how_long_it_is_when_swept_then_one_complete_pass_is_enough() -> None:
    times = {f"{number:024x}": number for number in range(45)}
    crm = CountedList(dict(times), dict(times), page_size=10, has_cursor=True)

    ids = [row["id"] for batch in sweep(crm.fetch, Query(None), walled=False) for row in batch.rows]

    assert sorted(ids) == sorted(crm.created)
    assert crm.requests == 5


@given(scenario=scenarios(deletes=False))
def test_given_a_moving_list_that_says_how_long_it_is_when_swept_then_no_row_is_missing(scenario: Scenario) -> None:
    crm = scenario.crm
    crm = CountedList(crm.created, crm.updated, crm.page_size, crm.seed, before_request=crm.before_request, now=crm.now)

    ids = [row["id"] for batch in sweep(crm.fetch, Query(None), walled=False) for row in batch.rows]

    assert len(ids) == len(set(ids))
    assert scenario.existed_throughout <= set(ids)


def test_given_pages_that_overlap_when_swept_then_it_ends_without_a_complaint() -> None:
    asked: list[int] = []

    def fetch(query: Query) -> Page:
        asked.append(query.page)
        start = (query.page - 1) * 9  # the last row of a page is the first of the next one
        return Page([{"id": str(number)} for number in range(start, min(start + 10, 25))], has_next=More.UNKNOWN)

    ids = [row["id"] for batch in sweep(fetch, Query(None), walled=False) for row in batch.rows]

    assert ids == [str(number) for number in range(25)]
    assert len(asked) <= 40
