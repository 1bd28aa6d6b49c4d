"""A list read whole each time, in slices of time: deals of API v1.

Facts: docs/api/crm-v1.md#reading-lists-that-move.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

from airbyte_rdstation.airbyte.cursor import StreamContext, StreamCursor
from airbyte_rdstation.airbyte.partitions import Slice, StreamPartitions
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.pagination.time_windows import Window, Windows

__all__ = ["TimeWindowPartitions", "report_unread"]


class TimeWindowPartitions(StreamPartitions):
    """Generates a slice for each window of time; a single one where a page holds the whole list."""

    def __init__(self, context: StreamContext, cursor: StreamCursor, *, windows: Windows) -> None:
        self._context = context
        self._cursor = cursor
        self._windows = windows
        self._lock = threading.Lock()
        self._under_way = self._read_rows = 0

    def generate(self) -> Iterator[Slice]:
        """Yield the windows, the oldest first."""
        rows, windows = self._windows.plan()
        if not windows:
            yield Slice(self._context.name, {}, lambda: self._emit(rows))
        self._under_way = len(windows)
        for window in windows:
            covered = {"from": str(window.at_least), "to": str(window.before)}
            yield Slice(self._context.name, covered, partial(self._read, window))

    def _read(self, window: Window) -> Iterator[Row]:
        read = 0
        for batch in self._windows.read(window):
            read += len(batch.rows)
            yield from map(self._context.normalize, batch.rows)
            self._cursor.request_answered()
        with self._lock:
            self._read_rows += read
            self._under_way -= 1
            if not self._under_way:
                report_unread(self._context, self._windows, self._read_rows)
        self._cursor.checkpoint()

    def _emit(self, rows: list[Row]) -> Iterator[Row]:
        yield from map(self._context.normalize, rows)
        self._context.compare(len(rows), self._windows.total)
        self._cursor.checkpoint()


def report_unread(context: StreamContext, windows: Windows, read: int) -> None:
    """Report how many deals exist and were not read, if any."""
    missing = windows.total - read
    if missing > 0 and windows.walled:
        context.report_incomplete(
            f"{read:,} of {windows.total:,} records were read. {missing:,} were created so close together that API v1 "
            "cannot show them. API v2 can: connect the account with it."
        )
    else:
        context.compare(read, windows.total)
