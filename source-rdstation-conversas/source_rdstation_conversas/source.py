"""Makes RD Station Conversas an Airbyte source."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from airbyte_rdstation.airbyte.source import RdstationSource
from airbyte_rdstation.client.retry import RetryPolicy
from source_rdstation_conversas.config import Settings, read_settings, require_for
from source_rdstation_conversas.factory_conversas import StreamFactoryConversas

__all__ = ["SourceRdstationConversas"]


class SourceRdstationConversas(RdstationSource[Settings]):
    """Reads RD Station Conversas: contacts, attendances, message history."""

    read_settings = staticmethod(read_settings)

    def stream_factory(
        self,
        config: Mapping[str, Any],
        settings: Settings,
        *,
        streams: Collection[str] = (),
        retry_policy: RetryPolicy | None = None,
    ) -> StreamFactoryConversas:
        """Return the streams of the token's account. Raises a config error where a selected one lacks a setting."""
        require_for(streams, settings)
        return StreamFactoryConversas(settings, self.message_repository, retry_policy)
