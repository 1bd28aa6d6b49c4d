"""Generators of what the newer docs have beside the streams' lists: meetings, and the files of a deal."""

from __future__ import annotations

from ..rng import invented_id, rng
from . import words
from .lookup import Lookup
from .row import Fields, Row
from .times import DAY, object_id

__all__ = ["files", "has_files", "meeting"]

FILE_KIND = 0xE4
MANY, MANY_EVERY, ONE_EVERY = 60, 40, 5  # 60 files are three pages of 20, whatever the default size
HALF_HOUR = 1_800_000
FILE_NAMES = ("proposta-v2.pdf", "contrato.docx", "planta baixa.png", "Orçamento nº 3.xlsx")
MEETING_NAMES = ("Apresentação", "Visita técnica", "Revisão da proposta", "Assinatura")


def meeting(account: Lookup, row: Row) -> Fields:
    """Every guessed thing under its first name; other spellings are made when served (crm-v2.md#meetings)."""
    dice = rng(account.seed, "meeting", row.index)
    starts = (row.created or 0) + dice.randrange(1, 20) * DAY
    halves = dice.choice((1, 2, 4))
    return {
        "organizer_id": account.some_id("users", dice),
        "responsible_id": account.some_id("users", dice) if dice.random() < 0.8 else None,
        "contact_ids": account.some_ids("contacts", dice, 3),
        "deal_id": account.some_id("deals", dice) if dice.random() < 0.7 else None,
        "subject": words.numbered(MEETING_NAMES, row.index),
        "description": "Levar a tabela de preços." if dice.random() < 0.5 else None,
        "location": dice.choice(("Sala 2", "Vídeo", None)),
        "starts_at": starts,
        "ends_at": starts + halves * HALF_HOUR,
        "duration_minutes": halves * 30,
        "status": dice.choice(("scheduled", "completed", "no_show")),
    }


def has_files(row: Row) -> bool:
    """Most deals have none."""
    return row.index % ONE_EVERY == 1 or row.index % MANY_EVERY == 3


def files(account: Lookup, parent: Row) -> list[Row]:
    """None, one, or sixty files of a deal (crm-v2.md#unknowns row 37)."""
    if not has_files(parent):
        return []
    return [_file(account, parent, index) for index in range(MANY if parent.index % MANY_EVERY == 3 else 1)]


def _file(account: Lookup, parent: Row, index: int) -> Row:
    dice = rng(account.seed, "file", parent.index, index)
    created = (parent.created or 0) + index * 600_000 + dice.randrange(600_000)
    id_ = object_id(created, FILE_KIND, account.seed, parent.index * 100 + index)
    name = words.numbered(FILE_NAMES, index)
    # The address opens the file without a token [seen]: a part of it that nobody guesses is all that guards it.
    url = f"https://arquivos.exemplo.test/{invented_id(id_, 'file')}/{index}"
    fields: Fields = {"name": name, "size": dice.randrange(1, 6_000_000_000 if index == 1 else 900_000), "url": url}
    return Row(id_, created, created, fields, index, parent.id)
