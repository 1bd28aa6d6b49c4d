"""RD Station Conversas as an Airbyte source."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rdstation.patience import Patience
from rdstation.source.base import RdstationSource
from source_rdstation_conversas.account import AccountConversas
from source_rdstation_conversas.config import Settings, read_settings, require_for

__all__ = ["SourceRdstationConversas"]


class SourceRdstationConversas(RdstationSource[Settings]):
    """RD Station Conversas: contacts, attendances, message history."""

    def read_settings(self, config: Mapping[str, Any]) -> Settings:
        """The checked configuration."""
        return read_settings(config)

    def account(
        self,
        config: Mapping[str, Any],
        settings: Settings,
        *,
        streams: Collection[str] = (),
        patience: Patience | None = None,
    ) -> AccountConversas:
        """The account of the token; a config error where a selected stream lacks a setting that it needs."""
        require_for(streams, settings)
        return AccountConversas(settings, self.message_repository, patience)
