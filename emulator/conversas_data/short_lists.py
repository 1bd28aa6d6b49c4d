"""The lists without pages (conversas.md#small-lists).

Custom fields, flows, workflows, templates, wallets, integrations.
"""

from __future__ import annotations

from ..data import words
from ..data.row import Fields, Row
from .lookup import Lookup

__all__ = ["custom_field", "flow", "integration", "official_integration", "template", "wallet", "workflow"]

FLOWS = ("Principal", "Fora do horário", "Segunda via", "Pesquisa de satisfação")
WORKFLOWS = ("Vendas", "Pós-venda", "Cobrança")
WALLETS = ("Carteira Norte", "Carteira Sul", "Parceiros")
LABELS = ("Número do pedido", "Código do cliente", "Região", "Última compra", "Observação")
BRANCHES = ("Matriz", "Filial")


def custom_field(account: Lookup, row: Row) -> Fields:
    """`info` is a text [spec], or an object [guess]."""
    label = words.numbered(LABELS, row.index)
    info = {"type": "text", "required": False} if row.index % 3 == 2 else f"Campo: {label}"
    return {"key": f"campo_{row.index + 1}", "label": label, "info": info}


def flow(account: Lookup, row: Row) -> Fields:
    """A title; under which name it is served is a switch."""
    return {"title": words.numbered(FLOWS, row.index)}


def workflow(account: Lookup, row: Row) -> Fields:
    """No id; stages are objects or texts [guess]."""
    names = words.STAGES[: 2 + row.index % 4]
    stages = [*names] if row.index % 2 else [{"title": name} for name in names]
    fields: Fields = {"title": words.numbered(WORKFLOWS, row.index), "stages": stages}
    return fields | ({"company": account.company} if row.index % 3 == 0 else {})


def template(account: Lookup, row: Row) -> Fields:
    """`content_media` is null, a URL or a type: sources disagree."""
    return {
        "title": f"modelo_{row.index + 1}",
        "channel": "whatsapp",
        "content": f"Olá {{{{1}}}}, seu pedido nº {row.index + 1} está a caminho \u2013 obrigado! 👍",
        "content_media": (None, "https://midia.exemplo.test/a.png", "image")[row.index % 3],
    }


def wallet(account: Lookup, row: Row) -> Fields:
    """A name, nothing else."""
    return {"name": words.numbered(WALLETS, row.index)}


def integration(account: Lookup, row: Row) -> Fields:
    """More than the two fields seen: the rest of an item is unknown."""
    return {
        "description": f"WhatsApp {words.numbered(BRANCHES, row.index)}",
        "phone": f"55009{row.index:08d}",
        "active": True,
    }


def official_integration(account: Lookup, row: Row) -> Fields:
    """`key` and `label`."""
    return {"key": f"wa-oficial-{row.index + 1}", "label": words.numbered(BRANCHES, row.index)}
