"""The account's custom fields, described in the JSON schemas of its records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airbyte_rdstation.client.responses import Row

__all__ = ["with_custom_fields"]


def with_custom_fields(schema: dict[str, Any], entity: str, definitions: Iterable[Row]) -> dict[str, Any]:
    """The schema with a property for each custom field of `entity`; slugs that are not listed still pass.

    `definitions` are the rows of /custom_fields: `entity`, `slug`, `name` (the label), `type`.
    """
    properties = {
        definition["slug"]: {"title": definition.get("name") or definition["slug"], **_type_of(definition.get("type"))}
        for definition in definitions
        if definition.get("entity") == entity and definition.get("slug")
    }
    schema["properties"]["custom_fields"]["properties"] = properties
    return schema


def _type_of(kind: object) -> dict[str, Any]:
    if kind == "multiple_choice":
        return {"type": ["array", "string", "null"], "items": {"type": ["string", "null"]}}
    # A date, too, is a plain string: DD/MM/YYYY is no JSON-schema date [doc v1].
    return {"type": ["string", "null"]}
