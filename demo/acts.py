"""What the demo reads, an act each: whose configuration, into which database, and how its requests are counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.client import Emulator

__all__ = ["ACTS", "Act"]

DEMO = Path(__file__).resolve().parent

V2_CHILD_LISTS = {"files": "deal_files", "notes": "deal_notes", "products": "deal_products", "stages": "stages"}
V1_STREAMS = {"organizations": "companies", "deal_lost_reasons": "reasons_for_loss"}
V1_TRUTH = {**{stream: name for name, stream in V1_STREAMS.items()}, "deals_details": "deal_details"}
CONVERSAS_STREAMS = {
    "/v2/customers": "contacts",
    "/v2/messages/history": "messages_history",
    "/v2/template/all": "templates",
    "/v2/whatsapp/integrations": "whatsapp_integrations",
    "/v2/whatsapp/integrations/official": "whatsapp_official_integrations",
}
MESSAGES_A_PAGE = 100
CONVERSAS_READ = (
    "campaigns", "contacts", "custom_fields", "employees", "flows", "messages", "messages_history", "reports",
    "templates", "wallets", "whatsapp_integrations", "whatsapp_official_integrations", "workflows",
)  # fmt: skip
"""All but the daily figures: a request a day since 2024 each, they would take most of the demo's time."""


@dataclass(frozen=True)
class Act:
    """One API, read into a database of its own."""

    title: str
    name: str
    """Of its configuration file."""
    database: Path
    config: Callable[[Emulator], Mapping[str, Any]]
    requests_per_minute: int
    """The real API's pace."""
    stream_of: Callable[[str], str]
    """The stream whose endpoint a path is."""
    rows: Callable[[Emulator, str], int]
    """How many records of a stream the account holds."""
    change: Callable[[Emulator], Mapping[str, Mapping[str, int]]]
    """Lets the account change; what was done to how many of what."""
    note: str
    """What to know of its requests."""
    shows_messages: bool = False
    streams: tuple[str, ...] = ()
    """What is read; all where empty."""


def v2_stream_of(path: str) -> str:
    """The stream; "tokens" for the token endpoint.

    >>> v2_stream_of("/crm/v2/deals/65f0c1/notes")
    'deal_notes'
    """
    child = re.fullmatch(r"/crm/v2/(?:deals|pipelines)/[^/]+/(\w+)", path)
    if child:
        return V2_CHILD_LISTS[child[1]]
    return "tokens" if path == "/oauth2/token" else path.removeprefix("/crm/v2/")


def v1_stream_of(path: str) -> str:
    """The stream; "tokens" for the check of the token.

    >>> v1_stream_of("/api/v1/deals/65f0c1"), v1_stream_of("/api/v1/deals/65f0c1/contacts")
    ('deals_details', 'deal_contacts')
    """
    if path == "/api/v1/token/check":
        return "tokens"
    name, _, below = path.removeprefix("/api/v1/").partition("/")
    if below:
        return "deal_contacts" if below.endswith("/contacts") else "deals_details"
    return V1_STREAMS.get(name, name)


def conversas_stream_of(path: str) -> str:
    """The stream.

    >>> [conversas_stream_of(path) for path in ("/v2/custom-fields", "/v4/reports", "/v1/campaigns/66f2")]
    ['custom_fields', 'reports', 'campaigns']
    """
    if path.startswith("/v1/campaigns"):
        return "campaigns"
    return CONVERSAS_STREAMS.get(path, path[len("/v2/") :].replace("-", "_"))


def v1_rows(crm: Emulator, stream: str) -> int:
    """How many there are; a contact of two deals is two records of `deal_contacts`."""
    if stream == "deal_contacts":
        return sum(map(len, crm.truth("deal_contacts", api="v1").values()))
    return len(crm.ids(V1_TRUTH.get(stream, stream), api="v1"))


def conversas_rows(crm: Emulator, stream: str) -> int:
    """How many there are; of the history, pages."""
    if not stream.startswith("messages"):
        return len(crm.conversas_ids("customers" if stream == "contacts" else stream))
    messages = Counter(message["customer_id"] for message in crm.conversas_truth("messages"))
    if stream == "messages":
        return messages.total()
    return sum(-(-count // MESSAGES_A_PAGE) for count in messages.values())


def change_crm(crm: Emulator) -> Mapping[str, Mapping[str, int]]:
    """Somebody works in the CRM."""
    return {
        "edited": {name: len(crm.bulk_edit(name, count=count)) for name, count in (("deals", 12), ("contacts", 40))},
        "created": {
            name: len(crm.create(name, count=count)) for name, count in (("contacts", 7), ("organizations", 3))
        },
    }


def change_conversas(crm: Emulator) -> Mapping[str, Mapping[str, int]]:
    """Somebody new writes, somebody known too, and an attendance begins."""
    (contact,) = crm.conversas_create("customers", {"full_name": "Ana Exemplo"})
    for writer, content in (
        (contact["_id"], "Olá! Vocês entregam em São José?"),
        (min(crm.conversas_ids("customers")), "Recebi o orçamento, está ótimo."),
    ):
        crm.conversas_add_messages(writer, content=content)
    return {"created": {"contact": 1, "messages": 2, "report": len(crm.conversas_create("reports"))}}


CRM_NOTE = (
    "Requests are counted by endpoint: /deals is also read for what lies below a deal, and all of them include\n"
    "check and discover."
)
ACTS = (
    Act(
        "RD Station CRM over API v2, the one to choose",
        "config",
        DEMO / "rdstation.duckdb",
        lambda crm: crm.config(),
        120,
        v2_stream_of,
        lambda crm, stream: len(crm.ids(stream)),
        change_crm,
        CRM_NOTE,
    ),
    Act(
        "RD Station CRM over API v1, for an account that still has a legacy token",
        "config-v1",
        DEMO / "rdstation-v1.duckdb",
        lambda crm: crm.config(api_version="v1"),
        120,
        v1_stream_of,
        v1_rows,
        change_crm,
        CRM_NOTE,
    ),
    Act(
        "RD Station Conversas, with its encrypted message history",
        "config-conversas",
        DEMO / "rdstation-conversas.duckdb",
        lambda crm: crm.conversas_config(),
        45,
        conversas_stream_of,
        conversas_rows,
        change_conversas,
        "Requests are counted by endpoint: messages and messages_history read the same one, after the contacts.\n"
        "The daily figures are left out: they take a request a day since the start date.",
        shows_messages=True,
        streams=CONVERSAS_READ,
    ),
)
