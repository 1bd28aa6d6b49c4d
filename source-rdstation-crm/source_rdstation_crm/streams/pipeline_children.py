"""Children of pipelines (stages): one slice a pipeline, read whole each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from airbyte_rdstation.airbyte.cursor import StreamContext, StreamCursor
from airbyte_rdstation.airbyte.partitions import Slice, StreamPartitions
from airbyte_rdstation.airbyte.small_list import read_small_list
from airbyte_rdstation.client.errors import NotFoundError
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.pagination.listing import Fetch

__all__ = ["PipelinePartitions"]


class PipelinePartitions(StreamPartitions):
    """Generates a slice for each pipeline: the records that live below it."""

    def __init__(
        self,
        context: StreamContext,
        cursor: StreamCursor,
        *,
        fetch_pipelines: Fetch,
        pipeline_sort: str | None,
        fetch_below: Callable[[str], Fetch],
        sort: str | None,
        adopt: Callable[[Row, str], Row | None],
    ) -> None:
        """`adopt` makes a row of a pipeline's list the record; None if it does not belong to that pipeline."""
        self._context = context
        self._cursor = cursor
        self._fetch_pipelines = fetch_pipelines
        self._pipeline_sort = pipeline_sort
        self._fetch_below = fetch_below
        self._sort = sort
        self._adopt = adopt

    def generate(self) -> Iterator[Slice]:
        """Yield a slice for each pipeline."""
        for pipelines in read_small_list(self._fetch_pipelines, self._pipeline_sort):
            for pipeline in pipelines:
                pipeline_id = pipeline["id"]
                yield Slice(self._context, {"pipeline_id": pipeline_id}, partial(self._read, pipeline_id))

    def _read(self, pipeline_id: str) -> Iterator[list[Row]]:
        try:
            for rows in read_small_list(self._fetch_below(pipeline_id), self._sort):
                adopted = (self._adopt(row, pipeline_id) for row in rows)
                yield [record for record in adopted if record is not None]
        except NotFoundError:
            pass  # the pipeline was deleted since the list of pipelines was read
        self._cursor.checkpoint()
