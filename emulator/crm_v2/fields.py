"""What a write may contain, as data: the fields of crm-v2.md#writes and the check of each.

The docs collapse the request bodies; these are the response fields plus what working clients send.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["OBJECTS", "READ_ONLY", "WriteObject"]

Check = Callable[[Any], bool]
READ_ONLY = ("id", "created_at", "updated_at", "total_price")  # [guess]
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _day(value: Any) -> bool:
    return isinstance(value, str) and bool(_DAY.fullmatch(value))


def _moment(value: Any) -> bool:
    return isinstance(value, str) and bool(_MOMENT.fullmatch(value) or _DAY.fullmatch(value))


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _rating(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5


def _one_of(*allowed: str) -> Check:
    return lambda value: value in allowed


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _object(**checks: Check) -> Check:
    """An object whose known keys pass their check or are null; unknown keys do not matter."""
    return lambda value: (
        isinstance(value, dict) and all(value.get(key) is None or check(value[key]) for key, check in checks.items())
    )


def _objects(needs: str, **checks: Check) -> Check:
    """A list of such objects, each with the key `needs`."""
    one = _object(**checks)
    return lambda value: isinstance(value, list) and all(one(item) and item.get(needs) for item in value)


@dataclass(frozen=True)
class WriteObject:
    """Writable fields of one list, defaults of a new record, and which of the fields are what."""

    checks: Mapping[str, Check]
    required: tuple[str, ...] = ("name",)
    floats: frozenset[str] = frozenset()
    references: Mapping[str, str] = field(default_factory=dict)  # field -> list that its id or ids are from
    statuses: tuple[str, str] | None = None  # (field, the only value on create)
    instants: frozenset[str] = frozenset()
    updates: bool = True


_LEGAL = _objects(
    "type",
    category=_one_of("communications", "data_processing"),
    type=_one_of(
        "consent",
        "judicial_process",
        "legitimate_interest",
        "pre_existent_contract",
        "public_interest",
        "vital_interest",
    ),
    status=_one_of("granted", "declined"),
)

OBJECTS: Mapping[str, WriteObject] = {
    "contacts": WriteObject(
        checks={
            "name": _text,
            "job_title": _text,
            "emails": _objects("email", email=_text),
            "phones": _objects("phone", phone=_text, type=_one_of("work", "fax", "home", "mobile")),
            "birthday": _day,
            "social_profiles": _objects("username", type=_one_of("facebook", "linkedin", "skype"), username=_text),
            "organization_id": _text,
            "legal_bases": _LEGAL,
            "whatsapp_username": _text,
            "custom_fields": _object(),
        },
        references={"organization_id": "organizations"},
    ),
    "deals": WriteObject(
        checks={
            "name": _text,
            "status": _one_of("won", "lost", "ongoing", "paused"),
            "pipeline_id": _text,
            "stage_id": _text,
            "owner_id": _text,
            "contact_ids": _texts,
            "organization_id": _text,
            "source_id": _text,
            "campaign_id": _text,
            "lost_reason_id": _text,
            "expected_close_date": _day,
            "rating": _rating,
            "one_time_price": _number,
            "recurrence_price": _number,
            "custom_fields": _object(),
        },
        floats=frozenset({"one_time_price", "recurrence_price"}),
        references={
            "pipeline_id": "pipelines",
            "stage_id": "stages",
            "owner_id": "users",
            "contact_ids": "contacts",
            "organization_id": "organizations",
            "source_id": "sources",
            "campaign_id": "campaigns",
            "lost_reason_id": "lost_reasons",
        },
        statuses=("status", "ongoing"),  # created only as ongoing [doc]
    ),
    "organizations": WriteObject(
        checks={
            "name": _text,
            "description": _text,
            "url": _text,
            "address": _object(line=_text),
            "segment_ids": _texts,
            "follower_ids": _texts,
            "owner_id": _text,
            "custom_fields": _object(),
        },
        references={"segment_ids": "segments", "follower_ids": "users", "owner_id": "users"},
    ),
    "tasks": WriteObject(
        checks={
            "name": _text,
            "description": _text,
            "type": _one_of("call", "email", "meeting", "task", "lunch", "visit", "whatsapp"),
            "status": _one_of("open", "completed", "canceled"),
            "due_date": _moment,
            "deal_id": _text,
            "owner_ids": _texts,
            "created_by_id": _text,
        },
        required=("name", "type", "deal_id"),
        references={"deal_id": "deals", "owner_ids": "users", "created_by_id": "users"},
        statuses=("status", "open"),  # [doc]
        instants=frozenset({"due_date"}),
    ),
    "deal_notes": WriteObject(
        checks={"description": _text, "user_id": _text},
        required=("description",),
        references={"user_id": "users"},
        updates=False,
    ),
    "deal_products": WriteObject(
        checks={
            "product_id": _text,
            "price": _number,
            "quantity": _number,
            "discount": _number,
            "discount_type": _one_of("amount", "percentage"),
            "billing_frequency": _one_of("one-time", "monthly", "annually"),
        },
        required=("product_id",),
        floats=frozenset({"price", "discount"}),
        references={"product_id": "products"},
        updates=False,
    ),
}
