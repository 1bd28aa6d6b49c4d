"""One record's write: create or update, or neither where nothing differs; the rows of a target get their outcomes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Final

from airbyte_cdk.models import DestinationSyncMode

from airbyte_rdstation.client.errors import AnswerLostError, NotFoundError, RequestRefusedError
from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.row import Action, BatchResult, Prepared, Reject, RowRejectedError, Written
from destination_rdstation_crm.writing.api_errors import RefusedError, refused
from destination_rdstation_crm.writing.crm_api import Crm
from destination_rdstation_crm.writing.index import Untold
from destination_rdstation_crm.writing.lookup import Lookup
from destination_rdstation_crm.writing.lost_creates import Lost
from destination_rdstation_crm.writing.targets import Target, at_odds, combined

__all__ = ["RecordWriter", "uncertain"]

_PLANNED: Final = ""  # the id of a record that a dry run does not create

_logger = logging.getLogger("airbyte.rdstation")


class RecordWriter:
    """Writes one target at a time, from many threads."""

    def __init__(
        self,
        plan: StreamPlan,
        crm: Crm,
        lookup: Lookup,
        created: dict[str, str],
        *,
        skip_unchanged: bool,
        dry_run: bool,
    ) -> None:
        """`created`: the ids of records that this sync has created, by their matching keys."""
        self._plan = plan
        self._crm = crm
        self._lookup = lookup
        self._skip_unchanged = skip_unchanged
        self._dry_run = dry_run
        self._created = created
        self.created_ids: set[str] = set()
        """Of all records created in this sync: none of them can be what another row's lost creation has left."""
        self._lock = threading.Lock()
        self._not_taken: set[str] = set()

    def created_with(self, prepared: Prepared) -> str | None:
        """The id of the record that this sync has created with a row's matching key."""
        return next((self._created[key] for key in prepared.keys if key in self._created), None)

    def note_created(self, target: Target, id_: str) -> None:
        """Remembers a record that this sync has created."""
        with self._lock:
            self.created_ids.add(id_)
            self._created.update({key: id_ for prepared in target.rows for key in prepared.keys})

    def has_to_read(self, body: Mapping[str, Any]) -> bool:
        """Whether an update has to know the record: to compare, or to join lists that a PUT replaces."""
        return self._skip_unchanged or any(isinstance(value, (list, dict)) for value in body.values())

    def write(self, target: Target, result: BatchResult) -> Lost | None:
        """Writes a target and puts its rows' outcomes; a creation whose answer was lost comes back."""
        if not result.is_due(target.rows[0].row):
            return None
        target = replace(target, rows=[each for each in target.rows if result.is_due(each.row)])
        bodies = [each.body for each in target.rows]
        if target.id is not None and at_odds(bodies):
            return self._write_singly(target, result)
        began = self._crm.server_time(datetime.now(timezone.utc))
        try:
            body = combined(self._plan, bodies)
            action, id_ = self._written(target, body)
        except AnswerLostError:
            _logger.info(
                "%s: row %s: the answer to its creation was lost.", self._plan.label, target.rows[0].row.number
            )
            return Lost(target, self._plan.creation(body), began)
        except RowRejectedError as error:
            if len(target.rows) > 1:
                return self._write_singly(target, result)
            result.put(self._reject(target.rows[0], error))
            return None
        for prepared in target.rows:
            result.put(Written(prepared.row, action, id_))
        return None

    def _write_singly(self, target: Target, result: BatchResult) -> Lost | None:
        """What is refused, or cannot be said, in one body: each row alone, in their order."""
        id_ = target.id
        for prepared in target.rows:
            lost = self.write(Target([prepared], prepared.id or id_, made=target.made), result)
            if lost:
                # The rows behind it must not be written before it: they wait with it, and share its fate.
                behind = target.rows[target.rows.index(prepared) + 1 :]
                return replace(lost, target=replace(lost.target, rows=[prepared, *behind]))
            created = None if prepared.id else self.created_with(prepared)
            id_ = id_ if created is None else created
        return None

    def _written(self, target: Target, body: Mapping[str, Any]) -> tuple[Action, str]:
        if target.id is None:
            return self._create(target, body)
        try:
            return self._update(target, body)
        except NotFoundError as error:
            return self._without_record(target, body, error)

    def _create(self, target: Target, body: Mapping[str, Any]) -> tuple[Action, str]:
        creation = self._plan.creation(body)
        if self._dry_run:
            self.note_created(target, _PLANNED)
            return "created", _PLANNED
        try:
            record = self._crm.create(self._plan.crm_object, creation)
        except RequestRefusedError as error:
            refusal = refused(error, creation)
            if not self._plan.crm_object.unique_name:
                raise refusal from None
            return self._resolve_name(target, body, refusal)
        self.note_created(target, record["id"])
        self._compare(record, creation)
        return "created", record["id"]

    def _compare(self, answer: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
        """Says once a field that RD Station accepted a write and did not take it."""
        with self._lock:
            fresh = [name for name in self._plan.not_taken(answer, sent) if name not in self._not_taken]
            self._not_taken.update(fresh)
        if fresh:
            _logger.warning(
                "%s: RD Station accepted a write, but its answer does not hold the value that was sent for %s. Look at "
                "such a record in RD Station; this is said once a field.",
                self._plan.label,
                ", ".join(fresh),
            )

    def _resolve_name(self, target: Target, body: Mapping[str, Any], refusal: RefusedError) -> tuple[Action, str]:
        """Perhaps the name is taken; that is decided by looking, not by the words of the refusal."""
        by_name = replace(self._plan, mapping=replace(self._plan.mapping, key_field="name"))
        hits = Lookup.alone(self._crm, by_name).matches([body])[0]
        if isinstance(hits, Untold) or len(hits) != 1:
            raise refusal from None
        if self._plan.sync_mode != DestinationSyncMode.append:
            try:
                return self._update(replace(target, id=hits[0]["id"], held=hits[0]), body)
            except NotFoundError:
                raise refusal from None  # its name is taken, and it is gone: the lists are behind
        name = self._plan.crm_object.name
        raise RefusedError(
            f"there is a record of this name already, and each {name} has its own: {hits[0]['id']}",
            refusal.said,
            "name",
        ) from None

    def _update(self, target: Target, body: Mapping[str, Any]) -> tuple[Action, str]:
        id_ = target.id or _PLANNED
        if id_ == _PLANNED:
            return "updated", id_
        try:
            held = target.held
            if held is None:
                held = self._crm.read(self._plan.crm_object, id_) if self.has_to_read(body) else {}
            sent = self._plan.difference(held, body) if self._skip_unchanged else self._plan.merged(held, body)
            if not sent:
                return "created" if target.made else "unchanged", id_
            if not self._dry_run:
                answer = self._crm.update(self._plan.crm_object, id_, sent)
                if answer is not None:
                    self._compare(answer, sent)
        except RequestRefusedError as error:
            raise refused(error, body) from None
        return "created" if target.made else "updated", id_

    def _without_record(self, target: Target, body: Mapping[str, Any], error: NotFoundError) -> tuple[Action, str]:
        """The record is gone; where no row insists on it by its `_id`, none has the matching key any more."""
        if any(each.id for each in target.rows):
            raise refused(error, body) from None
        if self._plan.sync_mode == DestinationSyncMode.append_dedup:
            return self._create(replace(target, id=None, held=None), body)
        raise RefusedError("the record that has its matching key was deleted meanwhile (404)", error.said) from None

    def _reject(self, prepared: Prepared, error: RowRejectedError) -> Reject:
        said = error.said if isinstance(error, RefusedError) else ""
        known = self._plan.crm_object.by_key.get(error.field_name or "")  # a refusal names fields as the wire does
        field = known.name if known else error.field_name
        column = error.column or self._plan.mapping.column_of(field or "")
        return Reject(prepared.row, error.reason, column, field, said)


def uncertain(ids: Sequence[str]) -> str:
    """The reason of a row of which nobody can tell whether it was created."""
    which = f"one of these records is it: {', '.join(sorted(ids))}" if ids else "a record of the CRM is it"
    return f"the answer to its creation was lost, and it cannot be told whether {which}"
