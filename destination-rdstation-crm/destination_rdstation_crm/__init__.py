"""RD Station CRM as an Airbyte destination: tables into contacts, deals and organizations."""

from __future__ import annotations

from destination_rdstation_crm.destination import DestinationRdstationCrm

__all__ = ["DestinationRdstationCrm"]
