"""A list read from its last page to its first, while rows are created, edited and deleted."""

from __future__ import annotations

import pytest
from counted_list import CountedList, counted
from hypothesis import given
from scenario import Scenario, scenarios
from simulated_list import SimulatedList

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.pagination import last_page_first
from airbyte_rdstation.pagination.last_page_first import last_page_of, read_last_page_first, resume_page
from airbyte_rdstation.pagination.listing import PaginationError, Query

OLDEST_FIRST = Query("created_at")


def spread(rows: int, page_size: int) -> CountedList:
    times = {f"{number:024x}": number * 1_000 for number in range(rows)}
    return CountedList(dict(times), dict(times), page_size)


@given(scenario=scenarios(ties=False))  # ties: see test_single_pass
def test_given_edits_creations_and_deletions_when_read_then_no_row_that_existed_throughout_is_missing(
    scenario: Scenario,
) -> None:
    crm = counted(scenario.crm)
    seen: set[str] = set()

    for batch in read_last_page_first(crm.fetch, OLDEST_FIRST, last_page_of(crm.fetch(OLDEST_FIRST))):
        seen |= {row["id"] for row in batch.rows}

    assert scenario.existed_throughout <= seen


def test_given_a_list_at_rest_when_read_then_each_page_is_asked_for_once() -> None:
    crm = spread(95, page_size=10)

    pages = [batch.page for batch in read_last_page_first(crm.fetch, OLDEST_FIRST, 10)]

    assert pages == list(range(10, 0, -1))
    assert crm.requests == 10


def test_given_hidden_rows_in_the_count_when_read_then_the_last_page_is_found() -> None:
    crm = spread(95, page_size=10)
    crm.hidden = 400

    batches = list(read_last_page_first(crm.fetch, OLDEST_FIRST, last_page_of(crm.fetch(OLDEST_FIRST))))

    assert {row["id"] for batch in batches for row in batch.rows} == set(crm.created)
    assert batches[-1].ends
    assert crm.requests < 10 + 10


@pytest.mark.parametrize("before", range(1, 8))
def test_given_a_deletion_while_the_last_page_is_looked_for_when_read_then_no_row_is_missing(before: int) -> None:
    crm = spread(31, page_size=10)
    crm.hidden = 400

    def delete_the_first(list_: SimulatedList) -> None:
        if list_.requests == before:
            list_.delete(f"{0:024x}")  # row 30 goes from page 4 to page 3

    crm.before_request = delete_the_first

    batches = read_last_page_first(crm.fetch, OLDEST_FIRST, last_page_of(crm.fetch(OLDEST_FIRST)))

    assert {row["id"] for batch in batches for row in batch.rows} >= set(crm.created)


def test_given_rows_of_one_moment_across_pages_when_read_then_none_is_missing() -> None:
    crm = spread(60, page_size=10)
    for number in range(15, 45):
        crm.created[f"{number:024x}"] = 20_000

    seen = {row["id"] for batch in read_last_page_first(crm.fetch, OLDEST_FIRST, 6) for row in batch.rows}

    assert seen == set(crm.created)


@pytest.mark.parametrize("killed_after", range(1, 6))
def test_given_deletions_and_a_kill_when_resumed_then_no_row_is_missing(killed_after: int) -> None:
    crm = spread(60, page_size=10)
    for number in range(22, 40):
        crm.created[f"{number:024x}"] = 25_000  # one moment over the border of pages
    seen: set[str] = set()
    page, reached = 0, ""
    for number, batch in enumerate(read_last_page_first(crm.fetch, OLDEST_FIRST, 6), start=1):
        seen |= {row["id"] for row in batch.rows}
        page, reached = batch.page, batch.oldest or reached
        if number == killed_after:
            break
    for number in (3, 30, 44):
        crm.delete(f"{number:024x}")

    for batch in read_last_page_first(crm.fetch, OLDEST_FIRST, resume_page(crm.fetch, OLDEST_FIRST, page, reached)):
        seen |= {row["id"] for row in batch.rows}

    assert set(crm.created) <= seen


def test_given_a_list_that_ignores_its_order_when_read_then_it_is_an_error() -> None:
    crm = spread(30, page_size=10)
    crm.sort_honoured = False

    with pytest.raises(PaginationError, match="ignores its sort"):
        list(read_last_page_first(crm.fetch, OLDEST_FIRST, 3))


def test_given_more_rows_than_the_wall_when_the_top_is_asked_then_it_lies_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(last_page_first, "WALL", 100)

    assert last_page_of(Page([{"id": "a"}] * 10, More.UNKNOWN, total=5_000)) == 10


def test_given_a_tie_and_a_last_page_that_empties_when_read_then_no_row_is_missing() -> None:
    for seed in range(40):
        crm = spread(24, page_size=10)
        crm.seed = seed
        crm.__post_init__()
        for number in range(13, 24):
            crm.created[f"{number:024x}"] = 13_000

        def delete_the_last_page(list_: SimulatedList) -> None:
            if list_.requests == 1:
                for number in (0, 1, 2, 3):
                    list_.delete(f"{number:024x}")

        crm.before_request = delete_the_last_page

        seen = {row["id"] for batch in read_last_page_first(crm.fetch, OLDEST_FIRST, 3) for row in batch.rows}

        assert set(crm.created) <= seen


def test_given_as_many_deletions_as_a_page_has_rows_when_read_then_it_goes_on() -> None:
    crm = spread(100, page_size=10)

    def delete_the_next_page(list_: SimulatedList) -> None:
        if list_.requests == 2:
            for number in range(70, 80):
                list_.delete(f"{number:024x}")

    crm.before_request = delete_the_next_page

    batches = list(read_last_page_first(crm.fetch, OLDEST_FIRST, 10))

    assert {row["id"] for batch in batches for row in batch.rows} == set(crm.created)


def test_given_a_list_that_ignores_page_numbers_when_read_then_it_is_an_error() -> None:
    crm = spread(95, page_size=10)

    with pytest.raises(PaginationError, match="the same rows"):
        list(read_last_page_first(lambda query: crm.fetch(query.at_page(1)), OLDEST_FIRST, 10))


def test_given_rows_without_a_date_at_the_front_when_resumed_among_them_then_it_goes_back_to_a_page_before_them() -> (
    None
):
    dates = [None] * 5 + [f"2026-01-01T00:00:{second:02}.000Z" for second in range(10)]
    rows: list[Row] = [{"id": str(number), "created_at": date} for number, date in enumerate(dates)]

    def fetch(query: Query) -> Page:
        return Page(rows[(query.page - 1) * 3 : query.page * 3], More.of(query.page < 5))

    assert resume_page(fetch, OLDEST_FIRST, 1, "2026-01-01T00:00:00.000Z") == 3
