"""RD Station CRM as an Airbyte source."""

from __future__ import annotations

from source_rdstation_crm.source import SourceRdstationCrm

__all__ = ["SourceRdstationCrm"]
