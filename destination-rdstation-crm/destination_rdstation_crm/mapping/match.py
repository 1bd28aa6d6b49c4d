"""By what a held record and a row are told to be the same one, and the filters that find such records.

How `:` compares texts is unknown (docs/api/crm-v2.md#writes): a filter only proposes, folded texts decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airbyte_rdstation.client import rdql
from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.objects.crm_object import CUSTOM_FIELDS, ID_FIELD
from destination_rdstation_crm.objects.existing_values import entries
from destination_rdstation_crm.objects.values import blank, fold, text

__all__ = [
    "body_of_key",
    "contains_filter",
    "control_texts",
    "fold",
    "key_texts",
    "lookup_filter",
    "match_values",
    "single_filters",
]


def key_texts(key_field: str, body: Mapping[str, Any]) -> list[str]:
    """The matching key's values in a prepared body, as the row spells them; several of a list of e-mails."""
    return _texts(key_field, body, body.get(CUSTOM_FIELDS) or {})


def body_of_key(key_field: str, text: str) -> dict[str, Any]:
    """A body that says nothing but a key."""
    if key_field == "email":
        return {"emails": [{"email": text}]}
    return {CUSTOM_FIELDS: {key_field[1:]: text}} if key_field.startswith("@") else {key_field: text}


def match_values(key_field: str, record: Mapping[str, Any], custom_fields: CustomFields) -> frozenset[str]:
    """The folded values by which a held record is found: of a contact, all its e-mails."""
    held = custom_fields.held(record.get(CUSTOM_FIELDS))
    resent = {slug: custom_fields.field(slug).resent(value) for slug, value in held.items()}
    return frozenset(map(fold, _texts(key_field, record, resent)))


def lookup_filter(key_field: str, texts: Iterable[str]) -> str:
    """Records with any of these values, each also in lower case: `:` may heed case. Longer than no text."""
    return rdql.one_of(key_field, dict.fromkeys(spelled for each in texts for spelled in _spellings(each)))


def single_filters(key_field: str, text: str) -> list[str]:
    """The same for one value, with a filter for each spelling."""
    return [rdql.one_of(key_field, [spelled]) for spelled in _spellings(text)]


def control_texts(key_field: str) -> list[str]:
    """Two values that no record has, and that RD Station has no reason to refuse."""
    names = ("ninguem-1", "ninguem-2")
    return [f"{name}@exemplo.invalid" for name in names] if key_field == "email" else list(names)


def contains_filter(key_field: str, texts: Iterable[str]) -> str:
    """Records with any of these values within theirs, whatever the case [doc]. Short values bring long answers."""
    return rdql.any_of(*(rdql.contains(key_field, each) for each in dict.fromkeys(text.strip() for text in texts)))


def _spellings(text: str) -> list[str]:
    return list(dict.fromkeys((text.strip(), text.strip().lower())))


def _texts(key_field: str, record: Mapping[str, Any], customs: Mapping[str, Any]) -> list[str]:
    if key_field == ID_FIELD:
        values = [record.get("id")]
    elif key_field == "email":
        values = [entry.get("email") for entry in entries(record.get("emails"))]
    elif key_field.startswith("@"):
        values = [customs.get(key_field.removeprefix("@"))]
    else:
        values = [record.get(key_field)]
    there = [value for value in values if not blank(value) and not isinstance(value, (list, dict, bool))]
    return [value if isinstance(value, str) else text(value) for value in there]
