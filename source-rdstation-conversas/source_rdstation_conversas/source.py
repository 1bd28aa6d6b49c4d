"""Makes RD Station Conversas an Airbyte source."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from airbyte_rdstation.airbyte.source import RdstationSource
from airbyte_rdstation.airbyte.stream_factory import tell_rate_limited
from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.retry import SYNC_POLICY, RetryPolicy
from airbyte_rdstation.client.session import BearerToken, Session
from source_rdstation_conversas.config import Settings, read_settings, require_for
from source_rdstation_conversas.factory_conversas import StreamFactoryConversas
from source_rdstation_conversas.list_conversas import STATUSES_CONVERSAS

__all__ = ["SourceRdstationConversas"]

_RATE_LIMIT_WAIT: Final = 3.0  # seconds after a 429 that does not say [guess]


class SourceRdstationConversas(RdstationSource[Settings]):
    """Reads RD Station Conversas: contacts, attendances, campaigns, daily figures, message history."""

    read_settings = staticmethod(read_settings)

    def stream_factory(
        self,
        config: Mapping[str, Any],
        settings: Settings,
        *,
        streams: Collection[str] = (),
        retry_policy: RetryPolicy = SYNC_POLICY,
    ) -> StreamFactoryConversas:
        """Connect to the token's account. Raises a config error where a selected stream lacks a setting."""
        require_for(streams, settings)
        retry_policy = replace(retry_policy, rate_limit_wait=_RATE_LIMIT_WAIT)
        rate_limit = RateLimit(settings.requests_per_minute, retry_policy)
        session = Session(rate_limit, settings.num_workers, BearerToken(settings.access_token))
        url = settings.api_base_url
        api = Api(url, session, retry_policy, STATUSES_CONVERSAS, on_rate_limit_wait=tell_rate_limited)
        return StreamFactoryConversas(settings, self._messages, api)
