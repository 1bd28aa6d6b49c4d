"""A deal, field by field (docs/api/crm-v2.md#deals and #writes)."""

from __future__ import annotations

from typing import Final

from destination_rdstation_crm.objects.crm_object import CrmObject
from destination_rdstation_crm.objects.days import iso_day
from destination_rdstation_crm.objects.equality import same_day, same_fold, same_price, same_set
from destination_rdstation_crm.objects.field import DATE, IDS, Field, reference
from destination_rdstation_crm.objects.identities import STATUSES, identifiers, status
from destination_rdstation_crm.objects.nested import unfolded
from destination_rdstation_crm.objects.numbers import price, rating

__all__ = ["DEAL"]


def _price(name: str, title: str) -> Field:
    return Field(name, title, encode=price, schema={"type": "number"}, same=same_price)


DEAL: Final = CrmObject(
    name="deal",
    mode="deals",
    path="/deals",
    matching_keys=("_id", "name"),
    listed_by_id=True,
    creation_defaults={"status": "ongoing"},
    creation_only={"status": "ongoing"},  # [doc]
    together=(frozenset({"status", "lost_reason_id"}),),  # a loss goes out with its reason [guess]
    implied={"stage_id": "pipeline_id"},  # a stage belongs to a pipeline [doc]; the latter may be refused [guess]
    fields=(
        Field("name", "Name", clearable=False),
        Field(
            "status",
            "Status",
            encode=status,
            schema={"type": "string", "enum": list(STATUSES)},
            same=same_fold,
            clearable=False,
        ),
        Field("contact_id", "Contacts", "contact_ids", identifiers, IDS, same_set, clear=list, read=unfolded),
        reference("organization_id", "Organization"),
        # A deal is always in a stage: emptied, it would jump back to the first one [guess].
        reference("stage_id", "Stage", clearable=False),
        reference("pipeline_id", "Pipeline", clearable=False),
        reference("owner_id", "Owner"),
        reference("campaign_id", "Campaign"),
        reference("source_id", "Source"),
        reference("lost_reason_id", "Lost reason"),
        Field("expected_close_date", "Expected close date", encode=iso_day, schema=DATE, same=same_day),
        Field("rating", "Rating", encode=rating, schema={"type": "integer", "minimum": 1, "maximum": 5}),
        _price("one_time_price", "One-time price"),
        _price("recurrence_price", "Recurrence price"),
    ),
)
