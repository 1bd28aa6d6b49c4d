"""What generates the partitions of a stream: one for each visit, or one that is a whole small list.

Facts: docs/api/crm-v2.md#listing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, ClassVar, TypeAlias

from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator

from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.state import StreamCursor
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import RequestRefusedError, ServerFailedError
from airbyte_rdstation.client.responses import Page, Row
from airbyte_rdstation.pagination.listing import Fetch, PageRefusedError, Query
from airbyte_rdstation.pagination.page_numbers import RestlessError, single_pass, sweep

__all__ = [
    "Counted",
    "DueVisit",
    "SmallListPartitions",
    "StreamPartitions",
    "VisitPartitions",
    "read_small_list",
    "refusals_named",
]


DueVisit: TypeAlias = tuple[Mapping[str, Any], Callable[[], Iterable[list[Row]]]]
"""What a visit covers, `{"deal_id": "…"}`, and what reads its rows, page by page."""


class StreamPartitions(PartitionGenerator):
    """Generates the partitions of one stream."""

    head_start: ClassVar[int] = 0
    """How many of its requests go before those of all other streams: a short list has ended with as many."""

    def give_up(self) -> bool:
        """Generate no further partition, and let nobody wait for one. Return True for the first call.

        The reader that fails calls it, and so does the factory, once an error of the stream is on its way out, whatever
        failed. A reader that is not the first keeps its error to itself: it would only repeat the one that stands.
        """
        return True


class VisitPartitions(StreamPartitions):
    """Generates a partition for each visit (of a deal, a contact, some days), a bounded number of them at once."""

    def __init__(self, context: StreamContext, at_once: int) -> None:
        """No more than `at_once` visits are under way: the state stays close behind them."""
        self._context = context
        self._at_once = self._free = at_once
        self._changed = threading.Condition()
        self._given_up = False

    def give_up(self) -> bool:
        """Make no further visit, and wait for none. Return True for the first call: see StreamPartitions."""
        with self._changed:
            first, self._given_up = not self._given_up, True
            self._changed.notify_all()
            return first

    def _visits(self, due: Iterable[DueVisit]) -> Iterator[RecordPartition]:
        """Yield a partition for each visit, and wait until all are read; end early once the stream is given up."""
        for covered, read in due:
            with self._changed:
                self._changed.wait_for(lambda: self._free or self._given_up)
                if self._given_up:
                    return
                self._free -= 1
            yield RecordPartition(self._context, covered, partial(self._visit, read))
        with self._changed:
            self._changed.wait_for(lambda: self._free == self._at_once or self._given_up)

    def _visit(self, read: Callable[[], Iterable[list[Row]]]) -> Iterator[list[Row]]:
        try:
            if not self._given_up:
                with self._context.progress.visit():
                    yield from read()
        except BaseException:
            if self.give_up():
                raise  # the others' errors would only repeat it
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()


def refusals_named(fetch: Fetch) -> Fetch:
    """Return `fetch`, with the answers that a wall may give as an error that pagination knows: PageRefusedError."""

    def fetch_page(query: Query) -> Page:
        try:
            return fetch(query)
        except (RequestRefusedError, ServerFailedError) as error:
            raise PageRefusedError from error

    return fetch_page


@dataclass(eq=False)
class SmallListPartitions(StreamPartitions):
    """Generates one partition: the whole list."""

    head_start = 3

    context: StreamContext
    cursor: StreamCursor
    _: KW_ONLY
    fetch: Fetch
    sort: str
    """A key that seldom changes; empty where the list has no order."""

    def generate(self) -> Iterator[RecordPartition]:
        """Yield the one partition."""
        yield RecordPartition(self.context, {}, self._read)

    def _read(self) -> Iterator[list[Row]]:
        read = 0
        counted = Counted(self.context.progress.watched(self.fetch))
        try:
            for rows in read_small_list(counted, self.sort):
                read += len(rows)
                yield rows
                self.cursor.records_emitted()
        except RestlessError:
            self.context.report_incomplete(
                f"The list grew during the whole read of {read:,} records. What came last may be missing until the "
                "next sync."
            )
        else:
            if counted.repeats and counted.total is None:
                self.context.report_incomplete(
                    f"RD Station answers every page with the same {read:,} records. If there are more, it does not "
                    "show them."
                )
            self.context.compare(read, counted.total)
        self.cursor.checkpoint()


class Counted:
    """A list's pages on their way, and what they tell of it. Is itself a `Fetch`."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._first: set[str] = set()
        self.total: int | None = None
        """How many rows the latest answer counts."""
        self.repeats = False
        """Whether the second page repeats the first."""

    def __call__(self, query: Query) -> Page:
        """Ask for a page, and note what it tells of the list."""
        page = self._fetch(query)
        ids = {row["id"] for row in page.rows}
        if query.page == 1:
            self._first = ids
        elif query.page == 2:
            self.repeats = bool(ids) and ids == self._first
        self.total = page.total
        return page


def read_small_list(fetch: Fetch, sort: str = "") -> Iterator[list[Row]]:
    """Yield the rows of a small list, one batch a request, each id once; `sort`: see SmallListPartitions."""
    batches = single_pass(fetch, Query(sort)) if sort else sweep(fetch, Query(None), walled=False)
    for batch in batches:
        yield batch.rows
