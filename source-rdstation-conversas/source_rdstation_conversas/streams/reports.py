"""Attendances in windows of days, oldest first, several at once; incremental by `created_at`.

The API filters by the day on which an attendance opened, so later changes are found by a look-back: each sync reads
`reports_lookback_days` before the state again. Facts: docs/api/conversas.md#reports.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator, MutableMapping
from datetime import date, datetime, time, timedelta, timezone
from functools import cached_property, partial
from typing import Any, Final

from airbyte_rdstation.airbyte.partitions import StreamPartitions
from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.state import CheckpointCursor, StreamState
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import Page, Row
from airbyte_rdstation.dates import format_instant, parse_instant
from airbyte_rdstation.pagination.listing import Fetch, Query, instant_of
from airbyte_rdstation.pagination.page_numbers import RestlessError, sweep
from source_rdstation_conversas.list_conversas import day_windows

__all__ = ["ReportsCursor", "ReportsPartitions", "ReportsState"]

_WITHOUT_START: Final = timedelta(days=365)
_ONE_DAY: Final = timedelta(days=1)

_logger = logging.getLogger("airbyte.rdstation")


class ReportsState(StreamState):
    """Hold the cursor alone: a read that broke off goes on from the windows that are complete."""

    position: None = None


class ReportsCursor(CheckpointCursor):
    """Keeps `{"created_at": "2026-08-01T00:00:00.000Z"}`: every attendance opened before it is read."""

    def __init__(self, context: StreamContext, *, lookback: timedelta, cursor_field: str, state: ReportsState) -> None:
        super().__init__(context)
        self._begun = datetime.now(timezone.utc)
        self._lookback = lookback
        self.cursor_field = cursor_field
        self._since = state.cursor
        self._windows: list[tuple[date, date]] = []
        self._finished: set[int] = set()
        self._complete = 0  # windows, from the oldest on
        self._read = 0

    @property
    def state(self) -> MutableMapping[str, Any]:
        """Return the day up to which all windows are read; the sync's start once all are."""
        if self._complete and self._complete == len(self._windows):
            reached = self._started
        elif self._complete:
            # The last day of a window may not count, and days may begin in another zone.
            border = datetime.combine(self._windows[self._complete - 1][1] - _ONE_DAY, time(), timezone.utc)
            reached = min(format_instant(border), self._started)
        else:
            reached = ""
        cursor = max(reached, self._since or "") or self._context.start_date
        return {self.cursor_field: cursor} if cursor else {}

    @cached_property
    def since(self) -> datetime:
        """Return the moment from which on attendances are due, by their opening."""
        start = self._context.start_date
        moments = [parse_instant(start)] if start else []
        if self._since:
            moments.append(parse_instant(self._since) - self._lookback)
        return max(moments) if moments else self._begun - _WITHOUT_START

    def begin(self) -> list[tuple[date, date]]:
        """Return the windows to read, oldest first."""
        # The zone in which the API takes days is unknown.
        self._windows = list(day_windows(self.since.date() - _ONE_DAY, self._begun.date() + _ONE_DAY))
        return self._windows

    def finish(self, number: int, *, complete: bool) -> bool:
        """Note that the window of this number, from 0, is read; return True once all are.

        One that is not `complete` keeps the cursor before it, so that the next sync reads it again.
        """
        with self._lock:
            self._read += 1
            if complete:
                self._finished.add(number)
            while self._complete in self._finished:
                self._complete += 1
            if self._read == len(self._windows):
                return True
            self.records_emitted()
            return False

    @cached_property
    def _started(self) -> str:
        """Return when the sync began, by RD Station's clock, or by ours if that is earlier: the windows end by ours.

        Not to be used before the first answer, which tells RD Station's clock.
        """
        return format_instant(min(self._begun, self._context.server_time(self._begun)))


class ReportsPartitions(StreamPartitions):
    """Generates a partition for each window of days; a record in two windows is emitted once."""

    def __init__(
        self, context: StreamContext, cursor: ReportsCursor, *, fetch_window: Callable[[date, date], Fetch]
    ) -> None:
        self._context = context
        self._cursor = cursor
        self._fetch_window = fetch_window
        self._lock = threading.Lock()
        self._ids: set[str] = set()
        self._read_rows = self._counted = 0
        self._failed = False

    def generate(self) -> Iterator[RecordPartition]:
        """Yield a partition for each window."""
        if not self._context.start_date:
            _logger.info("%s: without start_date, the last 365 days are read.", self._context.name)
        for number, (first, last) in enumerate(self._cursor.begin()):
            covered = {"from": first.isoformat(), "to": last.isoformat()}
            yield RecordPartition(self._context, covered, partial(self._read, number, first, last))

    def _read(self, number: int, first: date, last: date) -> Iterator[list[Row]]:
        if self._failed:
            return
        try:
            complete = yield from self._rows(first, last)
        except BaseException:
            others_failed, self._failed = self._failed, True
            if not others_failed:
                raise  # the others' errors would only repeat it
            return
        if self._cursor.finish(number, complete=complete):
            self._context.compare(self._read_rows, self._counted)
            self._cursor.checkpoint()

    def _rows(self, first: date, last: date) -> Generator[list[Row], None, bool]:
        """Yield the rows of a window, page by page; return whether they are all."""
        total: int | None = None
        fetch = self._fetch_window(first, last)

        def fetch_counted(query: Query) -> Page:
            nonlocal total
            page = fetch(query)
            total = page.total
            return page

        read = 0
        complete = True
        try:
            for batch in sweep(fetch_counted, Query(None), walled=False):
                read += len(batch.rows)
                yield [row for row in batch.rows if self._is_due(row) and self._is_new(row["id"])]
                self._cursor.records_emitted()
        except RestlessError:
            complete = False
            self._context.report_incomplete(
                "A window of days never came to rest; its last records may be missing. The next sync reads it again."
            )
        with self._lock:
            self._read_rows += read
            self._counted += total if total is not None else read
        return complete

    def _is_due(self, row: Row) -> bool:
        """Tell whether the record is due: dated in the look-back or later, or without a readable date."""
        created = instant_of(row, self._cursor.cursor_field)
        return created is None or created >= self._cursor.since

    def _is_new(self, id_: str) -> bool:
        """Tell whether the record is in no other window read so far; border days are in two."""
        with self._lock:
            new = id_ not in self._ids
            self._ids.add(id_)
            return new
