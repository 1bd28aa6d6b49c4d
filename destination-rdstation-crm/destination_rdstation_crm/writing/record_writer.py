"""Writes one record: creates or updates it, or neither where nothing differs. A refusal becomes its rows' reject."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from itertools import chain
from typing import Any, Final

from airbyte_cdk.models import DestinationSyncMode

from airbyte_rdstation.client.errors import AnswerLostError, ConnectorError, NotFoundError, RequestRefusedError
from destination_rdstation_crm.mapping.plan import Prepared, StreamPlan
from destination_rdstation_crm.mapping.record_type import Body, at_odds
from destination_rdstation_crm.objects.crm_object import CUSTOM_FIELDS
from destination_rdstation_crm.objects.values import holds_no_value
from destination_rdstation_crm.row import Action, BatchResult, LeftOut, Reject, RowRejectedError, Written, quoted
from destination_rdstation_crm.writing.crm_api import Crm
from destination_rdstation_crm.writing.lookup import Lookup, NoAnswer

__all__ = ["PLANNED_ID", "Lost", "RecordWriter", "RefusedError", "Target", "refusal_of"]

PLANNED_ID: Final = "planned"
"""The id of each record that a dry run would have created, for later rows to update."""

_logger = logging.getLogger("airbyte.rdstation")


@dataclass
class Target:
    """One record that is there (`id`), or is to be created, with the rows that speak of it in their order."""

    rows: list[Prepared]
    id: str | None = None
    existing: Mapping[str, Any] | None = field(default=None, repr=False)
    """The record, where the look-up has brought it."""
    recovered: bool = False
    """The record stems from a creation of ours whose answer was lost."""


@dataclass(frozen=True)
class Lost:
    """A creation that may have been carried out."""

    target: Target
    body: Body = field(repr=False)
    began: datetime
    """RD Station's time when it was sent."""


class RefusedError(RowRejectedError):
    """RD Station does not take the row."""

    def __init__(self, reason: str, said: str, field_name: str | None = None, *, names_one: bool = False) -> None:
        """`names_one`: the API's words, `said`, name this field and no other of those that were sent."""
        super().__init__(reason, field_name=field_name)
        self.said = said
        self.names_one = names_one


class RecordWriter:
    """Writes the records of one stream, one target at a time, from many threads."""

    def __init__(
        self,
        plan: StreamPlan,
        crm: Crm,
        created_by_key: dict[str, str],
        *,
        skip_unchanged: bool,
        dry_run: bool,
    ) -> None:
        """`created_by_key`: the ids of records that this sync has created, by the values of their matching keys."""
        self._plan = plan
        self._type = plan.record_type
        self._object = plan.record_type.crm_object
        self._crm = crm
        self._skip_unchanged = skip_unchanged
        self._dry_run = dry_run
        self._created_by_key = created_by_key
        self.created_ids: set[str] = set()
        """Of all records created in this sync: none of them can be the trace of another row's lost creation."""
        self._lock = threading.Lock()
        self._not_taken: set[str] = set()

    def created_with(self, prepared: Prepared) -> str | None:
        """Find the record that this sync has created with a row's matching key: one may not be findable yet [guess]."""
        known = self._created_by_key
        return next((known[value] for value in prepared.key.folded if value in known), None)

    def note_created(self, target: Target, id_: str) -> None:
        """Remember a record that this sync has created."""
        with self._lock:
            self.created_ids.add(id_)
            self._created_by_key.update({value: id_ for prepared in target.rows for value in prepared.key.folded})

    def has_to_read(self, body: Body) -> bool:
        """Whether an update has to know the record: to compare, or to join lists that a PUT replaces."""
        return self._skip_unchanged or any(isinstance(value, (list, dict)) for value in body.values())

    def write(self, target: Target, result: BatchResult) -> Lost | None:
        """Write a target and record its rows' outcomes; gives back a creation whose answer was lost."""
        target = replace(target, rows=[each for each in target.rows if result.is_due(each.row)])
        if not target.rows:
            return None
        bodies = [each.body for each in target.rows]
        if len(bodies) > 1 and target.id is not None and at_odds(bodies):
            return self._write_singly(target, result)
        began = datetime.now(timezone.utc)
        try:
            body = bodies[0] if len(bodies) == 1 else self._type.combined(bodies)
            action, id_ = self._written(target, body)
        except AnswerLostError:
            _logger.info(
                "%s: row %s: the answer to its creation was lost.", self._plan.label, target.rows[0].row.number
            )
            return Lost(target, self._plan.creation(body), self._crm.server_time(began))
        except RowRejectedError as error:
            if len(target.rows) > 1:
                return self._write_singly(target, result)
            if lighter := self._without_refused(target, error):
                return self.write(lighter, result)
            result.put(self._reject(target.rows[0], error))
            return None
        for prepared in target.rows:
            result.put(Written(prepared.row, action, id_, prepared.left_out))
        return None

    def _without_refused(self, target: Target, error: RowRejectedError) -> Target | None:
        """Take out the one field that RD Station's refusal names: once a row, and only where fields may be left out."""
        (prepared,) = target.rows
        if not isinstance(error, RefusedError) or not error.names_one or any(each.said for each in prepared.left_out):
            return None
        reject = self._reject(prepared, error)
        refused = LeftOut(reject.reason, reject.column, reject.field_name or "", reject.said)
        lighter = self._plan.without(prepared, refused, creates=target.id is None)
        return replace(target, rows=[lighter]) if lighter else None

    def _write_singly(self, target: Target, result: BatchResult) -> Lost | None:
        """Write each row by itself, in order: one body for all of them was refused, or cannot say it all."""
        id_ = target.id
        for prepared in target.rows:
            lost = self.write(Target([prepared], prepared.id or id_, recovered=target.recovered), result)
            if lost:
                # The rows behind it must not be written before it: they wait with it, and share its fate.
                behind = target.rows[target.rows.index(prepared) + 1 :]
                return replace(lost, target=replace(lost.target, rows=[*lost.target.rows, *behind]))
            created = None if prepared.id else self.created_with(prepared)
            id_ = id_ if created is None else created
        return None

    def _written(self, target: Target, body: Body) -> tuple[Action, str]:
        if target.id is None:
            return self._create(target, body)
        try:
            return self._update(target.id, target, body)
        except NotFoundError as error:
            return self._without_record(target, body, error)

    def _create(self, target: Target, body: Body) -> tuple[Action, str]:
        creation = self._plan.creation(body, chain.from_iterable(each.left_out for each in target.rows))
        if self._dry_run:
            self.note_created(target, PLANNED_ID)
            return "created", PLANNED_ID
        try:
            record = self._crm.create(self._object, creation)
        except RequestRefusedError as error:
            refusal = refusal_of(error, creation)
            if not self._object.unique_name:
                raise refusal from None
            return self._resolve_name(target, body, refusal)
        self.note_created(target, record["id"])
        key_field = self._type.by_name.get(self._plan.key_field or "")
        if key_field and not key_field.shown and not self._type.identity(key_field.name, record).texts:
            raise self._plan.unseen_key()  # before more are created that no sync finds again
        self._compare(record, creation)
        return "created", record["id"]

    def _compare(self, answer: Mapping[str, Any], sent: Body) -> None:
        """Warn, once a field, that RD Station accepted a write without that field: it drops what it does not know.

        Facts: docs/api/crm-v2.md#writes.
        """
        with self._lock:
            names = chain(*self._type.differing(answer, sent).values())
            fresh = sorted(name for name in names if name not in self._not_taken)
            self._not_taken.update(fresh)
        if fresh:
            _logger.warning(
                "%s: RD Station accepted a write, but its answer does not hold the value that was sent for %s. Look at "
                "such a record in RD Station; this is said once a field.",
                self._plan.label,
                ", ".join(fresh),
            )

    def _resolve_name(self, target: Target, body: Body, refusal: RefusedError) -> tuple[Action, str]:
        """Look up whether the name is taken, whatever the refusal says. Raises RefusedError where it is not."""
        hits = Lookup(self._crm, self._plan, "name").find([self._type.identity("name", body)])[0]
        if isinstance(hits, NoAnswer) or len(hits) != 1:
            raise refusal from None
        if self._plan.sync_mode != DestinationSyncMode.append:
            try:
                return self._update(hits[0]["id"], replace(target, existing=hits[0]), body)
            except NotFoundError:
                raise refusal from None  # its name is taken, and it is gone: the lists are behind
        raise RefusedError(
            f"there is a record of this name already, and each {self._object.name} has its own: {hits[0]['id']}",
            refusal.said,
            "name",
        ) from None

    def _update(self, id_: str, target: Target, body: Body) -> tuple[Action, str]:
        if id_ == PLANNED_ID:  # there is nothing to read or to compare with
            return "updated", id_
        changes: Body = {}
        existing = target.existing or {}
        try:
            if target.existing is None and self.has_to_read(body):
                existing = self._crm.read(self._object, id_)
            changes_of = self._type.difference if self._skip_unchanged else self._type.merged
            changes = changes_of(existing, body)
            if not changes:
                return "created" if target.recovered else "unchanged", id_
            if not self._dry_run:
                answer = self._crm.update(self._object, id_, changes)
                if answer is not None:
                    self._compare(answer, changes)
        except RequestRefusedError as error:
            raise refusal_of(error, body, changes, existing) from None
        return "created" if target.recovered else "updated", id_

    def _without_record(self, target: Target, body: Body, error: NotFoundError) -> tuple[Action, str]:
        """Decide what becomes of rows whose record is gone: unless one names its `_id`, no record has their key now."""
        if any(each.id for each in target.rows):
            raise refusal_of(error, body) from None
        if self._plan.sync_mode == DestinationSyncMode.append_dedup:
            return self._create(replace(target, id=None, existing=None), body)
        raise RefusedError("the record that has its matching key was deleted meanwhile (404)", error.said) from None

    def _reject(self, prepared: Prepared, error: RowRejectedError) -> Reject:
        said = error.said if isinstance(error, RefusedError) else ""
        known = self._type.by_key.get(error.field_name or "")  # a refusal names fields as the wire does
        field = known.name if known else error.field_name
        column = error.column or self._plan.column_of(field)
        return Reject(prepared.row, error.reason, column, field, said, error.aside)


def refusal_of(error: ConnectorError, body: Body, *known: Mapping[str, Any]) -> RefusedError:
    """Make the reject that the answer to a write stands for: a reason without values.

    `body` says what the row wants; `known`, what else RD Station may quote: what an update made of it, and the record.
    """
    if isinstance(error, NotFoundError):
        return RefusedError("RD Station has no record with this _id (404)", error.said, "_id")
    named = _named(error.said, body)
    reason = f"RD Station refuses the values ({error.status})"
    if holds_no_value(error.said, [body, *known]):
        reason += quoted(error.said)
    return RefusedError(reason, error.said, named[0] if named else None, names_one=len(named) == 1)


def _named(said: str, body: Mapping[str, Any]) -> list[str]:
    """Find the fields that the message names, among those that were sent: our own words, not the message's."""
    slugs = body.get(CUSTOM_FIELDS)
    names: Iterable[str] = [
        *(slugs if isinstance(slugs, dict) else ()),
        *(name for name in body if name != CUSTOM_FIELDS),
    ]
    return [
        f"@{name}" if name not in body else name
        for name in sorted(names, key=len, reverse=True)
        if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", said)
    ]
