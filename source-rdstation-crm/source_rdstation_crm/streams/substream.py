"""Children of parents: a partition a pipeline, or a deal that is due; the latter incremental by its `updated_at`.

Deals are listed before they are visited. Their state is a cursor, never a state a deal: it moves over a deal only once
that deal and all before it are visited, and never past the sync's start. A deal that is edited after it was listed is
met again by the next sync, so a list that is edited for ever cannot keep this one going for ever.

How the deals are listed and what is read of each: `deal_children`, `time_window_stream`.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, Final, TypeAlias

from pydantic import Field

from airbyte_rdstation.airbyte.partitions import VisitPartitions, read_small_list
from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.state import (
    IncrementalCursor,
    StreamCursor,
    StreamState,
    due_since,
    is_settled,
    lookback_start,
)
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import NotFoundError
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import floor_second, format_instant
from airbyte_rdstation.pagination.listing import Fetch

__all__ = ["DealCursor", "DealPartitions", "DealState", "ParentProgress", "PipelinePartitions", "ReadDeal", "Visit"]

_ALL_GONE: Final = 10  # or more deals, none of them found: more than are deleted between two requests
_MOST_RECENT: Final = 5_000  # deals remembered in the state; more would only be visited once more

_logger = logging.getLogger("airbyte.rdstation")


class DealState(StreamState):
    """The deals' cursor, and the deals visited since the moment from which the next sync reads, by id.

    `parents` is the filter that proved to list the deals that have children.

    `{"deal_updated_at": "…", "recent": {"<deal id>": "<its updated_at>"}, "parents": "has:product"}`
    """

    position: None = None
    recent: dict[str, str] = Field(default_factory=dict)
    parents: str | None = None


@dataclass(eq=False)
class Visit:
    """One deal whose children are to be read."""

    deal_id: str
    updated_at: str | None
    done: bool = False


class ParentProgress:
    """The visits of one sync, in the order of the read over the deals. Safe to share among threads."""

    def __init__(self, cursor: str | None, recent: Mapping[str, str], sync_began: Callable[[], str]) -> None:
        """Go on from `cursor`; `recent` holds the deals the next sync will meet again, with their `updated_at`."""
        self._cursor = cursor
        self._recent = dict(recent)
        self._sync_began = sync_began
        self._lock = threading.Lock()
        self._under_way: deque[Visit] = deque()
        self.count = 0
        """How many deals were due to be visited."""

    def open(self, deal_id: str, updated_at: str | None) -> Visit | None:
        """Return the visit that is due to a deal; None where it is known already."""
        with self._lock:
            if self._recent.get(deal_id) == (updated_at or ""):
                return None
            self.count += 1
            visit = Visit(deal_id, updated_at)
            self._under_way.append(visit)
            return visit

    def close(self, visit: Visit) -> None:
        """Let the cursor follow: the children of the deal are emitted."""
        with self._lock:
            visit.done = True
            while self._under_way and self._under_way[0].done:
                self._pass(self._under_way.popleft())

    def state(self) -> tuple[str | None, dict[str, str]]:
        """Return the cursor, and the visited deals that the next sync will meet again."""
        with self._lock:
            self._forget()
            return self._cursor, dict(self._recent)

    def _pass(self, visit: Visit) -> None:
        if visit.updated_at is None:
            return
        self._recent[visit.deal_id] = visit.updated_at
        self._cursor = max(self._cursor or "", min(visit.updated_at, self._sync_began()))

    def _forget(self) -> None:
        if self._cursor is None:
            return
        settled = is_settled(self._cursor, self._sync_began())
        oldest = format_instant(floor_second(lookback_start(self._cursor, settled)))
        recent = [(updated_at, deal_id) for deal_id, updated_at in self._recent.items() if updated_at >= oldest]
        self._recent = {deal_id: updated_at for updated_at, deal_id in sorted(recent)[-_MOST_RECENT:]}


class DealCursor(IncrementalCursor[DealState]):
    """Keeps which deals are visited."""

    model = DealState

    def __init__(self, context: StreamContext, *, cursor_field: str, state: Mapping[str, Any]) -> None:
        super().__init__(context, cursor_field=cursor_field, state=state)
        self.begin()

    def begin(self) -> None:
        """Begin, or begin anew, from the incoming state."""
        self.progress = ParentProgress(self.incoming.cursor, self.incoming.recent, lambda: self._sync_began)

    @property
    def since(self) -> datetime | None:
        """Deals updated before this moment are not due."""
        return due_since(self._context.start_date, self.incoming.cursor, self.incoming.settled)

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The deals' cursor, and the deals visited close to it: see DealState."""
        cursor, recent = self.progress.state()
        state: dict[str, Any] = {"recent": recent} if recent else {}
        if cursor and is_settled(cursor, self._sync_began):
            state["settled"] = True
        cursor = cursor or self._context.start_date
        return {self.cursor_field: cursor, **state} if cursor else state


ReadDeal: TypeAlias = Callable[[str, str | None], Iterable[list[Row]]]
"""Reads the records of one deal, by its id and `updated_at`. Raises NotFoundError if it is gone."""


class DealPartitions(VisitPartitions):
    """Generates a partition for each deal to visit."""

    def __init__(self, context: StreamContext, cursor: DealCursor, read_deal: ReadDeal) -> None:
        super().__init__(context, 2 * context.requests_at_once)
        self._cursor = cursor
        self._read_deal = read_deal
        self._lock = threading.Lock()
        self._gone = 0
        self._unproven: list[Visit] | None = []
        """Deals that are gone, before any was found: the cursor waits in front of them. None once one was."""

    def _visit_deals(self, due: Sequence[tuple[str, str]]) -> Iterator[RecordPartition]:
        """Yield a partition for each deal, as (`updated_at`, id), that is not known already; see `_visits`."""
        self._context.progress.expect_visits(len(due), "deals to visit")
        opened = (self._cursor.progress.open(deal_id, updated_at or None) for updated_at, deal_id in due)
        yield from self._visits(({"deal_id": visit.deal_id}, partial(self._read, visit)) for visit in opened if visit)

    def _read(self, visit: Visit) -> Iterator[list[Row]]:
        try:
            yield from self._read_deal(visit.deal_id, visit.updated_at)
        except NotFoundError:
            if self._all_gone(visit):
                raise
        else:
            self._close_unproven()
            self._cursor.progress.close(visit)
        self._cursor.records_emitted()

    def _all_gone(self, visit: Visit) -> bool:
        """Pass over a deal that was deleted between the two requests; return True where none was found, and many not.

        Then it is not the deals that are gone: the account lacks what is read of them, or the base URL is wrong.
        """
        with self._lock:
            self._gone += 1
            if self._unproven is not None:
                self._unproven.append(visit)
                return len(self._unproven) >= _ALL_GONE
        self._cursor.progress.close(visit)
        return False

    def _close_unproven(self) -> None:
        with self._lock:
            visits, self._unproven = self._unproven or (), None
        for visit in visits:
            self._cursor.progress.close(visit)

    def _end(self) -> None:
        """Emit the last state, and log how many deals were gone."""
        if not self._given_up:
            self._close_unproven()
        self._cursor.checkpoint()
        if self._gone:
            _logger.info("%s: %s deals were deleted during the sync and are skipped.", self._context.name, self._gone)


@dataclass(eq=False)
class PipelinePartitions(VisitPartitions):
    """Generates a partition for each pipeline: the records that live below it."""

    head_start = 10

    context: StreamContext
    cursor: StreamCursor
    _: KW_ONLY
    fetch_pipelines: Fetch
    pipeline_sort: str
    fetch_below: Callable[[str], Fetch]
    sort: str
    adopt: Callable[[Row, str], Row | None]
    """Makes a row of a pipeline's list the record; None if it does not belong to that pipeline."""

    def __post_init__(self) -> None:
        super().__init__(self.context, 2 * self.context.requests_at_once)

    def generate(self) -> Iterator[RecordPartition]:
        """Yield a partition for each pipeline."""
        pipelines = chain.from_iterable(read_small_list(self.fetch_pipelines, self.pipeline_sort))
        ids = (pipeline["id"] for pipeline in pipelines)
        yield from self._visits(({"pipeline_id": id_}, partial(self._read, id_)) for id_ in ids)
        if not self._given_up:
            self.cursor.checkpoint()

    def _read(self, pipeline_id: str) -> Iterator[list[Row]]:
        try:
            for rows in read_small_list(self.fetch_below(pipeline_id), self.sort):
                adopted = (self.adopt(row, pipeline_id) for row in rows)
                yield [record for record in adopted if record is not None]
        except NotFoundError:
            pass  # the pipeline was deleted since the list of pipelines was read
        self.cursor.records_emitted()
