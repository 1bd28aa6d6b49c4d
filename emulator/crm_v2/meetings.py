"""Meetings, whose every field name is a guess: under the first names of crm-v2.md#meetings, or under the others."""

from __future__ import annotations

from ..data.account import Account
from ..data.row import Fields
from ..settings import Settings

__all__ = ["spelled"]


def spelled(account: Account, fields: Fields, settings: Settings) -> Fields:
    """The record under the names that `meetings_fields` asks for (crm-v2.md#unknowns row 34)."""
    if settings.meetings_fields == "ids":
        return fields

    def shown(name: str, id_: str | None) -> Fields | None:
        row = account.lists[name].rows.get(id_ or "")
        return None if row is None else {"id": row.id, "name": row.fields.get("name")}

    return {
        "id": fields["id"],
        "name": fields["subject"],
        "user": shown("users", fields["organizer_id"]),
        "owner": shown("users", fields["responsible_id"]),
        "participants": [person for id_ in fields["contact_ids"] if (person := shown("contacts", id_))],
        "deal": shown("deals", fields["deal_id"]),
        "scheduled_at": fields["starts_at"],
        "status": fields["status"],
    }
