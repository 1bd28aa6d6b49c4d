"""RD Station CRM as an Airbyte source."""

from __future__ import annotations

import airbyte_rdstation.quick_start  # noqa: F401 - before all that imports the CDK
from source_rdstation_crm.source import SourceRdstationCrm

__all__ = ["SourceRdstationCrm"]
