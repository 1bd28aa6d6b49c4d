"""Pages that shift while new messages arrive: what is seen twice is one message, twins are two."""

from __future__ import annotations

from typing import Any

import pytest
from conversas_samples import message
from hypothesis import example, given
from hypothesis import strategies as st

from source_rdstation_conversas.history.contact_messages import ContactMessages

Row = dict[str, Any]


class Desk:
    """A contact's messages, newest first, in pages of `size`; before each request, so many new ones arrive."""

    def __init__(self, stored: list[Row], size: int, arrivals: list[int]) -> None:
        self.stored, self.size, self.arrivals = stored, size, arrivals
        self.requests = 0

    def page(self, number: int) -> list[Row]:
        for _ in range(self.arrivals[self.requests] if self.requests < len(self.arrivals) else 0):
            self.stored = [at(100 + len(self.stored)), *self.stored]
        self.requests += 1
        return self.stored[(number - 1) * self.size : number * self.size]


def at(second: int, content: str = "ok") -> Row:
    return message(content, f"2026-08-01T12:{second // 60 % 60:02}:{second % 60:02}.000Z")


def walk(conversas: Desk, *, asks: bool = True) -> list[Row]:
    """Every record; `asks`: settles doubts, however long it takes."""
    contact, records, number = ContactMessages("c1"), [], 1
    while page := conversas.page(number):
        assert conversas.requests < 1000
        while asks and contact.in_doubt(page) and not contact.confirm(conversas.page(number - 1)):
            assert conversas.requests < 1000
            page = conversas.page(number)
        records += contact.feed(page)
        number += 1
    return records


def ids(records: list[Row]) -> list[str]:
    """Of those that were stored when the walk began."""
    return sorted(row["id"] for row in records if row["content"] != "ok")


def contents(records: list[Row]) -> list[str]:
    return [row["content"] for row in records]


def still(stored: list[Row], size: int) -> Desk:
    return Desk(stored, size, [])


TWINS = [at(9, "a"), at(8), at(8), at(7, "b"), at(6, "c")]


def test_a_list_at_rest_is_read_without_further_questions() -> None:
    conversas = still([at(9 - n, str(n)) for n in range(9)], 2)

    assert contents(walk(conversas)) == list("012345678")
    assert conversas.requests == len(conversas.stored) // 2 + 2


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_twins_are_two_on_whichever_side_of_a_border(size: int) -> None:
    if size > 1:  # a page that holds twins only cannot show that it moved
        assert contents(walk(still(TWINS, size))) == contents(TWINS)


@pytest.mark.parametrize("moment", range(4))
@pytest.mark.parametrize("many", [1, 2, 3, 5, 9])
def test_messages_that_arrive_push_none_in_twice(moment: int, many: int) -> None:
    stored = [at(20 - n, str(n)) for n in range(12)]

    records = walk(Desk(stored, 3, [0] * moment + [many]))

    assert [text for text in contents(records) if text != "ok"] == contents(stored)


def test_a_doubt_costs_one_request_and_is_settled_by_the_page_before() -> None:
    stored, before, after = [at(5, "a"), at(4), at(3, "c")], ContactMessages("c1"), ContactMessages("c1")
    twins = [at(5, "a"), at(4), at(4), at(3, "c")]
    for contact in (before, after):
        assert contents(contact.feed(stored[:2])) == ["a", "ok"]
        assert contact.in_doubt(twins[2:])

    assert before.confirm(twins[:2])  # the same: nothing moved
    assert not after.confirm([at(6, "new"), at(5, "a")])  # another: it moved
    assert after.confirm([at(6, "new"), at(5, "a")])

    assert contents(before.feed(twins[2:])) == ["ok", "c"]
    assert contents(after.feed(stored[1:])) == ["c"]


def test_a_doubt_that_is_not_settled_counts_as_a_repetition() -> None:
    assert contents(walk(still(TWINS, 2), asks=False)) == ["a", "ok", "b", "c"]


def test_an_overlap_of_two_moments_is_beyond_doubt() -> None:
    contact = ContactMessages("c1")
    contact.feed(TWINS)

    assert not contact.in_doubt([at(8), at(7, "b"), at(6, "c"), at(5, "d")])
    assert not contact.in_doubt([at(5, "d")])
    assert contents(contact.feed([at(8), at(7, "b"), at(6, "c"), at(5, "d")])) == ["d"]


def test_a_page_that_was_read_before_brings_nothing() -> None:
    contact = ContactMessages("c1")
    contact.feed(TWINS)

    assert contact.feed(TWINS) == []
    assert contact.feed(TWINS[1:3]) == []
    assert contact.feed([]) == []
    assert contents(contact.feed([at(7, "b"), at(6, "c"), at(5, "d")])) == ["d"]


def test_a_page_before_that_has_moved_out_of_sight_settles_nothing() -> None:
    contact = ContactMessages("c1")
    contact.feed(TWINS[:2])

    assert not contact.confirm([at(50, "x"), at(49, "y")])
    assert not contact.confirm([])


def test_pages_whose_rows_lie_the_other_way_round_are_read_as_well() -> None:
    contact = ContactMessages("c1")

    records = [*contact.feed([at(8), at(9, "a")]), *contact.feed([at(7, "b"), at(8), at(9, "a")])]

    assert contents(records) == ["a", "ok", "b"]


def test_messages_newer_than_the_first_page_come_once() -> None:
    contact = ContactMessages("c1")
    contact.feed(TWINS[:2])

    assert contents(contact.feed([at(30, "n"), at(30, "n")])) == ["n", "n"]
    assert contents(contact.feed([at(31, "m"), at(30, "n"), at(30, "n")])) == ["m"]
    assert contents(contact.feed([at(30, "n"), *TWINS])) == ["ok", "b", "c"]


# Blocks of messages of one moment, smaller than a page: a whole page of twins hides a shift (see `overlap`).
blocks = st.lists(st.lists(st.sampled_from("xxy"), min_size=1, max_size=3), min_size=1, max_size=8)


@given(blocks, st.integers(4, 6), st.lists(st.integers(0, 9), max_size=20))
@example([["x", "x", "x"], ["x", "x", "x"]], 4, [])
@example([["y"], ["x", "x"], ["y"]] * 2, 4, [0, 1, 1, 0, 2])
def test_given_messages_arriving_anywhere_when_walked_then_each_is_read_once_under_its_own_id(
    moments: list[list[str]], size: int, arrivals: list[int]
) -> None:
    stored = [at(90 - n, text) for n, block in enumerate(moments) for text in block]

    records = walk(Desk(stored, size, arrivals))

    assert len({row["id"] for row in records}) == len(records)
    assert ids(records) == ids(walk(still(stored, 1000)))
