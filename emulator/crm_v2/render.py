"""Rows -> JSON as the API sends it.

Fields of crm-v2.md#lists-field-by-field, quirks of crm-v2.md#data-quirks by switch; kept until the row or a switch
changes.
"""

from __future__ import annotations

from typing import Any

import orjson

from ..clock import instant_text
from ..data.account import Account
from ..data.row import Fields, Row
from ..settings import Settings
from .meetings import spelled
from .resources import Resource
from .values import lacks

__all__ = ["record", "wire"]


def wire(account: Account, resource: Resource, row: Row, settings: Settings) -> bytes:
    """The record, serialised."""
    if resource.name == "meetings":  # few, and other rows' names stand in them: not worth keeping
        return orjson.dumps(record(account, resource, row, settings))
    if row.wire is None:
        # A copy of exact length: orjson hands out a shrunk buffer whose rest the allocator can hardly use again.
        row.wire = memoryview(orjson.dumps(record(account, resource, row, settings))).tobytes()
        row.release()
    return row.wire


def record(account: Account, resource: Resource, row: Row, settings: Settings) -> Fields:
    """The record as the API shows it now."""
    made: Fields = {resource.id_key: row.id}
    for name, value in row.fields.items():
        if not name.startswith("_"):
            made[name] = _value(resource, name, value, settings)
    if resource.name == "pipelines":
        made["stage_ids"] = list(account.children["stages"].of(row).rows)
    if settings.custom_fields_keys == "id" and "custom_fields" in made:
        made["custom_fields"] = _by_id(account, resource.entity, made["custom_fields"])
    for name in ("closed_at", "updated_at", resource.created_key):
        if (null := lacks(resource, name, settings)) is not None and null(row):
            made[name] = None
    if resource.name == "meetings":
        made = spelled(account, made, settings)
    made.setdefault(resource.created_key, _moment(row.created, settings))
    if resource.updated_key:
        made.setdefault(resource.updated_key, _moment(row.updated, settings))
    if settings.blank == "":
        made = {name: "" if value is None else value for name, value in made.items()}
    return made


def _value(resource: Resource, name: str, value: Any, settings: Settings) -> Any:
    if name in resource.instants:
        return _moment(value, settings)
    if name in resource.prices and settings.int_prices and isinstance(value, float) and value.is_integer():
        return int(value)
    if name == "status" and settings.status_capitals and isinstance(value, str):
        return value.capitalize()
    return value


def _moment(instant: int | None, settings: Settings) -> str | None:
    return None if instant is None else instant_text(instant, settings.tz)


def _by_id(account: Account, entity: str, values: Fields | None) -> Fields:
    """One client found ids where slugs are expected [guess] (crm-v2.md#data-quirks)."""
    rows = account.lists["custom_fields"].rows.values()
    ids = {row.fields["slug"]: row.id for row in rows if row.fields["entity"] == entity}
    return {ids.get(slug, slug): value for slug, value in (values or {}).items()}
