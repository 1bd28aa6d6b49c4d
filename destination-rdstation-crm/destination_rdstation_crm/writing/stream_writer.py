"""One stream's rows, batch by batch: prepared, matched, written, and each given its outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from airbyte_cdk.models import DestinationSyncMode

from airbyte_rdstation.client.errors import ConnectorError, transient_error
from airbyte_rdstation.invisible import shown
from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.mapping.source_columns import deletion_mark
from destination_rdstation_crm.objects.crm_object import ID_FIELD
from destination_rdstation_crm.row import BatchResult, Prepared, Reject, Row, RowRejectedError, Skipped, Written
from destination_rdstation_crm.writing.crm_api import Crm
from destination_rdstation_crm.writing.index import Hits, Untold
from destination_rdstation_crm.writing.lookup import Lookup
from destination_rdstation_crm.writing.lost_creates import Lost, LostCreations
from destination_rdstation_crm.writing.record_writer import RecordWriter, uncertain
from destination_rdstation_crm.writing.targets import Target, targets_of
from destination_rdstation_crm.writing.worker_pool import WorkerPool

__all__ = ["StreamWriter"]

_ROUNDS: Final = 4  # in a row without one success, of creations that are looked up before each is tried again
_FEW: Final = 5
"""So many rows may fail each time while others are written, and it is these rows; if more do, it is RD Station."""

_logger = logging.getLogger("airbyte.rdstation")


class StreamWriter:
    """Knows what it has created in this sync: a record just created may not be findable at once [guess]."""

    def __init__(
        self,
        plan: StreamPlan,
        crm: Crm,
        pool: WorkerPool,
        created: dict[str, str],
        *,
        skip_unchanged: bool | None,
        dry_run: bool,
        sleep: Callable[[float], object],
    ) -> None:
        self._plan = plan
        self._pool = pool
        self._lookup = Lookup(crm, plan, pool)
        self._lost = LostCreations(crm, plan, pool, sleep)
        matches = plan.sync_mode != DestinationSyncMode.append
        self._keyed = matches and plan.key_field != ID_FIELD
        self._told_of_deletions = False
        self._writer = RecordWriter(
            plan,
            crm,
            self._lookup,
            created,
            skip_unchanged=matches if skip_unchanged is None else skip_unchanged,
            dry_run=dry_run,
        )

    def write(self, rows: Sequence[Row], result: BatchResult) -> None:
        """Puts the outcome of each row into the result; raises what is not the rows' fault, with the others' put."""
        there = [row for row in rows if not self._is_deleted(row, result)]
        prepared = [each for row in there if result.is_due(row) and (each := self._prepared(row, result))]
        prepared = [each for each in prepared if result.is_due(each.row)]
        due = targets_of(
            self._matched(prepared, result), unique_names=self._keyed and self._plan.crm_object.unique_name
        )
        fruitless = 0
        while due and fruitless < _ROUNDS:
            lost = self._settle(due, result)
            left = self._resolve(lost, result) if lost else []
            fruitless = fruitless + 1 if len(left) == len(due) else 0
            due = left
        if due:
            self._give_up(due, result)

    def _is_deleted(self, row: Row, result: BatchResult) -> bool:
        """Whether it is at its source; such a row is done with."""
        mark = deletion_mark(row)
        if mark is None:
            return False
        result.put(Skipped(row))
        if not self._told_of_deletions:
            self._told_of_deletions = True
            _logger.info(
                "%s: rows that %s marks as deleted at their source are skipped: they are neither created nor updated, "
                "and nothing is deleted in RD Station.",
                self._plan.label,
                shown(mark),
            )
        return True

    def _prepared(self, row: Row, result: BatchResult) -> Prepared | None:
        try:
            prepared = self._plan.prepare(row)
            if prepared.id is None:
                self._insist_on_key(prepared)
        except RowRejectedError as error:
            result.put(Reject.of(row, error))
            return None
        return prepared

    def _insist_on_key(self, prepared: Prepared) -> None:
        """A row that can match nothing may be created in `append`, or where the `_id` alone is the key."""
        reason = ""
        if not prepared.keys and (self._plan.sync_mode == DestinationSyncMode.update or self._keyed):
            reason = "the matching key is empty"
        elif prepared.keys and not self._lookup.can_ask_for(prepared.body):
            reason = "the matching key is too long to be looked up"
        if reason:
            field = self._plan.key_field or ID_FIELD
            raise RowRejectedError(reason, column=self._plan.mapping.column_of(field), field_name=field)

    def _matched(
        self, prepared: Sequence[Prepared], result: BatchResult
    ) -> list[tuple[Prepared, Mapping[str, Any] | None]]:
        """The rows that have one record, or none yet, each with it; the others are rejected."""
        found = self._held(prepared)
        matched: list[tuple[Prepared, Mapping[str, Any] | None]] = []
        for each in prepared:
            hits = found.get(each.row.number, [])
            if isinstance(hits, Untold):
                result.put(self._reject(each, hits.reason))
            elif len(hits) > 1:
                ids = ", ".join(sorted(hit["id"] for hit in hits))
                result.put(self._reject(each, f"{len(hits)} records have this matching key: {ids}"))
            elif not hits and each.id is None and self._plan.sync_mode == DestinationSyncMode.update:
                result.put(self._reject(each, "no record has this matching key"))
            else:
                matched.append((each, hits[0] if hits else None))
        return matched

    def _held(self, prepared: Sequence[Prepared]) -> dict[int, Hits]:
        """The records that the rows match, by the rows' numbers."""
        held: dict[int, Hits] = {}
        keyed = [each for each in prepared if self._keyed and each.id is None]
        if keyed:
            # A row names it beside the key.
            told = {key: each.id for each in prepared if each.id is not None for key in each.keys}
            spelled = [body for each in keyed for body in self._plan.as_spelled(each)]
            found = self._lookup.matches([each.body for each in keyed], as_spelled=spelled)
            for each, hits in zip(keyed, found, strict=True):
                known = self._writer.created_with(each)
                if hits == [] and known is not None:
                    hits = [{"id": known}]
                elif hits == []:
                    hits = next((self._lookup.record(told[key]) for key in each.keys if key in told), hits)
                held[each.row.number] = hits
        named = [each for each in prepared if each.id and self._writer.has_to_read(each.body)]
        if len(named) > 1 and self._plan.crm_object.listed_by_id:
            records = self._lookup.by_id([each.id or "" for each in named])
            held |= {each.row.number: [records[each.id]] for each in named if each.id in records}
        return held

    def _reject(self, prepared: Prepared, reason: str) -> Reject:
        field = self._plan.key_field
        return Reject(prepared.row, reason, self._plan.mapping.column_of(field or ""), field)

    def _settle(self, targets: Sequence[Target], result: BatchResult) -> list[Lost]:
        lost = self._pool.map(lambda target: self._writer.write(target, result), targets)
        return [each for each in lost if each is not None]

    def _resolve(self, lost: Sequence[Lost], result: BatchResult) -> list[Target]:
        """The targets that are to be written (again) after all."""
        _logger.info(
            "%s: the answers to %s creations were lost; looking for what they have left.", self._plan.label, len(lost)
        )
        verdicts = self._lost.resolve(lost, self._writer.created_ids)
        for target, id_ in verdicts.created:
            self._writer.note_created(target, id_)
            for prepared in target.rows:
                result.put(Written(prepared.row, "created", id_))
        for target, ids in verdicts.uncertain:
            for prepared in target.rows:
                result.put(Reject(prepared.row, uncertain(ids)))
        return [*verdicts.matched, *verdicts.not_created]

    def _give_up(self, due: Sequence[Target], result: BatchResult) -> None:
        """Few rows, and others are written: then it is these rows. Otherwise it is RD Station."""
        written = [outcome for outcome in result.decided if isinstance(outcome, Written)]
        if len(due) > _FEW or all(outcome.action == "unchanged" for outcome in written):
            raise self._failing()
        for target in due:
            for prepared in target.rows:
                result.put(
                    Reject(
                        prepared.row, "RD Station fails to create it, each time with an error, while others are created"
                    )
                )

    def _failing(self) -> ConnectorError:
        return transient_error(
            f"{self._plan.label}: RD Station answers no creation properly, {_ROUNDS} times in a row. The records were "
            "looked for and are not there; the sync can be run again."
        )
