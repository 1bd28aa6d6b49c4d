"""Pieces that several records embed: users, references by name, custom values, people's cards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..data.row import Fields, Row
from ..rng import invented_id, share
from .relations import Relations
from .times import moment

__all__ = [
    "base_price",
    "birthday",
    "both_ids",
    "card",
    "custom_value",
    "definition",
    "embed",
    "named",
    "nickname",
    "phone_type",
    "segment",
    "social",
    "times",
    "user",
]


def both_ids(row: Row) -> Fields:
    """`_id` and `id`, equal (crm-v1.md#identity)."""
    return {"_id": row.id, "id": row.id}


def times(row: Row) -> Fields:
    """The two of every record that has them."""
    return {"created_at": moment(row.created), "updated_at": moment(row.updated)}


def named(row: Row | None) -> Fields | None:
    """`_id, id, name`."""
    return None if row is None else {**both_ids(row), "name": row.fields.get("name")}


def nickname(text: str | None) -> str:
    """Initials: `VU` for Vendedora Um."""
    return "".join(word[0] for word in (text or "").split()[:2]).upper()


def user(row: Row | None) -> Fields | None:
    """`_id, id, name, nickname, email`."""
    if row is None:
        return None
    name = row.fields.get("name")
    return {**both_ids(row), "name": name, "nickname": nickname(name), "email": row.fields.get("email")}


def embed(record: Fields, key: str, value: Fields | None) -> None:
    """An embedded object; where there is none, the key holds null or {}, or is missing [seen].

    Facts: crm-v1.md#data-quirks.
    """
    luck = share(record["id"], key)
    if value is not None:
        record[key] = value
    elif luck < 0.66:
        record[key] = None if luck < 0.33 else {}


def custom_value(owner: Row, slug: str, value: Any, row: Row) -> Fields:
    """One custom value, not yet with its definition; its times are null in places."""
    dated = share(owner.id, f"{slug} dated") < 0.7
    return {
        "custom_field_id": row.id,
        "value": value,
        "created_at": moment(owner.created) if dated else None,
        "updated_at": moment(owner.updated) if dated else None,
    }


def definition(row: Row) -> Fields:
    """A custom field (crm-v1.md#custom-fields)."""
    fields = row.fields
    return {
        **both_ids(row),
        "label": fields.get("name"),
        "type": fields.get("type"),
        "for": fields.get("entity"),
        "opts": [str(option) for option in fields.get("options") or ()],
        "order": fields.get("order"),
        "required": bool(fields.get("_required")),
        "required_rules": _rules(row),
        "unique": bool(fields.get("unique")),
        "visible": bool(fields.get("_visible")),
        "allow_new": bool(fields.get("allow_new_option")),
        **times(row),
    }


def _rules(row: Row) -> list[Fields]:
    """Each rule with its value as a text and, once more, as `{"$oid": …}`: both occur [seen]."""
    made = []
    for number, rule in enumerate(row.fields.get("required_rules") or ()):
        value = rule.get("value")
        for shape, shown in (("text", value), ("oid", {"$oid": value})):
            id_ = invented_id(row.id, f"rule {number} {shape}")
            always = rule.get("always") if shape == "text" else False
            made.append({"_id": id_, "always": always, "property": rule.get("property"), "value": shown, **times(row)})
    return made


def segment(relations: Relations, row: Row, organization: Row) -> Fields:
    """A segment inside an organization (crm-v1.md#organizations)."""
    return {
        **both_ids(row),
        "name": row.fields.get("name"),
        "instance_id": relations.instance_id,
        "integration_id": None,
        "organization_ids": [organization.id],
        **times(row),
    }


def card(contact: Row) -> Fields:
    """A person inside a deal or an organization: no id."""
    fields = contact.fields
    return {
        "name": fields.get("name"),
        "title": fields.get("job_title"),
        **social(contact),
        "birthday": birthday(contact),
        "emails": [{"email": entry.get("email")} for entry in fields.get("emails") or ()],
        "phones": [{"phone": entry.get("phone"), "type": phone_type(entry)} for entry in fields.get("phones") or ()],
    }


def social(contact: Row) -> Fields:
    """`notes` and the three networks; null, or "" [seen]."""
    luck = share(contact.id, "notes")
    notes = "Prefere falar à tarde" if luck < 0.1 else "" if luck < 0.3 else None
    profiles: Iterable[Fields] = contact.fields.get("social_profiles") or ()
    found = {entry.get("type"): entry.get("username") for entry in profiles}
    return {"notes": notes, **{name: found.get(name) for name in ("facebook", "linkedin", "skype")}}


def birthday(contact: Row) -> Fields | None:
    """Year 0000 is none; some contacts without a birthday have an object full of nulls [seen]."""
    text = contact.fields.get("birthday")
    if not text and share(contact.id, "empty birthday") >= 0.15:
        return None
    year, month, day = (int(part) or None for part in text.split("-")) if text else (None, None, None)
    dated = share(contact.id, "birthday dated") < 0.5
    at = moment(contact.created) if dated else None
    id_ = invented_id(contact.id, "birthday")
    return {"_id": id_, "day": day, "month": month, "year": year, "created_at": at, "updated_at": at}


def phone_type(entry: Fields) -> str | None:
    """v1 says `cellphone` where v2 says `mobile`."""
    kind = entry.get("type")
    return "cellphone" if kind == "mobile" else kind


def base_price(price: float | None) -> str:
    """A numeric text, `15.44` (crm-v1.md#products)."""
    return f"{price or 0:.2f}"
