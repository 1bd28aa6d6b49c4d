"""The DESTINATION_CATALOG: an operation for each object and sync mode, with the account's own custom fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airbyte_cdk.models import DestinationSyncMode
from airbyte_protocol_dataclasses.models import (  # type: ignore[import-untyped]  # it ships no types
    DestinationCatalog,
    DestinationOperation,
)

from destination_rdstation_crm.mapping.column_mapping import CUSTOM_PREFIX
from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.mapping.key_field import matching_keys
from destination_rdstation_crm.mapping.setup import SYNC_MODES
from destination_rdstation_crm.objects.crm_object import ID, ID_FIELD, CrmObject
from destination_rdstation_crm.objects.tables import OBJECTS

__all__ = ["destination_catalog"]


def destination_catalog(custom_fields_of: Callable[[str], CustomFields]) -> DestinationCatalog:
    """What can be written where; `custom_fields_of` gives an entity's custom fields and is called once an entity."""
    operations: list[DestinationOperation] = []
    for crm_object in OBJECTS.values():
        custom_fields = custom_fields_of(crm_object.entity)
        operations += (_operation(crm_object, custom_fields, mode) for mode in SYNC_MODES)
    return DestinationCatalog(operations=operations)


def _operation(crm_object: CrmObject, custom_fields: CustomFields, mode: DestinationSyncMode) -> DestinationOperation:
    matched = mode is not DestinationSyncMode.append
    return DestinationOperation(
        object_name=crm_object.name,
        sync_mode=mode,
        json_schema=_schema(crm_object, custom_fields, creates=mode is not DestinationSyncMode.update),
        matching_keys=[[key] for key in matching_keys(crm_object, custom_fields)] if matched else None,
    )


def _schema(crm_object: CrmObject, custom_fields: CustomFields, *, creates: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {ID_FIELD: {"title": "RD Station id", **ID}}
    properties |= {field.name: {"title": field.title, **field.schema} for field in crm_object.fields}
    properties |= {CUSTOM_PREFIX + each.slug: {"title": each.title, **each.schema} for each in custom_fields}
    customs = [CUSTOM_PREFIX + each.slug for each in custom_fields if each.required]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": properties,
        "required": [*crm_object.required, *customs] if creates else [],
        "additionalProperties": False,
    }
