"""What one reader reads at a time, a partition; how many are under way; and a small list as the one partition it is.

Facts: docs/api/crm-v2.md#listing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator

from airbyte_rdstation.airbyte.cursor import StreamCursor
from airbyte_rdstation.airbyte.record_page import RecordPage
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import RequestRefusedError, ServerFailedError
from airbyte_rdstation.client.responses import Page, Row
from airbyte_rdstation.pagination.listing import Fetch, PageRefusedError, Query
from airbyte_rdstation.pagination.page_numbers import RestlessError, single_pass, sweep

__all__ = [
    "Places",
    "RecordPartition",
    "SmallListPartitions",
    "StreamPartitions",
    "read_small_list",
    "refusals_named",
]


class StreamPartitions(PartitionGenerator):
    """Generates the partitions of one stream."""

    def give_up(self) -> bool:
        """Generate no further partition, and let nobody wait for one. Return True for the first call.

        The reader that fails calls it, and so does the factory, once an error of the stream is on its way out, whatever
        failed. A reader that is not the first keeps its error to itself: it would only repeat the one that stands.
        """
        return True


class RecordPartition(Partition):
    """One part of a stream: a pipeline, a deal, a time range, a window of time, or the whole list."""

    def __init__(
        self, context: StreamContext, covered: Mapping[str, Any], read: Callable[[], Iterable[Iterable[Row]]]
    ) -> None:
        """`read` gives the rows, page by page, before they are normalized; `covered` is for the debug log."""
        self._stream = context.name
        self._normalize = context.normalize
        self._covered = covered
        self._read = read

    def read(self) -> Iterable[Any]:
        """Yield the records, a RecordPage for each page that has any."""
        for rows in self._read():
            page = RecordPage(self._stream, map(self._normalize, rows))
            if page.count:
                yield page

    def to_slice(self) -> Mapping[str, Any]:
        """Return what it covers, for the debug log: `{"deal_id": "…"}`."""
        return self._covered

    def stream_name(self) -> str:
        """Return the stream's name."""
        return self._stream

    def __hash__(self) -> int:
        return id(self)


class Places:
    """A bounded number of places: who generates partitions takes one for each, who has read one leaves its place."""

    def __init__(self, number: int) -> None:
        self._number = self._free = number
        self._changed = threading.Condition()
        self._given_up = False

    @property
    def given_up(self) -> bool:
        """Whether an error has ended the stream: no further partition is to be read."""
        return self._given_up

    def take(self) -> bool:
        """Wait for a free place and take it; return False once the stream is given up."""
        with self._changed:
            self._changed.wait_for(lambda: self._free or self._given_up)
            if self._given_up:
                return False
            self._free -= 1
            return True

    def leave(self) -> None:
        """Free the place of a partition that is read, or has failed."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def wait_for_all(self) -> None:
        """Wait until every place is free, or the stream is given up."""
        with self._changed:
            self._changed.wait_for(lambda: self._free == self._number or self._given_up)

    def give_up(self) -> bool:
        """Let nobody wait any longer. Return True for the first call: see StreamPartitions."""
        with self._changed:
            first, self._given_up = not self._given_up, True
            self._changed.notify_all()
            return first


def refusals_named(fetch: Fetch) -> Fetch:
    """Return `fetch`, with the answers that a wall may give as an error that pagination knows: PageRefusedError."""

    def fetch_page(query: Query) -> Page:
        try:
            return fetch(query)
        except (RequestRefusedError, ServerFailedError) as error:
            raise PageRefusedError from error

    return fetch_page


class SmallListPartitions(StreamPartitions):
    """Generates one partition: the whole list."""

    def __init__(self, context: StreamContext, cursor: StreamCursor, *, fetch: Fetch, sort: str | None) -> None:
        """`sort` is a key that seldom changes; None where the list has no order."""
        self._context = context
        self._cursor = cursor
        self._fetch = fetch
        self._sort = sort

    def generate(self) -> Iterator[RecordPartition]:
        """Yield the one partition."""
        yield RecordPartition(self._context, {}, self._read)

    def _read(self) -> Iterator[list[Row]]:
        read = 0
        watched = _Watched(self._fetch)
        try:
            for rows in read_small_list(watched.fetch, self._sort):
                read += len(rows)
                yield rows
                self._cursor.records_emitted()
        except RestlessError:
            self._context.report_incomplete(
                f"The list grew during the whole read of {read:,} records. What came last may be missing until the "
                "next sync."
            )
        else:
            if watched.repeats and watched.total is None:
                self._context.report_incomplete(
                    f"RD Station answers every page with the same {read:,} records. If there are more, it does not "
                    "show them."
                )
            self._context.compare(read, watched.total)
        self._cursor.checkpoint()


class _Watched:
    """A list's pages on their way: what it counts, and whether its second page repeats the first."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._first: set[str] = set()
        self.total: int | None = None
        self.repeats = False

    def fetch(self, query: Query) -> Page:
        """Ask for a page, and note what it tells of the list."""
        page = self._fetch(query)
        ids = {row["id"] for row in page.rows}
        if query.page == 1:
            self._first = ids
        elif query.page == 2:
            self.repeats = bool(ids) and ids == self._first
        self.total = page.total
        return page


def read_small_list(fetch: Fetch, sort: str | None) -> Iterator[list[Row]]:
    """Yield the rows of a small list, one batch a request, each id once."""
    query = Query(sort)
    batches = single_pass(fetch, query) if sort else sweep(fetch, query, walled=False)
    for batch in batches:
        yield batch.rows
