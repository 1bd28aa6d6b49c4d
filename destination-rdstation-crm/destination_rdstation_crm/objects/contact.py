"""A contact, field by field (docs/api/crm-v2.md#contacts and #writes). Flat `email` and `phone` do not work [seen]."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from destination_rdstation_crm.objects.crm_object import CrmObject
from destination_rdstation_crm.objects.days import birthday
from destination_rdstation_crm.objects.entries import PHONE_TYPES, email_sign, phone_sign, profile_sign
from destination_rdstation_crm.objects.equality import Same, same_birthday, same_emails, same_phones, same_profiles
from destination_rdstation_crm.objects.field import TEXT, Field, Schema, reference
from destination_rdstation_crm.objects.identities import email
from destination_rdstation_crm.objects.merging import Join, join_emails, join_phones, join_profiles
from destination_rdstation_crm.objects.nested import flat_text, unfolded
from destination_rdstation_crm.objects.texts import blank
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["CONTACT"]


def _emails(cell: Any) -> list[dict[str, str]]:
    return _each(cell, "email", lambda item: {"email": email(item["email"])}, email_sign)


def _phones(cell: Any) -> list[dict[str, str]]:
    return _each(cell, "phone", _phone, phone_sign)


def _phone(item: Mapping[str, Any]) -> dict[str, str]:
    known = item.get("type") in PHONE_TYPES
    return {"phone": flat_text(item["phone"]), "type": item["type"] if known else "mobile"}  # always one [guess]


def _each(
    cell: Any,
    name: str,
    entry: Callable[[Mapping[str, Any]], dict[str, str]],
    sign: Callable[[Mapping[str, Any]], str],
) -> list[dict[str, str]]:
    """The entries of one value, an object with it, or a list of either; each once."""
    items = [unfolded(item) for item in (cell if isinstance(cell, list) else [cell]) if not blank(item)]
    objects = [item if isinstance(item, dict) else {name: item} for item in items]
    if any(blank(item.get(name)) for item in objects):
        raise RowRejectedError(f"an object of this list needs a value of `{name}`")
    found: dict[str, dict[str, str]] = {}
    for made in map(entry, objects):
        found.setdefault(sign(made), made)
    return list(found.values())


def _list_of(name: str) -> Callable[[Any], Any]:
    def read(cell: Any) -> Any:
        """The list that a cell holds, without objects that the CRM itself holds without a value."""
        meant = unfolded(cell)
        if not isinstance(meant, list):
            return meant
        return [item for item in meant if not isinstance(item, dict) or not blank(item.get(name, "…"))]

    return read


def _several(name: str) -> Schema:
    """One text, or a list of texts or of objects, as the source has it."""
    entry = {"type": "object", "properties": {name: TEXT}}
    return {"type": ["string", "array"], "items": {"anyOf": [TEXT, entry]}}


def _profile(network: str, title: str) -> Field:
    def read(cell: Any) -> Any:
        """The user name that a list of profiles, as the source has it, gives for the network."""
        meant = unfolded(cell)
        if not isinstance(meant, list) or not all(isinstance(item, dict) for item in meant):
            return meant
        return next((item.get("username") for item in meant if profile_sign(item) == network), None)

    return Field(
        network,
        title,
        "social_profiles",
        lambda cell: [{"type": network, "username": flat_text(cell)}],
        same=same_profiles,
        join=join_profiles,
        clear=lambda: [{"type": network, "username": None}],
        read=read,
    )


def _several_of(kind: str, label: str, encode: Callable[[Any], Any], same: Same, join: Join) -> Field:
    """A field of several entries: addresses or numbers."""
    return Field(kind, label, f"{kind}s", encode, _several(kind), same=same, join=join, clear=list, read=_list_of(kind))


CONTACT: Final = CrmObject(
    name="contact",
    mode="contacts",
    path="/contacts",
    matching_keys=("_id", "email", "name"),
    fields=(
        Field("name", "Name", clearable=False),
        _several_of("email", "E-mail", _emails, same_emails, join_emails),
        _several_of("phone", "Phone", _phones, same_phones, join_phones),
        Field("job_title", "Job title"),
        reference("organization_id", "Organization"),
        Field(
            "birthday",
            "Birthday",
            encode=birthday,
            schema={"type": "string", "description": "A date, or 0000-MM-DD without a year."},
            same=same_birthday,
        ),
        _profile("linkedin", "LinkedIn"),
        _profile("facebook", "Facebook"),
    ),
)
