"""A deal in the list (crm-v1.md#deals) and alone (crm-v1.md#deals-in-detail)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data.row import Fields, Row
from ..data.times import DAY
from ..rng import invented_id, share
from .form_lists import configuration
from .parts import both_ids, card, custom_value, embed, named, nickname, segment, times, user
from .relations import Relations
from .times import local_hour, moment

__all__ = ["deal", "deal_detail"]

Definition = Callable[[Row], Any]
"""A custom field's definition as it is nested in values."""
WIN = {"won": True, "lost": False}
STOP_AFTER_DAYS = 5


def deal(relations: Relations, row: Row, definition: Definition) -> Fields:
    """As the list shows it."""
    record = _common(relations, row, definition)
    fields = row.fields
    record["deal_stage"] = _stage_of(relations, row, listed=True)
    record["user"] = user(relations.row("users", fields.get("owner_id")))
    record["contacts"] = [card(contact) for contact in relations.rows("contacts", fields.get("contact_ids"))]
    last = max(relations.children("deal_notes", row), key=lambda note: note.created or 0, default=None)
    record["last_activity_at"] = moment(last.created) if last else None
    record["last_activity_content"] = last.fields.get("description") if last else None
    record["user_changed"] = share(row.id, "user_changed") < 0.2
    record["markup"] = ("future", "past", "today")[int(share(row.id, "markup") * 3)]
    record["markup_created"] = f"{1 + int(share(row.id, 'markup_created') * 90)} days"
    record["markup_last_activities"] = "3 days" if last else None
    embed(record, "deal_lost_reason", named(relations.row("lost_reasons", fields.get("lost_reason_id"))))
    organization = relations.row("organizations", fields.get("organization_id"))
    embed(record, "organization", _organization_brief(relations, organization) if organization else None)
    embed(record, "next_task", _next_task(relations, row))
    return record


def deal_detail(relations: Relations, row: Row, definition: Definition) -> Fields:
    """As the single record shows it."""
    record = _common(relations, row, definition)
    fields = row.fields
    record["best_moment_to_touch"] = share(row.id, "best_moment_to_touch") < 0.1
    record["from_rdsm_integration"] = share(row.id, "from_rdsm_integration") < 0.5
    last = max(relations.children("deal_notes", row), key=lambda note: note.created or 0, default=None)
    record["last_note_content"] = last.fields.get("description") if last else None
    record["deal_lost_note"] = "Fechou com outro" if share(row.id, "lost note") < 0.5 and _is_lost(row) else None
    for key in ("campaign_id", "lost_reason_id", "source_id"):
        record[key if key == "campaign_id" else f"deal_{key}"] = fields.get(key)
    for key in ("campaign", "deal_source"):  # their own keys again [spec]
        if record.get(key) and share(row.id, f"{key}_id") < 0.3:
            record[key][f"{key}_id"] = record[key]["id"]
    record["deal_stage"] = _stage_of(relations, row, listed=False)
    pipeline = relations.row("pipelines", fields.get("pipeline_id"))
    record["deal_pipeline"] = {"id": pipeline.id, "name": pipeline.fields.get("name")} if pipeline else None
    record["user"] = named(relations.row("users", fields.get("owner_id")))
    organization = relations.row("organizations", fields.get("organization_id"))
    embed(record, "organization", _organization_full(relations, organization) if organization else None)
    for line in record["deal_products"]:
        if share(line["id"], "without amount_decimal") < 0.5:
            del line["amount_decimal"]
    record["deal_stage_histories"] = _histories(relations, row)
    record["deal_pipeline_relation"] = {"parent_deal": _parent_deal(relations, row)}
    return {**record, "errors": {}, "c_cf_errors": {}, "contact_errors": {}}


def _is_lost(row: Row) -> bool:
    return row.fields.get("status") == "lost"


def _common(relations: Relations, row: Row, definition: Definition) -> Fields:
    fields = row.fields
    record: Fields = {
        **both_ids(row),
        "name": fields.get("name"),
        "rating": fields.get("rating"),
        "win": WIN.get(str(fields.get("status"))),
        "hold": True if fields.get("status") == "paused" else None,
        "interactions": int(share(row.id, "interactions") * 12),
        "prediction_date": fields.get("expected_close_date"),
        "closed_at": moment(fields.get("closed_at")),
        **times(row),
        "amount_montly": fields.get("recurrence_price") or 0,  # sic
        "amount_unique": fields.get("one_time_price") or 0,
        "amount_total": fields.get("total_price") or 0,
    }
    embed(record, "campaign", named(relations.row("campaigns", fields.get("campaign_id"))))
    embed(record, "deal_source", named(relations.row("sources", fields.get("source_id"))))
    known = relations.definitions("deal")
    record["deal_custom_fields"] = [
        {**custom_value(row, slug, value, known[slug]), "custom_field": definition(known[slug])}
        for slug, value in (fields.get("custom_fields") or {}).items()
        if slug in known
    ]
    record["deal_products"] = [_line(relations, line) for line in relations.children("deal_products", row)]
    embed(record, "stop_time_limit", _stop_time_limit(relations, row))
    return record


def _stage(relations: Relations, row: Row) -> Row | None:
    return relations.stages(row.fields.get("pipeline_id")).rows.get(row.fields.get("stage_id") or "")


def _stage_of(relations: Relations, row: Row, *, listed: bool) -> Fields | None:
    stage = _stage(relations, row)
    if stage is None:
        return None
    name = stage.fields.get("name")
    rest = times(stage) if listed else {"deal_pipeline_id": stage.parent}
    return {**both_ids(stage), "name": name, "nickname": nickname(name), **rest}


def _stop_time_limit(relations: Relations, row: Row) -> Fields | None:
    stage = _stage(relations, row)
    if stage is None or not configuration(stage):
        return None
    late = share(row.id, "late") < 0.3
    return {
        "expiration_date_time": moment((row.updated or 0) + STOP_AFTER_DAYS * DAY),
        "expired": late,
        "expired_days": 1 + int(share(row.id, "days late") * 20) if late else 0,
    }


def _line(relations: Relations, line: Row) -> Fields:
    fields = line.fields
    product = relations.row("products", fields.get("product_id"))
    return {
        **both_ids(line),
        "product_id": fields.get("product_id"),
        "name": product.fields.get("name") if product else None,
        "description": product.fields.get("description") if product else None,
        "base_price": product.fields.get("price") if product else fields.get("price"),
        "price": fields.get("price"),
        "discount": fields.get("discount"),
        "total": fields.get("total_price"),
        "amount": int(fields.get("quantity") or 0),
        "amount_decimal": fields.get("quantity"),
        "discount_type": "value" if fields.get("discount_type") == "amount" else "percent",
        "recurrence": "spare" if fields.get("billing_frequency") == "one-time" else "monthly",
        **times(line),
    }


def _next_task(relations: Relations, row: Row) -> Fields | None:
    tasks = [task for task in relations.tasks_of_deal(row.id) if task.fields.get("status") == "open"]
    due = [task for task in tasks if task.fields.get("due_date") is not None]
    if not due:
        return None
    task = min(due, key=lambda task: int(task.fields["due_date"]))
    at = task.fields["due_date"]
    return {
        **both_ids(task),
        "date": moment(at),
        "subject": task.fields.get("name"),
        "type": task.fields.get("type"),
        "hour": local_hour(at),
    }


def _address(row: Row) -> Fields:
    address = row.fields.get("address") or {}
    return {
        "address": address.get("line"),
        "address_latitude": address.get("latitude"),
        "address_longitude": address.get("longitude"),
    }


def _organization_brief(relations: Relations, row: Row) -> Fields:
    return {
        **both_ids(row),
        "name": row.fields.get("name"),
        **_address(row),
        "user": user(relations.row("users", row.fields.get("owner_id"))),
    }


def _organization_full(relations: Relations, row: Row) -> Fields:
    known = relations.definitions("organization")
    return {
        **both_ids(row),
        "name": row.fields.get("name"),
        **_address(row),
        "resume": row.fields.get("description"),
        "url": row.fields.get("url"),
        "visible": True,
        "organization_custom_fields": [
            {"_id": invented_id(row.id, slug), **custom_value(row, slug, value, known[slug])}
            for slug, value in (row.fields.get("custom_fields") or {}).items()
            if slug in known
        ],
        "organization_segments": [
            segment(relations, found, row) for found in relations.rows("segments", row.fields.get("segment_ids"))
        ],
    }


def _histories(relations: Relations, row: Row) -> list[Fields]:
    """The way from the first stage to the present one, which has no end yet.

    A fifth of the deals stands in two stages at once, entered milliseconds apart [doc sample] (crm-v1.md#unknowns row
    20).
    """
    stages = relations.stages_in_order(row.fields.get("pipeline_id"))
    present = _stage(relations, row)
    way = stages[: stages.index(present) + 1] if present else []
    if len(way) > 2 and share(row.id, "skipped a stage") < 0.3:
        del way[1]
    begun = row.created or 0
    step = max(0, (row.updated or begun) - begun) // max(1, len(way))
    made = []
    for number, stage in enumerate(way):
        end = begun + (number + 1) * step if number + 1 < len(way) else None
        made.append(_history(row, f"history {number}", stage, begun + number * step, end))
    if way and share(row.id, "two open") < 0.2:
        made.append(_history(row, "history of two", stages[0], begun + (len(way) - 1) * step + 8, None))
    return made


def _history(row: Row, what: str, stage: Row, start: int, end: int | None) -> Fields:
    id_ = invented_id(row.id, what)
    return {"_id": id_, "id": id_, "deal_stage_id": stage.id, "start_date": moment(start), "end_date": moment(end)}


def _parent_deal(relations: Relations, row: Row) -> Fields | None:
    """A tenth of the deals was copied from another one."""
    ids = relations.account.lists["deals"].initial_ids
    luck = share(row.id, "parent deal")
    parent = relations.row("deals", ids[int(luck * 10 * len(ids))]) if ids and luck < 0.1 else None
    if parent is None or parent is row:
        return None
    pipeline = relations.row("pipelines", parent.fields.get("pipeline_id"))
    owner = relations.row("users", parent.fields.get("owner_id"))

    def brief(found: Row | None) -> Fields | None:
        return {"id": found.id, "name": found.fields.get("name")} if found else None

    return {
        **{"id": parent.id, "name": parent.fields.get("name")},
        "amount_montly": parent.fields.get("recurrence_price") or 0,
        "amount_unique": parent.fields.get("one_time_price") or 0,
        "prediction_date": parent.fields.get("expected_close_date"),
        "closed_at": moment(parent.fields.get("closed_at")),
        "created_at": moment(parent.created),
        "deal_pipeline": brief(pipeline),
        "deal_stage": brief(_stage(relations, parent)),
        "user": brief(owner),
    }
