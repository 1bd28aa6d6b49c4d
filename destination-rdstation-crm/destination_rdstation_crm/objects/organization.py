"""An organization, field by field (docs/api/crm-v2.md#organizations and #writes)."""

from __future__ import annotations

from typing import Any, Final

from destination_rdstation_crm.objects.crm_object import CrmObject
from destination_rdstation_crm.objects.equality import same_address, same_set
from destination_rdstation_crm.objects.field import IDS, Field, reference
from destination_rdstation_crm.objects.identities import identifiers
from destination_rdstation_crm.objects.merging import join_address
from destination_rdstation_crm.objects.nested import flat_text, unfolded
from destination_rdstation_crm.objects.texts import blank
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["ORGANIZATION"]

_ADDRESS_PARTS: Final = ("line", "latitude", "longitude")


def _address(cell: Any) -> dict[str, str]:
    """The line, or an object with parts; coordinates are texts in the API's samples."""
    if not isinstance(cell, dict):
        return {"line": flat_text(cell)}
    if not set(cell) <= set(_ADDRESS_PARTS):
        raise RowRejectedError("an address is a text, or an object of " + ", ".join(_ADDRESS_PARTS))
    return {part: flat_text(value) for part, value in cell.items() if not blank(value)}


ORGANIZATION: Final = CrmObject(
    name="organization",
    mode="organizations",
    path="/organizations",
    matching_keys=("_id", "name"),
    unique_name=True,  # [doc]
    fields=(
        Field("name", "Name", clearable=False),
        Field("website", "Website", "url", encode=flat_text),
        # The documents show no phone [doc]: it goes out where it is mapped, and the API may refuse or ignore it.
        Field("phone", "Phone", encode=flat_text, shown=False),
        reference("owner_id", "Owner"),
        Field("segment_ids", "Segments", encode=identifiers, schema=IDS, same=same_set, clear=list, read=unfolded),
        Field("description", "Description"),
        Field(
            "address",
            "Address",
            encode=_address,
            schema={
                "type": ["string", "object"],
                "properties": {part: {"type": "string"} for part in _ADDRESS_PARTS},
                "additionalProperties": False,
            },
            same=same_address,
            join=join_address,
            read=unfolded,
        ),
    ),
)
