"""Deals of API v1, which are listed in windows of time: as the list has them, or what a request for each brings.

Facts: docs/api/crm-v1.md#reading-lists-that-move, #deals-in-detail, #contacts-of-a-deal.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from airbyte_rdstation.airbyte.partitions import Counted, DueVisit, VisitPartitions
from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.state import StreamCursor
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.pagination.listing import Fetch, Query
from airbyte_rdstation.pagination.page_numbers import sweep
from airbyte_rdstation.pagination.time_windows import Window, Windows
from source_rdstation_crm.streams.deal_children import ListedDeals, SharedDeals, with_deal
from source_rdstation_crm.streams.substream import DealCursor, DealPartitions, ReadDeal

__all__ = ["DealPartitionsV1", "TimeWindowPartitions", "read_contacts"]


class TimeWindowPartitions(VisitPartitions):
    """Generates a partition for each window of time; a single one where a page holds the whole list."""

    def __init__(self, context: StreamContext, cursor: StreamCursor, *, windows: Windows) -> None:
        super().__init__(context, 2 * context.requests_at_once)
        self._cursor = cursor
        self._windows = windows
        self._lock = threading.Lock()
        self._read_rows = 0

    def generate(self) -> Iterator[RecordPartition]:
        """Yield the windows, the oldest first."""
        rows, windows = self._windows.plan()
        yield from self._visits(map(self._due, windows) if windows else [({}, partial(self._read, [rows]))])
        if not self._given_up:
            _report_unread(self._context, self._windows.total, self._read_rows, walled=self._windows.walled)
            self._cursor.checkpoint()

    def _due(self, window: Window) -> DueVisit:
        pages = (batch.rows for batch in self._windows.read(window))
        return {"from": str(window.at_least), "to": str(window.before)}, partial(self._read, pages)

    def _read(self, pages: Iterable[list[Row]]) -> Iterator[list[Row]]:
        for rows in pages:
            yield rows
            with self._lock:
                self._read_rows += len(rows)
            self._context.progress.expect_records(self._windows.total)
            self._cursor.records_emitted()


class DealPartitionsV1(DealPartitions):
    """Generates a partition for each deal that changed since the state.

    API v1 has no filter on `updated_at`, so all deals are listed (a few requests); then those that are due are read in
    the order of their `updated_at`, which the state follows.
    """

    def __init__(
        self,
        context: StreamContext,
        cursor: DealCursor,
        *,
        shared: SharedDeals,
        windows: Windows,
        read_deal: ReadDeal,
    ) -> None:
        super().__init__(context, cursor, read_deal)
        self._shared = shared
        self._windows = windows
        shared.expect(cursor.since)

    def generate(self) -> Iterator[RecordPartition]:
        """Yield the deals, the longest unchanged first."""
        listed = self._shared.read(self._cursor.since, self._list)
        _report_unread(self._context, listed.total or 0, listed.rows, walled=listed.walled)
        yield from self._visit_deals(listed.due(self._cursor.since))
        self._end()

    def _list(self, since: datetime | None) -> ListedDeals:
        listed = ListedDeals.of(self._pages(), since)
        return replace(listed, total=self._windows.total, walled=self._windows.walled)

    def _pages(self) -> Iterator[list[Row]]:
        rows, windows = self._windows.plan()
        yield rows
        for window in windows:
            for batch in self._windows.read(window):
                yield batch.rows
                self._cursor.records_emitted()


def read_contacts(context: StreamContext, fetch: Fetch, deal_id: str, updated_at: str | None) -> Iterator[list[Row]]:
    """Yield a deal's contacts, of which `fetch` gets a page; report it where RD Station counts more than it shows."""
    counted = Counted(fetch)
    read = 0
    for rows in with_deal(deal_id, updated_at, sweep(counted, Query(None), walled=False)):
        read += len(rows)
        yield rows
    if (counted.total or 0) > read:
        context.report_incomplete(
            "RD Station counts more contacts of some deals than it shows. The token's user may not see them: connect "
            "with a user who sees everything."
        )


def _report_unread(context: StreamContext, total: int, read: int, *, walled: bool) -> None:
    """Report how many deals exist and were not read, if any."""
    if total > read and walled:
        context.report_incomplete(
            f"{read:,} of {total:,} records were read. {total - read:,} were created so close together that API v1 "
            "cannot show them. API v2 can: connect the account with it."
        )
    else:
        context.compare(read, total, or_else="have no `created_at`, by which API v1 lists deals (API v2 lists all)")
