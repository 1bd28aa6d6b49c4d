"""Makes targets of one stream's rows: each one record, with the rows that speak of it in their order."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airbyte_cdk.models import DestinationSyncMode

from airbyte_rdstation.invisible import shown
from destination_rdstation_crm.mapping.plan import Prepared, StreamPlan, deletion_mark
from destination_rdstation_crm.objects.crm_object import ID_FIELD
from destination_rdstation_crm.objects.values import fold
from destination_rdstation_crm.row import BatchResult, Reject, Row, RowRejectedError, Skipped
from destination_rdstation_crm.writing.lookup import Hits, Lookup, NoAnswer
from destination_rdstation_crm.writing.record_writer import PLANNED_ID, RecordWriter, Target

__all__ = ["Matcher", "targets_of"]

_logger = logging.getLogger("airbyte.rdstation")


class Matcher:
    """Prepares the rows of one stream and finds the record that each is about."""

    def __init__(self, plan: StreamPlan, lookup: Lookup, writer: RecordWriter) -> None:
        """`writer` knows what this sync has created."""
        self._plan = plan
        self._lookup = lookup
        self._writer = writer
        self._updates_only = plan.sync_mode == DestinationSyncMode.update
        self._keyed = plan.sync_mode != DestinationSyncMode.append and plan.key_field != ID_FIELD
        self._has_logged_deletions = False

    def targets(self, rows: Sequence[Row], result: BatchResult) -> list[Target]:
        """Make the targets to write; rows that are none of them get their outcomes: skipped or rejected."""
        there = []
        for row in rows:
            if mark := deletion_mark(row):
                self._skip(row, mark, result)
            else:
                there.append(row)
        prepared = [each for row in there if result.is_due(row) and (each := self._prepared(row, result))]
        due = [each for each in prepared if result.is_due(each.row)]
        unique_names = self._keyed and self._plan.record_type.crm_object.unique_name
        return targets_of(self._matched(due, result), unique_names=unique_names)

    def _skip(self, row: Row, mark: str, result: BatchResult) -> None:
        """Record as skipped a row that is deleted at its source; says so once."""
        result.put(Skipped(row))
        if not self._has_logged_deletions:
            self._has_logged_deletions = True
            _logger.info(
                "%s: rows that %s marks as deleted at their source are skipped: they are neither created nor updated, "
                "and nothing is deleted in RD Station.",
                self._plan.label,
                shown(mark),
            )

    def _prepared(self, row: Row, result: BatchResult) -> Prepared | None:
        """Prepare the row, or reject it. Without a key it may be created in `append`, or where the `_id` is the key."""
        try:
            prepared = self._plan.prepare(row)
        except RowRejectedError as error:
            result.put(Reject.of(row, error))
            return None
        reason = ""
        if prepared.id is None and not prepared.key.texts and (self._updates_only or self._keyed):
            reason = "the matching key is empty"
        elif prepared.id is None and prepared.key.texts and not self._lookup.can_ask_for(prepared.key):
            reason = "the matching key is too long to be looked up"
        if reason:
            result.put(self._reject(prepared, reason))
            return None
        return prepared

    def _matched(
        self, prepared: Sequence[Prepared], result: BatchResult
    ) -> list[tuple[Prepared, Mapping[str, Any] | None]]:
        """Give the rows that have one record, or none yet, each with it; reject the others."""
        found = self._found(prepared)
        matched: list[tuple[Prepared, Mapping[str, Any] | None]] = []
        for each in prepared:
            hits = found.get(each.row.number, [])
            if isinstance(hits, NoAnswer):
                result.put(self._reject(each, hits.reason))
            elif len(hits) > 1:
                ids = ", ".join(sorted(hit["id"] for hit in hits))
                result.put(self._reject(each, f"{len(hits)} records have this matching key: {ids}"))
            elif not hits and each.id is None and self._updates_only:
                result.put(self._reject(each, "no record has this matching key"))
            else:
                matched.append((each, hits[0] if hits else None))
        return matched

    def _found(self, prepared: Sequence[Prepared]) -> dict[int, Hits]:
        """Find the records that the rows match, by the rows' numbers."""
        found: dict[int, Hits] = {}
        keyed = [each for each in prepared if self._keyed and each.id is None]
        if keyed:
            # A row names it beside the key.
            named_by = {value: each.id for each in prepared if each.id is not None for value in each.key.folded}
            for each, hits in zip(keyed, self._lookup.find([each.key for each in keyed]), strict=True):
                known = self._writer.created_with(each)
                if hits == [] and known is not None:
                    hits = [{"id": known}]
                elif hits == []:
                    ids = (named_by[value] for value in each.key.folded if value in named_by)
                    hits = next(map(self._lookup.record, ids), hits)
                found[each.row.number] = hits
        named = [each for each in prepared if each.id and self._writer.has_to_read(each.body)]
        if len(named) > 1 and self._plan.record_type.crm_object.listed_by_id:
            records = self._lookup.by_id([each.id or "" for each in named])
            found |= {each.row.number: [records[each.id]] for each in named if each.id in records}
        return found

    def _reject(self, prepared: Prepared, reason: str) -> Reject:
        field = self._plan.key_field or ID_FIELD
        return Reject(prepared.row, reason, self._plan.column_of(field), field)


def targets_of(
    rows: Iterable[tuple[Prepared, Mapping[str, Any] | None]], *, unique_names: bool = False
) -> list[Target]:
    """Make a target for each record, in the order of their first rows.

    Each row comes with the record that it matches: at least its `id`, or None where it matches none. With
    `unique_names`, rows that create records of one name speak of one record, whatever their keys: the first of them
    creates it, and each later one updates it.
    """
    targets: list[Target] = []
    by_key: dict[tuple[str, str], Target] = {}
    for prepared, match in rows:
        id_ = prepared.id or (match["id"] if match else None)
        keys = _keys(prepared, id_, unique_names=unique_names)
        target = next((found for key in keys if (found := by_key.get(key)) and _still_has(found, key)), None)
        if target is None:
            target = Target([], id_)
            targets.append(target)
        by_key |= dict.fromkeys(keys, target)
        target.rows.append(prepared)
        if match and len(match) > 1:  # more than its id
            target.existing = match
    return targets


def _still_has(target: Target, key: tuple[str, str]) -> bool:
    """Whether it still has the key: a row may have given the record another name."""
    kind, value = key
    names = (each.body.get("name") for each in reversed(target.rows))
    return kind != "name" or value == next((fold(name) for name in names if isinstance(name, str)), None)


def _keys(prepared: Prepared, id_: str | None, *, unique_names: bool) -> list[tuple[str, str]]:
    """Give what tells a row's record: two rows that share one of these are about the same record."""
    if id_ and id_ != PLANNED_ID:  # all planned records share that id: only their keys tell them apart
        return [("id", id_)]
    name = prepared.body.get("name")
    keys = [("key", value) for value in prepared.key.folded]
    if unique_names and isinstance(name, str):
        keys.append(("name", fold(name)))
    return keys
