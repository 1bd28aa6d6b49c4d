"""A list with a wall and without a filter on its cursor: contacts and companies of API v1.

Incremental reads go from the newest change down to the cursor. The first read takes everything, oldest first by
`created_at`, which no edit can change; a STATE on the way carries the page reached. What lies beyond the wall is read
in every other order there is; how many rows stay out of reach is told now, and again at each later sync.
Facts: docs/api/crm-v1.md#paging and #reading-lists-that-move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any, Final

from airbyte_rdstation.airbyte.cursor import StreamContext
from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import format_instant, newest_instant
from airbyte_rdstation.pagination.beyond_limit import Reach
from airbyte_rdstation.pagination.last_page_first import read_up, step_back, top_page
from airbyte_rdstation.pagination.listing import WALL, Batch, Fetch, Query
from source_rdstation_crm.crm_state import OffsetState
from source_rdstation_crm.streams.newest_first_stream import NewestFirstStream

__all__ = ["OffsetStream"]

_OLDEST_FIRST: Final = Query("created_at")
_WALL_TEXT: Final = f"{WALL:,} in each of a list's orders."
_USE_V2: Final = "API v2 has no such limit: connect the account with it."


class OffsetStream(NewestFirstStream):
    """One stream of this shape: its slice, and its state."""

    def __init__(
        self,
        context: StreamContext,
        *,
        fetch: Fetch,
        parts: Callable[[], Iterable[Fetch]],
        cursor_field: str,
        state: OffsetState,
    ) -> None:
        """`parts` are filters of the list, for what no order reaches."""
        super().__init__(
            context,
            fetch=fetch,
            cursor_field=cursor_field,
            state=state,
            past_wall=self._beyond_wall,
            walled=True,
        )
        self._parts = parts
        self._unreached = state.unreached
        self._whole = state.walk.whole if state.walk else not self._bound()
        if self._whole and not self._reached:
            self._started = None  # the sync before ended before its first page
        self._restarts = False

    @property
    def state(self) -> MutableMapping[str, Any]:
        """As its parent's; the position of a whole read says so, and what was out of reach stays known."""
        state = super().state
        if not self._complete and self._restarts:
            state.pop("walk", None)  # rows read beyond the wall are known to nobody but this process
        elif "walk" in state and self._whole:
            state["walk"]["whole"] = True
        return {**state, **({"unreached": self._unreached} if self._unreached else {})}

    def _read(self) -> Iterator[Row]:
        if self._whole:
            yield from self._read_whole()
            self._complete = True
            self.checkpoint()
        else:
            yield from super()._read()
        if self._unreached and not self._restarts:
            self._context.report_incomplete(
                f"{self._unreached:,} records could not be reached when everything was read: API v1 shows no more than "
                f"{_WALL_TEXT} {_USE_V2}"
            )

    def _read_whole(self) -> Iterator[Row]:
        if self._started:
            top = step_back(self._fetch, _OLDEST_FIRST, self._page, self._reached or "")
        else:
            first = self._fetch(_OLDEST_FIRST)
            self._started = format_instant(self._context.server_time(self._begun))
            if first.has_next is More.NO:
                yield from self._records(first.rows)
                self._context.compare(len(first.rows), first.total)
                return
            if (first.total or 0) > WALL:
                for batch in self._beyond_wall():
                    yield from self._records(batch.rows)
                    self.request_answered()
                return
            top = top_page(first)
        seen: set[tuple[str, str]] = set()
        totals: list[int] = []
        resumed = bool(self._reached)
        for upward in read_up(self._noting(totals), _OLDEST_FIRST, top):
            fresh = [row for row in upward.rows if (row["id"], self._text(row)) not in seen]
            seen.update((row["id"], self._text(row)) for row in fresh)
            yield from self._records(fresh)
            with self._lock:
                self._page, self._reached = upward.page, upward.oldest or self._reached
                self.request_answered()
        if totals and not resumed:
            self._context.compare(len({id_ for id_, _ in seen}), min(totals[0], totals[-1]))

    def _noting(self, totals: list[int]) -> Fetch:
        def fetch_noting(query: Query) -> Page:
            page = self._fetch(query)
            totals.extend([] if page.total is None else [page.total])
            return page

        return fetch_noting

    def _records(self, rows: list[Row]) -> Iterator[Row]:
        newest = newest_instant(row.get(self._cursor_field) for row in rows)
        self._latest = max(self._latest or "", newest or "") or None
        yield from map(self._context.normalize, rows)

    def _beyond_wall(self) -> Iterator[Batch]:
        self._restarts = True
        reach = Reach(self._fetch, self._parts)
        yield from reach.rows()
        if reach.ended:
            self._context.compare(reach.read, reach.total)
            return
        self._unreached = reach.unreached
        if self._unreached:
            self._context.report_incomplete(
                f"{reach.read:,} of {reach.total:,} records were read. {self._unreached:,} cannot be reached: API "
                f"v1 shows no more than {_WALL_TEXT} {_USE_V2}"
            )
