"""Deals in full detail, one request a deal: those that changed since the state.

API v1 has no filter on `updated_at`, so all deals are listed first (a few requests), then those that are due are read
in the order of their `updated_at`, which the state follows.
Facts: docs/api/crm-v1.md#reading-lists-that-move, #deals-in-detail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from airbyte_rdstation.airbyte.cursor import StreamContext
from airbyte_rdstation.airbyte.partitions import Slice
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.listing import instant_of
from airbyte_rdstation.pagination.time_windows import Windows
from source_rdstation_crm.streams.substream import DealCursor, DealPartitions
from source_rdstation_crm.streams.time_window_stream import report_unread

__all__ = ["DealDetailsPartitions"]


class DealDetailsPartitions(DealPartitions):
    """Generates a slice for each deal that changed since the state."""

    def __init__(
        self, context: StreamContext, cursor: DealCursor, *, windows: Windows, fetch_deal: Callable[[str], Row]
    ) -> None:
        super().__init__(context, cursor)
        self._windows = windows
        self._fetch_deal = fetch_deal

    def generate(self) -> Iterator[Slice]:
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
            self._cursor.request_answered()
        report_unread(self._context, self._windows, listed)
        return [{"id": id_, "updated_at": text} for text, id_ in sorted((text, id_) for id_, text in due.items())]

    def _listed(self) -> Iterator[list[Row]]:
        rows, windows = self._windows.plan()
        yield rows
        for window in windows:
            for batch in self._windows.read(window):
                yield batch.rows

    def _read_deal(self, deal_id: str, updated_at: str | None) -> Iterator[Row]:
        yield self._fetch_deal(deal_id)
