"""Validation of what a write sent (crm-v2.md#writes).

Fields, types, references, uniqueness, custom fields; each unknown a switch.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from ..data.account import Account
from ..data.row import Fields, Row
from ..exchange import Refusal, json_answer
from ..settings import Settings
from .errors import refusal
from .fields import OBJECTS, READ_ONLY, WriteObject
from .resources import Resource
from .values import look_up

__all__ = ["Checker"]

_OBJECT_ID = re.compile(r"[0-9a-f]{24}")  # a blank around it, or a UUID: refused [seen]
_BRAZILIAN_DAY = re.compile(r"\d\d/\d\d/\d{4}")  # [doc v1]


class Checker:
    """Checks bodies against one account."""

    def __init__(self, account: Account, settings: Settings) -> None:
        self._account = account
        self._settings = settings

    def checked(self, resource: Resource, body: Fields, row: Row | None) -> Fields:
        """The fields to store; `row` is None for a create. Raises Refusal."""
        written = OBJECTS[resource.name]
        sent = self._known(written, body)
        if row is None:
            self._required(resource, written, sent)
        elif not sent.get("name", "-"):
            self._invalid("name can't be blank")
        if resource.name == "deals" and "pipeline_id" in sent and self._settings.pipeline_in_body != "obey":
            # The page's body has no such field; what becomes of it is unknown (crm-v2.md#unknowns row 30).
            if self._settings.pipeline_in_body == "422":
                self._invalid("pipeline_id is read-only", 422)
            del sent["pipeline_id"]
        for name, value in sent.items():
            self._field(written, name, value)
        if resource.name == "organizations" and sent.get("name"):
            self._unique_name(resource, sent["name"], row)
        if "custom_fields" in sent or row is None:
            sent_custom = sent.get("custom_fields") or {}
            checked = self._custom_fields(resource, sent_custom, row)
            if "custom_fields" in sent:
                sent["custom_fields"] = checked
        return sent

    def _known(self, written: WriteObject, body: Fields) -> Fields:
        unknown = sorted(name for name in body if name not in written.checks and name not in READ_ONLY)
        if unknown and self._settings.unknown_field == "422":  # an organization's phone, say (row 16)
            self._invalid(f"unknown field: {unknown[0]}", 422)
        dropped = self._settings.dropped_fields
        return {name: value for name, value in body.items() if name in written.checks and name not in dropped}

    def _required(self, resource: Resource, written: WriteObject, sent: Fields) -> None:
        demanded = {"none": (), "pipeline": ("pipeline_id",), "owner": ("owner_id",)}[self._settings.deal_requires]
        needed = (*written.required, *(demanded if resource.name == "deals" else ()))
        for name in needed:
            if not sent.get(name):
                self._invalid(f"{name} can't be blank")
        if written.statuses is not None:
            name, only = written.statuses
            if sent.get(name, only) != only:
                self._invalid(f"{name} must be {only} on create")

    def _field(self, written: WriteObject, name: str, value: Any) -> None:
        if value is None:
            return
        if not written.checks[name](value):
            self._invalid(f"{name} is invalid")
        if name in written.floats and isinstance(value, int) and self._settings.int_for_float == "422":
            self._invalid(
                f"{name} must be a float", 422
            )  # refused by one account, accepted by another [seen] (crm-v2.md#unknowns row 18)
        if name in written.references:
            for id_ in value if isinstance(value, list) else [value]:
                self._reference(name, written.references[name], id_)

    def _reference(self, name: str, target: str, id_: str) -> None:
        if target == "stages":
            known = any(id_ in stages.rows for stages in self._stages())
        else:
            known = id_ in self._account.lists[target].rows
        if known or not id_:
            return
        if not _OBJECT_ID.fullmatch(id_):
            self._invalid(f"{name} must be BSON::ObjectId or is in invalid format", 422)  # [seen]
        if name == "owner_id":  # from a client's recorded mock [guess]
            raise Refusal(json_answer(400, {"detail": "Owner inválido."}))
        if self._settings.unknown_reference == "422":
            self._invalid(f"{name} not found", 422)

    def _stages(self) -> list[Any]:
        pipelines = self._account.lists["pipelines"].rows.values()
        return [self._account.children["stages"].of(pipeline) for pipeline in pipelines]

    def _unique_name(self, resource: Resource, name: str, row: Row | None) -> None:
        """Organization names are unique in the account [doc]."""
        found = look_up(self._account, resource, self._account.lists[resource.name], "name", name, self._settings)
        if all(other is row for other in found):
            return
        text = "Nome Empresa já cadastrada"  # a fixed label, not the name [seen]
        if self._settings.duplicate == "422":
            raise refusal(self._settings, 422, text)
        raise Refusal(json_answer(400, {"detail": f"{text}."}))

    def _custom_fields(self, resource: Resource, sent: Fields, row: Row | None) -> Fields:
        rows = self._account.lists["custom_fields"].rows.values()
        known = {other.fields["slug"]: other.fields for other in rows if other.fields["entity"] == resource.entity}
        accepted: Fields = {}
        for slug, value in sent.items():
            if slug in known:
                self._custom_value(resource, known[slug], value, row)
                accepted[slug] = value
            elif self._settings.unknown_slug == "422":
                self._invalid(f"unknown custom field: {slug}", 422)
        for slug, definition in known.items():
            always = any(rule.get("always") for rule in definition["required_rules"])
            blank = sent.get(slug, None if row is None else "unchanged") in (None, "", [])
            if always and blank:
                self._invalid(f"custom field {slug} can't be blank")
        return accepted

    def _custom_value(self, resource: Resource, definition: Fields, value: Any, row: Row | None) -> None:
        slug, kind = definition["slug"], definition["type"]
        if value in (None, "", []):
            return
        chosen = value if kind == "multiple_choice" else [value]
        if not isinstance(chosen, list) or not all(isinstance(item, str) for item in chosen):
            self._invalid(f"custom field {slug} has the wrong type")
        if kind == "date" and not _BRAZILIAN_DAY.fullmatch(value):
            self._invalid(f"custom field {slug} must be DD/MM/YYYY")
        taken = set(definition["options"]) - self._settings.gone_options
        if definition["options"] and not definition["allow_new_option"] and not set(chosen) <= taken:
            # Names neither field nor value [seen].
            unnamed = f"{(resource.entity or '').capitalize()} custom fields Não é válido."
            self._invalid(unnamed if self._settings.option_error == "unnamed" else f"{slug} não é válido")
        if definition["unique"]:
            rows = self._account.lists[resource.name]
            for text in chosen:
                owners = look_up(self._account, resource, rows, f"@{slug}", text, self._settings)
                if any(owner is not row for owner in owners):
                    self._invalid(f"custom field {slug}: {text} já existente")

    def _invalid(self, text: str, status: int = 0) -> NoReturn:
        raise refusal(self._settings, status or int(self._settings.invalid_status), text)
