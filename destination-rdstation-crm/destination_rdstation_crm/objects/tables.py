"""Contact, deal and organization, field by field (docs/api/crm-v2.md#contacts, #deals, #organizations and #writes).

A new field is a new line. Flat `email` and `phone` of a contact do not work [seen].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from destination_rdstation_crm.objects.crm_object import DATE, IDS, TEXT, CrmObject, Field, reference
from destination_rdstation_crm.objects.existing_values import (
    PHONE_TYPES,
    Join,
    KeyOf,
    Same,
    email_key,
    entries,
    join_address,
    join_emails,
    join_phones,
    join_profiles,
    phone_key,
    profile_key,
    same_address,
    same_birthday,
    same_day,
    same_emails,
    same_fold,
    same_phones,
    same_price,
    same_profiles,
    same_set,
)
from destination_rdstation_crm.objects.figures import birthday, iso_day, price, rating
from destination_rdstation_crm.objects.key_forms import EMAIL_KEY, PHONE
from destination_rdstation_crm.objects.values import (
    STATUSES,
    blank,
    email,
    flat_text,
    identifiers,
    status,
    unfolded,
)
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["MODES", "OBJECTS"]


def _phone(item: Mapping[str, Any]) -> dict[str, str]:
    known = item.get("type") in PHONE_TYPES
    return {"phone": flat_text(item["phone"]), "type": item["type"] if known else "mobile"}  # always one [guess]


def _entries(
    name: str,
    entry: Callable[[Mapping[str, Any]], dict[str, str]],
    key_of: KeyOf,
    cell: Any,
) -> list[dict[str, str]]:
    """Make the entries of one value, an object with it, or a list of either; each once."""
    items = [unfolded(item) for item in (cell if isinstance(cell, list) else [cell]) if not blank(item)]
    objects = [item if isinstance(item, dict) else {name: item} for item in items]
    if any(blank(item.get(name)) for item in objects):
        raise RowRejectedError(f"an object of this list needs a value of `{name}`")
    found: dict[str, dict[str, str]] = {}
    for encoded in map(entry, objects):
        found.setdefault(key_of(encoded), encoded)
    return list(found.values())


def _profile(network: str, title: str) -> Field:
    def read(cell: Any) -> Any:
        """Find the user name that a list of profiles, as the source has it, gives for the network."""
        meant = unfolded(cell)
        if not isinstance(meant, list) or not all(isinstance(item, dict) for item in meant):
            return meant
        return next((item.get("username") for item in meant if profile_key(item) == network), None)

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


def _list_of(
    kind: str,
    label: str,
    entry: Callable[[Mapping[str, Any]], dict[str, str]],
    key_of: KeyOf,
    *,
    same: Same,
    join: Join,
    **more: Any,
) -> Field:
    """Describe a field of several entries: addresses or numbers."""

    def read(cell: Any) -> Any:
        """Read the list that a cell holds, without objects that the CRM itself holds without a value."""
        meant = unfolded(cell)
        if not isinstance(meant, list):
            return meant
        return [item for item in meant if not isinstance(item, dict) or not blank(item.get(kind, "…"))]

    # The source has lists of texts or of objects.
    items = {"anyOf": [TEXT, {"type": "object", "properties": {kind: TEXT}}]}
    schema = {"type": ["string", "array"], "items": items}
    encode = partial(_entries, kind, entry, key_of)
    return Field(kind, label, f"{kind}s", encode, schema, same=same, join=join, clear=list, read=read, **more)


CONTACT: Final = CrmObject(
    name="contact",
    mode="contacts",
    path="/contacts",
    matching_keys=("_id", "email", "phone", "name"),
    fields=(
        Field("name", "Name", clearable=False),
        _list_of(
            "email",
            "E-mail",
            lambda item: {"email": email(item["email"])},
            email_key,
            same=same_emails,
            join=join_emails,
            key_values=lambda emails: [entry.get("email") for entry in entries(emails)],
            form=EMAIL_KEY,
        ),
        _list_of(
            "phone",
            "Phone",
            _phone,
            phone_key,
            same=same_phones,
            join=join_phones,
            key_values=lambda phones: [entry.get("phone") for entry in entries(phones)],
            form=PHONE,
        ),
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


def _price(name: str, title: str) -> Field:
    return Field(name, title, encode=price, schema={"type": "number"}, same=same_price)


DEAL: Final = CrmObject(
    name="deal",
    mode="deals",
    path="/deals",
    matching_keys=("_id", "name"),
    listed_by_id=True,
    creation_defaults={"status": "ongoing"},
    creation_only={"status": "ongoing"},  # [doc]
    together=(frozenset({"status", "lost_reason_id"}),),  # a loss goes out with its reason [guess]
    implied={"pipeline_id": "stage_id"},  # a stage belongs to a pipeline [doc]
    fields=(
        Field("name", "Name", clearable=False),
        Field(
            "status",
            "Status",
            encode=status,
            schema={"type": "string", "enum": list(STATUSES)},
            same=same_fold,
            clearable=False,
        ),
        Field("contact_id", "Contacts", "contact_ids", identifiers, IDS, same_set, clear=list, read=unfolded),
        reference("organization_id", "Organization"),
        # A deal is always in a stage: emptied, it would jump back to the first one [guess].
        reference("stage_id", "Stage", clearable=False),
        reference("pipeline_id", "Pipeline", clearable=False),
        reference("owner_id", "Owner"),
        reference("campaign_id", "Campaign"),
        reference("source_id", "Source"),
        reference("lost_reason_id", "Lost reason"),
        Field("expected_close_date", "Expected close date", encode=iso_day, schema=DATE, same=same_day),
        Field("rating", "Rating", encode=rating, schema={"type": "integer", "minimum": 1, "maximum": 5}),
        _price("one_time_price", "One-time price"),
        _price("recurrence_price", "Recurrence price"),
    ),
)


_ADDRESS_PARTS: Final = ("line", "latitude", "longitude")


def _address(cell: Any) -> dict[str, str]:
    """The line, or an object with parts; coordinates are texts in the API's samples."""
    if not isinstance(cell, dict):
        return {"line": flat_text(cell)}
    if not set(cell) <= set(_ADDRESS_PARTS):
        raise RowRejectedError("an address is a text, or an object of " + ", ".join(_ADDRESS_PARTS))
    return {part: flat_text(value) for part, value in cell.items() if not blank(value)}


ORGANIZATION: Final = CrmObject(
    name="organization",
    mode="organizations",
    path="/organizations",
    matching_keys=("_id", "phone", "name"),
    unique_name=True,  # [doc]
    fields=(
        Field("name", "Name", clearable=False),
        Field("website", "Website", "url", encode=flat_text),
        # The documents show no phone [doc]: it goes out where it is mapped, and the API may refuse or ignore it.
        Field("phone", "Phone", encode=flat_text, shown=False, form=PHONE),
        reference("owner_id", "Owner"),
        Field("segment_ids", "Segments", encode=identifiers, schema=IDS, same=same_set, clear=list, read=unfolded),
        Field("description", "Description"),
        Field(
            "address",
            "Address",
            encode=_address,
            schema={
                "type": ["string", "object"],
                "properties": {part: {"type": "string"} for part in _ADDRESS_PARTS},
                "additionalProperties": False,
            },
            same=same_address,
            join=join_address,
            read=unfolded,
        ),
    ),
)


OBJECTS: Final[Mapping[str, CrmObject]] = {each.name: each for each in (CONTACT, DEAL, ORGANIZATION)}
"""By `destination_object_name`."""

MODES: Final[Mapping[str, CrmObject]] = {each.mode: each for each in OBJECTS.values()}
"""By the configuration's `mode`."""
