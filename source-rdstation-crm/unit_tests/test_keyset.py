"""Reading by keyset from lists that move: no row that existed throughout is missing, and the read ends."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime
from itertools import islice

import pytest
from hypothesis import given
from scenario import Scenario, scenarios, spread_list
from simulated_list import SimulatedList, moment

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import EPOCH, parse_instant
from airbyte_rdstation.pagination.keyset import Position, Then, advance, read_keyset, read_keyset_whole
from airbyte_rdstation.pagination.listing import Fetch, PaginationError, Query

BY_UPDATE = ("updated_at", "created_at")
BY_CREATION = ("created_at",)


def read(crm: SimulatedList, keys: tuple[str, ...] = BY_UPDATE, start: int | None = None) -> list[str]:
    since = None if start is None else moment(start)
    batches = read_keyset(crm.fetch, keys, since, began=moment(crm.now), tie_sort="name")
    return [row["id"] for batch in batches for row in batch.rows]


@pytest.mark.parametrize("keys", [BY_UPDATE, BY_CREATION], ids=["by-update", "by-creation"])
@given(scenario=scenarios())
def test_given_a_list_that_moves_when_read_then_nothing_that_existed_throughout_is_missing(
    keys: tuple[str, ...], scenario: Scenario
) -> None:
    ids = set(read(scenario.crm, keys))

    assert scenario.existed_throughout <= ids


def test_given_edits_when_read_by_page_number_then_rows_are_lost() -> None:
    crm = spread_list(200, page_size=10)
    crm.before_request = lambda crm: crm.edit(random.Random(crm.now).choice(sorted(crm.created)))

    ids = {row["id"] for number in range(1, 21) for row in crm.fetch(Query("updated_at", page=number)).rows}

    assert len(ids) < len(crm.created), "the opponent is too kind: this is what the keyset is for"


@pytest.mark.parametrize(("rows", "page_size"), [(1, 200), (200, 200), (201, 200), (6_000, 200)])
def test_given_a_quiet_list_when_read_then_each_row_comes_once_and_requests_are_few(rows: int, page_size: int) -> None:
    crm = spread_list(rows, page_size)

    ids = read(crm)

    assert sorted(ids) == sorted(crm.created)
    assert crm.requests <= 1.01 * rows / page_size + 2


def test_given_nothing_new_when_read_from_the_last_second_then_one_request_suffices() -> None:
    crm = spread_list(1_000, page_size=200)

    ids = read(crm, start=999_000)

    assert ids == [f"{999:024x}"]
    assert crm.requests == 1


@pytest.mark.parametrize("keys", [BY_UPDATE, BY_CREATION], ids=["by-update", "by-creation"])
def test_given_700_rows_in_one_second_when_read_then_all_arrive(keys: tuple[str, ...]) -> None:
    crm = spread_list(1_500, page_size=100)
    for number in range(300, 1_000):
        crm.created[f"{number:024x}"] = crm.updated[f"{number:024x}"] = 400_123

    assert sorted(read(crm, keys)) == sorted(crm.created)


def test_given_a_bulk_edit_of_more_rows_than_the_wall_when_read_then_their_creation_tells_them_apart() -> None:
    crm = spread_list(1_100, page_size=20, milliseconds_apart=100)
    crm.wall = 1_000
    crm.updated = dict.fromkeys(crm.created, 2_000_000)

    assert sorted(read(crm)) == sorted(crm.created)


def test_given_more_rows_than_the_wall_in_one_second_of_both_keys_when_read_then_it_fails_and_names_the_second() -> (
    None
):
    crm = spread_list(10_400, page_size=400, milliseconds_apart=0)

    with pytest.raises(PaginationError, match="2026-01-01 00:00:00"):
        read(crm)


def test_given_a_list_without_sort_when_read_then_windows_are_swept() -> None:
    crm = spread_list(2_200, page_size=200)
    crm.sort_honoured = False

    assert set(read(crm)) == set(crm.created)


def test_given_a_page_that_repeats_for_ever_when_read_then_it_fails() -> None:
    page = spread_list(400, page_size=200).fetch(Query("updated_at"))

    def fetch(query: Query) -> Page:
        return page

    with pytest.raises(PaginationError, match="ignores its filter"):
        list(read_keyset(fetch, BY_UPDATE, None, began=moment(0)))


def test_given_rows_without_the_key_when_read_then_they_arrive_too() -> None:
    blank = [{"id": f"b{number}", "updated_at": None} for number in range(5)]
    dated = spread_list(4, page_size=3)

    def fetch(query: Query) -> Page:
        if query.bounds[-1].at_least is None and query.page * 3 <= len(blank) + 1:
            rows = blank[(query.page - 1) * 3 : query.page * 3]
            return Page(rows + dated.fetch(Query("updated_at")).rows[: 3 - len(rows)], has_next=More.YES)
        return dated.fetch(query)

    ids = {row["id"] for batch in read_keyset(fetch, BY_UPDATE, None, began=moment(0)) for row in batch.rows}

    assert ids == {row["id"] for row in blank} | set(dated.created)


def test_given_a_range_whose_end_is_pulled_in_when_read_then_it_stops_there() -> None:
    crm = spread_list(1_000, page_size=100)
    end: dict[str, datetime | None] = {"at": None}
    ids = []
    for batch in read_keyset(crm.fetch, BY_UPDATE, None, began=moment(crm.now), end=lambda: end["at"]):
        ids += [row["id"] for row in batch.rows]
        end["at"] = end["at"] or moment(500_000)

    assert ids == sorted(crm.created)[:500]


BLANK: list[Row] = [{"id": f"b{number}", "updated_at": None} for number in range(45)]


def with_blanks(dated: SimulatedList, nulls: str) -> Fetch:
    """The list, and rows without its key: first or last in ascending order, and the other way round in descending.

    With `nulls` "always last", behind all others in either.
    """

    def fetch(query: Query) -> Page:
        if query.bounds[-1].at_least is not None:
            return dated.fetch(query)
        dated.page_size, size = 100_000, dated.page_size
        rows = dated.fetch(query.at_page(1)).rows
        dated.page_size = size
        at_front = nulls != "always last" and (nulls == "first") != query.descending
        rows = [*BLANK, *rows] if at_front else [*rows, *BLANK]
        last = -(-len(rows) // size) if dated.last_link else None
        page = rows[(query.page - 1) * size : query.page * size]
        return Page(page, More.of(query.page * size < len(rows)), last)

    return fetch


@pytest.mark.parametrize("last_link", [True, False], ids=["last-link", "no-last-link"])
@pytest.mark.parametrize("nulls", ["first", "last"])
def test_given_rows_without_the_key_at_either_end_when_read_and_resumed_then_they_arrive_too(
    nulls: str, last_link: bool
) -> None:
    dated = spread_list(95, page_size=10)
    dated.last_link = last_link
    fetch = with_blanks(dated, nulls)
    every = {row["id"] for row in BLANK} | set(dated.created)
    assert {row["id"] for batch in read_keyset(fetch, BY_UPDATE, None, began=moment(0)) for row in batch.rows} == every
    for stop in range(1, 13):
        batches = list(islice(read_keyset(fetch, BY_UPDATE, None, began=moment(0)), stop))
        reached = [batch.reached for batch in batches if batch.reached]
        ids = {row["id"] for batch in batches for row in batch.rows}
        start = reached[-1] if reached else None
        for batch in read_keyset(fetch, BY_UPDATE, start, began=moment(0), with_undated=True):
            ids |= {row["id"] for row in batch.rows}

        assert ids == every, stop


@pytest.mark.parametrize("last_link", [True, False], ids=["last-link", "no-last-link"])
@pytest.mark.parametrize("nulls", ["first", "last"])
@pytest.mark.parametrize("dated_rows", range(5, 12))
def test_given_rows_without_the_key_across_the_end_of_the_first_page_when_read_then_all_of_them_arrive(
    dated_rows: int, nulls: str, last_link: bool
) -> None:
    dated = spread_list(dated_rows, page_size=10)
    dated.last_link = last_link

    found = [
        row["id"]
        for batch in read_keyset(with_blanks(dated, nulls), BY_UPDATE, None, began=moment(0))
        for row in batch.rows
    ]

    assert set(found) == {row["id"] for row in BLANK} | set(dated.created)


@pytest.mark.parametrize(
    ("dated_rows", "last_link"), [(5, True), (9, True), (10, True), (15, True), (95, True), (5, False), (9, False)]
)
def test_given_rows_without_the_key_that_are_always_last_when_all_are_read_then_they_arrive(
    dated_rows: int, last_link: bool
) -> None:
    dated, told = spread_list(dated_rows, page_size=10), list[str]()
    dated.last_link = last_link
    fetch = with_blanks(dated, "always last")

    batches = read_keyset_whole(fetch, "updated_at", began=moment(0), report=told.append)
    ids = {row["id"] for batch in batches for row in batch.rows}

    assert ids == {row["id"] for row in BLANK} | set(dated.created)
    assert told == []


def test_given_more_rows_than_the_wall_before_those_without_the_key_when_all_are_read_then_their_number_is_told() -> (
    None
):
    dated, told = spread_list(10_200, page_size=200), list[str]()

    batches = read_keyset_whole(with_blanks(dated, "always last"), "updated_at", began=moment(0), report=told.append)
    ids = {row["id"] for batch in batches for row in batch.rows}

    assert ids == set(dated.created)
    (sentence,) = told
    assert "lists at least 10,201 records and showed 10,200" in sentence


@pytest.mark.parametrize("rows", [1, 200, 201, 6_000])
def test_given_rows_that_all_have_the_key_when_all_are_read_then_no_request_more_is_needed(rows: int) -> None:
    requests = []
    for whole in (False, True):
        crm = spread_list(rows, page_size=200)
        if whole:
            list(read_keyset_whole(crm.fetch, "updated_at", began=moment(crm.now), report=pytest.fail))
        else:
            list(read_keyset(crm.fetch, BY_UPDATE, None, began=moment(crm.now)))
        requests.append(crm.requests)

    assert requests[0] == requests[1]


def test_given_a_list_that_knows_no_descending_order_when_read_then_nothing_is_missing() -> None:
    crm = spread_list(95, page_size=10)

    def fetch(query: Query) -> Page:
        return crm.fetch(replace(query, descending=False))

    for start in (None, moment(40_000)):
        batches = read_keyset(fetch, BY_UPDATE, start, began=moment(0), with_undated=True)
        ids = {row["id"] for batch in batches for row in batch.rows}

        assert ids == {row_id for row_id, updated in crm.updated.items() if start is None or updated >= 40_000}


def test_given_a_descending_order_that_is_none_when_read_then_nothing_is_missing() -> None:
    crm = spread_list(95, page_size=10)

    def fetch(query: Query) -> Page:
        page = crm.fetch(query)
        if query.descending:
            oldest, *others = crm.fetch(replace(query, descending=False)).rows
            page = replace(page, rows=[page.rows[0], *others[1:], oldest])
        return page

    ids = {row["id"] for batch in read_keyset(fetch, BY_UPDATE, None, began=moment(0)) for row in batch.rows}

    assert ids == set(crm.created)


def test_given_nothing_newer_than_the_last_range_when_read_then_one_request_shows_it() -> None:
    crm = spread_list(95, page_size=10)

    batches = list(read_keyset(crm.fetch, BY_UPDATE, moment(1_000_000), began=moment(crm.now), with_undated=True))

    assert crm.requests == 1
    assert [(batch.rows, batch.reached) for batch in batches] == [([], moment(1_000_000))]


def test_given_more_new_rows_than_a_page_before_the_last_one_when_read_then_nothing_is_missing() -> None:
    crm = spread_list(25, page_size=10)

    def fetch(query: Query) -> Page:
        if query.descending:
            for number in range(15):
                crm.create(f"{1_000 + number:024x}")
        return crm.fetch(query)

    ids = {row["id"] for batch in read_keyset(fetch, BY_UPDATE, None, began=moment(0)) for row in batch.rows}

    assert ids == set(crm.created)


def page_of(*seconds: int | None, has_next: More = More.YES) -> Page:
    """A page whose rows have these moments, each a second of its own."""
    rows = [
        {"id": str(number), "k": None if at is None else f"2026-01-01T00:00:{at:02}Z"}
        for number, at in enumerate(seconds)
    ]
    return Page(rows, has_next)


def at_second(number: int, *seen: str) -> Position:
    second = parse_instant(f"2026-01-01T00:00:{number:02}Z")
    return Position(second, frozenset((id_, f"2026-01-01T00:00:{number:02}Z") for id_ in seen))


@pytest.mark.parametrize(
    ("position", "page", "then", "following", "fresh"),
    [
        pytest.param(Position(None), page_of(1, 2, 3), Then.GO_ON, at_second(3, "2"), "012", id="the-first-page"),
        pytest.param(at_second(1, "0"), page_of(1, 2), Then.GO_ON, at_second(2, "1"), "1", id="its-first-row-is-known"),
        pytest.param(
            at_second(1, "0"), page_of(1, 1), Then.ONE_SECOND, at_second(2), "1", id="one-second-fills-a-page"
        ),
        pytest.param(at_second(1), page_of(1, 2, has_next=More.NO), Then.END, at_second(2), "01", id="the-last-page"),
        pytest.param(at_second(4), page_of(), Then.END, at_second(4), "", id="an-empty-page"),
        pytest.param(Position(None), page_of(2, 1), Then.UNSORTED, Position(None), "", id="out-of-order"),
        pytest.param(at_second(4), page_of(3, 5), Then.OUTSIDE, at_second(4), "", id="before-the-position"),
        pytest.param(Position(None), page_of(None, None), Then.NULLS, Position(EPOCH), "", id="only-rows-without-key"),
    ],
)
def test_given_a_position_and_a_page_when_advanced_then_it_says_what_follows(
    position: Position, page: Page, then: Then, following: Position, fresh: str
) -> None:
    step = advance(position, page, "k")

    assert (step.then, step.next, [row["id"] for row in step.fresh]) == (then, following, list(fresh))


def test_given_a_page_within_a_range_without_readable_keys_when_advanced_then_it_does_not_go_on() -> None:
    with pytest.raises(PaginationError, match="cannot be read"):
        advance(at_second(4), page_of(None, None), "k")
