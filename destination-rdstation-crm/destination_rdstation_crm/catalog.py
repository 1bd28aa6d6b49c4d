"""The DESTINATION_CATALOG: an operation for each object and sync mode, with the account's own custom fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airbyte_cdk.models import DestinationSyncMode
from airbyte_protocol_dataclasses.models import (  # type: ignore[import-untyped]  # it ships no types
    DestinationCatalog,
    DestinationOperation,
)

from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.mapping.record_type import RecordType
from destination_rdstation_crm.mapping.setup import SYNC_MODES
from destination_rdstation_crm.objects.tables import OBJECTS

__all__ = ["destination_catalog"]


def destination_catalog(custom_fields_of: Callable[[str], CustomFields]) -> DestinationCatalog:
    """List what can be written where; `custom_fields_of` gives an entity's custom fields, called once for each."""
    operations: list[DestinationOperation] = []
    for crm_object in OBJECTS.values():
        record_type = RecordType(crm_object, custom_fields_of(crm_object.entity))
        operations += (_operation(record_type, mode) for mode in SYNC_MODES)
    return DestinationCatalog(operations=operations)


def _operation(record_type: RecordType, mode: DestinationSyncMode) -> DestinationOperation:
    matched = mode is not DestinationSyncMode.append
    return DestinationOperation(
        object_name=record_type.crm_object.name,
        sync_mode=mode,
        json_schema=_schema(record_type, creates=mode is not DestinationSyncMode.update),
        matching_keys=[[key] for key in record_type.matching_keys] if matched else None,
    )


def _schema(record_type: RecordType, *, creates: bool) -> dict[str, Any]:
    customs = [each.name for each in record_type.custom_fields if each.required]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {name: {"title": each.title, **each.schema} for name, each in record_type.by_name.items()},
        "required": [*record_type.crm_object.required, *customs] if creates else [],
        "additionalProperties": False,
    }
