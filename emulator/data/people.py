"""Generators of contacts, organizations, users and teams: the same record for the same seed and number."""

from __future__ import annotations

from ..rng import rng
from . import words
from .custom_fields import invented_values
from .lookup import Lookup
from .row import Fields, Row

__all__ = ["contact", "organization", "team", "user"]


def contact(account: Lookup, row: Row) -> Fields:
    """Most have an e-mail, some none (real accounts hold such, crm-v2.md#writes).

    `0000-MM-DD` is a birthday without a year [doc].
    """
    dice = rng(account.seed, "contact", row.index)
    first, last = dice.choice(words.FIRST_NAMES), dice.choice(words.LAST_NAMES)
    handle = f"{first}.{last}.{row.index}".lower()
    luck = dice.random()
    birthday = None
    if luck < 0.5:
        year = "0000" if luck < 0.1 else dice.randrange(1950, 2006)
        birthday = f"{year}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}"
    return {
        "name": _contact_name(row.index, f"{first} {last}"),
        "job_title": dice.choice(words.JOB_TITLES),
        "emails": [{"email": f"c{row.index}@exemplo.test"}] if luck < 0.9 else [],
        "phones": [{"phone": f"+5500900{row.index:07d}", "type": dice.choice(("mobile", "work", "home", "fax", None))}]
        if luck > 0.3
        else [],
        "birthday": birthday,
        "social_profiles": [{"type": "linkedin", "username": handle}] if luck > 0.8 else [],
        "organization_id": account.some_id("organizations", dice) if luck < 0.6 else None,
        "legal_bases": [{"category": "communications", "type": "consent", "status": "granted"}] if luck < 0.25 else [],
        "custom_fields": invented_values("contact", row.index, dice),
        "whatsapp_username": handle if luck > 0.9 else None,
        "context_origin": "whatsapp" if luck > 0.95 else None,
    }


def _contact_name(index: int, name: str) -> str:
    """A few names begin with a space or are a phone number [seen, v1]."""
    if index % 67 == 29:
        return f"+5500900{index:07d}"
    return f" {name}" if index % 41 == 17 else name


def organization(account: Lookup, row: Row) -> Fields:
    """The number in the name keeps names unique in the account [doc]."""
    dice = rng(account.seed, "organization", row.index)
    city, latitude, longitude = dice.choice(words.CITIES)
    return {
        "name": f"{dice.choice(words.TRADES)} {dice.choice(words.PLACES)} {row.index}",
        "description": f"Rede de {dice.randrange(2, 9)} lojas" if dice.random() < 0.5 else None,
        "url": f"https://org{row.index}.exemplo.test" if dice.random() < 0.7 else None,
        "address": {
            "line": f"{dice.choice(words.STREETS)}, {row.index % 900 + 1}, {city}",
            "latitude": latitude,
            "longitude": longitude,
        },
        "segment_ids": account.some_ids("segments", dice, 2),
        "follower_ids": account.some_ids("users", dice, 2),
        "owner_id": account.some_id("users", dice),
        "custom_fields": invented_values("organization", row.index, dice),
    }


def user(account: Lookup, row: Row) -> Fields:
    """`is:active` and `is:visible` filter by flags that the record does not show (crm-v2.md#small-lists)."""
    dice = rng(account.seed, "user", row.index)
    name = f"{dice.choice(words.FIRST_NAMES)} {dice.choice(words.LAST_NAMES)}"
    phone = f"+5500911{row.index:07d}" if dice.random() < 0.6 else None
    return {
        "name": name,
        "email": f"u{row.index}@exemplo.test",
        "phone": phone,
        "_active": row.index % 5 != 4,
        "_visible": row.index % 7 != 6,
    }


def team(account: Lookup, row: Row) -> Fields:
    """Members are drawn from the users."""
    dice = rng(account.seed, "team", row.index)
    return {"name": words.numbered(words.TEAMS, row.index), "user_ids": account.some_ids("users", dice, 5)}
