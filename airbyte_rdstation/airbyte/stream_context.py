"""What the sync gives a stream: names, clocks, bounds, and where messages go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from airbyte_cdk.sources.message import MessageRepository

from airbyte_rdstation.airbyte.progress import StreamProgress
from airbyte_rdstation.client.responses import Row

__all__ = ["StreamContext"]


@dataclass
class StreamContext:
    """Holds what every stream of a sync is given."""

    name: str
    messages: MessageRepository
    normalize: Callable[[Row], Row]
    """Makes a row the record that is emitted, in place, while pagination may still hold it for comparison: that must be
    done by `id` and instant, and with raw texts only before the row is yielded."""
    start_date: str | None
    """Canonical instant: older changes are not asked for, where the stream has a cursor."""
    server_time: Callable[[datetime], datetime]
    """RD Station's time at a local moment, or a little earlier."""
    requests_at_once: int
    """How many requests may be under way at once."""
    report_incomplete: Callable[[str], None] = lambda _: None
    """Takes the sentence that says what of the stream cannot be read, to be told at the end of the sync."""
    progress: StreamProgress = field(default_factory=StreamProgress)
    """Is told what is left to read."""

    def compare(self, read: int, total: int | None, *, or_else: str = "") -> None:
        """Report the stream as incomplete if RD Station counts more records than it showed; `or_else` says why else."""
        if total is not None and total > read:
            self.report_incomplete(
                f"RD Station counts {total:,} records and showed {read:,} of them. The others were deleted meanwhile, "
                f"{or_else}{', ' if or_else else ''}or the user whose credentials these are may not see them: connect "
                "with a user who sees everything."
            )

    def report_undated(self, count: int, field: str, *, of: str = "records") -> None:
        """Report how many records, or parents of records, an incremental sync cannot ask for, if any."""
        if count:
            self.report_incomplete(
                f"{count:,} {of} had no `{field}` when everything was read, so a sync cannot ask which of them "
                "changed since. Run a full refresh of this stream now and then."
            )
