"""Every stream as a row: what one does differently from another is a column. Pure.

Paths, keys and forms: docs/api/conversas.md#basics to #message-history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Final, Literal

from airbyte_rdstation.airbyte import BaseStreamSpec

__all__ = ["CONTACTS", "EMPLOYEES", "STREAMS", "StreamSpec"]

Kind = Literal["small_list", "reports", "messages_history", "messages"]
CountsIn = Literal["headers", "body"]
Items = Literal["identified", "named", "opaque"]


@dataclass(frozen=True)
class StreamSpec(BaseStreamSpec):
    """States what one stream is, and how it differs from the others of its kind."""

    kind: Kind
    _: KW_ONLY
    rows_key: str = ""
    """The key under which the answer may hold its list; the stream's name where empty."""
    page_size: int | None = None
    """Rows to ask for; None where one answer holds the whole list."""
    counts_in: CountsIn = "body"
    """Where an answer counts pages and rows: `{"pages": 3, "total": 120}`, or `X-Pages` and `X-Total`."""
    items: Items = "identified"
    """What the list holds. `identified`: objects with an `id` or `_id`. `named`: objects that need none, or bare
    texts [seen]; the primary key names them. `opaque`: anything, kept as JSON text in `data`."""
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields that come under several names: the first name with a value counts."""
    needs_start_date: bool = False
    needs_key: bool = False
    """Whether nothing of it can be read without the private key."""


_CONTACTS_PAGE_SIZE: Final = 100  # the vendor's tool asks for no more [seen]
_REPORTS_PAGE_SIZE: Final = 49  # 50 and more are refused [seen]
_TITLES: Final = {"title": ("title", "titulo", "name")}

CONTACTS: Final = StreamSpec(
    "contacts",
    "small_list",
    "/v2/customers",
    rows_key="customers",
    primary_key="_id",
    page_size=_CONTACTS_PAGE_SIZE,
    counts_in="headers",
)
EMPLOYEES: Final = StreamSpec("employees", "small_list", "/v2/employees")
STREAMS: Final = (
    CONTACTS,
    StreamSpec("custom_fields", "small_list", "/v2/custom-fields"),
    EMPLOYEES,
    StreamSpec("flows", "small_list", "/v2/flows", aliases=_TITLES),
    StreamSpec(
        "messages", "messages", "/v2/messages/history", cursor="created_at", needs_start_date=True, needs_key=True
    ),
    StreamSpec(
        "messages_history",
        "messages_history",
        "/v2/messages/history",
        primary_key=("customer_id", "page"),
        needs_start_date=True,
    ),
    StreamSpec(
        "reports",
        "reports",
        "/v4/reports",
        cursor="created_at",
        page_size=_REPORTS_PAGE_SIZE,
        aliases={"created_at": ("created_at", "createdAt", "opened_at")},
    ),
    StreamSpec("templates", "small_list", "/v2/template/all"),
    StreamSpec(
        "wallets",
        "small_list",
        "/v2/wallets",
        primary_key="name",
        items="named",
        aliases={"name": ("name", "wallet_name", "title")},
    ),
    StreamSpec(
        "whatsapp_integrations",
        "small_list",
        "/v2/whatsapp/integrations",
        rows_key="integrations",
        primary_key=(),
        items="opaque",
    ),
    StreamSpec(
        "whatsapp_official_integrations",
        "small_list",
        "/v2/whatsapp/integrations/official",
        rows_key="integrations",
        primary_key="key",
        items="named",
    ),
    StreamSpec("workflows", "small_list", "/v2/workflows", primary_key="title", items="named", aliases=_TITLES),
)
