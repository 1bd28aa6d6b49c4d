"""A kind of record: one of the three objects with the account's own custom fields, bound once.

Says by which key a record is known, what of a row differs from a record, and what several rows say together.

The API replaces lists and the address whole, and may replace custom fields too [guess], so they are read, joined and
written. A list that the row leaves as it is stays out of an update: somebody may change it between our two calls, and
sending it would undo that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, TypeAlias

from airbyte_rdstation.invisible import shown
from destination_rdstation_crm.mapping.custom_fields import CustomField, CustomFields
from destination_rdstation_crm.objects.crm_object import CUSTOM_FIELDS, RECORD_ID, CrmObject, Field
from destination_rdstation_crm.objects.key_forms import TEXT_KEY, KeyForm
from destination_rdstation_crm.objects.values import blank, text
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["Body", "Key", "RecordType", "at_odds"]

Body: TypeAlias = Mapping[str, Any]
"""A row in the CRM's terms: `{"name": "Ana", "emails": [{"email": "ana@x.test"}], "custom_fields": {"cpf": "1"}}`."""


@dataclass(frozen=True)
class Key:
    """The matching key of a row or a record: one text, one for each e-mail of a list, or none where it is empty."""

    texts: tuple[str, ...] = field(default=(), repr=False)
    """As the row or the record spells them."""
    form: KeyForm = field(default=TEXT_KEY, repr=False, compare=False)
    spelled: str | None = field(default=None, repr=False, compare=False)
    """As the cell has it, where it has characters that nobody sees: the CRM may hold those too."""

    @cached_property
    def folded(self) -> Mapping[str, Sequence[str]]:
        """What is compared of the texts, each with the texts of that meaning; without what tells nobody from others."""
        folded: dict[str, list[str]] = {}
        for spelled in self.texts:
            with suppress(RowRejectedError):
                folded.setdefault(self.form.compared(spelled), []).append(spelled)
        return folded

    @property
    def spellings(self) -> list[str]:
        """Give the texts to ask for by equality."""
        usable = chain.from_iterable(self.folded.values())
        return list(dict.fromkeys(each for spelled in usable for each in self.form.spellings(spelled)))

    @property
    def parts(self) -> list[tuple[str, ...]]:
        """Give groups of texts; each spelling of the key contains all texts of one of them."""
        usable = chain.from_iterable(self.folded.values())
        return list(dict.fromkeys(tuple(each) for spelled in usable for each in self.form.parts(spelled)))

    @property
    def flaw(self) -> str:
        """Say why its first text tells nobody from others; empty where it has none."""
        try:
            for spelled in self.texts[:1]:
                self.form.compared(spelled)
        except RowRejectedError as error:
            return error.reason
        return ""


class RecordType:
    """Contacts, deals or organizations of one account."""

    def __init__(self, crm_object: CrmObject, custom_fields: CustomFields) -> None:
        """`custom_fields`: of the object, as far as they are known."""
        self.crm_object = crm_object
        self.custom_fields = custom_fields
        fields = (RECORD_ID, *crm_object.fields, *custom_fields)
        self.by_name: Mapping[str, Field] = {each.name: each for each in fields}
        """Every field, custom ones and `_id` too, by the name that a mapping uses."""
        self.by_key: Mapping[str, Field] = {each.key: each for each in crm_object.fields}
        """The fields by their keys on the wire; fields that share a key compare and join alike."""
        self._hidden = frozenset(each.key for each in crm_object.fields if not each.shown)

    @property
    def matching_keys(self) -> list[str]:
        """Name the fields that can be a matching key: not custom ones that hold several values."""
        customs = (each.name for each in self.custom_fields if each.kind != "multiple_choice")
        return [*self.crm_object.matching_keys, *customs]

    def identity(self, key_field: str | None, record: Mapping[str, Any]) -> Key:
        """Read the matching key out of a record, or out of a row's body; an empty one without a `key_field`."""
        if not key_field:
            return Key()
        field = self.by_name[key_field]
        if isinstance(field, CustomField):
            value = self.custom_fields.existing(record.get(CUSTOM_FIELDS)).get(field.slug)
            values = [field.resent(value)]
        else:
            values = field.key_values(record.get(field.key))
        there = (value for value in values if not blank(value) and not isinstance(value, (list, dict, bool)))
        return Key(tuple(value if isinstance(value, str) else text(value) for value in there), field.form)

    def creation(self, body: Body) -> dict[str, Any]:
        """Make the body of a POST; raises RowRejectedError where RD Station would refuse to create this."""
        whole = self.crm_object.creation(body)
        for custom in self.custom_fields.required:
            if blank(whole.get(CUSTOM_FIELDS, {}).get(custom.slug)):
                raise RowRejectedError(
                    f"a new {self.crm_object.name} needs `{shown(custom.name)}` ({shown(custom.title)}), which the "
                    "account requires",
                    field_name=custom.name,
                )
        return whole

    def difference(self, existing: Mapping[str, Any], body: Body) -> dict[str, Any]:
        """Make the body of a PUT that makes the record equal to the row; empty if it is."""
        joined = dict(body)
        for key in body.keys() - {CUSTOM_FIELDS}:
            if join := self.by_key[key].join:
                joined[key] = join(existing.get(key), body[key])
        if CUSTOM_FIELDS in body:
            values = self.custom_fields.existing(existing.get(CUSTOM_FIELDS))
            resent = {slug: self.custom_fields.field(slug).resent(value) for slug, value in values.items()}
            # What is there keeps its spelling: of a document or a phone, say.
            other = {
                slug: value
                for slug, value in body[CUSTOM_FIELDS].items()
                if not self.custom_fields.field(slug).holds(values.get(slug), value)
            }
            joined[CUSTOM_FIELDS] = {**resent, **other}
        differing = set(self.differing(existing, joined))
        if not differing:
            return {}
        for companions in self.crm_object.together:
            if companions & differing:
                differing |= companions
        # What records do not show goes along with the rest: alone, it would be written again in every sync.
        differing |= self._hidden - existing.keys()
        return {key: value for key, value in joined.items() if key in differing}

    def merged(self, existing: Mapping[str, Any], body: Body) -> dict[str, Any]:
        """Make the body of a PUT for a row that is written even if equal: single values, and lists that differ."""
        single = {key: value for key, value in body.items() if not isinstance(value, (list, dict))}
        return {**single, **self.difference(existing, body)}

    def differing(self, existing: Mapping[str, Any], sent: Body) -> dict[str, list[str]]:
        """Find the keys whose values the record does not hold, each with its fields: `{"emails": ["email"]}`."""
        found: dict[str, list[str]] = {}
        for key, value in sent.items():
            if key == CUSTOM_FIELDS:
                values = self.custom_fields.existing(existing.get(key))
                customs = {slug: self.custom_fields.field(slug) for slug in value}
                names = [each.name for slug, each in customs.items() if not each.holds(values.get(slug), value[slug])]
            elif (key in self._hidden and key not in existing) or self.by_key[key].holds(existing.get(key), value):
                names = []
            else:
                names = [self.by_key[key].name]
            if names:
                found[key] = names
        return found

    def combined(self, bodies: Sequence[Body]) -> dict[str, Any]:
        """Make the body with the effect of all, one after the other: later values win, lists and custom fields join.

        The bodies must not be `at_odds`.
        """
        whole = dict(bodies[0])
        for body in bodies[1:]:
            for key, value in body.items():
                if key == CUSTOM_FIELDS:
                    whole[key] = {**whole.get(key, {}), **value}
                elif key in whole and (join := self.by_key[key].join):
                    whole[key] = join(whole[key], value)
                else:
                    whole[key] = value
        return whole


def at_odds(bodies: Sequence[Body]) -> bool:
    """Whether one row empties what another fills: no single body says both, as lists are joined with existing ones."""
    last: dict[str, Any] = {}
    for body in bodies:
        plain = {name: value for name, value in body.items() if name != CUSTOM_FIELDS}  # each slug's later value wins
        if any(name in last and _contradict(last[name], value) for name, value in plain.items()):
            return True
        last |= plain
    return False


def _contradict(earlier: Any, later: Any) -> bool:
    if earlier == later or not isinstance(later, (list, dict)):
        return False
    return blank(earlier) or _takes_away(earlier) or _takes_away(later)


def _takes_away(value: Any) -> bool:
    """A profile without a user name."""
    return isinstance(value, list) and any(
        isinstance(item, dict) and blank(item.get("username", "…")) for item in value
    )
