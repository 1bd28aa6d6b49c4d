"""RD Station CRM as an Airbyte destination: tables into contacts, deals and organizations."""

from __future__ import annotations

import airbyte_rdstation.quick_start  # noqa: F401 - before all that imports the CDK
from destination_rdstation_crm.destination import DestinationRdstationCrm

__all__ = ["DestinationRdstationCrm"]
