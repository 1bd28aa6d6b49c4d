"""The three objects, by the names that catalogs and configurations use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from destination_rdstation_crm.objects.contact import CONTACT
from destination_rdstation_crm.objects.crm_object import CrmObject
from destination_rdstation_crm.objects.deal import DEAL
from destination_rdstation_crm.objects.organization import ORGANIZATION

__all__ = ["MODES", "OBJECTS"]

OBJECTS: Final[Mapping[str, CrmObject]] = {made.name: made for made in (CONTACT, DEAL, ORGANIZATION)}
"""By `destination_object_name`."""

MODES: Final[Mapping[str, CrmObject]] = {made.mode: made for made in OBJECTS.values()}
"""By the configuration's `mode`."""
