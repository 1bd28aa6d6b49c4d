"""How a row of each list looks, and in which envelope a list comes (conversas.md#basics to conversas.md#reports)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..clock import instant_text
from ..data.row import Fields, Row
from ..settings import Settings

__all__ = ["PATHS", "enveloped", "key_of_records", "record", "record_id"]

PATHS = {
    "/v2/customers": "customers",
    "/v2/employees": "employees",
    "/v2/custom-fields": "custom_fields",
    "/v2/flows": "flows",
    "/v2/workflows": "workflows",
    "/v2/template/all": "templates",
    "/v2/wallets": "wallets",
    "/v2/whatsapp/integrations": "whatsapp_integrations",
    "/v2/whatsapp/integrations/official": "whatsapp_official_integrations",
    "/v2/messages/history": "messages_history",
    "/v4/reports": "reports",
    "/v1/campaigns": "campaigns",
    "/v1/analytics/attendances/summary": "analytics_summary",
    "/v1/analytics/attendances/retention": "analytics_retention",
    "/v1/analytics/attendances/reviews/average": "analytics_reviews",
    "/v1/analytics/contacts/origin": "analytics_origin",
}
LISTED = {
    **{name: name for name in ("flows", "workflows", "templates", "wallets", "campaigns")},
    "reports": "docs",
}
"""The key of each list; the others are bare arrays, custom fields among them [guess: nothing is known]."""
ID_NAMES = {
    "customers": "_id",
    "employees": "_id",
    "workflows": "",
    "wallets": "",
    "whatsapp_official_integrations": "",
}
NAMES = {"workflows": "title", "wallets": "name", "whatsapp_official_integrations": "key"}  # of what has no id


def record(name: str, row: Row, settings: Settings) -> Any:
    """A row as served."""
    documented = settings.conversas_names == "documented"
    fields = {key: value for key, value in row.fields.items() if not key.startswith("_")}
    if name == "reports":
        return _report(row, fields, settings)
    if name == "wallets":
        return fields if documented else fields["name"]
    if name == "flows" and not documented:
        fields = {"titulo": fields["title"]}
    id_name = ID_NAMES.get(name, "id")
    if not id_name:
        return fields
    return {"id" if documented else id_name: row.id, **fields}


def record_id(name: str, row: Row, settings: Settings) -> str:
    """What tells a row from the others of its list, as a text."""
    if name == "reports" and settings.conversas_report_shape == "spec":
        return str(row.index + 1)
    return str(row.fields[NAMES[name]]) if name in NAMES else row.id


def _report(row: Row, fields: Fields, settings: Settings) -> Fields:
    created, updated = instant_text(row.created or 0), instant_text(row.updated or 0)
    if settings.conversas_report_shape == "spec":  # [spec] only; no client ever saw these (conversas.md#reports)
        text = {"title": f"Atendimento {fields['protocol']}", "description": ""}
        kept = {name: fields[name] for name in ("protocol", "customer", "employee")}
        return {"id": row.index + 1, **kept, **text, "createdAt": created, "updatedAt": updated}
    id_name = "_id" if settings.conversas_names == "documented" else "id"
    return {id_name: row.id, **fields, "created_at": created}


def key_of_records(name: str, settings: Settings) -> str | None:
    """The key that holds a list's records; None when the body is just these."""
    if name == "campaign":
        return "data" if settings.conversas_campaign_envelope == "data" else None
    if name.startswith("analytics_"):
        return "data" if name == "analytics_origin" else None
    form = _form(name, settings)
    if form == "listed" and name == "reports":
        return settings.conversas_reports_envelope
    known = {"listed": LISTED.get(name), "bare": None, "named": name, "other": "registros", "unreadable": "a"}
    return known.get(form, "data" if form == "nested" else form)


def enveloped(name: str, records: Sequence[Any], counts: Mapping[str, int], settings: Settings) -> Any:
    """The body; `counts` go beside the records where there is an envelope."""
    form, key = _form(name, settings), key_of_records(name, settings)
    if key is None:
        return records
    inner: Any = records
    if form == "nested":
        inner = {"items": records}
    elif form == "unreadable":  # nothing says which of the two lists is meant
        return {"a": records, "b": records, "status": "ok"}
    elif form == "listed" and name == "templates" and settings.conversas_templates != "once":
        inner = {key: records} if settings.conversas_templates == "object_twice" else [records]
    shown = {} if name == "reports" and key == "reports" else counts  # the older shape had none
    return {key: inner, **shown}


def _form(name: str, settings: Settings) -> str:
    meant = not settings.conversas_envelope_lists or name in settings.conversas_envelope_lists
    return settings.conversas_envelope if meant else "listed"
