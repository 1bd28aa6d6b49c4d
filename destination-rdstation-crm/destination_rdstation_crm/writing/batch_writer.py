"""A batch of rows of several streams: each stream's writer has its turn, and the whole has one verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airbyte_rdstation.client.errors import ConnectorError, config_error
from destination_rdstation_crm.row import BatchResult, Reject, Row, StreamKey
from destination_rdstation_crm.writing.same_reason import SameReason
from destination_rdstation_crm.writing.stream_writer import StreamWriter

__all__ = ["BatchWriter"]


class BatchWriter:
    """Writes batches, one after the other."""

    def __init__(self, writers: Mapping[StreamKey, StreamWriter], *, go_on: bool) -> None:
        """`go_on`: a rejected row does not end the sync."""
        self._writers = writers
        self._go_on = go_on
        self._same_reason = {stream: SameReason() for stream in writers}

    def write(self, rows: Sequence[tuple[StreamKey, Row]]) -> BatchResult:
        """Write what can be written; never raises a ConnectorError, which is part of the result."""
        result = BatchResult([row for _, row in rows], go_on=self._go_on)
        try:
            for stream in dict.fromkeys(stream for stream, _ in rows):
                self._writers[stream].write([row for of, row in rows if of == stream], result)
        except ConnectorError as error:
            result.failure = error
        if self._go_on:
            self._watch_reasons(rows, result)
        elif result.failure is None and result.fatal:
            result.failure = _fatal(result.fatal)
        return result

    def _watch_reasons(self, rows: Sequence[tuple[StreamKey, Row]], result: BatchResult) -> None:
        for stream, row in rows:
            outcome = result.of(row)
            verdict = self._same_reason[stream].verdict(outcome) if outcome else None
            if verdict:  # the rows have to come again once the set-up is corrected
                result.failure = verdict
                result.cover_nothing()
                return


def _fatal(reject: Reject) -> ConnectorError:
    # Somebody must act, on the row or on the settings, and no further try changes anything: a config error.
    return config_error(
        f"{reject.sentence}. The sync ends here; all rows before it are written. Correct the row, or turn on "
        "partial_success to go on without such rows."
    )
