"""Every stream of API v1 as a row.

Paging and identity: docs/api/crm-v1.md#paging and #identity; keys: docs/integrations/sources/rdstation-crm.md. Pure.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Final, Literal

from airbyte_rdstation.airbyte import BaseStreamSpec

__all__ = ["DEALS", "DEAL_PIPELINES", "STREAMS", "USERS", "Kind", "Paging", "StreamSpec"]

Kind = Literal["last_page_first", "small_list", "pipeline_children", "time_windows", "deal_details", "deal_contacts"]
Paging = Literal["limit", "page", "none"]


@dataclass(frozen=True)
class StreamSpec(BaseStreamSpec):
    """A row of the table."""

    kind: Kind
    _: KW_ONLY
    rows_key: str = ""
    """The key of the answer's list; a bare array has none."""
    paging: Paging = "limit"
    """`limit`: pages of a size that can be asked for; `page`: of the API's own size; `none`: a single answer."""
    limit: int = 200
    """The largest page [doc]."""


DEALS: Final = StreamSpec("deals", "time_windows", "/deals", rows_key="deals")
DEAL_PIPELINES: Final = StreamSpec("deal_pipelines", "small_list", "/deal_pipelines")
USERS: Final = StreamSpec("users", "small_list", "/users", rows_key="users", paging="none")
STREAMS: Final = (
    StreamSpec("activities", "small_list", "/activities", rows_key="activities"),
    StreamSpec("campaigns", "small_list", "/campaigns", rows_key="campaigns"),
    StreamSpec("companies", "last_page_first", "/organizations", rows_key="organizations", cursor="updated_at"),
    StreamSpec("contacts", "last_page_first", "/contacts", rows_key="contacts", cursor="updated_at"),
    StreamSpec("custom_fields", "small_list", "/custom_fields", paging="none"),
    StreamSpec(
        "deal_contacts",
        "deal_contacts",
        "/deals/{parent_id}/contacts",
        rows_key="contacts",
        cursor="deal_updated_at",
        primary_key=("deal_id", "id"),
    ),
    DEAL_PIPELINES,
    StreamSpec("deal_sources", "small_list", "/deal_sources", rows_key="deal_sources"),
    StreamSpec("deal_stages", "pipeline_children", "/deal_stages", rows_key="deal_stages", limit=12),
    DEALS,
    StreamSpec("deals_details", "deal_details", "/deals", rows_key="deals", cursor="updated_at"),
    StreamSpec("products", "small_list", "/products", rows_key="products"),
    StreamSpec(
        "reasons_for_loss",
        "small_list",
        "/deal_lost_reasons",
        rows_key="deal_lost_reasons",
        sort="name",
        primary_key="_id",
    ),
    StreamSpec("tasks", "small_list", "/tasks", rows_key="tasks"),
    StreamSpec("teams", "small_list", "/teams", rows_key="teams", paging="page"),  # no parameters are documented
    USERS,
)
