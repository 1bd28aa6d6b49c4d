"""A whole read by creation that is killed and resumed: no page of rows without a date of creation is lost."""

from __future__ import annotations

from itertools import islice
from typing import Any

from collected import Collected, context
from scenario import spread_list
from simulated_list import SimulatedList, moment

from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.pagination.listing import Fetch, Query
from source_rdstation_crm.streams.keyset_stream import KeysetCursor, KeysetPartitions

PAGE_SIZE = 10
NEW_YEAR = "2026-01-01T00:00:00.000Z"


def with_blanks_last(dated: SimulatedList, blanks: int, size: int = PAGE_SIZE) -> Fetch:
    """The list, and rows without a date of creation behind all others in either direction."""

    def fetch(query: Query) -> Page:
        if query.bounds[-1].rdql():
            return dated.fetch(query)
        dated.page_size = 100_000
        rows = dated.fetch(query.at_page(1)).rows
        dated.page_size = size
        rows += [{"id": f"b{number}", "created_at": None, "updated_at": NEW_YEAR} for number in range(blanks)]
        pages = -(-len(rows) // size)
        page = rows[(query.page - 1) * size : query.page * size]
        return Page(page, More.of(query.page < pages), pages)

    return fetch


def read(
    fetch: Fetch, state: dict[str, Any], pages: int | None = None, told: list[str] | None = None
) -> tuple[set[str], dict[str, Any]]:
    """Read so many pages, with a state behind each; return the ids before the last state, and that state."""
    messages = Collected()
    given = context("contacts", messages, lambda: moment(10**9))
    given.requests_at_once = 1
    given.report_incomplete = (told if told is not None else []).append
    cursor = KeysetCursor(given, cursor_field="updated_at", keys=("created_at",), state=state)
    partitions = KeysetPartitions(given, cursor, fetch=fetch, tie_sort=None)
    every_page = (page for partition in partitions.generate() for page in partition.read())
    for page in islice(every_page, pages):
        messages.ids += [message.record.data["id"] for message in page.messages()]
        cursor.checkpoint()
    return set(messages.ids[: messages.ids_at_last_state]), messages.states[-1]


def test_given_kills_within_a_second_of_many_rows_when_resumed_then_those_read_twice_hide_none_without_a_date() -> None:
    dated = spread_list(95, page_size=PAGE_SIZE)
    for number in range(20, 45):  # an import
        dated.created[f"{number:024x}"] = 20_000
    fetch = with_blanks_last(dated, 8)
    ids: set[str] = set()
    state: dict[str, Any] = {}

    for pages in (4, 4, 4, None):
        found, state = read(fetch, state, pages)
        ids |= found

    assert ids == {*dated.created, *(f"b{number}" for number in range(8))}
    assert "position" not in state


def test_given_kills_and_rows_without_a_date_behind_the_wall_when_resumed_then_their_number_is_told() -> None:
    dated = spread_list(10_200, page_size=200)
    for number in range(300, 900):
        dated.created[f"{number:024x}"] = 300_000
    fetch = with_blanks_last(dated, 300, size=200)
    state: dict[str, Any] = {}
    told: list[str] = []

    for pages in (4, 4, None):
        _, state = read(fetch, state, pages, told)

    (sentence,) = told
    assert "lists at least 10,401 records and showed 10,200" in sentence
