"""What API v1 says in a roundabout way. Pure. Facts: docs/api/crm-v1.md#contacts and #data-quirks."""

from __future__ import annotations

from rdstation.envelope import Row

__all__ = ["without_empty_birthdays"]


def without_empty_birthdays(row: Row) -> Row:
    """The same row: a `birthday` without day, month and year is null, its contacts' as well."""
    contacts = row.get("contacts")
    for person in (row, *(contacts if isinstance(contacts, list) else ())):
        birthday = person.get("birthday") if isinstance(person, dict) else None
        if isinstance(birthday, dict) and all(birthday.get(part) is None for part in ("day", "month", "year")):
            person["birthday"] = None
    return row
