"""Page numbers, where there is nothing better: lists without a usable order, and rows that share their keys. Pure.

A page number is an offset into an order that changes, so a single pass can miss rows; the rules here say when passes
may stop. Facts: api/crm-v2.md, sections 4, 7.3 step 3 and 7.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Final

from rdstation.dates import ONE_SECOND, floor_second
from rdstation.envelope import Page
from rdstation.walks.listing import WALL, Batch, Bound, Fetch, Query, WalkError

__all__ = ["RestlessError", "halved_windows", "numbered", "sweep"]

_MOST_PASSES: Final = 40
_QUIET_PASSES: Final = 2
_QUIET_PASSES_IN_MOTION: Final = 6  # in a random order a pass of many pages misses a row one time in three
_WINDOW_ROWS: Final = 9_000  # a window is halved from here on: rows may still move into it before the wall [seen]
_SAME_PASSES: Final = 8  # page for page: the list is at rest, and repeats rows of its own accord
_MOST_REPEATED: Final = 3  # a list in random order shows a row about twice before all are seen; three times is a loop
_BEFORE_RD_STATION: Final = datetime(2010, 1, 1, tzinfo=timezone.utc)


class RestlessError(WalkError):
    """Every pass over a list brings rows that were not there before."""


def sweep(fetch: Fetch, query: Query, *, walled: bool = True, without: str | None = None) -> Iterator[Batch]:
    """A list whose rows change places from request to request: repeated passes, each id once.

    With the name of a sort key in `without`, only the rows at the front of the list that have none.

    Stops once it has as many ids as the answers of a pass count rows, where they do. Otherwise after
    two passes in a row without a new id, provided that there are at least as many ids as the pass counted rows: the
    rule of 7.3 that lost nothing in simulation [test]. Of the ids only those count that the later half of the passes
    saw, too, and while rows leave the list it takes more quiet passes: a row that has left must not stand in for one
    that was never seen. A list whose pages overlap counts more rows than it has for ever: it ends once many passes in a
    row were the same, page for page; with any chance in its order they would not be.
    """
    ids: set[str] = set()
    passes: list[set[str]] = []
    counts: list[int] = []
    quiet = same = 0
    order_before = 0
    for _ in range(_MOST_PASSES):
        known, counted, one_moment = len(ids), 0, False
        order = 0
        totals: list[int | None] = []
        before: set[str] = set()
        passes.append(set())
        for number, page in enumerate(numbered(fetch, query, walled=walled), start=1):
            totals.append(page.total)
            rows = page.rows if without is None else [row for row in page.rows if not row.get(without)]
            on_page = {row["id"] for row in rows}
            # A list that ignores `page` answers with the same rows again: they are no further places.
            counted += 0 if on_page == before else len(rows)
            before = on_page
            order = hash((order, *(row["id"] for row in rows)))
            fresh = [row for row in rows if row["id"] not in ids]
            ids.update(row["id"] for row in fresh)
            passes[-1].update(row["id"] for row in rows)
            yield Batch(fresh)
            # One answer is one moment: nothing can slip between two pages. Without any `links` it takes an empty page 2
            # to know that there was but one, and that proves it only where no row leaves the list meanwhile.
            if number == 1:
                unsure = page.has_next is None and not walled
                one_moment = page.has_next is False or unsure or len(rows) < len(page.rows)
            elif page.rows:
                one_moment = False
            if len(rows) < len(page.rows):
                break
        if one_moment or _complete(len(ids), totals):
            return
        quiet = quiet + 1 if len(ids) == known else 0
        counts.append(counted)
        half = len(passes) // 2
        at_rest = len(set(counts[half:])) == 1
        seen = len(set().union(*passes[half:]))
        if quiet >= (_QUIET_PASSES if at_rest else _QUIET_PASSES_IN_MOTION) and seen >= counted:
            return
        same = same + 1 if order == order_before else 1
        order_before = order
        if same >= _SAME_PASSES:
            return
    raise RestlessError(f"The rows{_where(query)} never come to rest: {_MOST_PASSES} passes, each with new ones.")


def _complete(ids: int, totals: list[int | None]) -> bool:
    """Whether as many ids are known as the list has rows, by the answers of a pass in which no row left it."""
    counts = [total for total in totals if total is not None]
    return len(counts) == len(totals) > 0 and counts == sorted(counts) and ids >= counts[-1]


def halved_windows(
    fetch: Fetch, key: str, start: datetime | None, end: datetime | None, fixed: tuple[Bound, ...], now: datetime
) -> Iterator[Batch]:
    """A list that does not honour its sort: windows of `key`, halved until they are small, each of them swept.

    Rows that move go to the last window, which is open towards the future and swept last.
    """
    windows = [(start, end)]
    while windows:
        lower, upper = windows.pop()
        query = Query(key, (*fixed, Bound(key, lower, upper)))
        page = fetch(query)
        large = page.last is not None and page.last * len(page.rows) >= _WINDOW_ROWS
        middle = _middle(lower, upper, now)
        halves = [] if middle is None else [(middle, upper), (lower, middle)]
        if large and halves:
            windows += halves
            continue
        try:
            for batch in sweep(fetch, query):
                yield Batch(batch.rows, lower)
        except WalkError:
            if not halves:
                raise
            windows += halves
        else:
            yield Batch([], upper)


def numbered(fetch: Fetch, query: Query, *, walled: bool) -> Iterator[Page]:
    """Pages 1, 2, 3, … to the end of the list; never beyond the wall, and never for ever."""
    ids: set[str] = set()
    counted = 0
    number = 1
    promised = walled
    while True:
        page = fetch(query.at_page(number))
        if counted >= WALL and not page.rows and promised:
            raise WalkError(f"The API stops at {WALL:,} rows{_where(query)}, and more exist.")
        yield page
        counted += len(page.rows)
        new = {row["id"] for row in page.rows} - ids
        ids |= new
        # Without any `links`, a page that brings nothing new is the last one (section 4).
        if not page.rows or page.has_next is False or (page.has_next is None and not new):
            return
        if walled and counted >= WALL:
            raise WalkError(f"There are more than {WALL:,} rows{_where(query)}, and the API cannot reach them.")
        if not walled and counted > _MOST_REPEATED * (len(ids) + len(page.rows)):
            raise WalkError(f"The list{_where(query)} serves the same rows again and again.")
        number += 1
        promised = walled or page.has_next is True


def _middle(lower: datetime | None, upper: datetime | None, now: datetime) -> datetime | None:
    """Where to cut a window; None where it is a second long or lies in the future."""
    lower = lower or _BEFORE_RD_STATION
    if upper is None:
        return floor_second(now) if lower < floor_second(now) else None
    middle = floor_second(lower + (upper - lower) / 2)
    return middle if lower + ONE_SECOND <= middle < upper else None


def _where(query: Query) -> str:
    filter_text = " ".join(filter(None, (bound.rdql() for bound in query.bounds)))
    return f" with {filter_text}" if filter_text else ""
