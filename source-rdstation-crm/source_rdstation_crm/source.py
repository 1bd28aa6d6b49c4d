"""RD Station CRM as an Airbyte source: which version of the API a configuration means."""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping
from typing import Any

from airbyte_rdstation.airbyte.source import RdstationSource
from airbyte_rdstation.airbyte.stream_factory import tell_rate_limited
from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.oauth import authorized_session
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.retry import SYNC_POLICY, RetryPolicy
from airbyte_rdstation.client.session import QueryToken, Session
from source_rdstation_crm.config import Settings, V1Credentials, read_settings
from source_rdstation_crm.factory_crm import StreamFactoryCrm
from source_rdstation_crm.v1.factory_v1 import StreamFactoryV1
from source_rdstation_crm.v1.list_v1 import STATUSES_V1
from source_rdstation_crm.v2.factory_v2 import StreamFactoryV2

__all__ = ["SourceRdstationCrm"]


class SourceRdstationCrm(RdstationSource[Settings]):
    """RD Station CRM, over the API v2 or the legacy API v1."""

    read_settings = staticmethod(read_settings)

    def stream_factory(
        self,
        config: Mapping[str, Any],
        settings: Settings,
        *,
        streams: Collection[str] = (),
        retry_policy: RetryPolicy = SYNC_POLICY,
    ) -> StreamFactoryCrm[Any]:
        """Connect to the account over the version of the API that the credentials are for."""
        url = settings.api_base_url
        if isinstance(settings.credentials, V1Credentials):
            rate_limit = RateLimit(settings.requests_per_minute, retry_policy)
            session = Session(rate_limit, settings.num_workers, QueryToken(settings.credentials.access_token))
            v1 = Api(f"{url}/api/v1", session, retry_policy, STATUSES_V1, on_rate_limit_wait=tell_rate_limited)
            return StreamFactoryV1(settings, self._messages, v1)
        # The token owner writes the newest tokens into the very dict that the platform's CONTROL message repeats.
        mutable = config if isinstance(config, MutableMapping) else dict(config)
        session = authorized_session(mutable, settings, retry_policy)
        v2 = Api(f"{url}/crm/v2", session, retry_policy, on_rate_limit_wait=tell_rate_limited)
        return StreamFactoryV2(settings, self._messages, v2)
