"""Attendances in windows of days, oldest first, several at once; incremental by `created_at`.

The API filters by the day on which an attendance opened, so later changes are found by a look-back: each sync reads
`reports_lookback_days` before the state again. `Attendances` reads the same list for who had one, for the messages.
Facts: docs/api/conversas.md#reports.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cached_property, partial
from typing import Any, Final

from airbyte_rdstation.airbyte.partitions import Counted, VisitPartitions
from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.state import IncrementalCursor, StreamState
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import (
    ConnectorError,
    ForbiddenError,
    RequestRefusedError,
    ServerFailedError,
    UnauthorizedError,
)
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant, newest_instant, parse_instant
from airbyte_rdstation.pagination.listing import Fetch, Query, instant_of
from airbyte_rdstation.pagination.page_numbers import RestlessError, sweep
from source_rdstation_conversas.list_conversas import A_YEAR, a_year_before, day_windows

__all__ = ["Attendances", "ReportsCursor", "ReportsPartitions", "ReportsState"]

_ONE_DAY: Final = timedelta(days=1)
_ENDS: Final = ("closed_at", "finished_at")
_MOMENTS: Final = ("created_at", "opened_at", "started_at", *_ENDS, "updatedAt")

_logger = logging.getLogger("airbyte.rdstation")


class ReportsState(StreamState):
    """Hold the cursor alone: a read that broke off goes on from the windows that are complete."""

    position: None = None


class ReportsCursor(IncrementalCursor[ReportsState]):
    """Keeps `{"created_at": "2026-08-01T00:00:00.000Z"}`: every attendance opened before it is read."""

    model = ReportsState

    def __init__(
        self, context: StreamContext, *, lookback: timedelta, cursor_field: str, state: Mapping[str, Any]
    ) -> None:
        super().__init__(context, cursor_field=cursor_field, state=state)
        self._lookback = lookback
        self._windows: list[tuple[date, date]] = []
        self._finished: set[int] = set()
        self._complete = 0  # windows, from the oldest on
        self._read = 0

    @property
    def state(self) -> MutableMapping[str, Any]:
        """Return the day up to which all windows are read; the sync's start once all are."""
        if self._complete and self._complete == len(self._windows):
            reached = self._sync_began
        elif self._complete:
            # The last day of a window may not count, and days may begin in another zone.
            border = datetime.combine(self._windows[self._complete - 1][1] - _ONE_DAY, time(), timezone.utc)
            reached = min(format_instant(border), self._sync_began)
        else:
            reached = ""
        cursor = max(reached, self.incoming.cursor or "") or self._context.start_date
        return {self.cursor_field: cursor} if cursor else {}

    @cached_property
    def since(self) -> datetime:
        """Return the moment from which on attendances are due, by their opening."""
        start = self._context.start_date
        moments = [parse_instant(start)] if start else []
        if self.incoming.cursor:
            moments.append(parse_instant(self.incoming.cursor) - self._lookback)
        return max(moments) if moments else a_year_before(self.began_local, self._context.name)

    def begin(self) -> list[tuple[date, date]]:
        """Return the windows to read, oldest first."""
        # The zone in which the API takes days is unknown.
        self._windows = list(day_windows(self.since.date() - _ONE_DAY, self.began_local.date() + _ONE_DAY))
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
    def _sync_began(self) -> str:
        """Return when the sync began, by RD Station's clock, or by ours if that is earlier: the windows end by ours.

        Not to be used before the first answer, which tells RD Station's clock.
        """
        return format_instant(min(self.began_local, self._context.server_time(self.began_local)))


class ReportsPartitions(VisitPartitions):
    """Generates a partition for each window of days; a record in two windows is emitted once."""

    def __init__(
        self, context: StreamContext, cursor: ReportsCursor, *, fetch_window: Callable[[date, date], Fetch]
    ) -> None:
        super().__init__(context, 2 * context.requests_at_once)
        self._cursor = cursor
        self._fetch_window = fetch_window
        self._lock = threading.Lock()
        self._ids: set[str] = set()
        self._read_rows = self._counted = 0

    def generate(self) -> Iterator[RecordPartition]:
        """Yield a partition for each window."""
        windows = self._cursor.begin()
        self._context.progress.expect_visits(len(windows), "windows of days to read")
        yield from self._visits(
            ({"from": first.isoformat(), "to": last.isoformat()}, partial(self._read, number, first, last))
            for number, (first, last) in enumerate(windows)
        )

    def _read(self, number: int, first: date, last: date) -> Iterator[list[Row]]:
        complete = yield from self._rows(first, last)
        if self._cursor.finish(number, complete=complete):
            self._context.compare(self._read_rows, self._counted)
            self._cursor.checkpoint()

    def _rows(self, first: date, last: date) -> Generator[list[Row], None, bool]:
        """Yield the rows of a window, page by page; return whether they are all."""
        counted = Counted(self._fetch_window(first, last))
        read = 0
        complete = True
        try:
            for batch in sweep(counted, Query(None), walled=False):
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
            self._counted += counted.total if counted.total is not None else read
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


@dataclass(frozen=True)
class Attendances:
    """Tells which contacts had an attendance since a moment, or have one that is open still."""

    context: StreamContext
    fetch: Callable[..., Fetch]
    """Takes the parameters that filter the list: `start_date`, `end_date`, `status`."""
    lookback: timedelta
    """How long before a moment attendances may have opened that ended since."""

    def customers_since(self, since: datetime, contacts: Collection[str]) -> Collection[str] | None:
        """Return the ids of those contacts; None, and say so, where the attendances do not tell.

        They do not where they cannot be read, or not all of them, and where none names one of these contacts.
        """
        first = (since - self.lookback).date() - _ONE_DAY
        named: set[str] = set()
        recent: set[str] = set()
        why = "RD Station names no contact of the list in any of them"
        try:
            for window in day_windows(first, datetime.now(timezone.utc).date() + _ONE_DAY):
                for row in self._read(*window):
                    named.add(_customer_of(row))
                    if _is_recent(row, format_instant(since)):
                        recent.add(_customer_of(row))
            if not named or not named.isdisjoint(contacts):
                return recent.union(map(_customer_of, self._open_before(first)))
        except RestlessError:
            why = "RD Station does not show all that it counts"
        except (ForbiddenError, UnauthorizedError) as error:
            why = f"the account's plan does not include them, or the token's user may not see them ({error.status})"
        except ConnectorError as error:
            why = f"they cannot be read ({error.internal_message or 'no answer'})"
        _logger.warning(
            "%s: every contact is visited, which takes longer, as attendances do not tell whose messages are new: %s.",
            self.context.name,
            why,
        )
        return None

    def _open_before(self, day: date) -> Iterator[Row]:
        """Yield attendances that opened before the day, within a year, and are open still, as far as they can be told.

        Messages of the others come in turn. The parameter `status` stands in a summary of the documentation only.
        """
        start = max(day - A_YEAR, parse_instant(self.context.start_date or "").date() - _ONE_DAY)
        try:
            for window in day_windows(start, day) if start < day else ():
                for row in self._read(*window, status="opened"):
                    if row.get("closed") is True:
                        return  # it is not heeded: these are all attendances of the year
                    yield row
        except (RequestRefusedError, ServerFailedError):  # 500: perhaps a filter that it does not know
            _logger.info("%s: RD Station does not list open attendances by themselves.", self.context.name)

    def _read(self, first: date, last: date, **only: str) -> Iterator[Row]:
        """Yield the rows of a window. Raises RestlessError where it holds more than it shows."""
        counted = Counted(self.fetch(start_date=first.isoformat(), end_date=last.isoformat(), **only))
        read = 0
        for batch in sweep(counted, Query(None), walled=False):
            read += len(batch.rows)
            yield from batch.rows
        if read < (counted.total or 0):
            raise RestlessError


def _customer_of(row: Row) -> str:
    """Return the id of the contact: `{"customer": {"id": "9f…"}}`, empty where there is none."""
    customer = row.get("customer")
    if isinstance(customer, dict):
        customer = customer.get("id") or customer.get("_id")
    return customer if isinstance(customer, str) else ""


def _is_recent(row: Row, since: str) -> bool:
    """Tell whether an attendance is open, was touched since, or leaves it in doubt."""
    ended = row.get("closed") is not False and newest_instant(row.get(name) for name in _ENDS)
    return not ended or (newest_instant(row.get(name) for name in _MOMENTS) or "") >= since
