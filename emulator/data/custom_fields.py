"""The account's custom fields, one of each type for each entity, and invented values for them.

Slugs really use hyphens [seen] where the docs show underscores (crm-v2.md#deals).
"""

from __future__ import annotations

from ..rng import Rng
from .row import Fields

__all__ = ["definitions", "invented_values", "one_more"]

# slug -> (name, type, unique, options)
_Definition = tuple[str, str, bool, tuple[str, ...]]
BY_ENTITY: dict[str, dict[str, _Definition]] = {
    "deal": {
        "erp-id": ("ERP ID", "text", True, ()),
        "data-da-visita": ("Data da visita", "date", False, ()),
        "forma-de-pagamento": ("Forma de pagamento", "option", False, ("Boleto", "Cartão", "Pix")),
        "canais": ("Canais", "multiple_choice", False, ("Site", "Feira", "Telefone")),
    },
    "contact": {
        "cpf": ("CPF", "text", True, ()),
        "cliente-desde": ("Cliente desde", "date", False, ()),
        "faixa-de-compra": (
            "Faixa de compra",
            "option",
            False,
            ("1", "2", "3"),
        ),  # numeric-looking options are strings [seen, v1]
        "interesses": ("Interesses", "multiple_choice", False, ("Preço", "Prazo", "Suporte")),
    },
    "organization": {
        "cnpj": ("CNPJ", "text", True, ()),
        "data-de-fundacao": ("Data de fundação", "date", False, ()),
        "porte": ("Porte", "option", False, ("Pequeno", "Médio", "Grande")),
        "regioes-atendidas": ("Regiões atendidas", "multiple_choice", False, ("Norte", "Sul", "Leste", "Oeste")),
    },
    "product": {
        "codigo-interno": ("Código interno", "text", False, ()),
        "lancado-em": ("Lançado em", "date", False, ()),
        "linha": ("Linha", "option", False, ("Básica", "Completa")),
        "cores": ("Cores", "multiple_choice", False, ("Azul", "Verde", "Cinza")),
    },
}


def definitions(stage_id: str) -> list[Fields]:
    """Field values of every custom field; `stage_id` is the stage that one of them is required in."""
    made: list[Fields] = []
    for entity, entries in BY_ENTITY.items():
        for order, (slug, (name, kind, unique, options)) in enumerate(entries.items()):
            rules = [{"property": "deal_stage_id", "value": stage_id}] if slug == "data-da-visita" else []
            made.append({
                "name": name,
                "slug": slug,
                "type": kind,
                "entity": entity,
                "options": list(options),
                "unique": unique,
                "allow_new_option": False,
                "order": order,
                "required_rules": rules,
                "display_rules": [{"always": True}],
                "_required": bool(rules),  # a flag to filter by, which the record does not show (crm-v2.md#listing)
                "_visible": slug != "canais",
            })  # fmt: skip
    return made


def one_more(number: int) -> Fields:
    """A text field of contacts, for rows created later."""
    first = definitions("")[0]
    return first | {"name": f"Campo {number}", "slug": f"campo-{number}", "entity": "contact", "unique": False}


def invented_values(entity: str, index: int, dice: Rng) -> Fields:
    """Values by slug: texts, a null or "" here and there, lists for multiple_choice [guess], a few keys missing."""
    values: Fields = {}
    for slug, (_, kind, unique, options) in BY_ENTITY[entity].items():
        luck = dice.random()
        if luck < 0.15:
            continue
        if luck < 0.35:
            values[slug] = [] if kind == "multiple_choice" else None if luck < 0.25 else ""
        elif kind == "text":
            values[slug] = f"{slug.upper()}-{index:07d}" if unique else f"{slug}-{dice.randrange(1000)}"
        elif kind == "date":  # DD/MM/YYYY [doc v1] (crm-v2.md#writes)
            values[slug] = f"{dice.randrange(1, 29):02d}/{dice.randrange(1, 13):02d}/{dice.randrange(2015, 2027)}"
        elif kind == "option":
            values[slug] = dice.choice(options)
        else:
            values[slug] = [option for option in options if dice.random() < 0.5]
    return values
