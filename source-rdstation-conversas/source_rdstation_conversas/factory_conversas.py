"""Makes the streams of one account: how each of them is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar

from airbyte_rdstation.airbyte.partitions import SmallListPartitions
from airbyte_rdstation.airbyte.records import Normalizer
from airbyte_rdstation.airbyte.state import FullRefreshCursor, StreamCursor, read_state
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.airbyte.stream_factory import Builders, BuiltStream, StreamFactory
from airbyte_rdstation.client.errors import ConnectorError, UnauthorizedError, config_error
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.pagination.listing import Fetch, Query
from source_rdstation_conversas.config import Settings
from source_rdstation_conversas.history.history_client import HistoryClient
from source_rdstation_conversas.list_conversas import ListConversas
from source_rdstation_conversas.streams.contact_partitions import Histories, MessagesHistoryPartitions
from source_rdstation_conversas.streams.messages import MessagesCursor, MessagesPartitions, MessagesState
from source_rdstation_conversas.streams.reports import ReportsCursor, ReportsPartitions, ReportsState
from source_rdstation_conversas.table_conversas import CONTACTS, EMPLOYEES, STREAMS, StreamSpec

__all__ = ["StreamFactoryConversas"]


class StreamFactoryConversas(StreamFactory[StreamSpec, Settings]):
    """Makes the streams of one account, with what its token may see."""

    table = STREAMS
    schemas = ("source_rdstation_conversas", "schemas")

    def check(self) -> str | None:
        """Prove that the token works. Raises the config error that says what is wrong with it."""
        ListConversas(self.api, "The connection", EMPLOYEES).page(Query(None))
        return None

    def _normalize(self, spec: StreamSpec, schema: Mapping[str, Any]) -> Callable[[Row], Row]:
        normalize = Normalizer(spec.name, schema, lenient=True)
        if spec.items == "identified":
            return normalize
        # An id that is a number is a place in the answer and no field; left out of a copy, as the read needs the row's.
        return lambda row: normalize({name: each for name, each in row.items() if (name, type(each)) != ("id", int)})

    def _small_list(self, spec: StreamSpec, context: StreamContext, _: Mapping[str, Any]) -> BuiltStream:
        cursor = FullRefreshCursor(context)
        return SmallListPartitions(context, cursor, fetch=self._list(cursor, context.name, spec), sort=None), cursor

    def _reports(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        cursor = ReportsCursor(
            context,
            lookback=timedelta(days=self.settings.reports_lookback_days),
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

    builders: ClassVar[Builders] = {
        "small_list": _small_list,
        "reports": _reports,
        "messages_history": _messages_history,
        "messages": _single_messages,
    }

    def _histories(self, context: StreamContext, cursor: StreamCursor) -> Histories:
        client = HistoryClient(self.api, self.settings, stream=context.name, on_request=cursor.before_request)
        contacts = self._list(cursor, context.name, CONTACTS)
        return Histories(contacts, client, partial(self._explain_401, context.name))

    def _list(self, cursor: StreamCursor, stream: str, spec: StreamSpec, **only: str) -> Fetch:
        return ListConversas(self.api, stream, spec, only, cursor.before_request).page

    def _window(self, cursor: StreamCursor, spec: StreamSpec, first: date, last: date) -> Fetch:
        return self._list(cursor, spec.name, spec, start_date=first.isoformat(), end_date=last.isoformat())

    def _explain_401(self, stream: str, error: UnauthorizedError) -> ConnectorError:
        """Return the error that a 401 of the history stands for: the token's, or that the plan has no history."""
        try:
            ListConversas(self.api, stream, EMPLOYEES).page(Query(None))
        except UnauthorizedError:
            return error
        except ConnectorError as other:
            return other
        return config_error(
            f"{stream}: RD Station refuses the message history (401), though the token works: the account's plan does "
            "not include it. Upgrade the plan or deselect the stream.",
            error.internal_message,
        )
