"""RD Station Conversas as an Airbyte source."""

from __future__ import annotations

import airbyte_rdstation.quick_start  # noqa: F401 - before all that imports the CDK
from source_rdstation_conversas.source import SourceRdstationConversas

__all__ = ["SourceRdstationConversas"]
