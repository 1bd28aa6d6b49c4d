"""Every stream as a row: what one does differently from another is a column. Pure.

Paths, keys and forms: docs/api/conversas.md#basics to #message-history, #campaigns and #analytics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Final, Literal

from airbyte_rdstation.airbyte import BaseStreamSpec

__all__ = ["CONTACTS", "EMPLOYEES", "REPORTS", "STREAMS", "StreamSpec"]

Kind = Literal["small_list", "reports", "messages_history", "messages", "campaigns", "daily_figures"]
CountsIn = Literal["headers", "body", "has_more"]
Figures = Literal["object", "value", "rows"]
Items = Literal["identified", "named", "opaque"]


@dataclass(frozen=True)
class StreamSpec(BaseStreamSpec):
    """States what one stream is, and how it differs from the others of its kind."""

    kind: Kind
    _: KW_ONLY
    lenient: bool = True
    rows_key: str = ""
    """The key under which the answer may hold its list; the stream's name where empty."""
    page_size: int | None = None
    """Rows to ask for; None where one answer holds the whole list, or the API has a size of its own."""
    counts_in: CountsIn = "body"
    """Where an answer counts pages and rows: `{"pages": 3, "total": 120}`, or `X-Pages` and `X-Total`.
    `has_more`: pages have a size of the API's own, and each says `{"has_more": true, "total": 120}`."""
    items: Items = "identified"
    """What the list holds. `identified`: objects with an `id` or `_id`. `named`: objects that need none, or bare
    texts [seen]; the primary key names them. `opaque`: anything, kept as JSON text in `data`."""
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields that come under several names: the first name with a value counts."""
    figures: Figures = "object"
    """What an answer of the analytics is. `object`: figures by name. `value`: nobody recorded it. `rows`: a list of
    objects. What of the last two has no known name is kept whole, as JSON text in `data`."""
    by_department: bool = False
    """Whether the figures of one department can be asked for."""
    needs_start_date: bool = False
    needs_key: bool = False
    """Whether nothing of it can be read without the private key."""


_CONTACTS_PAGE_SIZE: Final = 100  # the vendor's tool asks for no more [seen]
_REPORTS_PAGE_SIZE: Final = 49  # 50 and more are refused [seen]
_ANALYTICS: Final = "/v1/analytics"
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
REPORTS: Final = StreamSpec(
    "reports",
    "reports",
    "/v4/reports",
    cursor="created_at",
    page_size=_REPORTS_PAGE_SIZE,
    aliases={"created_at": ("created_at", "createdAt", "opened_at")},
)
STREAMS: Final = (
    StreamSpec(
        "attendances_retention",
        "daily_figures",
        f"{_ANALYTICS}/attendances/retention",
        cursor="date",
        primary_key="date",
    ),
    StreamSpec(
        "attendances_reviews_average",
        "daily_figures",
        f"{_ANALYTICS}/attendances/reviews/average",
        cursor="date",
        primary_key="date",
        figures="value",
        by_department=True,
    ),
    StreamSpec(
        "attendances_summary",
        "daily_figures",
        f"{_ANALYTICS}/attendances/summary",
        cursor="date",
        primary_key="date",
        by_department=True,
    ),
    StreamSpec("campaigns", "campaigns", "/v1/campaigns", counts_in="has_more"),
    CONTACTS,
    StreamSpec(
        "contacts_origin",
        "daily_figures",
        f"{_ANALYTICS}/contacts/origin",
        cursor="date",
        primary_key=(),
        figures="rows",
    ),
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
    REPORTS,
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
