"""Makes the streams of one account: its connection, and how each of them is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from airbyte_cdk.sources.message import MessageRepository

from airbyte_rdstation.airbyte.cursor import FullRefreshCursor, StreamCursor
from airbyte_rdstation.airbyte.normalizer import Normalizer
from airbyte_rdstation.airbyte.partitions import SmallListPartitions
from airbyte_rdstation.airbyte.state import read_state
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.airbyte.stream_factory import Builder, BuiltStream, StreamFactory, tell_rate_limited
from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import ConnectorError, UnauthorizedError, config_error
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.client.retry import RetryPolicy
from airbyte_rdstation.client.session import BearerToken, Session
from airbyte_rdstation.pagination.listing import Fetch, Query
from source_rdstation_conversas.config import Settings
from source_rdstation_conversas.history.history_client import HistoryClient
from source_rdstation_conversas.list_conversas import STATUSES_CONVERSAS, ListConversas
from source_rdstation_conversas.streams.contact_partitions import Histories, MessagesHistoryPartitions
from source_rdstation_conversas.streams.messages import MessagesCursor, MessagesPartitions, MessagesState
from source_rdstation_conversas.streams.reports import ReportsCursor, ReportsPartitions, ReportsState
from source_rdstation_conversas.table_conversas import CONTACTS, EMPLOYEES, STREAMS, StreamSpec

__all__ = ["StreamFactoryConversas"]

_RATE_LIMIT_WAIT: Final = 3.0  # seconds after a 429 that does not say [guess]


class StreamFactoryConversas(StreamFactory[StreamSpec, Settings]):
    """Makes the streams of one account, with what its token may see."""

    table = STREAMS
    schemas = ("source_rdstation_conversas", "schemas")

    def __init__(
        self, settings: Settings, messages: MessageRepository, retry_policy: RetryPolicy | None = None
    ) -> None:
        retry_policy = replace(retry_policy or RetryPolicy(), rate_limit_wait=_RATE_LIMIT_WAIT)
        rate_limit = RateLimit(settings.requests_per_minute, retry_policy)
        session = Session(rate_limit, settings.num_workers, BearerToken(settings.access_token))
        url = settings.api_base_url
        api = Api(url, session, retry_policy, STATUSES_CONVERSAS, on_rate_limit_wait=tell_rate_limited)
        super().__init__(settings, messages, api)

    def check(self) -> str | None:
        """Prove that the token works. Raises the config error that says what is wrong with it."""
        ListConversas(self._api, "The connection", EMPLOYEES).page(Query(None))
        return None

    def _normalize(self, spec: StreamSpec, schema: Mapping[str, Any]) -> Callable[[Row], Row]:
        normalize = Normalizer(spec.name, schema, lenient=True)
        if spec.items == "identified":
            return normalize
        # An id that is a number is a place in the answer and no field; left out of a copy, as the read needs the row's.
        return lambda row: normalize({name: each for name, each in row.items() if (name, type(each)) != ("id", int)})

    @property
    def builders(self) -> Mapping[str, Builder[StreamSpec]]:
        """Return a builder for each kind of stream."""
        return {
            "small_list": self._small_list,
            "reports": self._reports,
            "messages_history": self._messages_history,
            "messages": self._single_messages,
        }

    def _small_list(self, spec: StreamSpec, context: StreamContext, _: Mapping[str, Any]) -> BuiltStream:
        cursor = FullRefreshCursor(context)
        return SmallListPartitions(context, cursor, fetch=self._list(cursor, context.name, spec), sort=None), cursor

    def _reports(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        cursor = ReportsCursor(
            context,
            lookback=timedelta(days=self._settings.reports_lookback_days),
            cursor_field=spec.cursor,
            state=read_state(spec.name, spec.cursor, state, ReportsState),
        )
        return ReportsPartitions(context, cursor, fetch_window=partial(self._window, cursor, spec)), cursor

    def _messages_history(self, spec: StreamSpec, context: StreamContext, _: Mapping[str, Any]) -> BuiltStream:
        cursor = FullRefreshCursor(context)
        return MessagesHistoryPartitions(context, self._histories(context, cursor), cursor), cursor

    def _single_messages(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        incoming = read_state(spec.name, spec.cursor, state, MessagesState)
        cursor = MessagesCursor(context, cursor_field=spec.cursor, state=incoming)
        return MessagesPartitions(context, self._histories(context, cursor), cursor), cursor

    def _histories(self, context: StreamContext, cursor: StreamCursor) -> Histories:
        client = HistoryClient(self._api, self._settings, stream=context.name, on_request=cursor.before_request)
        contacts = self._list(cursor, context.name, CONTACTS)
        return Histories(contacts, client, partial(self._explain_401, context.name))

    def _list(self, cursor: StreamCursor, stream: str, spec: StreamSpec, **only: str) -> Fetch:
        return ListConversas(self._api, stream, spec, only, cursor.before_request).page

    def _window(self, cursor: StreamCursor, spec: StreamSpec, first: date, last: date) -> Fetch:
        return self._list(cursor, spec.name, spec, start_date=first.isoformat(), end_date=last.isoformat())

    def _explain_401(self, stream: str, error: UnauthorizedError) -> ConnectorError:
        """Return the error that a 401 of the history stands for: the token's, or that the plan has no history."""
        try:
            ListConversas(self._api, stream, EMPLOYEES).page(Query(None))
        except UnauthorizedError:
            return error
        except ConnectorError as other:
            return other
        return config_error(
            f"{stream}: RD Station refuses the message history (401), though the token works: the account's plan does "
            "not include it. Upgrade the plan or deselect the stream.",
            error.internal_message,
        )
