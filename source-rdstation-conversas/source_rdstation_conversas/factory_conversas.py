"""Makes the streams of one account: how each of them is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream

from airbyte_rdstation.airbyte.progress import StreamProgress
from airbyte_rdstation.airbyte.state import FullRefreshCursor, StreamCursor
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.airbyte.stream_factory import Builders, BuiltStream, StreamFactory
from airbyte_rdstation.client.errors import ConnectorError, UnauthorizedError, config_error
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.pagination.listing import Fetch, Query
from source_rdstation_conversas.config import Settings
from source_rdstation_conversas.history.history_client import HistoryClient
from source_rdstation_conversas.list_conversas import ListConversas
from source_rdstation_conversas.streams.campaigns import CampaignPartitions, read_detail
from source_rdstation_conversas.streams.contact_partitions import Histories, MessagesHistoryPartitions
from source_rdstation_conversas.streams.daily_figures import DailyCursor, DailyPartitions, Departments, FiguresClient
from source_rdstation_conversas.streams.messages import MessagesPartitions
from source_rdstation_conversas.streams.messages_cursor import MessagesCursor
from source_rdstation_conversas.streams.reports import Attendances, ReportsCursor, ReportsPartitions
from source_rdstation_conversas.table_conversas import CONTACTS, EMPLOYEES, REPORTS, STREAMS, StreamSpec

__all__ = ["StreamFactoryConversas"]


@dataclass(eq=False)
class StreamFactoryConversas(StreamFactory[StreamSpec, Settings]):
    """Makes the streams of one account, with what its token may see."""

    table = STREAMS
    schemas = ("source_rdstation_conversas", "schemas")

    departments: Departments = field(default_factory=Departments, init=False)

    def check(self) -> str | None:
        """Prove that the token works. Raises the config error that says what is wrong with it."""
        ListConversas(self.api, "The connection", EMPLOYEES).page(Query(None))
        return None

    def _normalize(self, spec: StreamSpec, schema: Mapping[str, Any]) -> Callable[[Row], Row]:
        normalize = super()._normalize(spec, schema)
        if spec.items == "identified":
            return normalize
        # An id that is a number is a place in the answer and no field; left out of a copy, as the read needs the row's.
        return lambda row: normalize({name: each for name, each in row.items() if (name, type(each)) != ("id", int)})

    def _stream(
        self, spec: StreamSpec, state: Mapping[str, Any], progress: StreamProgress, *, describe: bool = False
    ) -> DefaultStream:
        if self._by_department(spec):
            spec = replace(spec, primary_key=(spec.cursor, "department_id"))
        return super()._stream(spec, state, progress, describe=describe)

    def _by_department(self, spec: StreamSpec) -> bool:
        return spec.by_department and self.settings.analytics_by_department

    def _reports(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        cursor = ReportsCursor(
            context,
            lookback=timedelta(days=self.settings.reports_lookback_days),
            cursor_field=spec.cursor,
            state=state,
        )
        return ReportsPartitions(context, cursor, fetch_window=partial(self._days, spec, cursor, spec)), cursor

    def _messages_history(self, spec: StreamSpec, context: StreamContext, _: Mapping[str, Any]) -> BuiltStream:
        cursor = FullRefreshCursor(context)
        return MessagesHistoryPartitions(context, self._histories(spec, cursor), cursor), cursor

    def _single_messages(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        full_round = timedelta(days=self.settings.messages_full_round_days)
        cursor = MessagesCursor(context, cursor_field=spec.cursor, state=state, full_round=full_round)
        attendances = Attendances(
            context,
            partial(self._fetch_for, spec, cursor, REPORTS),
            timedelta(days=self.settings.reports_lookback_days),
        )
        return MessagesPartitions(context, self._histories(spec, cursor), cursor, attendances), cursor

    def _campaigns(self, spec: StreamSpec, context: StreamContext, _: Mapping[str, Any]) -> BuiltStream:
        cursor = FullRefreshCursor(context)
        partitions = CampaignPartitions(
            context,
            cursor,
            lookback=timedelta(days=self.settings.campaigns_lookback_days),
            fetch_days=partial(self._days, spec, cursor, spec),
            read_one=partial(self._campaign, cursor, spec),
            explain_401=partial(self._explain_401, spec.name),
        )
        return partitions, cursor

    def _daily_figures(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        zone = self.settings.timezone
        cursor = DailyCursor(
            context,
            lookback=timedelta(days=self.settings.reports_lookback_days),
            cursor_field=spec.cursor,
            state=state,
            zone=ZoneInfo(zone),
        )
        client = FiguresClient(
            self.api,
            spec,
            zone,
            on_request=cursor.before_request,
            explain_401=partial(self._explain_401, spec.name),
        )
        fetch_reports = partial(self._days, spec, cursor, REPORTS)
        departments = partial(self.departments.since, fetch_reports=fetch_reports)
        partitions = DailyPartitions(
            context,
            cursor,
            client,
            departments=departments if self._by_department(spec) else None,
        )
        return partitions, cursor

    builders: ClassVar[Builders] = {
        "small_list": StreamFactory._small_list,
        "reports": _reports,
        "messages_history": _messages_history,
        "messages": _single_messages,
        "campaigns": _campaigns,
        "daily_figures": _daily_figures,
    }

    def _campaign(self, cursor: StreamCursor, spec: StreamSpec, id_: str) -> Row:
        path = f"{spec.path}/{quote(id_, safe='')}"
        return self.api.get(path, {}, read_detail, stream=spec.name, on_request=cursor.before_request)

    def _histories(self, spec: StreamSpec, cursor: StreamCursor) -> Histories:
        client = HistoryClient(self.api, self.settings, stream=spec.name, on_request=cursor.before_request)
        return Histories(self._fetch_for(spec, cursor, CONTACTS), client, partial(self._explain_401, spec.name))

    def _fetch_for(
        self, spec: StreamSpec, cursor: StreamCursor, of_list: StreamSpec | None = None, **only: str
    ) -> Fetch:
        return ListConversas(self.api, spec.name, of_list or spec, only, cursor.before_request).page

    def _days(self, spec: StreamSpec, cursor: StreamCursor, of: StreamSpec, first: date, last: date) -> Fetch:
        return self._fetch_for(spec, cursor, of, start_date=first.isoformat(), end_date=last.isoformat())

    def _explain_401(self, stream: str, error: UnauthorizedError) -> ConnectorError:
        """Return the error that a 401 of one stream stands for: the token's, or that the plan does not include it."""
        try:
            ListConversas(self.api, stream, EMPLOYEES).page(Query(None))
        except UnauthorizedError:
            return error
        except ConnectorError as other:
            return other
        return config_error(
            f"{stream}: RD Station refuses this data (401), though the token works: the account's plan does not "
            "include it. Upgrade the plan or deselect the stream.",
            error.internal_message,
        )
