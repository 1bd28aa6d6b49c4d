"""A stream's slices as the CDK's partitions, and how many of them are under way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from queue import Queue
from typing import Any

from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from airbyte_rdstation.airbyte.cursor import StreamContext
from airbyte_rdstation.airbyte.record_page import RecordPage
from airbyte_rdstation.client.errors import RequestRefusedError, ServerFailedError, system_error, unknown_error
from airbyte_rdstation.client.responses import Page, Row
from airbyte_rdstation.pagination.listing import Fetch, PageRefusedError, PaginationError, Query

__all__ = ["Places", "Slice", "StreamPartitions", "StreamQueue", "refusals_named"]


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
