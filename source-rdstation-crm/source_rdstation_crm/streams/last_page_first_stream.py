"""A list with a wall and without a filter on its cursor: contacts and companies of API v1.

A first read takes the whole list, ordered by `created_at`, which no edit can change, from its last page (the newest
rows) to its first; a STATE on the way carries the page reached. A list longer than its wall is read from both ends
(`Reach`); how many rows stay out of reach is told now, and again at each later sync. Incremental
reads, and a first one with a `start_date`, go from the newest change down to the cursor or that date.
Facts: docs/api/crm-v1.md#paging and #reading-lists-that-move.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, ClassVar, Final

from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import newest_instant
from airbyte_rdstation.pagination.last_page_first import Reach, last_page_of, read_last_page_first, resume_page
from airbyte_rdstation.pagination.listing import WALL, Batch, Fetch, Query, instant_of
from airbyte_rdstation.pagination.newest_first import read_newest_first
from source_rdstation_crm.streams.newest_first_stream import (
    NewestFirstCursor,
    NewestFirstPartitions,
    NewestFirstState,
    PagePosition,
    up_to_wall,
)

__all__ = ["LastPageFirstCursor", "LastPageFirstPartitions", "LastPageFirstState"]

_OLDEST_FIRST: Final = Query("created_at")
_WALL_TEXT: Final = f"{WALL:,} in each of a list's orders."
_USE_V2: Final = "API v2 has no such limit: connect the account with it."


class _LastPageFirstPosition(PagePosition):
    whole: bool = False


class LastPageFirstState(NewestFirstState):
    """As a NewestFirstState; a `whole` read goes by `created_at`, oldest first, and its `page` counts down to 1.

    `unreached` is how many records were out of reach when everything was read.

    `{"position": {"started": "…", "latest": "…", "page": 3, "reached": "…", "whole": true}, "unreached": 120}`
    """

    position: _LastPageFirstPosition | None = None
    unreached: int = 0


class LastPageFirstCursor(NewestFirstCursor):
    """Keeps the page reached in either order, how far the stream is complete, and what was out of reach."""

    model = LastPageFirstState
    incoming: LastPageFirstState

    def __init__(self, context: StreamContext, *, cursor_field: str, state: Mapping[str, Any]) -> None:
        super().__init__(context, cursor_field=cursor_field, state=state)
        self.unreached = self.incoming.unreached
        self.whole = self.incoming.position.whole if self.incoming.position else self.since is None
        self.restarts = False
        """Rows read beyond the wall are known to nobody but this process: after a kill all are read anew."""
        if self.whole and not self.reached:
            self.read_began = None  # the sync before ended before its first page

    @property
    def state(self) -> MutableMapping[str, Any]:
        """As its parent's; the position of a whole read says so, and what was out of reach stays known."""
        state = super().state
        if not self.complete and self.restarts:
            state.pop("position", None)
        elif "position" in state and self.whole:
            state["position"]["whole"] = True
        return {**state, **({"unreached": self.unreached} if self.unreached else {})}

    def see(self, rows: list[Row]) -> None:
        """Note the newest change among the rows, and those without one."""
        self.note(rows)
        newest = newest_instant(row.get(self.cursor_field) for row in rows)
        self.latest = max(self.latest or "", newest or "") or None


class LastPageFirstPartitions(NewestFirstPartitions):
    """Generates one partition: the whole list by creation, or what changed since the cursor."""

    walled: ClassVar[bool] = True
    _cursor: LastPageFirstCursor

    def _read(self) -> Iterator[list[Row]]:
        cursor = self._cursor
        if cursor.whole:
            yield from self._read_whole()
            cursor.end()
        else:
            yield from super()._read()
        if cursor.unreached and not cursor.restarts:
            self._context.report_incomplete(
                f"{cursor.unreached:,} records could not be reached when everything was read: API v1 shows no more "
                f"than {_WALL_TEXT} {_USE_V2}"
            )

    def _read_whole(self) -> Iterator[list[Row]]:
        cursor = self._cursor
        if cursor.read_began:
            last = resume_page(self._fetch, _OLDEST_FIRST, cursor.page, cursor.reached or "")
        else:
            first = self._fetch(_OLDEST_FIRST)
            cursor.begin()
            if first.has_next is More.NO:
                yield from self._records(first.rows)
                self._context.compare(len(first.rows), first.total)
                return
            if (first.total or 0) > WALL:
                for reached in self._beyond_wall():
                    yield from self._records(reached.rows)
                    cursor.records_emitted()
                return
            last = last_page_of(first)
        seen: set[tuple[str, str]] = set()
        totals: list[int] = []
        resumed = bool(cursor.reached)
        for batch in read_last_page_first(self._noting(totals), _OLDEST_FIRST, last):
            fresh = [row for row in batch.rows if (row["id"], self._text(row)) not in seen]
            seen.update((row["id"], self._text(row)) for row in fresh)
            yield from self._records(fresh)
            cursor.follow(batch.page, batch.oldest)
            self._context.progress.expect(batch.page - 1)
        if totals and not resumed:
            self._context.compare(len({id_ for id_, _ in seen}), min(totals[0], totals[-1]))

    def _noting(self, totals: list[int]) -> Fetch:
        def fetch_noting(query: Query) -> Page:
            page = self._fetch(query)
            totals.extend([] if page.total is None else [page.total])
            return page

        return fetch_noting

    def _records(self, rows: list[Row]) -> Iterator[list[Row]]:
        self._cursor.see(rows)
        yield rows

    def _created_since(self, bound: str) -> Iterator[list[Row]]:
        for batch in up_to_wall(read_newest_first(self._fetch, "created_at", bound, walled=self.walled)):
            rows = [row for row in batch.rows if instant_of(row, self._cursor_field) is None]
            self._cursor.note(rows)
            yield rows
            self._cursor.records_emitted()

    def _beyond_wall(self) -> Iterator[Batch]:
        self._cursor.restarts = True
        reach = Reach(self._fetch)
        yield from reach.rows()
        if reach.ended:
            self._context.compare(reach.read, reach.total)
            return
        self._cursor.unreached = reach.unreached
        if reach.unreached:
            self._context.report_incomplete(
                f"{reach.read:,} of {reach.total:,} records were read. {reach.unreached:,} cannot be reached: API "
                f"v1 shows no more than {_WALL_TEXT} {_USE_V2}"
            )
