"""POST and PUT (crm-v2.md#writes).

A body is unwrapped, checked, and becomes a change of the account; PUT replaces lists whole.
"""

from __future__ import annotations

from typing import Any

from ..clock import Clock, parse_instant
from ..data.changes import Changes
from ..data.row import Fields, Row
from ..exchange import Call
from ..settings import Settings
from .checks import Checker
from .defaults import blank_record
from .errors import refusal
from .fields import OBJECTS, WriteObject
from .resources import Resource

__all__ = ["Writer"]

CLOSED = ("won", "lost")


class Writer:
    """Creates and updates records on behalf of the API's clients."""

    def __init__(self, changes: Changes, clock: Clock, settings: Settings) -> None:
        self._changes = changes
        self._account = changes.account
        self._clock = clock
        self._settings = settings
        self._checker = Checker(changes.account, settings)

    def can_create(self, resource: Resource) -> bool:
        """Whether the list has a POST here."""
        return resource.name in OBJECTS

    def can_update(self, resource: Resource) -> bool:
        """Whether its records have a PUT here."""
        return resource.name in OBJECTS and OBJECTS[resource.name].updates

    def create(self, resource: Resource, call: Call, parent_id: str) -> Row:
        """The new record, committed; raises Refusal."""
        body = self._body(call)
        sent = self._checker.checked(resource, body, None)
        now = self._clock.now()
        fields = blank_record(resource.name) | self._stored(OBJECTS[resource.name], sent)
        self._derive(resource, fields, sent, now)
        return self._changes.create(resource.name, self._account.new_row(resource.name, fields, now, now, parent_id))

    def update(self, resource: Resource, call: Call, row: Row) -> Row:
        """The changed record; unsent fields stay [guess] (crm-v2.md#writes)."""
        body = self._body(call)
        sent = self._checker.checked(resource, body, row)
        now = self._clock.now()
        fields = self._stored(OBJECTS[resource.name], sent)
        if "custom_fields" in fields and self._settings.custom_fields_put == "merge":
            fields["custom_fields"] = {**(row.fields.get("custom_fields") or {}), **(fields["custom_fields"] or {})}
        merged = row.fields | fields
        self._derive(resource, merged, sent, now)
        # Whether an edit of custom fields alone moves a contact's updated_at is unknown (crm-v2.md#unknowns row 21).
        silent = (
            resource.name == "contacts" and set(sent) == {"custom_fields"} and not self._settings.cf_touches_contact
        )
        return self._changes.edit(resource.name, row, merged, updated=row.updated if silent else now)

    def _body(self, call: Call) -> Fields:
        try:
            payload = call.json()
        except ValueError:
            raise refusal(self._settings, 400, "the body is no JSON") from None
        if not isinstance(payload, dict) or not isinstance(payload.get("data"), dict):
            raise refusal(self._settings, int(self._settings.invalid_status), "data is missing")
        data: Fields = payload["data"]
        return data

    def _stored(self, written: WriteObject, sent: Fields) -> Fields:
        """Values as they are kept: instants in milliseconds, prices as floats."""

        def stored(name: str, value: Any) -> Any:
            if value is None:
                return None
            if name in written.instants:
                return parse_instant(value)
            return float(value) if name in written.floats or name == "quantity" else value

        return {name: stored(name, value) for name, value in sent.items()}

    def _derive(self, resource: Resource, fields: Fields, sent: Fields, now: int) -> None:
        """Fields that follow from others."""
        if resource.name == "deals":
            fields["total_price"] = round((fields["one_time_price"] or 0.0) + (fields["recurrence_price"] or 0.0), 2)
            closed = fields["status"] in CLOSED
            fields["closed_at"] = (fields.get("closed_at") or now) if closed else None  # crm-v2.md#deals
            self._place(fields, sent)
        elif resource.name == "deal_products":
            price, quantity, discount = (fields[name] or 0.0 for name in ("price", "quantity", "discount"))
            off = discount if fields["discount_type"] == "amount" else price * quantity * discount / 100
            fields["total_price"] = round(price * quantity - off, 2)
        elif resource.name == "tasks":
            fields["completed_at"] = (fields.get("completed_at") or now) if fields["status"] == "completed" else None

    def _place(self, fields: Fields, sent: Fields) -> None:
        """A stage chooses the pipeline [doc], unless one is sent and obeyed; without either, the first ones [guess]."""
        pipelines = self._account.lists["pipelines"]
        if fields["stage_id"] and not sent.get("pipeline_id"):
            owning = [id_ for id_ in pipelines.rows if fields["stage_id"] in self._account.stage_ids(id_)]
            fields["pipeline_id"] = next(iter(owning), fields["pipeline_id"])
        fields["pipeline_id"] = fields["pipeline_id"] or next(iter(pipelines.rows), None)
        stages = self._account.stage_ids(fields["pipeline_id"])
        if not fields["stage_id"] or (sent.get("pipeline_id") and fields["stage_id"] not in stages):
            fields["stage_id"] = next(iter(stages), None)
