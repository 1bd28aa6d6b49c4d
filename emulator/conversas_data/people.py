"""Contacts (the API calls them customers) and employees (conversas.md#contacts, conversas.md#small-lists)."""

from __future__ import annotations

from ..data import words
from ..data.row import Fields, Row
from ..rng import Rng, rng
from .lookup import Lookup

__all__ = ["CHANNELS", "customer", "employee"]

CHANNELS = ("whatsapp", "instagram", "telegram", "messenger", "email", "megasac")
STATES = {"Recife": "PE", "Curitiba": "PR", "Belém": "PA", "Goiânia": "GO"}


def customer(account: Lookup, row: Row) -> Fields:
    """Address and job are missing in some; every other one has the keys seen on another route only.

    Facts: conversas.md#contacts.
    """
    dice = rng(account.seed, "account customer", row.index)
    channel = dice.choices(CHANNELS, (80, 6, 6, 4, 2, 2))[0]
    fields: Fields = {
        "_channel": channel,  # what `channels` selects by, shown or not
        "full_name": f"{dice.choice(words.FIRST_NAMES)} {dice.choice(words.LAST_NAMES)}",
        "email": f"k{row.index}@exemplo.test" if dice.random() < 0.7 else None,
        "cel_phone": _phone(row.index, dice),
    }
    if dice.random() < 0.7:
        fields["address"] = _address(row.index, dice)
    if dice.random() < 0.6:
        fields["job"] = _job(row.index, dice)
    fields["customizable_field"] = _custom_values(account, dice)
    if row.index % 2:
        fields |= _from_another_route(account, row, channel, dice)
    return fields


def _phone(index: int, dice: Rng) -> str:
    """Usually with 55, the ninth digit sometimes missing [seen]; no area has the code 00.

    Other digits than an id ends with: ids may be logged, phones may not.
    """
    number = f"007{index % 10**7:07d}" if dice.random() < 0.2 else f"009{index % 10**8:08d}"
    return number if dice.random() < 0.1 else f"55{number}"


def _address(index: int, dice: Rng) -> Fields:
    city, _, _ = dice.choice(words.CITIES)
    return {
        "street": dice.choice(words.STREETS),
        "number": str(index % 900 + 1),
        "complement": "" if index % 3 else "Sala 2",
        "district": dice.choice(words.PLACES),
        "city": city,
        "state": STATES[city],
        "country": "Brasil",
        "zip_code": f"{index % 10**8:08d}",
    }


def _job(index: int, dice: Rng) -> Fields:
    return {
        "company": f"{dice.choice(words.TRADES)} {dice.choice(words.PLACES)}",
        "title": dice.choice(words.JOB_TITLES) or "",
        "department": "",
        "occupation_area": dice.choice(words.SEGMENTS),
        "phone": "",
        "email": f"trabalho{index}@exemplo.test" if dice.random() < 0.5 else "",
        "site": "",
        "cnpj": "",
    }


def _custom_values(account: Lookup, dice: Rng) -> list[Fields]:
    """Often none; the shape of an item is unpublished, this one is a [guess]."""
    known = [] if dice.random() < 0.5 else list(account.lists["custom_fields"].rows.values())
    return [{"id": row.id, "key": row.fields["key"], "value": f"valor {dice.randrange(100)}"} for row in known[:2]]


def _from_another_route(account: Lookup, row: Row, channel: str, dice: Rng) -> Fields:
    wallet, agent = account.some_row("wallets", dice), account.some_row("employees", dice)
    return {
        "tags": [{"id": "t1", "name": "vip"}] if dice.random() < 0.3 else [],
        "current_wallet": wallet.fields["name"] if wallet else None,
        "channel": channel,
        "employee": {"id": agent.id, "name": agent.fields["name"]} if agent else None,
        "cpf": f"{row.index % 10**11:011d}" if dice.random() < 0.3 else None,
        "birth_date": None,
        "description": None,
    }


def employee(account: Lookup, row: Row) -> Fields:
    """`status` is a text or a boolean [guess]."""
    dice = rng(account.seed, "account employee", row.index)
    active = row.index % 4 != 3
    return {
        "name": f"{dice.choice(words.FIRST_NAMES)} {dice.choice(words.LAST_NAMES)}",
        "email": f"atendente{row.index}@exemplo.test",
        "status": active if row.index % 3 == 2 else "active" if active else "inactive",
    }
