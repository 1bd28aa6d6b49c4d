"""Reads a big list by keyset, in time ranges: deals, organizations, contacts.

Where the read's key is the cursor itself (`updated_at`), every second read is final and the cursor moves with the read.
Contacts cannot be sorted by `updated_at`: they are read by `created_at` under an `updated_at` filter. An edit during
the read may land behind the reader, so the cursor moves only at the end, to no later than the read's start, and a STATE
before that carries the read's position beside the old cursor. Facts: docs/api/crm-v2.md#keyset and
#contacts-by-creation.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from datetime import datetime, timezone
from functools import cached_property, partial
from typing import Any

from airbyte_rdstation.airbyte.cursor import CheckpointCursor, StreamContext
from airbyte_rdstation.airbyte.lookback import LOOKBACK, is_settled, lookback_start
from airbyte_rdstation.airbyte.partitions import Slice
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant, newest_instant, parse_instant
from airbyte_rdstation.pagination.keyset import read_keyset
from airbyte_rdstation.pagination.listing import Bound, Fetch
from airbyte_rdstation.pagination.time_ranges import TimeRange, TimeRanges
from source_rdstation_crm.crm_state import TimeRangesState

__all__ = ["KeysetStream"]


class KeysetStream(CheckpointCursor):
    """One read stream: its slices, and its state."""

    def __init__(
        self,
        context: StreamContext,
        *,
        fetch: Fetch,
        keys: Sequence[str],
        tie_sort: str | None,
        cursor_field: str,
        state: TimeRangesState,
    ) -> None:
        super().__init__(context)
        self._begun = datetime.now(timezone.utc)
        self._fetch = fetch
        self._keys = keys
        self._tie_sort = tie_sort
        self._cursor_field = cursor_field
        self._resumed = state.walk
        self._latest = state.walk.latest if state.walk else None
        self._since = state.cursor
        self._since_settled = state.settled
        self._moving = keys[0] == cursor_field
        self._spans = self._first_spans()
        context.on_failure = self._spans.fail

    def slices(self) -> Iterator[Slice]:
        """A slice for each span of time, as the read is cut."""
        for span in self._spans:
            yield Slice(self._stream, {"from": str(span.position), "to": str(span.end)}, partial(self._read, span))
        self.checkpoint()

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The cursor, and beside it the read's position while it is under way."""
        remaining = self._spans.remaining()
        if not remaining:
            final = self._final_cursor()
            # Contacts' cursor stays behind the read's start by itself.
            settled = not self._moving or is_settled(final, self._started)
            return {self._cursor_field: final, **({"settled": True} if settled else {})}
        spans = [[_text(start), _text(end)] for start, end in remaining]
        cursor = spans[0][0] if self._moving else None
        state: dict[str, Any] = {"walk": {"started": self._started, "latest": self._latest, "spans": spans}}
        cursor = cursor or max(filter(None, (self._since, self._context.start_date)), default=None)
        return {self._cursor_field: cursor, **state} if cursor else state

    @cached_property
    def _started(self) -> str:
        """When the read was first begun; asked for only after the first answer set the clock."""
        return self._resumed.started if self._resumed else format_instant(self._context.server_time(self._begun))

    def _first_spans(self) -> TimeRanges:
        if self._resumed:
            spans = [TimeRange(_instant(start), _instant(end)) for start, end in self._resumed.spans]
        else:
            spans = [TimeRange(self._bound() if self._moving else None, None)]
        return TimeRanges(spans, horizon=self._horizon, moving=self._moving, readers=self._context.readers)

    def _horizon(self) -> datetime:
        return parse_instant(self._started) - LOOKBACK

    def _final_cursor(self) -> str:
        """The newest row, but no moment that is not over: a row dated into the future must not hide those before it."""
        latest = self._latest or self._since or format_instant(self._horizon())
        over = self._context.server_time(datetime.now(timezone.utc)) if self._moving else self._horizon()
        return max(min(latest, format_instant(over)), self._since or "")

    def _bound(self) -> datetime | None:
        """From when on rows are asked for, never before the user's start date."""
        moments = [parse_instant(self._context.start_date)] if self._context.start_date else []
        if self._since:
            moments.append(lookback_start(self._since, self._since_settled or not self._moving))
        return max(moments, default=None)

    def _read(self, span: TimeRange) -> Iterator[Row]:
        try:
            fixed: tuple[Bound, ...] = ()
            if not self._moving and (since := self._bound()):
                fixed = (Bound(self._cursor_field, since),)
            for batch in read_keyset(
                self._fetch,
                self._keys,
                span.position,
                now=self._begun,
                end=lambda: span.end,
                fixed=fixed,
                tie_sort=self._tie_sort,
            ):
                for row in batch.rows:
                    yield self._context.normalize(row)
                newest = newest_instant(row.get(self._cursor_field) for row in batch.rows)
                with self._lock:
                    self._latest = max(self._latest or "", newest or "") or None
                    self._spans.advance(span, batch.reached, batch.pages_left)
                    self.request_answered()
        except BaseException:
            if self._spans.fail():
                raise  # the other readers' errors would only repeat it
        else:
            self._spans.finish(span)


def _text(moment: datetime | None) -> str | None:
    return format_instant(moment) if moment else None


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None
