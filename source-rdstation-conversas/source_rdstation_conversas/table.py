"""Every stream as a row. Paths and keys: docs/api/conversas.md#basics to #message-history. Pure."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Final, Literal

from airbyte_rdstation.airbyte.stream_spec import BaseStreamSpec

__all__ = ["CONTACTS", "EMPLOYEES", "STREAMS", "Kind", "Paging", "StreamSpec"]

Kind = Literal["small_list", "reports", "messages_history", "messages"]
Paging = Literal["none", "contacts", "reports"]


@dataclass(frozen=True)
class StreamSpec(BaseStreamSpec):
    """A row of the table."""

    kind: Kind
    _: KW_ONLY
    rows_key: str = ""
    """The key under which the answer may hold its list."""
    paging: Paging = "none"


CONTACTS: Final = StreamSpec(
    "contacts", "small_list", "/v2/customers", rows_key="customers", primary_key="_id", paging="contacts"
)
EMPLOYEES: Final = StreamSpec("employees", "small_list", "/v2/employees", rows_key="employees")
STREAMS: Final = (
    CONTACTS,
    StreamSpec("custom_fields", "small_list", "/v2/custom-fields", rows_key="custom_fields"),
    EMPLOYEES,
    StreamSpec("flows", "small_list", "/v2/flows", rows_key="flows"),
    StreamSpec("messages", "messages", "/v2/messages/history", cursor="created_at"),
    StreamSpec("messages_history", "messages_history", "/v2/messages/history", primary_key=("customer_id", "page")),
    StreamSpec("reports", "reports", "/v4/reports", rows_key="reports", cursor="created_at", paging="reports"),
    StreamSpec("templates", "small_list", "/v2/template/all", rows_key="templates"),
    StreamSpec("wallets", "small_list", "/v2/wallets", rows_key="wallets", primary_key="name"),
    StreamSpec(
        "whatsapp_integrations", "small_list", "/v2/whatsapp/integrations", rows_key="integrations", primary_key=()
    ),
    StreamSpec(
        "whatsapp_official_integrations",
        "small_list",
        "/v2/whatsapp/integrations/official",
        rows_key="integrations",
        primary_key="key",
    ),
    StreamSpec("workflows", "small_list", "/v2/workflows", rows_key="workflows", primary_key="title"),
)
