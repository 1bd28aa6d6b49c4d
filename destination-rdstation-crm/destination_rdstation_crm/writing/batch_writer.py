"""A batch of rows of several streams: each stream's writer has its turn, and the whole has one verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airbyte_rdstation.client.errors import ConnectorError, config_error
from destination_rdstation_crm.batch_result import BatchResult
from destination_rdstation_crm.outcome import Outcome, Reject
from destination_rdstation_crm.row import Row, StreamKey
from destination_rdstation_crm.writing.ledger import Ledger
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
        """Writes what can be written; never raises a ConnectorError, which is part of the result."""
        ledger = Ledger([row for _, row in rows], go_on=self._go_on)
        failure: ConnectorError | None = None
        try:
            for stream in dict.fromkeys(stream for stream, _ in rows):
                self._writers[stream].write([row for of, row in rows if of == stream], ledger)
        except ConnectorError as error:
            failure = error
        outcomes = list(ledger.outcomes())
        settled = ledger.settled
        decided = [outcome for outcome in outcomes[:settled] if outcome is not None]
        after_gap = [outcome for outcome in outcomes[settled:] if outcome is not None]
        same_for_all = self._same_for_all(rows, outcomes)
        if same_for_all:  # the rows have to come again once the set-up is corrected: no state may cover them
            return BatchResult((), [*decided, *after_gap], same_for_all)
        return BatchResult(decided, after_gap, failure or _fatal(ledger.fatal))

    def _same_for_all(
        self, rows: Sequence[tuple[StreamKey, Row]], outcomes: Sequence[Outcome | None]
    ) -> ConnectorError | None:
        if not self._go_on:
            return None
        for (stream, _), outcome in zip(rows, outcomes, strict=True):
            verdict = self._same_reason[stream].verdict(outcome) if outcome else None
            if verdict:
                return verdict
        return None


def _fatal(reject: Reject | None) -> ConnectorError | None:
    # Somebody must act, on the row or on the settings, and no further try changes anything: a config error.
    if reject is None:
        return None
    return config_error(
        f"{reject.sentence}. The sync ends here; all rows before it are written. Correct the row, or turn on "
        "partial_success to go on without such rows."
    )
