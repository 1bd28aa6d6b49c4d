"""Generators of deals with their notes and product lines, and of tasks."""

from __future__ import annotations

from ..clock import instant_text
from ..rng import Rng, rng
from . import words
from .custom_fields import invented_values
from .lookup import Lookup
from .row import Fields, Row
from .times import DAY, object_id

__all__ = ["deal", "has_lines", "has_notes", "lines", "notes", "task"]

GOLDEN = (
    2_654_435_761  # Knuth's multiplicative hash: an even spread of consecutive numbers without a generator for each
)
NOTE_KIND, LINE_KIND = 0xE1, 0xE2
MANY_CONTACTS, MANY_CONTACTS_EVERY = 25, 40


def deal(account: Lookup, row: Row) -> Fields:
    """Every status, prices with and without cents; `organization_id` and `contact_ids` often empty [seen].

    Facts: crm-v2.md#deals.
    """
    dice = rng(account.seed, "deal", row.index)
    status = dice.choices(("ongoing", "won", "lost", "paused"), (55, 25, 17, 3))[0]
    pipeline_id = account.some_id("pipelines", dice)
    recurrence = round(dice.random() * 900, 2) if dice.random() < 0.5 else 0.0
    one_time = float(dice.randrange(50, 5000)) if dice.random() < 0.7 else round(dice.random() * 3000, 2)
    closes = (row.created or 0) + dice.randrange(5, 90) * DAY
    return {
        "name": f"{dice.choice(words.OFFERS)} {dice.choice(words.TRADES)} {dice.choice(words.PLACES)}",
        "recurrence_price": recurrence,
        "one_time_price": one_time,
        "total_price": round(recurrence + one_time, 2),
        "expected_close_date": instant_text(closes)[:10] if dice.random() < 0.7 else None,
        "rating": dice.randrange(1, 6),
        "status": status,
        "closed_at": row.updated if status in ("won", "lost") else None,
        "pipeline_id": pipeline_id,
        "stage_id": dice.choice(account.stage_ids(pipeline_id)),
        "owner_id": account.some_id("users", dice),
        "source_id": account.some_id("sources", dice) if dice.random() < 0.6 else None,
        "campaign_id": account.some_id("campaigns", dice) if dice.random() < 0.4 else None,
        "lost_reason_id": account.some_id("lost_reasons", dice) if status == "lost" else None,
        "organization_id": account.some_id("organizations", dice) if dice.random() < 0.5 else None,
        "contact_ids": _contacts(account, row, dice),
        "custom_fields": invented_values("deal", row.index, dice),
    }


def _contacts(account: Lookup, row: Row, dice: Rng) -> list[str]:
    """Often none, mostly one or two; some have more than a page of v1 (crm-v1.md#unknowns row 21)."""
    few = account.some_ids("contacts", dice, 2) if dice.random() < 0.6 else []
    if row.index % MANY_CONTACTS_EVERY != 7:
        return few
    return account.some_ids("contacts", rng(account.seed, "many contacts", row.index), MANY_CONTACTS, MANY_CONTACTS)


def task(account: Lookup, row: Row) -> Fields:
    """Tasks of deals, a few without a due date."""
    dice = rng(account.seed, "task", row.index)
    status = dice.choices(("open", "completed", "canceled"), (40, 50, 10))[0]
    owner = account.some_id("users", dice)
    return {
        "name": dice.choice(words.TASK_NAMES),
        "description": "Levar a tabela de preços." if dice.random() < 0.3 else "",
        "type": dice.choice(("call", "email", "meeting", "task", "lunch", "visit", "whatsapp")),
        "status": status,
        "due_date": (row.created or 0) + dice.randrange(1, 30) * DAY if dice.random() < 0.9 else None,
        "created_by_id": owner,
        "completed_at": row.updated if status == "completed" else None,
        "completed_by_id": owner if status == "completed" else None,
        "deal_id": account.some_id("deals", dice),
        "owner_ids": [owner],
    }


def has_notes(row: Row) -> bool:
    """A third of the deals has none."""
    return row.index % 3 != 0


def notes(account: Lookup, parent: Row) -> list[Row]:
    """None or several notes of a deal, the last one sometimes pinned or edited."""
    if not has_notes(parent):
        return []
    dice = rng(account.seed, "notes", parent.index)
    return [_note(account, parent, index) for index in range(dice.choice((1, 1, 2, 3, 5)))]


def _note(account: Lookup, parent: Row, index: int) -> Row:
    dice = rng(account.seed, "note", parent.index, index)
    registered = (parent.created or 0) + index * 3_600_000 + dice.randrange(3_600_000)
    author = account.some_id("users", dice)
    edited = dice.random() < 0.2
    fields: Fields = {
        "description": dice.choice(words.NOTE_TEXTS),
        "user_id": author,
        "edited_by_id": author if edited else None,
        "pinned_at": registered + DAY if dice.random() < 0.1 else None,
        "edited_at": registered + 2 * DAY if edited else None,
    }
    id_ = object_id(registered, NOTE_KIND, account.seed, parent.index * 100 + index)
    return Row(id_, registered, registered, fields, index, parent.id)


def has_lines(row: Row) -> bool:
    """About half of the deals has products."""
    return row.index * GOLDEN % 2**32 < 2**31


def lines(account: Lookup, parent: Row) -> list[Row]:
    """Product lines of a deal."""
    if not has_lines(parent):
        return []
    dice = rng(account.seed, "lines", parent.index)
    return [_line(account, parent, index) for index in range(dice.choice((1, 1, 1, 2, 4)))]


def _line(account: Lookup, parent: Row, index: int) -> Row:
    dice = rng(account.seed, "line", parent.index, index)
    price, quantity = round(dice.random() * 500, 2), float(dice.randrange(1, 9))
    created = (parent.created or 0) + index * 60_000
    # The same product in two lines of a deal was seen: in each deal of three lines or more it stands twice.
    product = rng(account.seed, "line", parent.index, index % 2)
    fields: Fields = {
        "product_id": account.some_id("products", product),
        "price": price,
        "quantity": quantity,
        "discount": 0.0,
        "discount_type": dice.choice(("amount", "percentage")),
        "total_price": round(price * quantity, 2),
        "billing_frequency": dice.choice(("one-time", "monthly", "annually")),
    }
    id_ = object_id(created, LINE_KIND, account.seed, parent.index * 100 + index)
    return Row(id_, created, max(created, parent.updated or 0), fields, index, parent.id)
