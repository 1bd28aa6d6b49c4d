"""Reports: one row an attendance (conversas.md#reports)."""

from __future__ import annotations

from ..clock import instant_text
from ..data.row import Fields, Row
from ..rng import Rng, rng
from .lookup import Lookup

__all__ = ["DEPARTMENTS", "closed", "report"]

DEPARTMENTS = ("comercial_a1b2c", "suporte_d3e4f", "financeiro_0a9b8", None)
TABULATIONS = ("resolvido", "sem_resposta", "agendado", None)
MINUTE = 60_000


def report(account: Lookup, row: Row) -> Fields:
    """A few are open still; a bot's attendance has no employee."""
    dice = rng(account.seed, "account report", row.index)
    person, agent = account.some_row("customers", dice), account.some_row("employees", dice)
    by = dice.choices(("customer", "operator", "chatbot"), (60, 25, 15))[0]
    begun = row.created or 0
    fields: Fields = {
        "_type": "rejecteds" if dice.random() < 0.05 else f"{by}s",  # what `type` selects by
        "protocol": f"{instant_text(begun)[:10].replace('-', '')}-{row.index % 40:04d}",  # repeats
        "channel": dice.choice(("whatsapp", "whatsapp", "instagram", None)),
        "customer": _customer(person, dice),
        "employee": {"id": agent.id, "name": agent.fields["name"]} if agent and by != "chatbot" else None,
        "to_department": dice.choice(DEPARTMENTS),
        "to_tabulation": dice.choice(TABULATIONS),
        "tme": {"value": dice.randrange(600)} if dice.random() < 0.8 else None,
        "tma": {"value": str(dice.randrange(3000))} if dice.random() < 0.8 else None,  # number or text
        "operational_metrics": {"tmro": dice.choice((None, 12.5, 30)), "tmrc": dice.choice((None, 8))},
        "total_send_messages": dice.randrange(30),
        "total_receive_messages": dice.randrange(30),
        "initiation_info": {"initiated_by": by},
        "transferred": dice.random() < 0.2,
        "valid_business_period": dice.random() < 0.8,
        "redistribution_count": dice.choice((0, 0, 1, False)),
        "sessions_opened": dice.choice((1, 2, True)),
        "opened": True,
        "company_id": account.company,
        "opened_at": instant_text(begun + dice.randrange(1000, 20_000)),
    }
    if dice.random() < 0.7:  # absent: not rated
        fields["level"] = dice.choice((0, 3, 8, 10))
    if dice.random() < 0.5:
        fields["started_at"] = instant_text(begun + 25_000)
    if dice.random() < 0.12:
        return fields | ({"closed": False, "closed_at": ""} if dice.random() < 0.5 else {"closed": False})
    return fields | closed(begun + dice.randrange(2, 400) * MINUTE)


def closed(at: int) -> Fields:
    """What closing an attendance sets."""
    return {"closed": True, "closed_at": instant_text(at), "finished_at": instant_text(at)}


def _customer(person: Row | None, dice: Rng) -> Fields:
    if person is None:
        return {"id": "", "full_name": "", "tags": []}
    fields = person.fields
    shown = {name: fields.get(name) for name in ("full_name", "cel_phone", "cpf", "email")}
    parts = {f"address_{name}": value for name, value in fields.get("address", {}).items()}
    return {
        "id": person.id,
        **shown,
        "channel": fields["_channel"],
        "current_wallet": fields.get("current_wallet"),
        **(parts if dice.random() < 0.5 else {}),
        "tags": fields.get("tags", []),
    }
