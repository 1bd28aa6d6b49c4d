"""Organizations, contacts, tasks, users and teams.

Facts: crm-v1.md#organizations, crm-v1.md#contacts, crm-v1.md#tasks, crm-v1.md#users, crm-v1.md#teams.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ..clock import instant_text
from ..data.row import Fields, Row
from ..rng import invented_id, share
from .parts import birthday, both_ids, card, custom_value, named, phone_type, segment, social, times, user
from .relations import Relations
from .times import local_hour, moment

__all__ = [
    "contact",
    "contact_of_deal",
    "organization",
    "organization_detail",
    "task",
    "task_detail",
    "team",
    "user_detail",
    "user_row",
]

STATES = {"won": "won_count", "lost": "lost_count", "ongoing": "opened_count", "paused": "paused_count"}


def organization(relations: Relations, row: Row, definition: Callable[[Row], Any]) -> Fields:
    """As the list shows it; custom values hold their definition in some accounts' rows [spec], in others not."""
    fields, known = row.fields, relations.definitions("organization")
    nested = share(row.id, "definitions nested") < 0.5
    custom = []
    for slug, value in (fields.get("custom_fields") or {}).items():
        if slug in known:
            entry = {"_id": invented_id(row.id, slug), **custom_value(row, slug, value, known[slug])}
            custom.append({**entry, "custom_field": definition(known[slug])} if nested else entry)
    counts = Counter(STATES.get(str(deal.fields.get("status"))) for deal in relations.deals_of_organization(row.id))
    return {
        **both_ids(row),
        "name": fields.get("name"),
        "resume": fields.get("description"),
        "url": fields.get("url"),
        "address": (fields.get("address") or {}).get("line"),
        **{name: counts[name] for name in STATES.values()},
        **times(row),
        "user": user(relations.row("users", fields.get("owner_id"))),
        "organization_segments": [
            segment(relations, found, row) for found in relations.rows("segments", fields.get("segment_ids"))
        ],
        "contacts": [card(found) for found in relations.contacts_of_organization(row.id)],
        "custom_fields": custom,
    }


def organization_detail(relations: Relations, row: Row, definition: Callable[[Row], Any]) -> Fields:
    """Alone it has `_id` without `id`, and another name for the custom values."""
    record = organization(relations, row, definition)
    del record["id"]
    address = row.fields.get("address") or {}
    followers = relations.rows("users", row.fields.get("follower_ids"))
    return {
        **record,
        "organization_custom_fields": record.pop("custom_fields"),
        "address_latitude": address.get("latitude"),
        "address_longitude": address.get("longitude"),
        "follower_ids": [found.id for found in followers],
        "followers": [named(found) for found in followers],
        "last_activity_at": None,
        "user_id": row.fields.get("owner_id"),
    }


def contact(relations: Relations, row: Row) -> Fields:
    """Custom values without definitions; two keys that are always null come and go [seen]."""
    fields, known = row.fields, relations.definitions("contact")
    title = fields.get("job_title")
    record = {
        **both_ids(row),
        "name": fields.get("name"),
        "title": "" if title is None and share(row.id, "title") < 0.5 else title,
        **social(row),
        "organization_id": fields.get("organization_id"),
        "birthday": birthday(row),
        "emails": [_email(row, entry) for entry in fields.get("emails") or ()],
        "phones": [_phone(row, entry) for entry in fields.get("phones") or ()],
        "contact_custom_fields": [
            {"_id": invented_id(row.id, slug), **custom_value(row, slug, value, known[slug])}
            for slug, value in (fields.get("custom_fields") or {}).items()
            if slug in known
        ],
        "legal_bases": [
            {name: entry.get(name) for name in ("category", "type", "status")}
            for entry in fields.get("legal_bases") or ()
        ],
        "deals": [_deal_of_contact(deal) for deal in relations.deals_of_contact(row.id)],
        **times(row),
    }
    if share(row.id, "null keys") < 0.3:
        record |= {"whatsapp_username": None, "integration_id": None}
    return record


def contact_of_deal(relations: Relations, row: Row) -> Fields:
    """Below a deal it has neither `deals` nor the keys that are always null (crm-v1.md#contacts-of-a-deal)."""
    left_out = ("deals", "whatsapp_username", "integration_id")
    return {name: value for name, value in contact(relations, row).items() if name not in left_out}


def _deal_of_contact(deal: Row) -> Fields:
    status = deal.fields.get("status")
    return {
        **both_ids(deal),
        "name": deal.fields.get("name"),
        "win": True if status == "won" else False if status == "lost" else None,
        "prediction_date": deal.fields.get("expected_close_date"),
        "closed_at": moment(deal.fields.get("closed_at")),
        "deal_lost_reason_id": deal.fields.get("lost_reason_id"),
    }


def _email(row: Row, entry: Fields) -> Fields:
    at = moment(row.created) if share(row.id, "e-mail dated") < 0.8 else None
    email = entry.get("email")
    return {"_id": invented_id(row.id, f"e-mail {email}"), "email": email, "created_at": at, "updated_at": at}


def _phone(row: Row, entry: Fields) -> Fields:
    luck = share(row.id, "phone")
    number = str(entry.get("phone") or "")
    at = moment(row.created) if luck < 0.8 else None
    digits = number.lstrip("+")
    made = {
        "phone": number,
        "type": phone_type(entry),
        "whatsapp": luck < 0.4,
        "whatsapp_full_internacional": digits,  # sic
        "whatsapp_url_web": f"https://web.whatsapp.test/send?phone={digits}",
        "created_at": at,
        "updated_at": at,
    }
    return {"id": invented_id(row.id, f"phone {number}"), **made} if luck > 0.5 else made


def task(relations: Relations, row: Row) -> Fields:
    """As the list shows it: the due date in UTC, no `updated_at`."""
    fields = row.fields
    done, due = fields.get("status") == "completed", fields.get("due_date")
    deal = relations.row("deals", fields.get("deal_id"))
    users = relations.rows("users", fields.get("owner_ids"))
    record: Fields = {
        **both_ids(row),
        "subject": fields.get("name"),
        "type": fields.get("type"),
        "done": done,
        "done_date": moment(fields.get("completed_at")),
        "date": None if due is None else instant_text(due),
        "hour": local_hour(due),
        "notes": fields.get("description"),
        "markup": "past" if done else "future",
        "deal_id": fields.get("deal_id"),
        "deal": None,
        "user_ids": [found.id for found in users],
        "users": [user(found) for found in users],
        "created_at": moment(row.created),
    }
    if share(row.id, "status shown") < 0.5:  # [spec] only
        record["status"] = fields.get("status")
    if deal is not None:
        hold = True if deal.fields.get("status") == "paused" else None
        record["deal"] = {**(named(deal) or {}), "hold": hold, "rating": deal.fields.get("rating")}
    return record


def task_detail(relations: Relations, row: Row) -> Fields:
    """Alone, the due date has São Paulo's offset."""
    return {**task(relations, row), "date": moment(row.fields.get("due_date"))}


def user_row(row: Row) -> Fields:
    """As the list shows it."""
    fields = row.fields
    return {
        **both_ids(row),
        "name": fields.get("name"),
        "email": fields.get("email"),
        "active": bool(fields.get("_active")),
        "hidden": not fields.get("_visible"),
        "last_login": moment(row.updated) if share(row.id, "last_login") < 0.8 else None,
        **times(row),
    }


def user_detail(relations: Relations, row: Row) -> Fields:
    """Alone it also has `phone` and `teams`."""
    teams = relations.account.lists["teams"].rows.values()
    own = [named(found) for found in teams if row.id in (found.fields.get("user_ids") or ())]
    return {**user_row(row), "phone": row.fields.get("phone"), "teams": own}


def team(relations: Relations, row: Row) -> Fields:
    """With its members."""
    members = relations.rows("users", row.fields.get("user_ids"))
    return {
        **both_ids(row),
        "name": row.fields.get("name"),
        "user_ids": [found.id for found in members],
        "team_users": [{**(named(found) or {}), "email": found.fields.get("email")} for found in members],
        **times(row),
    }
