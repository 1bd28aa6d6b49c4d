"""Campaigns: mass sendings of a template (conversas.md#campaigns)."""

from __future__ import annotations

from ..data import words
from ..data.row import Fields, Row
from ..rng import rng
from .lookup import Lookup

__all__ = ["campaign"]

TITLES = ("Aviso de frete", "Cupom da semana", "Pesquisa", "Lembrete de vencimento", "Novo horário")


def campaign(account: Lookup, row: Row) -> Fields:
    """All that the single record shows; `segmentation` names wallets, none, or nothing. It belongs to no person."""
    dice = rng(account.seed, "account campaign", row.index)
    template, wallet = account.some_row("templates", dice), account.some_row("wallets", dice)
    addressed = dice.randrange(10, 900)
    sent = int(addressed * (0.8 + dice.random() * 0.2))
    filters: Fields = {"wallets": [wallet.fields["name"]] if wallet and row.index % 3 else []}
    return {
        "title": words.numbered(TITLES, row.index),
        "template": {"id": template.id, "type": dice.choice(("text", "image"))} if template else None,
        "total_customers": addressed,
        "stats": {"success": sent, "read": int(sent * dice.random()), "error": addressed - sent},
        "segmentation": {"filters": filters if row.index % 4 else {}},
    }
