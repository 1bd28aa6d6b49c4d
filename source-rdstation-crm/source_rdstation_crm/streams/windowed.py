"""A list read whole each time, in slices of time: deals of API v1. Facts: api/crm-v1.md, section 5."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rdstation.envelope import Row
from rdstation.source.cursor import FullRefreshCursor, StreamContext
from rdstation.source.slices import Slice
from source_rdstation_crm.walks.windows import Window, Windows

__all__ = ["Windowed", "tell_unreached"]


class Windowed:
    """One stream of this shape: its slices, and the mark that it has no state."""

    def __init__(self, context: StreamContext, *, windows: Windows) -> None:
        self.cursor = FullRefreshCursor(context)
        self._context = context
        self._windows = windows

    def slices(self) -> Iterator[Slice]:
        """One for each slice of time; a single one where a page holds the whole list."""
        rows, windows = self._windows.plan()
        if not windows:
            yield Slice(self._context.name, {}, lambda: self._emit(rows))
        for window in windows:
            covered = {"from": str(window.at_least), "to": str(window.before)}
            yield Slice(self._context.name, covered, partial(self._read, window))

    def _read(self, window: Window) -> Iterator[Row]:
        for batch in self._windows.read(window):
            yield from map(self._context.normalize, batch.rows)
            self.cursor.request_answered()
        self.cursor.checkpoint()
        tell_unreached(self._context, self._windows)

    def _emit(self, rows: list[Row]) -> Iterator[Row]:
        yield from map(self._context.normalize, rows)
        self.cursor.checkpoint()


def tell_unreached(context: StreamContext, windows: Windows) -> None:
    """Says how many deals no filter reached."""
    if windows.unreached:
        context.fall_short(
            f"{windows.total - windows.unreached:,} of {windows.total:,} records were read. The other "
            f"{windows.unreached:,} were created so close together that API v1 cannot show them. API v2 can: connect "
            "the account with it."
        )
