"""Rows as the API writes them become records as the schemas say: names filled in, values fitted to their types. Pure.

Facts: docs/api/conversas.md#contacts to #message-history. Few types are known for sure, so a value of another type than
the schema's is rewritten, not dropped; fields that no schema knows pass as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from airbyte_rdstation.client.json_text import as_json_text
from airbyte_rdstation.client.responses import BadAnswerError, Row, keys_of, kind_of

__all__ = ["fitted", "row_of", "without_place"]

_NAMES_OF_TEXTS: Final = {"wallets": "name", "workflows": "title", "whatsapp_official_integrations": "key"}
"""What an item is that comes as a bare text [seen of wallets]."""
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


def row_of(stream: str, item: Any, place: int) -> Row:
    """One item of a list as a row with an `id`; where nothing identifies it, its place in the answer (a number)."""
    if stream == "whatsapp_integrations":
        return {"data": as_json_text(item), "id": place}
    if isinstance(item, str) and stream in _NAMES_OF_TEXTS:
        item = {_NAMES_OF_TEXTS[stream]: item}
    if not isinstance(item, dict):
        raise BadAnswerError(f"a record of {stream} is a JSON {kind_of(item)} where an object is expected")
    found = item.get("_id") if item.get("id") in (None, "") else item["id"]
    row = {**item, **_NAMED.get(stream, _unchanged)(item)}
    if stream in _NAMES_OF_TEXTS:
        key = _NAMES_OF_TEXTS[stream]
        if row.get(key) in (None, ""):
            raise BadAnswerError(f"a record of {stream} has no `{key}`, only {keys_of(item)}")
        row["id"] = place if found in (None, "") else _text(found)
        return row
    if found in (None, ""):
        raise BadAnswerError(f"a record of {stream} has neither `id` nor `_id`, only {keys_of(item)}")
    row["id"] = _text(found)
    if stream == "contacts":
        row["_id"] = row["id"]
    return row


def without_place(row: Row) -> Row:
    """The row without an `id` that is but its place in the answer; a copy, as the read still looks at the row."""
    return {name: value for name, value in row.items() if name != "id" or not isinstance(value, int)}


def fitted(row: Row, schema: Mapping[str, Any]) -> Row:
    """The row with every declared value in its declared type, as far as it can be written in it."""
    for name, field in schema.get("properties", {}).items():
        if row.get(name) is not None:
            row[name] = _fit(row[name], field)
    return row


def _fit(value: Any, field: Mapping[str, Any]) -> Any:
    kinds = [kind for kind in field["type"] if kind != "null"]
    kind = kinds[0] if len(kinds) == 1 else ""
    if kind == "string":
        return value if isinstance(value, str) else as_json_text(value)
    if kind == "boolean" and not isinstance(value, bool):
        return _BOOLEANS.get(as_json_text(value).strip('"').lower())
    if kind == "object":
        if not isinstance(value, dict):
            return None if value in ("", [], False) else {"value": value}
        return fitted(value, field)
    if kind == "array":
        items = value if isinstance(value, list) else [] if value == "" else [value]
        declared = field.get("items")
        return [_fit(item, declared) if item is not None else None for item in items] if declared else items
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else as_json_text(value)


def _first(item: Row, *names: str) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)


def _unchanged(item: Row) -> Row:
    return {}


_NAMED: Final[Mapping[str, Callable[[Row], Row]]] = {
    "flows": lambda item: {"title": _first(item, "title", "titulo", "name")},
    "reports": lambda item: {"created_at": _first(item, "created_at", "createdAt", "opened_at")},
    "wallets": lambda item: {"name": _first(item, "name", "wallet_name", "title")},
    "workflows": lambda item: {"title": _first(item, "title", "titulo", "name")},
}
"""Fields that go by several names."""
