"""Reads a list by keyset: one that moves while it is read loses no row. Pure: its only I/O is `fetch`.

A page number is an offset into an order that changes: rows that are edited slide the others past the reader. The read
asks for page 1 again and again and moves a *value* instead: `updated_at >= T`, sorted by it, T being the last second
read. A row that is edited moves ahead of the reader, and no request ever comes near row 10,000. By `created_at` no row
moves: one that is edited behind the reader comes in the next sync, as the cursor stops before this read began.
Facts: docs/api/crm-v2.md#why-page-numbers-lose-rows to #contacts-by-creation.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import pairwise
from typing import Final

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import EPOCH, ONE_SECOND, floor_second, parse_instants
from airbyte_rdstation.pagination.last_page_first import mirrored
from airbyte_rdstation.pagination.listing import WALL, Batch, Bound, Fetch, PaginationError, Query, instant_of
from airbyte_rdstation.pagination.page_numbers import halved_windows, sweep

__all__ = ["Census", "Position", "Step", "Then", "advance", "read_created_since", "read_keyset", "read_keyset_whole"]

_ONE_PAGE_LEFT: Final = 2  # the number of the last page, counted from the one that says so


@dataclass(frozen=True)
class Position:
    """How far a list is read: all rows whose key lies before `second`; None before the first page."""

    second: datetime | None
    seen: frozenset[tuple[str, str]] = frozenset()
    """Rows of that second that are read, as (id, key): filters have no fractions, so the next page has them again."""


class Then(Enum):
    """What a page asks for."""

    GO_ON = "the page at the next position"
    END = "nothing: the list ends with it"
    OUTSIDE = "the page once more: it holds rows from before the position"
    UNSORTED = "another way of reading: the list ignores its sort"
    NULLS = "the rows without a key, which fill the page and have no order among themselves"
    ONE_SECOND = "the rest of a second that fills more than the page, where the filter cannot advance"


@dataclass(frozen=True)
class Step:
    """What a page brings: its new rows, and the position once they and what `then` asks for are read."""

    then: Then
    next: Position
    fresh: list[Row] = field(default_factory=list)


def advance(at: Position, page: Page, key: str) -> Step:
    """Decide what follows the first page of the rows from `at` on. Parses each row's key once: that is what it costs.

    Raises PaginationError where no row of a page within a range has a key that leads further.
    """
    moments = parse_instants(row.get(key) for row in page.rows)
    known = [moment for moment in moments if moment]
    ends = not page.rows or page.has_next is More.NO
    if at.second is not None and not known and not ends:
        raise PaginationError(f"More records than a page holds have a {key} that cannot be read.")
    if at.second is not None and any(moment < at.second for moment in known):
        return Step(Then.OUTSIDE, at)
    if any(earlier > later for earlier, later in pairwise(known)):
        return Step(Then.UNSORTED, at)
    versions = [(row["id"], str(row.get(key))) for row in page.rows]
    fresh = [row for row, version in zip(page.rows, versions, strict=True) if version not in at.seen]
    last = known[-1].replace(microsecond=0) if known else None  # filter literals carry no fractions
    if ends:
        return Step(Then.END, Position(last or at.second), fresh)
    if last is None:
        return Step(Then.NULLS, Position(EPOCH))
    if at.second is not None and last <= at.second:
        return Step(Then.ONE_SECOND, Position(at.second + ONE_SECOND), fresh)
    seen = frozenset(version for version, moment in zip(versions, moments, strict=True) if moment and moment >= last)
    return Step(Then.GO_ON, Position(last, seen), fresh)


def read_keyset(
    fetch: Fetch,
    keys: Sequence[str],
    start: datetime | None,
    *,
    began: datetime,
    end: Callable[[], datetime | None] = lambda: None,
    fixed: tuple[Bound, ...] = (),
    tie_sort: str | None = None,
    with_undated: bool = False,
) -> Iterator[Batch]:
    """Yield all rows within `fixed` whose `keys[0]` lies in [start, end()), one batch a request.

    `end` is asked before each request: the far part may be handed over meanwhile. `keys[1:]` never change and tell
    apart rows of one second, `tie_sort` those that share them all. `began`: when the read did, by our clock. Rows that
    have no key are read if `with_undated` or without a `start`. Raises PaginationError rather than loop or lose a row.
    """
    key = keys[0]
    at = Position(start and floor_second(start))
    newest = Query(key, (*fixed, Bound(key)), descending=True)
    may_end_in_nulls = with_undated or start is None  # rows without a key, which no filter on the key shows
    ask_far_end = with_undated and start is not None and end() is None  # its page may hold them and all that is left
    while (limit := end()) is None or at.second is None or at.second < limit:
        if ask_far_end and (yield from _last_page(fetch, newest, at)):
            return
        query = Query(key, (*fixed, Bound(key, at.second, limit)))
        page, step = _step(fetch, query, at)
        may_end_in_nulls &= not ask_far_end and (at.second is not None or all(row.get(key) for row in page.rows[:1]))
        if step.then is Then.GO_ON:
            yield Batch(step.fresh, step.next.second, None if page.last is None else page.last - 1)
        elif step.then is Then.END:
            yield Batch(step.fresh, limit or step.next.second, 0)
            if may_end_in_nulls and limit is None and at.second is not None:
                yield from sweep(fetch, newest, without=key)
        else:
            yield from _read_around(step, fetch, query, keys, at, began, tie_sort)
        if step.then in (Then.END, Then.UNSORTED):
            return
        at = step.next
        ask_far_end = may_end_in_nulls and limit is None and page.last == _ONE_PAGE_LEFT


def _last_page(fetch: Fetch, newest: Query, at: Position) -> Generator[Batch, None, bool]:
    """Yield the rows from `at` on by the newest page, and those without a key; return whether the read ends with them.

    Rows without a key sort first or last, and the first page did not begin with them: so the last page, asked for from
    the far end, shows them, too. Where there are more rows from `at` on than it holds, the read goes on as before.
    """
    key, second = newest.sort or "", at.second or EPOCH
    page = fetch(newest)
    moments = parse_instants(row.get(key) for row in page.rows)
    known = [moment for moment in moments if moment]
    ends = (
        bool(known)
        and all(later >= earlier for later, earlier in pairwise(known))
        and (known[-1] < min(second, known[0]) or page.has_next is More.NO)
    )
    if ends:
        dated = zip(page.rows, moments, strict=True)
        rows = [row for row, moment in dated if moment and moment >= second]
        fresh = [row for row in reversed(rows) if (row["id"], str(row.get(key))) not in at.seen]
        yield Batch(fresh, max(second, floor_second(known[0])), 0)
    if len(known) < len(moments):
        yield from sweep(fetch, newest, without=key)
    return ends


def _step(fetch: Fetch, query: Query, at: Position) -> tuple[Page, Step]:
    """The page and its step. Raises PaginationError if the filter is ignored twice: the read would never end."""
    key = query.sort or ""
    for _ in range(2):
        page = fetch(query)
        step = advance(at, page, key)
        if step.then is Then.ONE_SECOND and page.has_next is More.UNKNOWN and not fetch(query.at_page(2)).rows:
            return page, Step(Then.END, at, step.fresh)
        if step.then is not Then.OUTSIDE:
            return page, step
    raise PaginationError(f"The list ignores its filter {query.bounds[-1].rdql()}.")


def _read_around(
    step: Step, fetch: Fetch, query: Query, keys: Sequence[str], at: Position, began: datetime, tie_sort: str | None
) -> Iterator[Batch]:
    """What no move of the filter reads: the rest of the range, the rows without a key, or the rest of a second."""
    *fixed, bound = query.bounds
    if step.then is Then.UNSORTED:
        yield from halved_windows(fetch, keys[0], bound.at_least, bound.before, tuple(fixed), began)
    elif step.then is Then.NULLS:
        yield from sweep(fetch, query, without=keys[0])
    else:
        yield from _one_second(fetch, keys, at, began, tuple(fixed), tie_sort)
        yield Batch([], step.next.second)


def _one_second(
    fetch: Fetch, keys: Sequence[str], at: Position, began: datetime, fixed: tuple[Bound, ...], tie_sort: str | None
) -> Iterator[Batch]:
    """The unread rows of a second that fill more than a page.

    By the next key, which never changes; rows that share that one, or have none, by page numbers inside the second.
    There any other order is better than that of the keys, which leaves rows with equal ones to chance at each request.
    """
    key, *finer = keys
    second = at.second or EPOCH
    within = (*fixed, Bound(key, second, second + ONE_SECOND))

    def unread(batch: Batch) -> Batch:
        return Batch([row for row in batch.rows if (row["id"], str(row.get(key))) not in at.seen], second)

    if finer:
        census = Census(finer[0])
        yield from map(
            unread, census.counted(read_keyset(fetch, finer, None, began=began, fixed=within, tie_sort=tie_sort))
        )
        if not census.lacks_rows:
            return
    yield from map(unread, sweep(fetch, Query(tie_sort or key, within)))


def read_keyset_whole(
    fetch: Fetch, key: str, *, began: datetime, report: Callable[[str], None], tie_sort: str | None = None
) -> Iterator[Batch]:
    """Yield all rows by a key that some may not have, wherever those sort; `report` is told what stays out of reach."""
    census = Census(key)
    yield from census.counted(read_keyset(fetch, (key,), None, began=began, tie_sort=tie_sort))
    if census.lacks_rows:
        yield from census.rest(fetch)
    if census.lacks_rows:
        report(census.sentence())


def read_created_since(
    fetch: Fetch, created: str, since: datetime, *, without: str, began: datetime, tie_sort: str | None = None
) -> Iterator[list[Row]]:
    """Yield the rows created since then that have no date of change (`without`): no filter on that would show them."""
    for batch in read_keyset(fetch, (created,), since, began=began, tie_sort=tie_sort):
        yield [row for row in batch.rows if instant_of(row, without) is None]


@dataclass
class Census:
    """Counts the rows of a whole read, and compares them with the pages that the list's first answer promised.

    Rows without a key that sort last in both directions stand where neither the keyset nor the far end shows them. That
    a page of them or more is missing shows without a further request.
    """

    key: str
    rows: int = 0
    promised: int = 0
    """So many rows the list had at least."""
    unsure: bool = False
    """Whether the count does not tell that all are read: only the end of the list does."""
    _looked: bool = False
    _undated: set[str] = field(default_factory=set)

    def see(self, batch: Batch, *, first: bool) -> None:
        """Count a batch; the first of the list tells its pages, and whether rows without a key go on behind it."""
        rows = batch.rows
        if first and batch.pages_left:
            self.promised = batch.pages_left * len(rows) + 1
        if first and batch.pages_left != 0 and rows and rows[0].get(self.key) and not rows[-1].get(self.key):
            self.unsure = True
        self._count(batch)

    def _count(self, batch: Batch) -> None:
        """Rows without a key may come from either end: count each id once."""
        undated = {row["id"] for row in batch.rows if not row.get(self.key)} - self._undated
        self._undated |= undated
        self.rows += len(undated) + sum(1 for row in batch.rows if row.get(self.key))

    def counted(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Count the batches of a list on their way."""
        for number, batch in enumerate(batches):
            self.see(batch, first=number == 0)
            yield batch

    @property
    def lacks_rows(self) -> bool:
        """Whether the list has rows that were not read."""
        return self.promised > self.rows or self.unsure

    @property
    def to_be_read(self) -> bool:
        """Whether it has, and nobody has looked for them yet."""
        return self.lacks_rows and not self._looked

    def rest(self, fetch: Fetch, fixed: tuple[Bound, ...] = ()) -> Iterator[Batch]:
        """Yield the rows without a key from the end of the list, where its wall does not hide them; look again."""
        query = Query(self.key, (*fixed, Bound(self.key)))
        first = fetch(query)
        last, size = first.last or 1, len(first.rows)
        batches: Iterator[Batch] = iter(())
        if first.last is None:  # they begin on the first page, or nothing would tell of them
            batches = sweep(fetch, query)
        elif last * size <= WALL:
            batches = sweep(mirrored(fetch, last), query, without=self.key)
        for batch in batches:
            self._count(batch)
            yield batch
        self.promised = (last - 1) * size + 1 if last > 1 else size
        self._looked, self.unsure = True, False

    def sentence(self) -> str:
        """Return what to tell of rows that are still missing, and what to do."""
        return (
            f"RD Station lists at least {self.promised:,} records and showed {self.rows:,}. The others were deleted "
            f"meanwhile, or have no `{self.key}` and stand behind the {WALL:,} that can be listed: such a record comes "
            "once it is changed."
        )
