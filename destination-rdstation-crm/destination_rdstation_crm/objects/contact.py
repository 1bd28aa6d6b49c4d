"""A contact, field by field (docs/api/crm-v2.md#contacts and #writes). Flat `email` and `phone` do not work [seen]."""

from __future__ import annotations

from typing import Any, Final

from destination_rdstation_crm.objects.crm_object import CrmObject
from destination_rdstation_crm.objects.days import birthday
from destination_rdstation_crm.objects.field import Field, reference
from destination_rdstation_crm.objects.identities import email
from destination_rdstation_crm.objects.joining import join_emails, join_phones, join_profiles
from destination_rdstation_crm.objects.sameness import same_birthday, same_emails, same_phones, same_profiles
from destination_rdstation_crm.objects.texts import text

__all__ = ["CONTACT"]


def _emails(cell: Any) -> list[dict[str, str]]:
    return [{"email": email(cell)}]


def _phones(cell: Any) -> list[dict[str, str]]:
    return [{"phone": text(cell), "type": "mobile"}]  # always one of the four types [guess]


def _profile(network: str, title: str) -> Field:
    return Field(
        network,
        title,
        "social_profiles",
        lambda cell: [{"type": network, "username": text(cell)}],
        same=same_profiles,
        join=join_profiles,
        clear=lambda: [{"type": network, "username": None}],
    )


CONTACT: Final = CrmObject(
    name="contact",
    mode="contacts",
    path="/contacts",
    matching_keys=("_id", "email", "name"),
    fields=(
        Field("name", "Name", clearable=False),
        Field("email", "E-mail", "emails", _emails, same=same_emails, join=join_emails, clear=list),
        Field("phone", "Phone", "phones", _phones, same=same_phones, join=join_phones, clear=list),
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
