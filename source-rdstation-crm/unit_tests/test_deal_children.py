"""Children of deals: each changed deal is visited, whatever the filter for deals with children turns out to mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from collected import Collected, announced, context
from scenario import spread_list
from simulated_list import SimulatedList, moment

from airbyte_rdstation.client.errors import RequestRefusedError, system_error
from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.listing import Fetch, Query
from source_rdstation_crm.streams.deal_children import (
    ALL_DEALS,
    DealChildrenCursor,
    DealChildrenPartitions,
    SharedDeals,
)


class Products:
    """Deals of which every third has a product, and ways to list those."""

    def __init__(self, rows: int = 60) -> None:
        self.deals = spread_list(rows, page_size=20)
        self.with_products = {row_id for number, row_id in enumerate(sorted(self.deals.created)) if number % 3 == 0}
        self.visited: list[str] = []

    def below(self, deal_id: str) -> Fetch:
        def fetch(query: Query) -> Page:
            self.visited.append(deal_id)
            return Page([{"id": f"p-{deal_id}"}] if deal_id in self.with_products else [], has_next=More.NO)

        return fetch

    def listed(self, only: Callable[[str], bool]) -> Fetch:
        def fetch(query: Query) -> Page:
            part = SimulatedList(
                {row_id: at for row_id, at in self.deals.created.items() if only(row_id)},
                {row_id: at for row_id, at in self.deals.updated.items() if only(row_id)},
                page_size=20,
            )
            return part.fetch(query)

        return fetch

    def refuse(self, query: Query) -> Page:
        raise RequestRefusedError("GET /crm/v2/deals -> 400", "refused", system_error("").failure_type)

    def read(self, *fetch_deals: Fetch, state: dict[str, Any] | None = None, records: int | None = None) -> Collected:
        messages = Collected()
        messages.read(self.stream(messages, fetch_deals, state or {}, defaultdict(SharedDeals)).generate(), records)
        return messages

    def stream(
        self,
        messages: Collected,
        fetch_deals: Iterable[Fetch],
        state: dict[str, Any],
        shared: Mapping[str, SharedDeals],
    ) -> DealChildrenPartitions:
        given = context("deal_products", messages, lambda: moment(self.deals.now))
        cursor = DealChildrenCursor(
            given,
            cursor_field="deal_updated_at",
            state=state,
        )
        return DealChildrenPartitions(
            given,
            cursor,
            shared=shared,
            fetch_deals={**{f"form-{n}": fetch for n, fetch in enumerate(fetch_deals)}, ALL_DEALS: self.deals.fetch},
            deal_keys=("updated_at", "created_at"),
            deal_tie_sort="name",
            fetch_below=lambda deal_id: announced(cursor, self.below(deal_id)),
            sort="product_id",
            by_key=False,
        )

    @property
    def expected(self) -> list[str]:
        return sorted(f"p-{row_id}" for row_id in self.with_products)


def test_given_a_filter_that_works_when_read_then_only_deals_with_products_are_visited() -> None:
    crm = Products()

    messages = crm.read(crm.listed(crm.with_products.__contains__))

    assert sorted(messages.ids) == crm.expected
    assert sorted(crm.visited) == sorted(crm.with_products)


def test_given_a_first_form_that_is_refused_when_read_then_the_second_is_tried() -> None:
    crm = Products()

    messages = crm.read(crm.refuse, crm.listed(crm.with_products.__contains__))

    assert sorted(messages.ids) == crm.expected
    assert sorted(crm.visited) == sorted(crm.with_products)


def test_given_both_forms_refused_when_read_then_all_deals_are_visited() -> None:
    crm = Products()

    messages = crm.read(crm.refuse, crm.refuse)

    assert sorted(messages.ids) == crm.expected
    assert sorted(crm.visited) == sorted(crm.deals.created)


def test_given_a_filter_that_means_the_contrary_when_read_then_it_is_not_trusted() -> None:
    crm = Products()

    messages = crm.read(crm.listed(lambda row_id: row_id not in crm.with_products))

    assert sorted(messages.ids) == crm.expected


def test_given_an_account_without_products_when_read_then_no_deal_is_visited() -> None:
    crm = Products()
    crm.with_products = set()

    messages = crm.read(crm.listed(lambda _: False), crm.listed(lambda _: False))

    assert (messages.ids, crm.visited) == ([], [])


def test_given_nothing_changed_when_read_again_then_no_deal_is_visited() -> None:
    crm = Products()
    working = crm.listed(crm.with_products.__contains__)
    first = crm.read(working)
    crm.visited.clear()

    second = crm.read(working, state=first.states[-1])

    assert crm.visited == []
    assert second.states[-1] == first.states[-1]


@pytest.mark.parametrize("edited", [0, 3], ids=["deal-without-change-before", "another"])
def test_given_one_deal_edited_when_read_again_then_it_alone_is_visited(edited: int) -> None:
    crm = Products()
    working = crm.listed(crm.with_products.__contains__)
    first = crm.read(working)
    crm.visited.clear()
    deal_id = sorted(crm.with_products)[edited]
    crm.deals.now += 3_600_000
    crm.deals.edit(deal_id)

    second = crm.read(working, state=first.states[-1])

    assert crm.visited == [deal_id]
    assert second.states[-1]["deal_updated_at"] > first.states[-1]["deal_updated_at"]


def test_given_a_second_form_that_proved_itself_when_read_again_then_the_first_is_not_believed() -> None:
    crm = Products()
    nothing, working = crm.listed(lambda _: False), crm.listed(lambda row_id: row_id in crm.with_products)
    first = crm.read(nothing, working)
    crm.visited.clear()
    deal_id = sorted(crm.deals.created)[1]
    crm.deals.now += 3_600_000
    crm.deals.edit(deal_id)
    crm.with_products.add(deal_id)

    second = crm.read(nothing, working, state=first.states[-1])

    assert first.states[-1]["parents"] == "form-1"
    assert (crm.visited, second.ids) == ([deal_id], [f"p-{deal_id}"])


def test_given_a_kill_before_a_filter_proved_itself_when_read_again_then_no_deal_is_skipped() -> None:
    crm = Products(300)
    contrary = crm.listed(lambda row_id: row_id not in crm.with_products)

    killed = crm.read(contrary, records=40)
    resumed = crm.read(contrary, state=killed.states[-1] if killed.states else None)

    assert {*killed.ids[: killed.ids_at_last_state], *resumed.ids} == set(crm.expected)


def test_given_two_streams_of_which_one_knows_of_deals_without_a_change_when_read_then_new_ones_come_to_both() -> None:
    crm, shared = Products(3), defaultdict[str, SharedDeals](SharedDeals)
    dated, new = crm.deals.fetch, {"id": "new", "created_at": format_instant(moment(9_000)), "updated_at": None}

    def fetch(query: Query) -> Page:
        return Page([new], has_next=More.NO) if query.sort == "created_at" else dated(query)

    crm.deals.fetch = fetch  # type: ignore[method-assign]
    state = {"deal_updated_at": format_instant(moment(8_000)), "settled": True}
    messages = Collected()
    streams = [crm.stream(messages, (), {**state, "undated": undated}, shared) for undated in (0, 1)]

    for stream in streams:
        messages.read(stream.generate())

    assert crm.visited == ["new", "new"]
