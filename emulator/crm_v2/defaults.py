"""A new record before its sent fields: every field of crm-v2.md#lists-field-by-field is there, empty."""

from __future__ import annotations

from ..data.row import Fields

__all__ = ["blank_record"]

_EMPTY_LISTS = {
    "contacts": ("emails", "phones", "social_profiles", "legal_bases"),
    "deals": ("contact_ids",),
    "organizations": ("segment_ids", "follower_ids"),
    "tasks": ("owner_ids",),
}
_NULLS = {
    "contacts": ("name", "job_title", "birthday", "organization_id", "whatsapp_username", "context_origin"),
    "deals": (
        "name",
        "expected_close_date",
        "rating",
        "closed_at",
        "pipeline_id",
        "stage_id",
        "owner_id",
        "source_id",
        "campaign_id",
        "lost_reason_id",
        "organization_id",
    ),
    "organizations": ("name", "description", "url", "address", "owner_id"),
    "tasks": ("name", "type", "due_date", "created_by_id", "completed_at", "completed_by_id", "deal_id"),
    "deal_notes": ("description", "user_id", "edited_by_id", "pinned_at", "edited_at"),
    "deal_products": ("product_id",),
    "stages": ("description", "objective"),
}
_VALUES: dict[str, Fields] = {
    "stages": {"name": "Nova etapa", "order": 99},
    "deals": {"recurrence_price": 0.0, "one_time_price": 0.0, "total_price": 0.0, "status": "ongoing"},
    "tasks": {"description": "", "status": "open"},
    "deal_products": {
        "price": 0.0,
        "quantity": 1.0,
        "discount": 0.0,
        "discount_type": "amount",
        "total_price": 0.0,
        "billing_frequency": "one-time",
    },
}


def blank_record(name: str) -> Fields:
    """A fresh dict each time."""
    fields: Fields = dict.fromkeys(_NULLS.get(name, ()))
    fields |= {key: [] for key in _EMPTY_LISTS.get(name, ())}
    fields |= _VALUES.get(name, {})
    if name in ("contacts", "deals", "organizations"):
        fields["custom_fields"] = {}
    return fields
