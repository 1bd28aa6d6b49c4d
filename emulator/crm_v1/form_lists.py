"""Pipelines, stages, products, lost reasons, activities, campaigns and sources.

Facts: crm-v1.md#pipelines to crm-v1.md#lost-reasons, crm-v1.md#activities, crm-v1.md#campaigns-and-sources.
"""

from __future__ import annotations

from typing import Any

from ..data.row import Fields, Row
from ..rng import invented_id, share
from ..settings import Settings
from .parts import base_price, both_ids, custom_value, nickname, times
from .relations import Relations
from .times import moment

__all__ = ["activity", "configuration", "labelled", "lost_reason", "pipeline", "product", "stage"]


def pipeline(relations: Relations, row: Row) -> Fields:
    """`id` only, no dates; its stages without dates either. Won deals of every other one are copied to the next."""
    pipelines = list(relations.account.lists["pipelines"].rows.values())
    config: Fields = {}
    if row.index % 2 and len(pipelines) > 1:
        target = pipelines[0] if pipelines[0] is not row else pipelines[1]
        first = next(iter(relations.stages_in_order(target.id)), None)
        config = {"deal_won": {"copy_to_pipeline": _copy(target, first, row)}}
    return {
        "id": row.id,
        "name": row.fields.get("name"),
        "order": row.fields.get("order"),
        "config": config,
        "deal_stages": [
            {**_stage(found), "configuration": configuration(found)} for found in relations.stages_in_order(row.id)
        ],
    }


def _copy(target: Row, first: Row | None, row: Row) -> Fields:
    owner = {"group_id": "1", "id": invented_id(row.id, "owner settings"), "name": "Responsável atual"}
    return {
        "deal_pipeline_id": target.id,
        "deal_stage_id": first.id if first else None,
        "owner_settings": owner,
    }


def stage(relations: Relations, row: Row, *, bare: bool) -> Fields:
    """The full detail, in the list too [doc sample]; `bare` as the docs' empty field table would allow.

    Facts: crm-v1.md#unknowns row 7.
    """
    luck = share(row.id, "objective")
    texts = {
        "objective": row.fields.get("objective") if luck < 0.4 else "" if luck < 0.7 else None,
        "description": row.fields.get("description"),
    }
    if bare:
        return {**_stage(row), **texts}
    owner = relations.row("pipelines", row.parent)
    shown = {"id": owner.id, "name": owner.fields.get("name"), "order": owner.fields.get("order")} if owner else None
    return {
        **_stage(row),
        **texts,
        "instance_id": relations.instance_id,
        "deal_pipeline": shown,
        "configuration": configuration(row),
        **times(row),
    }


def _stage(row: Row) -> Fields:
    name = row.fields.get("name")
    return {**both_ids(row), "name": name, "nickname": nickname(name), "order": row.fields.get("order")}


def configuration(row: Row) -> list[Fields]:
    """When deals in the stage count as standing still; two stages in five say so."""
    if share(row.id, "configuration") >= 0.4:
        return []
    extra = {"skip_days": ["saturday", "sunday"], "work_time": {"09:00:00": "18:00:00"}}
    made: Fields = {"_id": invented_id(row.id, "configuration"), "type": "deal_stopped", "format": "days", "value": 5}
    return [{**made, "extra": extra, **times(row)}]


def product(relations: Relations, row: Row, settings: Settings) -> Fields:
    """`_id` only; half of them as in real dumps, with `id` and a stray `errors` [seen]. Custom values often absent."""
    fields, known = row.fields, relations.definitions("product")
    price = fields.get("price")
    shown: Any = base_price(price) if settings.v1_base_price == "string" else price
    record = {
        "_id": row.id,
        "name": fields.get("name"),
        "description": fields.get("description"),
        "base_price": shown,
        "visible": bool(fields.get("visible")),
        **times(row),
    }
    if share(row.id, "both ids") < 0.5:
        record |= {"id": row.id, "errors": {}}
    if share(row.id, "custom values") < 0.4:
        record["product_custom_fields"] = [
            {"id": invented_id(row.id, slug), **custom_value(row, slug, value, known[slug])}
            for slug, value in (fields.get("custom_fields") or {}).items()
            if slug in known
        ]
    return record


def lost_reason(relations: Relations, row: Row) -> Fields:
    """`_id` only."""
    return {"_id": row.id, "name": row.fields.get("name"), "instance_id": relations.instance_id, **times(row)}


def labelled(relations: Relations, row: Row) -> Fields:
    """A campaign or a source."""
    return {
        **both_ids(row),
        "name": row.fields.get("name"),
        "instance_id": relations.instance_id,
        "description": row.fields.get("description"),
        **times(row),
    }


def activity(row: Row) -> Fields:
    """A deal's note; the deal or the text is null or "" in a few rows [seen]."""
    lacks_deal, lacks_text = share(row.id, "without deal"), share(row.id, "without text")
    return {
        **both_ids(row),
        "deal_id": (None if lacks_deal < 0.01 else "") if lacks_deal < 0.02 else row.parent,
        "text": (None if lacks_text < 0.01 else "") if lacks_text < 0.02 else row.fields.get("description"),
        "user_id": row.fields.get("user_id"),
        "date": moment(row.created),
    }
