"""Lists longer than their wall: read from both ends, and in parts; what stays away is counted."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from counted_list import CountedList
from simulated_list import SimulatedList

from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.pagination import last_page_first, page_numbers
from airbyte_rdstation.pagination.last_page_first import Reach
from airbyte_rdstation.pagination.listing import Fetch, Query

WALL = 100


@pytest.fixture(autouse=True)
def low_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_page_first, "WALL", WALL)


def account(rows: int) -> CountedList:
    created = {f"{number:024x}": number * 1_000 for number in range(rows)}
    updated = {row_id: moment + random.Random(row_id).randrange(10**6) for row_id, moment in created.items()}
    return CountedList(created, updated, page_size=10, wall=WALL)


def part(crm: CountedList, belongs: Callable[[str], bool]) -> Fetch:
    rows = {row_id: at for row_id, at in crm.created.items() if belongs(row_id)}
    return CountedList(rows, {row_id: crm.updated[row_id] for row_id in rows}, 10, wall=WALL).fetch


def read(reach: Reach) -> list[str]:
    return [row["id"] for batch in reach.rows() for row in batch.rows]


def test_given_rows_within_reach_of_both_ends_when_read_then_all_come_once_for_few_requests() -> None:
    crm = account(180)

    reach = Reach(crm.fetch)

    assert sorted(read(reach)) == sorted(crm.created)
    assert reach.unreached == 0
    assert crm.requests <= 18 + 3


def test_given_more_rows_than_both_ends_reach_when_read_then_the_rest_is_counted() -> None:
    crm = account(450)

    reach = Reach(crm.fetch)
    ids = read(reach)

    assert len(ids) == len(set(ids)) == reach.read == 2 * WALL
    assert (reach.total, reach.unreached) == (450, 450 - reach.read)


def test_given_parts_that_name_every_row_when_read_then_all_come() -> None:
    crm = account(450)
    parts = [part(crm, lambda row_id, rest=rest: int(row_id, 16) % 5 == rest) for rest in range(5)]  # type: ignore[misc]

    reach = Reach(crm.fetch, lambda: parts)

    assert set(read(reach)) == set(crm.created)
    assert reach.unreached == 0


def test_given_a_part_that_is_too_long_itself_when_read_then_it_is_read_from_both_ends() -> None:
    crm = account(450)

    reach = Reach(crm.fetch, lambda: [part(crm, lambda row_id: 90 <= int(row_id, 16) < 270)])
    ids = set(read(reach))

    assert {f"{number:024x}" for number in range(270)} <= ids


def test_given_counted_rows_that_nobody_may_see_when_read_then_the_list_ends_before_its_wall() -> None:
    crm = account(60)
    crm.hidden = 300

    reach = Reach(crm.fetch)

    assert len(read(reach)) == 60
    assert reach.ended
    assert crm.requests < 20


def test_given_a_deletion_during_the_downward_pass_when_read_then_no_row_is_missing() -> None:
    crm = account(180)

    def delete_at_15(list_: SimulatedList) -> None:
        if list_.requests == 15:
            list_.delete(f"{179:024x}")  # the newest: all others move one place towards the reader's back

    crm.before_request = delete_at_15

    assert set(read(Reach(crm.fetch))) >= set(crm.created)


def test_given_a_wall_when_read_then_nobody_asks_beyond_it() -> None:
    crm = account(450)
    asked: list[Query] = []

    def fetch(query: Query) -> Page:
        asked.append(query)
        return crm.fetch(query)  # the simulated list itself refuses to be asked beyond its wall

    list(Reach(fetch).rows())

    assert max(query.page for query in asked) == WALL // 10


def test_given_all_rows_from_both_ends_when_read_then_no_part_is_asked_for() -> None:
    crm = account(180)

    def refused() -> Iterator[Fetch]:
        raise AssertionError("the list is complete")
        yield crm.fetch

    reach = Reach(crm.fetch, refused)

    assert set(read(reach)) == set(crm.created)


def test_given_an_answer_that_says_the_end_at_the_wall_when_read_then_the_other_end_is_read() -> None:
    crm = account(180)

    def fetch(query: Query) -> Page:
        page = crm.fetch(query)
        return replace(page, has_next=More.NO) if query.page * 10 >= WALL else page

    assert set(read(Reach(fetch))) == set(crm.created)


def test_given_one_moment_longer_than_passes_can_settle_when_read_then_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_numbers, "_MOST_PASSES", 3)
    crm = account(180)
    for row_id in crm.created:
        crm.created[row_id] = 5_000

    reach = Reach(crm.fetch)
    ids = read(reach)

    assert len(ids) == len(set(ids)) == 180 - reach.unreached


def test_given_rows_of_one_moment_beyond_the_wall_when_read_and_normalized_then_none_is_missing() -> None:
    for seed in range(20):
        crm = account(185)
        crm.seed = seed
        crm.__post_init__()
        for number in range(5, 185):
            crm.created[f"{number:024x}"] = 1_000_000 + number // 10  # ten of a moment, across the ends of pages
        reach = Reach(crm.fetch)

        for batch in reach.rows():
            for row in batch.rows:
                row["created_at"] = "normalized"

        assert reach.unreached == 0
