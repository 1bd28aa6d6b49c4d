"""A stream's slices as the CDK's partitions, and how their failures are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.types import Record

from airbyte_rdstation.client.errors import RequestRefusedError, ServerFailedError, system_error
from airbyte_rdstation.client.responses import Page, Row
from airbyte_rdstation.pagination.listing import Fetch, PageRefusedError, PaginationError, Query

__all__ = ["Slice", "Slices", "explained", "refusals_named"]


class Slice(Partition):
    """One slice of a stream: a pipeline, a deal, a span of time, or the whole list."""

    def __init__(self, stream: str, slice_: Mapping[str, Any], read: Callable[[], Iterable[Row]]) -> None:
        self._stream = stream
        self._slice = slice_
        self._read = read

    def read(self) -> Iterable[Record]:
        """The records of the slice."""
        with explained(self._stream):
            for row in self._read():
                yield Record(data=row, stream_name=self._stream)

    def to_slice(self) -> Mapping[str, Any]:
        """What the slice covers, for the debug log."""
        return self._slice

    def stream_name(self) -> str:
        """The stream's name."""
        return self._stream

    def __hash__(self) -> int:
        return id(self)


class Slices(PartitionGenerator):
    """The slices of a stream, as `generate` makes them."""

    def __init__(self, stream: str, generate: Callable[[], Iterable[Slice]]) -> None:
        self._stream = stream
        self._generate = generate

    def generate(self) -> Iterable[Partition]:
        """The slices; an error of the read behind them is told as the stream's."""
        with explained(self._stream):
            yield from self._generate()


@contextmanager
def explained(stream: str) -> Iterator[None]:
    """Turns a read's error into one that names the stream."""
    try:
        yield
    except PageRefusedError as refusal:
        raise refusal.__cause__ or refusal from None
    except PaginationError as error:
        raise system_error(f"{stream}: {error}") from error


def refusals_named(fetch: Fetch) -> Fetch:
    """`fetch`, with the answers that a wall may give as an error that a read knows."""

    def fetch_page(query: Query) -> Page:
        try:
            return fetch(query)
        except (RequestRefusedError, ServerFailedError) as error:
            raise PageRefusedError from error

    return fetch_page
