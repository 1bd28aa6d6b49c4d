"""Finds the record that each row is about: before it is written, and after a creation whose answer was lost.

Before: a target is one record, with the rows that speak of it in their order. After: a lost creation is looked up
before it is tried again, or called uncertain. Lost ones are resolved once all other creations of the batch are
answered: what was created since, and is nobody else's, can then only be theirs.
Facts: docs/api/crm-v2.md#writes and #unknowns (rows 23 and 24).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from airbyte_cdk.models import DestinationSyncMode

from airbyte_rdstation.dates import parse_instant
from airbyte_rdstation.invisible import shown
from destination_rdstation_crm.mapping.plan import Prepared, StreamPlan, deletion_mark
from destination_rdstation_crm.objects.crm_object import ID_FIELD
from destination_rdstation_crm.objects.values import fold
from destination_rdstation_crm.row import BatchResult, Reject, Row, RowRejectedError, Skipped
from destination_rdstation_crm.writing.crm_api import SERVER_TIME_MARGIN, Crm, Existing, WorkerPool
from destination_rdstation_crm.writing.lookup import Hits, Lookup, NoAnswer
from destination_rdstation_crm.writing.record_writer import PLANNED_ID, Lost, RecordWriter, Target

__all__ = ["LostCreations", "Matcher", "Verdicts", "targets_of"]

_logger = logging.getLogger("airbyte.rdstation")


class Matcher:
    """Prepares the rows of one stream and finds the record that each is about."""

    def __init__(self, plan: StreamPlan, lookup: Lookup, record_writer: RecordWriter) -> None:
        """`record_writer` knows what this sync has created."""
        self._plan = plan
        self._lookup = lookup
        self._record_writer = record_writer
        self._updates_only = plan.sync_mode == DestinationSyncMode.update
        self._keyed = plan.sync_mode != DestinationSyncMode.append and plan.key_field != ID_FIELD
        self._has_logged_deletions = False

    def targets(self, rows: Sequence[Row], result: BatchResult) -> list[Target]:
        """Make the targets to write; rows that are none of them get their outcomes: skipped or rejected."""
        prepared = []
        for row in rows:
            if mark := deletion_mark(row):
                self._skip(row, mark, result)
            elif result.is_due(row) and (each := self._prepared(row, result)):
                prepared.append(each)
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
            result.put(Reject(row, error.reason, error.column, error.field_name, "", error.aside, error.others))
            return None
        if prepared.id is None and not prepared.key.folded and (self._updates_only or self._keyed):
            result.put(self._reject(prepared, prepared.key.flaw or "the matching key is empty"))
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
                if hits == []:
                    created = self._record_writer.created_with(each)
                    ids = (named_by[value] for value in each.key.folded if value in named_by)
                    hits = [{"id": created}] if created else next(map(self._lookup.record, ids), hits)
                found[each.row.number] = hits
        named = [each for each in prepared if each.id and self._record_writer.has_to_read(each.body)]
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
        name = prepared.body.get("name")
        # Rows that share one of these are about the same record.
        if id_ and id_ != PLANNED_ID:  # all planned records share that id: only their keys tell them apart
            keys = [("id", id_)]
        else:
            keys = [("key", value) for value in prepared.key.folded]
            keys += [("name", fold(name))] if unique_names and isinstance(name, str) else []
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


# A record just created may not be findable at once [guess]: it is looked for during seven seconds in all.
_WAITS_SECONDS: Final = (0.0, 1.0, 2.0, 4.0)


@dataclass
class Verdicts:
    """What became of creations whose answers were lost."""

    created: list[tuple[Target, str]] = field(default_factory=list)
    """With the id that the record has."""
    matched: list[Target] = field(default_factory=list)
    """The matching key names a record now: it is brought up to date, as any other."""
    uncertain: list[tuple[Target, list[str]]] = field(default_factory=list)
    """With the ids of the records that each may be."""
    not_created: list[Target] = field(default_factory=list)


class LostCreations:
    """Looks for traces of one stream's lost creations: records that may stem from them."""

    def __init__(self, crm: Crm, plan: StreamPlan, pool: WorkerPool, sleep: Callable[[float], object]) -> None:
        self._crm = crm
        self._plan = plan
        self._pool = pool
        self._sleep = sleep
        fields = plan.record_type.by_name
        keys = plan.record_type.crm_object.matching_keys
        # Those that a record has as they were sent: it is looked for among what was created since.
        self._natural_keys = [key for key in keys if key != ID_FIELD and fields[key].form.exact]

    def resolve(self, lost: Sequence[Lost], claimed: set[str]) -> Verdicts:
        """Decide each; `claimed` are the ids of records that other rows have created in this sync."""
        verdicts = Verdicts()
        waiting = list(lost)
        for seconds in _WAITS_SECONDS:
            if not waiting:
                break
            self._sleep(seconds)
            keyed = [one for one in waiting if any(row.key.folded for row in one.target.rows)]
            keyless = [one for one in waiting if not any(row.key.folded for row in one.target.rows)]
            waiting = self._by_matching_key(keyed, verdicts) + self._by_natural_key(keyless, claimed, verdicts)
        verdicts.not_created += [one.target for one in waiting]
        return verdicts

    def _by_matching_key(self, lost: Sequence[Lost], verdicts: Verdicts) -> list[Lost]:
        """Look by the key, which no record had before the creation; gives those of `lost` whose key still none has."""
        if not lost:
            return []
        still = []
        for one, hits in self._found(lost, self._plan.key_field):
            if hits == []:
                still.append(one)
            elif not isinstance(hits, NoAnswer) and len(hits) == 1:
                verdicts.matched.append(Target(one.target.rows, hits[0]["id"], hits[0], recovered=True))
            else:
                ids = [] if isinstance(hits, NoAnswer) else [hit["id"] for hit in hits]
                verdicts.uncertain.append((one.target, ids))
        return still

    def _by_natural_key(self, lost: Sequence[Lost], claimed: set[str], verdicts: Verdicts) -> list[Lost]:
        """Look by e-mail or name among the records created since; gives those of `lost` that none of them can be."""
        still = []
        for natural in self._natural_keys:
            # Match the most specific body first: a record created from it also satisfies the less specific ones.
            chosen = sorted((one for one in lost if self._natural_key(one) == natural), key=_says, reverse=True)
            if not chosen:
                continue
            since = min(one.began for one in chosen) - SERVER_TIME_MARGIN
            for one, hits in self._found(chosen, natural, since):
                found = [] if isinstance(hits, NoAnswer) else hits
                candidates = [hit for hit in found if hit["id"] not in claimed and _is_since(hit, one.began)]
                equal = [hit["id"] for hit in candidates if not self._plan.record_type.difference(hit, one.body)]
                if equal:
                    claimed.add(equal[0])
                    verdicts.created.append((one.target, equal[0]))
                elif candidates or isinstance(hits, NoAnswer):
                    verdicts.uncertain.append((one.target, [hit["id"] for hit in candidates]))
                else:
                    still.append(one)
        return still

    def _natural_key(self, one: Lost) -> str:
        stated = (key for key in self._natural_keys if self._plan.record_type.identity(key, one.body).texts)
        return next(stated, self._natural_keys[-1])

    def _found(
        self, lost: Sequence[Lost], key_field: str | None, since: datetime | None = None
    ) -> Iterable[tuple[Lost, Hits]]:
        keys = [self._plan.record_type.identity(key_field, one.body) for one in lost]
        return zip(lost, Lookup(self._crm, self._plan, key_field, self._pool).find(keys, since), strict=True)


def _says(one: Lost) -> int:
    """Count the values that its body states."""
    return sum(len(value) if isinstance(value, (list, dict)) else 1 for value in one.body.values())


def _is_since(record: Existing, began: datetime) -> bool:
    try:
        return parse_instant(record.get("created_at")) >= began - SERVER_TIME_MARGIN
    except ValueError:
        return True  # it does not say: it cannot be told apart from ours
