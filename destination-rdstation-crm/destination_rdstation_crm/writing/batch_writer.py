"""Writes a batch of rows of several streams, in order: each row gets its outcome, and the whole one result."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from airbyte_cdk.models import DestinationSyncMode

from airbyte_rdstation.client.errors import ConnectorError, config_error, transient_error
from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.row import BatchResult, Outcome, Reject, Row, Skipped, StreamKey, Written
from destination_rdstation_crm.writing.crm_api import Crm, WorkerPool
from destination_rdstation_crm.writing.lookup import Lookup
from destination_rdstation_crm.writing.matching import LostCreations, Matcher
from destination_rdstation_crm.writing.record_writer import Lost, RecordWriter, Target

__all__ = ["FIRST_ROWS", "BatchWriter", "SameReason"]

FIRST_ROWS: Final = 100
_ROUNDS: Final = 4  # in a row without one success, of creations that are looked up before each is tried again
_FEW: Final = 5
"""Up to so many rows that fail each time, while others are written, are at fault themselves; more: RD Station is."""

_logger = logging.getLogger("airbyte.rdstation")


class SameReason:
    """Watches the first rows of a stream: where a hundred of them all fail for one reason, the set-up is at fault."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._seen = 0
        self._kind: str | None = None

    def verdict(self, outcome: Outcome) -> ConnectorError | None:
        """Give the error that ends the sync, once it is certain."""
        if self._seen >= FIRST_ROWS or isinstance(outcome, Skipped):
            return None
        if not isinstance(outcome, Reject) or self._kind not in (None, outcome.kind):
            self._seen = FIRST_ROWS
            return None
        self._kind = outcome.kind
        self._seen += 1
        if self._seen < FIRST_ROWS:
            return None
        return config_error(
            f"{self._label}: each of the first {FIRST_ROWS} rows is rejected for the same reason: "
            f"{outcome.reason}. Nothing of them was written. Check the column mapping, and what the columns hold."
        )


class _Stream(NamedTuple):
    """What the rows of one stream go through."""

    label: str
    matcher: Matcher
    record_writer: RecordWriter
    lost_creations: LostCreations
    same_reason: SameReason


class BatchWriter:
    """Writes batches, one after the other."""

    def __init__(
        self,
        plans: Mapping[StreamKey, StreamPlan],
        crm: Crm,
        pool: WorkerPool,
        *,
        skip_unchanged: bool | None,
        dry_run: bool,
        go_on: bool,
        sleep: Callable[[float], object],
    ) -> None:
        """`skip_unchanged` None: where rows are matched with records. `go_on`: a rejected row does not end the sync."""
        self._pool = pool
        self._go_on = go_on
        self.latest = BatchResult([])
        """The batch under way, or the last one."""
        self._streams: dict[StreamKey, _Stream] = {}
        # Two streams may speak of the same records by the same key.
        shared: dict[tuple[str, str | None], dict[str, str]] = defaultdict(dict)
        for stream, plan in plans.items():
            skips = plan.sync_mode != DestinationSyncMode.append if skip_unchanged is None else skip_unchanged
            created_by_key = shared[plan.record_type.crm_object.name, plan.key_field]
            record_writer = RecordWriter(plan, crm, created_by_key, skip_unchanged=skips, dry_run=dry_run)
            matcher = Matcher(plan, Lookup(crm, plan, plan.key_field, pool), record_writer)
            lost_creations = LostCreations(crm, plan, pool, sleep)
            self._streams[stream] = _Stream(plan.label, matcher, record_writer, lost_creations, SameReason(plan.label))

    def write(self, rows: Sequence[Row]) -> BatchResult:
        """Write what can be written; an error is part of the result, as what was written before it is."""
        result = self.latest = BatchResult(rows, go_on=self._go_on)
        try:
            for stream in dict.fromkeys(row.stream for row in rows):
                self._write_stream(self._streams[stream], [row for row in rows if row.stream == stream], result)
        except Exception as error:  # noqa: BLE001 - whatever it is: who drops the result writes its rows again
            result.failure = error
        if self._go_on:
            self._watch_reasons(result)
        elif result.failure is None and result.fatal:
            # Somebody must act, on the row or on the settings, and no further try changes anything: a config error.
            result.failure = config_error(
                f"{self._streams[result.fatal.row.stream].label}: {result.fatal.sentence}. The sync ends here; all "
                "rows before it are written. Correct the row, or turn on partial_success to go on without such rows."
            )
        return result

    def _watch_reasons(self, result: BatchResult) -> None:
        for outcome in result.outcomes:
            verdict = self._streams[outcome.row.stream].same_reason.verdict(outcome)
            if verdict:  # the stream's rows have to come again once the set-up is corrected
                result.failure = verdict
                result.cover_until(next(one.row for one in result.outcomes if one.row.stream == outcome.row.stream))
                return

    def _write_stream(self, stream: _Stream, rows: Sequence[Row], result: BatchResult) -> None:
        """Record the outcome of each row; raises what is not the rows' fault, after the outcomes that are known."""
        pending = stream.matcher.targets(rows, result)
        fruitless = 0
        while pending and fruitless < _ROUNDS:
            answers = self._pool.map(partial(stream.record_writer.write, result=result), pending)
            lost = [each for each in answers if each is not None]
            still_pending = self._resolve(stream, lost, result) if lost else []
            fruitless = fruitless + 1 if len(still_pending) == len(pending) else 0
            pending = still_pending
        if pending:
            self._give_up(stream, pending, result)

    def _resolve(self, stream: _Stream, lost: Sequence[Lost], result: BatchResult) -> list[Target]:
        """Look for traces of lost creations; gives the targets that are to be written (again) after all."""
        _logger.info(
            "%s: the answers to %s creations were lost; looking for what they have left.", stream.label, len(lost)
        )
        verdicts = stream.lost_creations.resolve(lost, stream.record_writer.created_ids)
        for target, id_ in verdicts.created:
            stream.record_writer.note_created(target, id_)
            for prepared in target.rows:
                result.put(Written(prepared.row, "created", id_, prepared.left_out))
        for target, ids in verdicts.uncertain:
            which = f"one of these records is it: {', '.join(sorted(ids))}" if ids else "a record of the CRM is it"
            reason = f"the answer to its creation was lost, and it cannot be told whether {which}"
            for prepared in target.rows:
                result.put(Reject(prepared.row, reason))
        return [*verdicts.matched, *verdicts.not_created]

    def _give_up(self, stream: _Stream, pending: Sequence[Target], result: BatchResult) -> None:
        """Reject the rows where they are few and others are written; otherwise it is RD Station, and the sync ends."""
        written = [outcome for outcome in result.outcomes if isinstance(outcome, Written)]
        if len(pending) > _FEW or all(outcome.action == "unchanged" for outcome in written):
            raise transient_error(
                f"{stream.label}: RD Station answers no creation properly, {_ROUNDS} times in a row. The records were "
                "looked for and are not there; the sync can be run again."
            )
        reason = "RD Station fails to create it, each time with an error, while others are created"
        for target in pending:
            for prepared in target.rows:
                result.put(Reject(prepared.row, reason))
