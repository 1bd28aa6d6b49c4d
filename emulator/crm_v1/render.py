"""Rows -> JSON as v1 sends it. Records of long lists are kept until one of the rows they show changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from ..data.changes import Changes
from ..data.row import Fields, Row
from ..settings import Settings
from . import form_deals, form_lists, form_people, parts
from .relations import Relations
from .resources import Resource

__all__ = ["Renderer"]

KEPT = ("deals", "contacts", "organizations", "tasks")  # here and in the account; no setting changes how these look


class Renderer:
    """The forms of one account."""

    def __init__(self, changes: Changes, relations: Relations, settings: Settings) -> None:
        self._relations = relations
        self._settings = settings
        self._kept: dict[str, dict[str, bytes]] = {name: {} for name in KEPT}
        self._definitions: dict[str, bytes] = {}
        self._forms = self._in_lists()
        self._single_forms = self._alone()
        changes.watch(self._changed)

    def wire(self, resource: Resource, row: Row) -> bytes:
        """The record as its list shows it, serialised."""
        kept = self._kept.get(resource.name)
        if kept is None:
            return orjson.dumps(self._forms[resource.name](row))
        found = kept.get(row.id)
        if found is None:
            # A copy of exact length: orjson hands out a shrunk buffer whose rest the allocator can hardly use again.
            found = kept[row.id] = memoryview(orjson.dumps(self._forms[resource.name](row))).tobytes()
            row.release()
        return found

    def single(self, resource: Resource, row: Row) -> bytes:
        """The record as its own address shows it, serialised."""
        return orjson.dumps(self._single_forms[resource.name](row))

    def _in_lists(self) -> dict[str, Callable[[Row], Fields]]:
        relations, settings = self._relations, self._settings
        return {
            "deals": lambda row: form_deals.deal(relations, row, self._definition),
            "contacts": lambda row: form_people.contact(relations, row),
            "deal_contacts": lambda row: form_people.contact_of_deal(relations, row),
            "organizations": lambda row: form_people.organization(relations, row, self._definition),
            "tasks": lambda row: form_people.task(relations, row),
            "products": lambda row: form_lists.product(relations, row, settings),
            "campaigns": lambda row: form_lists.labelled(relations, row),
            "deal_sources": lambda row: form_lists.labelled(relations, row),
            "deal_lost_reasons": lambda row: form_lists.lost_reason(relations, row),
            "deal_stages": lambda row: form_lists.stage(relations, row, bare=settings.v1_stage_list == "bare"),
            "teams": lambda row: form_people.team(relations, row),
            "activities": form_lists.activity,
            "users": form_people.user_row,
            "deal_pipelines": lambda row: form_lists.pipeline(relations, row),
            "custom_fields": parts.definition,
        }

    def _alone(self) -> dict[str, Callable[[Row], Fields]]:
        relations = self._relations
        return {
            "deals": lambda row: form_deals.deal_detail(relations, row, self._definition),
            "organizations": lambda row: form_people.organization_detail(relations, row, self._definition),
            "tasks": lambda row: form_people.task_detail(relations, row),
            "deal_stages": lambda row: form_lists.stage(relations, row, bare=False),
            "users": lambda row: form_people.user_detail(relations, row),
        }

    def _definition(self, row: Row) -> Any:
        """A custom field as it is nested in values: with the account's id."""
        made = self._definitions.get(row.id)
        if made is None:
            made = orjson.dumps({**parts.definition(row), "instance_id": self._relations.instance_id})
            self._definitions[row.id] = made
        return orjson.Fragment(made)

    # --- upkeep

    def _changed(self, name: str, row: Row) -> None:
        """Forget the records that show this row, as far as any were made."""
        if name == "custom_fields":
            self._relations.forget_definitions()
            self._definitions.clear()
        if not any(self._kept.values()):
            return
        if name in ("deal_notes", "deal_products"):
            self._forget("deals", row.parent)
        elif name not in KEPT:
            # Users, stages and their like stand in nearly every record.
            for kept in self._kept.values():
                kept.clear()
        else:
            self._forget(name, row.id)
            self._forget_neighbours(name, row)

    def _forget_neighbours(self, name: str, row: Row) -> None:
        relations, fields = self._relations, row.fields
        if name == "tasks":
            self._forget("deals", fields.get("deal_id"))
        else:
            self._forget("organizations", fields.get("organization_id"))
        if name == "deals":
            self._forget("contacts", *(fields.get("contact_ids") or ()))
            self._forget("tasks", *(task.id for task in relations.tasks_of_deal(row.id)))
        elif name == "contacts":
            self._forget("deals", *(deal.id for deal in relations.deals_of_contact(row.id)))
        elif name == "organizations":
            self._forget("deals", *(deal.id for deal in relations.deals_of_organization(row.id)))

    def _forget(self, name: str, *ids: str | None) -> None:
        for id_ in ids:
            self._kept[name].pop(id_ or "", None)
