"""Stages of a pipeline, checked and completed. Facts: docs/api/crm-v1.md#stages."""

from __future__ import annotations

import logging
from collections.abc import Callable

from rdstation.envelope import Row
from rdstation.errors import NotFoundError

__all__ = ["StageDesk"]

_logger = logging.getLogger("airbyte.rdstation")


class StageDesk:
    """Takes the rows of /deal_stages for the pipeline that was asked for."""

    def __init__(self, stream: str, fetch_stage: Callable[[str], Row]) -> None:
        self._stream = stream
        self._fetch_stage = fetch_stage
        self._warned = False

    def adopt(self, row: Row, pipeline_id: str) -> Row | None:
        """The stage in full detail; None if it belongs to another pipeline or is gone.

        For a pipeline that it does not know, RD Station answers with the stages of the default one [doc].
        """
        if not row.get("created_at") or not _pipeline_of(row):
            # A bare item: in the published sample the list has all the detail [doc].
            try:
                row = {**row, **self._fetch_stage(row["id"])}
            except NotFoundError:
                return None
        if _pipeline_of(row) in (None, pipeline_id):
            return row
        if not self._warned:
            self._warned = True
            _logger.warning("%s: RD Station answers with stages of another pipeline; they are dropped.", self._stream)
        return None


def _pipeline_of(row: Row) -> str | None:
    pipeline = row.get("deal_pipeline")
    return (pipeline.get("id") or pipeline.get("_id")) if isinstance(pipeline, dict) else None
