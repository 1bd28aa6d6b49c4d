"""Page numbers: a sorted list once through, a list without a usable order pass after pass, ties swept. Pure.

A page number is an offset into an order that changes, so a single pass can miss rows; the rules here say when passes
may stop. Facts: docs/api/crm-v2.md#listing, #a-full-second step 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import chain, takewhile
from typing import Any, Final

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import ONE_SECOND, floor_second
from airbyte_rdstation.pagination.listing import WALL, Batch, Bound, Fetch, PaginationError, Query, instant_of

__all__ = ["RestlessError", "Ties", "halved_windows", "numbered", "single_pass", "sweep"]

_MOST_PASSES: Final = 40
_QUIET_PASSES: Final = 2
_QUIET_PASSES_IN_MOTION: Final = 6  # in a random order a pass of many pages misses a row one time in three
_WINDOW_ROWS: Final = 9_000  # a window is halved from here on: rows may still move into it before the wall [seen]
_SAME_PASSES: Final = 8  # page for page: the list is at rest, and repeats rows of its own accord
_MOST_REPEATED: Final = 3  # a list in random order shows a row about twice before all are seen; three times is a loop
_BEFORE_RD_STATION: Final = datetime(2010, 1, 1, tzinfo=timezone.utc)


class RestlessError(PaginationError):
    """Says that every pass over a list brings rows that were not there before."""


def sweep(fetch: Fetch, query: Query, *, walled: bool = True, without: str | None = None) -> Iterator[Batch]:
    """Read a list whose rows change places from request to request, pass after pass, each id once.

    With the name of a sort key in `without`, only the rows at the front of the list that have none.

    Stops once it has as many ids as the answers of a pass count rows, where they do. Otherwise after
    two passes in a row without a new id, provided that there are at least as many ids as the pass counted rows: the
    rule that lost nothing in simulation [test]. Of the ids only those count that the later half of the passes
    saw, too, and while rows leave the list it takes more quiet passes: a row that has left must not stand in for one
    that was never seen. A list whose pages overlap counts more rows than it has for ever: it ends once many passes in a
    row were the same, page for page; with any chance in its order they would not be.
    """
    known: set[str] = set()
    passes: list[_Pass] = []
    for _ in range(_MOST_PASSES):
        latest = _Pass()
        passes.append(latest)
        for page in numbered(fetch, query, walled=walled):
            rows = page.rows if without is None else [row for row in page.rows if instant_of(row, without) is None]
            fresh = [row for row in rows if row["id"] not in known]
            known.update(row["id"] for row in fresh)
            latest.take(page, rows, fresh=len(fresh), walled=walled)
            yield Batch(fresh)
            if len(rows) < len(page.rows):
                break
        if latest.one_moment or _complete(len(known), latest.totals) or _at_rest(passes):
            return
    raise RestlessError(f"The rows{_where(query)} never come to rest: {_MOST_PASSES} passes, each with new ones.")


@dataclass(eq=False)
class _Pass:
    """What one reading of the list saw, page by page."""

    ids: set[str] = field(default_factory=set)
    fresh: int = 0
    """Rows that no earlier pass had seen."""
    counted: int = 0
    """Places of the list."""
    order: int = 0
    """Of all its rows, page for page, as a hash."""
    totals: list[int | None] = field(default_factory=list)
    """What each answer says that the list counts."""
    one_moment: bool = False
    """One answer is one moment: nothing can slip between two pages."""
    _page: set[str] = field(default_factory=set)

    def take(self, page: Page, rows: list[Row], *, fresh: int, walled: bool) -> None:
        """Note the next page, and those of its rows that count."""
        ids = [row["id"] for row in rows]
        on_page = set(ids)
        if not self.totals:
            # Without any `links` it takes an empty page 2 to know that there was but one page, and that proves it only
            # where no row leaves the list meanwhile.
            unsure = page.has_next is More.UNKNOWN and not walled
            self.one_moment = page.has_next is More.NO or unsure or len(rows) < len(page.rows)
        elif page.rows:
            self.one_moment = False
        # A list that ignores `page` answers with the same rows again: they are no further places.
        self.counted += 0 if on_page == self._page else len(rows)
        self._page = on_page
        self.ids |= on_page
        self.fresh += fresh
        self.order = hash((self.order, *ids))
        self.totals.append(page.total)


def _at_rest(passes: Sequence[_Pass]) -> bool:
    """Whether further passes would bring nothing more, by the rules that `sweep` states."""
    latest = passes[-1]
    quiet = _trailing(passes, lambda each: not each.fresh)
    later_half = passes[len(passes) // 2 :]
    moves = len({each.counted for each in later_half}) > 1
    seen = len(set().union(*(each.ids for each in later_half)))
    if quiet >= (_QUIET_PASSES_IN_MOTION if moves else _QUIET_PASSES) and seen >= latest.counted:
        return True
    return _trailing(passes, lambda each: each.order == latest.order) >= _SAME_PASSES


def _trailing(passes: Sequence[_Pass], holds: Callable[[_Pass], bool]) -> int:
    """Of how many passes in a row, the latest among them, this holds."""
    return sum(1 for _ in takewhile(holds, reversed(passes)))


def _complete(ids: int, totals: list[int | None]) -> bool:
    """Whether as many ids are known as the list has rows, by the answers of a pass in which no row left it."""
    counts = [total for total in totals if total is not None]
    return len(counts) == len(totals) > 0 and counts == sorted(counts) and ids >= counts[-1]


def halved_windows(
    fetch: Fetch, key: str, start: datetime | None, end: datetime | None, fixed: tuple[Bound, ...], began: datetime
) -> Iterator[Batch]:
    """Read a list that ignores its sort: cut it in windows of `key`, halve them until they are small, sweep each.

    Rows that move go to the last window, which is open towards the future and swept last: from `began` on, if large.
    """
    windows = [(start, end)]
    while windows:
        lower, upper = windows.pop()
        query = Query(key, (*fixed, Bound(key, lower, upper)))
        page = fetch(query)
        large = page.last is not None and page.last * len(page.rows) >= _WINDOW_ROWS
        middle = _middle(lower, upper, began)
        halves = [] if middle is None else [(middle, upper), (lower, middle)]
        if large and halves:
            windows += halves
            continue
        try:
            for batch in sweep(fetch, query):
                yield Batch(batch.rows, lower)
        except PaginationError:
            if not halves:
                raise
            windows += halves
        else:
            yield Batch([], upper)


def numbered(fetch: Fetch, query: Query, *, walled: bool) -> Iterator[Page]:
    """Yield pages 1, 2, 3, … to the end of the list. Raises PaginationError at its wall, or where it has no end."""
    ids: set[str] = set()
    counted = 0
    number = 1
    promised = walled
    while True:
        page = fetch(query.at_page(number))
        if counted >= WALL and not page.rows and promised:
            raise PaginationError(f"The API stops at {WALL:,} rows{_where(query)}, and more exist.")
        yield page
        counted += len(page.rows)
        new = {row["id"] for row in page.rows} - ids
        ids |= new
        # Without any `links`, a page that brings nothing new is the last one (docs/api/crm-v2.md#listing).
        if not page.rows or page.has_next is More.NO or (page.has_next is More.UNKNOWN and not new):
            return
        if walled and counted >= WALL:
            raise PaginationError(f"There are more than {WALL:,} rows{_where(query)}, and the API cannot reach them.")
        if counted > _MOST_REPEATED * (len(ids) + len(page.rows)):
            raise PaginationError(f"The list{_where(query)} serves the same rows again and again.")
        number += 1
        promised = walled or page.has_next is More.YES


def _middle(lower: datetime | None, upper: datetime | None, began: datetime) -> datetime | None:
    """Where to cut a window; None where it is a second long or lies in the future."""
    lower = lower or _BEFORE_RD_STATION
    if upper is None:
        return floor_second(began) if lower < floor_second(began) else None
    middle = floor_second(lower + (upper - lower) / 2)
    return middle if lower + ONE_SECOND <= middle < upper else None


def _where(query: Query) -> str:
    filter_text = " ".join(filter(None, (bound.rdql() for bound in query.bounds)))
    return f" with {filter_text}" if filter_text else ""


def single_pass(fetch: Fetch, query: Query) -> Iterator[Batch]:
    """Read a small, sorted list from its first page to its last, each id once."""
    ids: set[str] = set()
    ties = Ties(fetch, query)
    end = Page([], has_next=More.NO)  # a tie may last to the end of the list
    for number, page in enumerate(chain(numbered(fetch, query, walled=False), [end]), start=1):
        for rows in (page.rows, *ties.missing(number, page)):
            fresh = [row for row in rows if row["id"] not in ids]
            ids.update(row["id"] for row in fresh)
            yield Batch(fresh)


class Ties:
    """Watches a sorted list for rows that share their key across the end of a page.

    Such rows have no defined order between requests, so one of them can lie on both pages and another on neither. As
    long as no row comes twice, as many rows were read as there are places; where one does, the tie is swept.
    """

    def __init__(self, fetch: Fetch, query: Query, *, lenient: bool = False) -> None:
        """`lenient`: a tie that never comes to rest is no error; its reader counts what it has read."""
        self._fetch = fetch
        self._lenient = lenient
        self._query = query
        self._key = query.sort or ""
        self._value: Any = None  # no rows have one, too, and they are a tie like others
        self._begins = self._number = 0
        self._ids: set[str] = set()
        self._repeated = False
        self._spans_pages = False

    def missing(self, number: int, page: Page, *, last: bool = False) -> Iterator[list[Row]]:
        """Call once a page, in order. Yields the rows of a tie that ended with the page; they may be known already.

        A reader may go back: rows that it meets again for that reason are no sign of a tie.
        """
        rows = page.rows
        again, self._number = number <= self._number, number
        goes_on = bool(self._ids) and any(row.get(self._key) == self._value for row in rows)
        if goes_on:
            self._spans_pages = self._spans_pages or not again
            self._add(rows, again=again)
        if last or page.has_next is More.NO or not goes_on or rows[-1].get(self._key) != self._value:
            yield from self._swept()
            self._value, self._begins = (rows[-1].get(self._key) if rows else None), number
            self._ids, self._repeated = set(), False
            self._add(rows)

    def _add(self, rows: list[Row], *, again: bool = False) -> None:
        for row in rows:
            if row.get(self._key) == self._value:
                self._repeated = self._repeated or (not again and row["id"] in self._ids)
                self._ids.add(row["id"])

    def _swept(self) -> Iterator[list[Row]]:
        if self._spans_pages and self._repeated:
            try:
                for batch in sweep(self._tied_rows(self._value, self._begins), self._query.at_page(1), walled=False):
                    yield batch.rows
            except PaginationError:
                if not self._lenient:
                    raise
        self._spans_pages = False

    def _tied_rows(self, value: Any, begins: int) -> Fetch:
        """Only the rows of one key, as a list of its own from page `begins` on."""
        first = begins

        def fetch_tied(query: Query) -> Page:
            nonlocal first
            while True:
                page = self._fetch(query.at_page(first + query.page - 1))
                rows = [row for row in page.rows if row.get(self._key) == value]
                if rows or query.page > 1 or page.has_next is More.NO or not (page.rows or page.has_next is More.YES):
                    return Page(rows, More.of(bool(rows) and page.has_next is not More.NO))
                first += 1  # rows that came before the tie meanwhile have pushed it to a later page

        return fetch_tied
