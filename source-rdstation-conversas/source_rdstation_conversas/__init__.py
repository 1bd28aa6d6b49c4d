"""RD Station Conversas as an Airbyte source."""

from __future__ import annotations

from source_rdstation_conversas.source import SourceRdstationConversas

__all__ = ["SourceRdstationConversas"]
