"""Generators of the short lists (crm-v2.md#small-lists).

Campaigns, sources, lost reasons, segments, pipelines with stages, products.
"""

from __future__ import annotations

from ..rng import rng
from . import words
from .custom_fields import invented_values
from .lookup import Lookup
from .row import Fields, Row
from .times import object_id

__all__ = ["campaign", "lost_reason", "pipeline", "product", "segment", "source", "stages"]

STAGE_KIND = 0xE3


def campaign(account: Lookup, row: Row) -> Fields:
    """Every third without a description."""
    return {
        "name": words.numbered(words.CAMPAIGNS, row.index),
        "description": None if row.index % 3 == 2 else f"Ação {row.index + 1}",
    }


def source(account: Lookup, row: Row) -> Fields:
    """The same fields as a campaign."""
    return {
        "name": words.numbered(words.SOURCES, row.index),
        "description": None if row.index % 2 else f"Origem {row.index + 1}",
    }


def lost_reason(account: Lookup, row: Row) -> Fields:
    """A name."""
    return {"name": words.numbered(words.LOST_REASONS, row.index)}


def segment(account: Lookup, row: Row) -> Fields:
    """A name."""
    return {"name": words.numbered(words.SEGMENTS, row.index)}


def pipeline(account: Lookup, row: Row) -> Fields:
    """`stage_ids` is read from the stages when the record is served."""
    return {"name": words.numbered(words.PIPELINES, row.index), "order": row.index + 1}


def stages(account: Lookup, parent: Row) -> list[Row]:
    """As many stages as the account's size says, else between three and six."""
    created = parent.created or 0
    count = account.stages_each or 3 + (parent.index + account.seed) % 4
    names = [words.numbered(words.STAGES, order) for order in range(count)]
    return [
        Row(
            object_id(created, STAGE_KIND, account.seed, parent.index * 100 + order),
            created,
            created,
            {"name": name, "description": None, "objective": f"Concluir: {name.lower()}", "order": order + 1},
            order,
            parent.id,
        )
        for order, name in enumerate(names)
    ]


def product(account: Lookup, row: Row) -> Fields:
    """Every sixth is hidden."""
    dice = rng(account.seed, "product", row.index)
    return {
        "name": words.numbered(words.PRODUCTS, row.index),
        "description": f"Item {row.index + 1} da tabela" if dice.random() < 0.6 else None,
        "price": round(dice.random() * 900, 2) if row.index % 4 else 100.0,
        "visible": row.index % 6 != 5,
        "custom_fields": invented_values("product", row.index, dice),
    }
