"""The lists as data: where they live, what they filter and sort by (crm-v2.md#listing), what their fields are.

Facts: crm-v2.md#lists-field-by-field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["BY_NAME", "RESOURCES", "Kind", "Resource", "find"]

Kind = Literal["text", "instant", "date", "number"]


@dataclass(frozen=True)
class Resource:
    """One list. A name in `filters` that is no field of the record is resolved in `values`."""

    name: str
    path: str
    filters: Mapping[str, Kind] = field(default_factory=dict)
    flags: tuple[str, ...] = ()  # `is:…` and `has:…`
    exact: bool = False  # no `:~`
    sorts: Mapping[str, Kind] = field(default_factory=dict)
    entity: str = ""  # of its custom fields; empty: no @slug
    instants: frozenset[str] = frozenset()  # date-time fields beside the two below
    prices: frozenset[str] = frozenset()
    id_key: str = "id"
    created_key: str = "created_at"
    updated_key: str = "updated_at"  # empty: the record does not show it
    read_one: bool = True


TIMES: dict[str, Kind] = {"created_at": "instant", "updated_at": "instant"}
NAME: dict[str, Kind] = {"name": "text"}
NAME_CREATED: dict[str, Kind] = {"name": "text", "created_at": "instant"}

RESOURCES = (
    Resource(
        "deals",
        "/deals",
        filters={
            "id": "text",
            "name": "text",
            "rating": "number",
            "status": "text",
            "closed_at": "instant",
            **TIMES,
            "expected_close_date": "date",
            "organization_id": "text",
            "stage_id": "text",
            "lost_reason_id": "text",
            "campaign_id": "text",
            "owner_id": "text",
            "pipeline_id": "text",
            "product_ids": "text",
            "contact_id": "text",  # used by the vendor's own tool [guess]
        },
        flags=("has:product",),
        sorts={"name": "text", "rating": "number", **TIMES, "closed_at": "instant"},
        entity="deal",
        instants=frozenset({"closed_at"}),
        prices=frozenset({"recurrence_price", "one_time_price", "total_price"}),
    ),
    Resource(
        "contacts",
        "/contacts",
        filters={
            "name": "text",
            "job_title": "text",
            "email": "text",
            "phone": "text",
            "whatsapp_username": "text",
            "organization_id": "text",
            **TIMES,
        },
        sorts=NAME_CREATED,
        entity="contact",
    ),
    Resource(
        "organizations",
        "/organizations",
        filters={"name": "text", "owner_id": "text", "segment_ids": "text", **TIMES},
        sorts={"name": "text", **TIMES},
        entity="organization",
    ),
    Resource(
        "tasks",
        "/tasks",
        # Not created_at, not updated_at: filtering by these answers 500 [seen].
        filters={
            "deal_id": "text",
            "type": "text",
            "owner_ids": "text",
            "completed_at": "instant",
            "due_date": "instant",
            "status": "text",
        },
        sorts={"due_date": "instant", "deal_id": "text", "completed_at": "instant", "updated_at": "instant"},
        instants=frozenset({"due_date", "completed_at"}),
    ),
    Resource(
        "deal_notes",
        "/deals/{parent}/notes",
        filters={"registered_at": "instant", "user_id": "text"},
        flags=("is:pinned",),
        sorts={"registered_at": "instant"},
        instants=frozenset({"pinned_at", "edited_at"}),
        created_key="registered_at",
        updated_key="",
        read_one=False,
    ),
    Resource(
        "deal_products",
        "/deals/{parent}/products",
        filters={"product_id": "text"},
        sorts={"product_id": "text"},
        prices=frozenset({"price", "quantity", "discount", "total_price"}),
        read_one=False,
    ),
    Resource(
        "deal_files",
        "/deals/{parent}/files",
        # No `filter` parameter [doc] (crm-v2.md#deal-files).
        sorts=NAME_CREATED,
        updated_key="",
        read_one=False,
    ),
    # Any filter answers 500, and what sorts it is a switch (crm-v2.md#meetings): both in `listing`.
    Resource("meetings", "/meetings", sorts=TIMES, instants=frozenset({"starts_at", "ends_at"})),
    Resource(
        "products",
        "/products",
        filters=NAME,
        exact=True,  # name (exact) [doc]
        flags=("is:visible",),
        sorts=NAME,
        entity="product",
        prices=frozenset({"price"}),
    ),
    Resource(
        "custom_fields",
        "/custom_fields",
        filters={"entity": "text", "slug": "text"},
        flags=("is:required", "is:visible"),
        sorts={"slug": "text", "order": "number"},
    ),
    Resource(
        "campaigns",
        "/campaigns",
        filters=NAME,
        sorts=NAME_CREATED,
    ),
    Resource("lost_reasons", "/lost_reasons", filters=NAME, sorts=NAME_CREATED),
    Resource(
        "sources",
        "/sources",
        filters=NAME,
        sorts=NAME,
    ),
    Resource("segments", "/segments", filters=NAME, sorts=NAME),
    Resource("pipelines", "/pipelines", sorts={"order": "number"}),
    Resource(
        "stages",
        "/pipelines/{parent}/stages",
        sorts={"order": "number"},
    ),
    Resource(
        "users",
        "/users",
        flags=("is:active", "is:visible"),
    ),
    Resource("teams", "/teams", id_key="team_id"),  # team_id, not id (crm-v2.md#small-lists)
)
BY_NAME = {resource.name: resource for resource in RESOURCES}


def _pattern(resource: Resource) -> re.Pattern[str]:
    path = resource.path.replace("{parent}", "(?P<parent>[^/]+)")
    return re.compile(path + r"(?:/(?P<id>[^/]+))?")


_PATTERNS = [(_pattern(resource), resource) for resource in RESOURCES]


def find(path: str) -> tuple[Resource, str, str | None] | None:
    """(list, parent id, record id) that a path below the API root names; None when no route matches."""
    for pattern, resource in _PATTERNS:
        match = pattern.fullmatch(path)
        if match:
            parts = match.groupdict()
            return resource, parts.get("parent") or "", parts["id"]
    return None
