"""A stream's slices as the CDK's partitions, how many of them are under way, and a small list as the one slice it is.

Facts: docs/api/crm-v2.md#listing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from queue import Queue
from typing import Any

from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from airbyte_rdstation.airbyte.cursor import StreamContext, StreamCursor
from airbyte_rdstation.airbyte.record_page import RecordPage
from airbyte_rdstation.client.errors import RequestRefusedError, ServerFailedError, system_error, unknown_error
from airbyte_rdstation.client.responses import Page, Row
from airbyte_rdstation.pagination.listing import Fetch, PageRefusedError, PaginationError, Query
from airbyte_rdstation.pagination.page_numbers import RestlessError, single_pass, sweep

__all__ = [
    "Places",
    "Slice",
    "SmallListPartitions",
    "StreamPartitions",
    "StreamQueue",
    "read_small_list",
    "refusals_named",
]


class StreamPartitions(PartitionGenerator):
    """Generates the slices of one stream."""

    def give_up(self) -> object:
        """Wait for no other slice: an error has ended one, whatever ended it. To be overridden by whoever waits."""
        return None


class Slice(Partition):
    """One slice of a stream: a pipeline, a deal, a range of time, or the whole list."""

    def __init__(
        self, context: StreamContext, slice_: Mapping[str, Any], read: Callable[[], Iterable[Iterable[Row]]]
    ) -> None:
        """`read` gives the rows of the slice, page by page, before they are normalized."""
        self._stream = context.name
        self._normalize = context.normalize
        self._slice = slice_
        self._read = read

    def read(self) -> Iterable[Any]:
        """Yield the records of the slice, a RecordPage for each page that has any."""
        for rows in self._read():
            page = RecordPage(self._stream, map(self._normalize, rows))
            if page.count:
                yield page

    def to_slice(self) -> Mapping[str, Any]:
        """Return what the slice covers, for the debug log."""
        return self._slice

    def stream_name(self) -> str:
        """Return the stream's name."""
        return self._stream

    def __hash__(self) -> int:
        return id(self)


class Places:
    """A bounded number of places; who makes slices takes one for each, who reads a slice leaves it."""

    def __init__(self, number: int) -> None:
        self._number = self._free = number
        self._changed = threading.Condition()
        self._given_up = False

    @property
    def given_up(self) -> bool:
        """Whether an error has ended the stream: no further slice is to be read."""
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
        """Free the place of a slice that is read, or has failed."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def wait_for_all(self) -> None:
        """Wait until every place is free, or the stream is given up."""
        with self._changed:
            self._changed.wait_for(lambda: self._free == self._number or self._given_up)

    def give_up(self) -> bool:
        """Let nobody wait any longer: an error stands for the whole stream.

        Returns True for the first one; the others would only repeat it.
        """
        with self._changed:
            first, self._given_up = not self._given_up, True
            self._changed.notify_all()
            return first


class StreamQueue(Queue[QueueItem]):
    """What readers hand over to the thread that prints. An error enters it as one that names its stream.

    What nobody knows enters as its kind and place: the CDK would print it.
    """

    def put(self, item: QueueItem, block: bool = True, timeout: float | None = None) -> None:
        """See `queue.Queue.put`."""
        if isinstance(item, StreamThreadException):
            item = StreamThreadException(_error_of_stream(item.exception, item.stream_name), item.stream_name)
        super().put(item, block, timeout)


def _error_of_stream(error: Exception, stream: str) -> AirbyteTracedException:
    if isinstance(error, PageRefusedError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if isinstance(error, PaginationError):
        return system_error(f"{stream}: {error}")
    return error if isinstance(error, AirbyteTracedException) else unknown_error(error, f"{stream}: reading")


def refusals_named(fetch: Fetch) -> Fetch:
    """Return `fetch`, with the answers that a wall may give as an error that pagination knows: PageRefusedError."""

    def fetch_page(query: Query) -> Page:
        try:
            return fetch(query)
        except (RequestRefusedError, ServerFailedError) as error:
            raise PageRefusedError from error

    return fetch_page


class SmallListPartitions(StreamPartitions):
    """Generates one slice: the whole list."""

    def __init__(self, context: StreamContext, cursor: StreamCursor, *, fetch: Fetch, sort: str | None) -> None:
        """`sort` is a key that seldom changes; None where the list has no order."""
        self._context = context
        self._cursor = cursor
        self._fetch = fetch
        self._sort = sort

    def generate(self) -> Iterator[Slice]:
        """Yield the one slice."""
        yield Slice(self._context, {}, self._read)

    def _read(self) -> Iterator[list[Row]]:
        read = 0
        watched = _Watched(self._fetch)
        try:
            for rows in read_small_list(watched.fetch, self._sort):
                read += len(rows)
                yield rows
                self._cursor.request_answered()
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
