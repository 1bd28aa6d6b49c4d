"""How a row's e-mail, phone, profile and address join the record's: a PUT replaces lists and objects whole [guess].

Pure. Every function takes the held value first and gives back what a PUT would carry; whether that differs from what
is held, and so is sent at all, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from destination_rdstation_crm.objects.entries import PHONE_TYPES, email_sign, entries, phone_sign, profile_sign
from destination_rdstation_crm.objects.texts import blank

__all__ = ["Join", "join_address", "join_emails", "join_phones", "join_profiles", "replace"]

Join: TypeAlias = Callable[[Any, Any], Any]


def replace(held: Any, sent: Any) -> Any:
    """The row states the whole value. So do lists of ids: else a contact could never leave a deal."""
    return sent


def join_emails(held: Any, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A new address comes first, where the CRM looks for the main one [guess]; a known one stays in its place."""
    return _joined(entries(held), sent, email_sign)


def join_phones(held: Any, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As e-mails, compared by digits. A phone of no known type goes back as mobile: null may be refused [guess]."""
    joined = _joined(entries(held), sent, phone_sign)
    return [phone if phone.get("type") in PHONE_TYPES else {**phone, "type": "mobile"} for phone in joined]


def join_profiles(held: Any, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A profile takes the place of the one in its network; one without a user name only takes that away."""
    stated = {profile_sign(profile) for profile in sent}
    others = [profile for profile in entries(held) if profile_sign(profile) not in stated]
    return [profile for profile in (*others, *sent) if not blank(profile.get("username"))]


def join_address(held: Any, sent: dict[str, str] | None) -> dict[str, Any] | None:
    """The parts that the row names, over the held ones."""
    return {**held, **sent} if isinstance(held, Mapping) and sent is not None else sent


def _joined(
    held: list[dict[str, Any]], sent: list[dict[str, Any]], sign: Callable[[Mapping[str, Any]], str]
) -> list[dict[str, Any]]:
    if not sent:
        return []  # the row clears the list
    known = {sign(entry) for entry in held}
    # An entry without a sign says nothing, and the API may refuse to take it back.
    return [*(entry for entry in sent if sign(entry) not in known), *(entry for entry in held if sign(entry))]
