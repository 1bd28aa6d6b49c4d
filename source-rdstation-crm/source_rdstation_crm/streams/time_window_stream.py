"""Deals of API v1, which are listed in windows of time: as the list has them, or each in full detail.

Facts: docs/api/crm-v1.md#reading-lists-that-move, #deals-in-detail.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

from airbyte_rdstation.airbyte.partitions import StreamPartitions
from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.state import StreamCursor
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.listing import instant_of
from airbyte_rdstation.pagination.time_windows import Window, Windows
from source_rdstation_crm.streams.substream import DealCursor, DealPartitions

__all__ = ["DealDetailsPartitions", "TimeWindowPartitions"]


class TimeWindowPartitions(StreamPartitions):
    """Generates a partition for each window of time; a single one where a page holds the whole list."""

    def __init__(self, context: StreamContext, cursor: StreamCursor, *, windows: Windows) -> None:
        self._context = context
        self._cursor = cursor
        self._windows = windows
        self._lock = threading.Lock()
        self._under_way = self._read_rows = 0

    def generate(self) -> Iterator[RecordPartition]:
        """Yield the windows, the oldest first."""
        rows, windows = self._windows.plan()
        if not windows:
            yield RecordPartition(self._context, {}, lambda: self._emit(rows))
        self._under_way = len(windows)
        for window in windows:
            covered = {"from": str(window.at_least), "to": str(window.before)}
            yield RecordPartition(self._context, covered, partial(self._read, window))

    def _read(self, window: Window) -> Iterator[list[Row]]:
        read = 0
        for batch in self._windows.read(window):
            read += len(batch.rows)
            yield batch.rows
            self._cursor.records_emitted()
        with self._lock:
            self._read_rows += read
            self._under_way -= 1
            if not self._under_way:
                _report_unread(self._context, self._windows, self._read_rows)
        self._cursor.checkpoint()

    def _emit(self, rows: list[Row]) -> Iterator[list[Row]]:
        yield rows
        self._context.compare(len(rows), self._windows.total)
        self._cursor.checkpoint()


class DealDetailsPartitions(DealPartitions):
    """Generates a partition for each deal that changed since the state: the deal in full detail.

    API v1 has no filter on `updated_at`, so all deals are listed first (a few requests), then those that are due are
    read in the order of their `updated_at`, which the state follows.
    """

    def __init__(
        self, context: StreamContext, cursor: DealCursor, *, windows: Windows, fetch_deal: Callable[[str], Row]
    ) -> None:
        super().__init__(context, cursor)
        self._windows = windows
        self._fetch_deal = fetch_deal

    def generate(self) -> Iterator[RecordPartition]:
        """Yield the deals, the longest unchanged first."""
        yield from self._visit(self._due())
        self._places.wait_for_all()
        self._end()

    def _due(self) -> list[Row]:
        """`id` and `updated_at` of the deals to read, the longest unchanged first; those without a date before all."""
        since = format_instant(self._cursor.since) if self._cursor.since else ""
        due: dict[str, str] = {}
        listed = 0
        for rows in self._listed():
            for row in rows:
                updated_at = instant_of(row, "updated_at")
                text = format_instant(updated_at) if updated_at else ""
                if not text or text >= since:
                    due[row["id"]] = text
            listed += len(rows)
            self._cursor.records_emitted()
        _report_unread(self._context, self._windows, listed)
        return [{"id": id_, "updated_at": text} for text, id_ in sorted((text, id_) for id_, text in due.items())]

    def _listed(self) -> Iterator[list[Row]]:
        rows, windows = self._windows.plan()
        yield rows
        for window in windows:
            for batch in self._windows.read(window):
                yield batch.rows

    def _read_deal(self, deal_id: str, updated_at: str | None) -> Iterator[list[Row]]:
        yield [self._fetch_deal(deal_id)]


def _report_unread(context: StreamContext, windows: Windows, read: int) -> None:
    """Report how many deals exist and were not read, if any."""
    missing = windows.total - read
    if missing > 0 and windows.walled:
        context.report_incomplete(
            f"{read:,} of {windows.total:,} records were read. {missing:,} were created so close together that API v1 "
            "cannot show them. API v2 can: connect the account with it."
        )
    else:
        context.compare(read, windows.total)
