"""Pages that shift while new messages arrive: what is seen twice is one message, twins are two."""

from __future__ import annotations

from typing import Any

import pytest
from conversas_samples import Pages, message, page_of, records_of
from hypothesis import example, given
from hypothesis import strategies as st

from source_rdstation_conversas.envelopes import ContactPage
from source_rdstation_conversas.history.contact_messages import (
    PAGE_SIZE,
    ContactMessages,
    RepeatedPageError,
    pages_of,
)

Row = dict[str, Any]


class Stored:
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


def walk(history: Stored, *, asks: bool = True) -> list[Row]:
    """Every record; `asks`: settles doubts, however long it takes."""

    def read_page(number: int) -> ContactPage:
        assert history.requests < 1000
        rows = history.page(number)
        return page_of(rows) if rows else ContactPage(is_end=True)

    read = ContactMessages("c1", most_doubts=1000 if asks else 0).read(read_page)
    return [record for _, records in read for record in records]


def fed(*pages: list[Row]) -> list[list[str]]:
    """The contents that each page brings where no doubt is asked about."""
    return [contents(records) for records in records_of(Pages(*pages), most_doubts=0)]


def ids(records: list[Row]) -> list[str]:
    """Of those that were stored when the walk began."""
    return sorted(row["id"] for row in records if row["content"] != "ok")


def contents(records: list[Row]) -> list[str]:
    return [row["content"] for row in records]


def still(stored: list[Row], size: int) -> Stored:
    return Stored(stored, size, [])


TWINS = [at(9, "a"), at(8), at(8), at(7, "b"), at(6, "c")]


def test_a_list_at_rest_is_read_without_further_questions() -> None:
    history = still([at(9 - n, str(n)) for n in range(9)], 2)

    assert contents(walk(history)) == list("012345678")
    assert history.requests == len(history.stored) // 2 + 2


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_twins_are_two_on_whichever_side_of_a_border(size: int) -> None:
    if size > 1:  # a page that holds twins only cannot show that it moved
        assert contents(walk(still(TWINS, size))) == contents(TWINS)


@pytest.mark.parametrize("moment", range(4))
@pytest.mark.parametrize("many", [1, 2, 3, 5, 9])
def test_messages_that_arrive_push_none_in_twice(moment: int, many: int) -> None:
    stored = [at(20 - n, str(n)) for n in range(12)]

    records = walk(Stored(stored, 3, [0] * moment + [many]))

    assert [text for text in contents(records) if text != "ok"] == contents(stored)


def test_a_doubt_costs_one_request_and_is_settled_by_the_page_before() -> None:
    stored, twins = [at(5, "a"), at(4), at(3, "c")], [at(5, "a"), at(4), at(4), at(3, "c")]
    at_rest = Pages(stored[:2], twins[2:], twins[:2])
    moved = Pages(stored[:2], twins[2:], [at(6, "new"), at(5, "a")], stored[1:], [at(6, "new"), at(5, "a")])

    assert [contents(page) for page in records_of(at_rest)] == [["a", "ok"], ["ok", "c"]]
    assert at_rest.asked == [1, 2, 1, 3]  # the page before is the same: nothing moved
    assert [contents(page) for page in records_of(moved)] == [["a", "ok"], ["c"]]
    assert moved.asked == [1, 2, 1, 2, 1, 3]  # it was another: the doubtful page is read anew


def test_a_doubt_that_is_not_settled_counts_as_a_repetition() -> None:
    assert contents(walk(still(TWINS, 2), asks=False)) == ["a", "ok", "b", "c"]


def test_an_overlap_of_two_moments_is_beyond_doubt() -> None:
    overlapping = Pages(TWINS, [at(8), at(7, "b"), at(6, "c"), at(5, "d")])
    adjoining = Pages(TWINS, [at(5, "d")])

    assert [contents(page) for page in records_of(overlapping)] == [contents(TWINS), ["d"]]
    assert [contents(page) for page in records_of(adjoining)] == [contents(TWINS), ["d"]]
    assert overlapping.asked == adjoining.asked == [1, 2, 3]


def test_a_page_that_was_read_before_brings_nothing() -> None:
    later = [at(7, "b"), at(6, "c"), at(5, "d")]

    assert fed(TWINS, TWINS, TWINS[1:3], [], later) == [contents(TWINS), [], [], [], ["d"]]


def test_a_page_before_that_has_moved_out_of_sight_settles_nothing() -> None:
    out_of_sight = Pages(TWINS[:2], TWINS[2:], [at(50, "x"), at(49, "y")], TWINS[2:], [], TWINS[2:])

    assert [contents(page) for page in records_of(out_of_sight, most_doubts=2)] == [["a", "ok"], ["b", "c"]]
    assert out_of_sight.asked == [1, 2, 1, 2, 1, 2, 3]


def test_pages_whose_rows_lie_the_other_way_round_are_read_as_well() -> None:
    assert fed([at(8), at(9, "a")], [at(7, "b"), at(8), at(9, "a")]) == [["a", "ok"], ["b"]]


def test_messages_newer_than_the_first_page_come_once() -> None:
    pages = (
        TWINS[:2],
        [at(30, "n"), at(30, "n")],
        [at(31, "m"), at(30, "n"), at(30, "n")],
        [at(30, "n"), *TWINS],
    )

    assert fed(*pages)[1:] == [["n", "n"], ["m"], ["ok", "b", "c"]]


def test_a_page_that_comes_again_and_again_ends_a_short_history_and_is_an_error_in_a_long_one() -> None:
    short, long = (ContactPage(rows=tuple([at(1)] * size), likeness="same") for size in (PAGE_SIZE - 1, PAGE_SIZE))

    assert [number for number, _ in pages_of(lambda _: short)] == [1, 2]
    with pytest.raises(RepeatedPageError):
        list(pages_of(lambda _: long))


# Blocks of messages of one moment, smaller than a page: a whole page of twins hides a shift (see `contact_messages`).
blocks = st.lists(st.lists(st.sampled_from("xxy"), min_size=1, max_size=3), min_size=1, max_size=8)


@given(blocks, st.integers(4, 6), st.lists(st.integers(0, 9), max_size=20))
@example([["x", "x", "x"], ["x", "x", "x"]], 4, [])
@example([["y"], ["x", "x"], ["y"]] * 2, 4, [0, 1, 1, 0, 2])
def test_given_messages_arriving_anywhere_when_walked_then_each_is_read_once_under_its_own_id(
    moments: list[list[str]], size: int, arrivals: list[int]
) -> None:
    stored = [at(90 - n, text) for n, block in enumerate(moments) for text in block]

    records = walk(Stored(stored, size, arrivals))

    assert len({row["id"] for row in records}) == len(records)
    assert ids(records) == ids(walk(still(stored, 1000)))
