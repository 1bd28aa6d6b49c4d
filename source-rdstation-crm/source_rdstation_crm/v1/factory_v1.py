"""One account over API v1: its permissions, and how each of its streams is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from typing import Any, ClassVar, Final

from airbyte_rdstation.airbyte.partitions import read_small_list, refusals_named
from airbyte_rdstation.airbyte.state import FullRefreshCursor, StreamCursor
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.airbyte.stream_factory import Builders, BuiltStream
from airbyte_rdstation.client.errors import ConnectorError, ForbiddenError
from airbyte_rdstation.client.responses import Page, Row
from airbyte_rdstation.pagination.listing import Fetch, Query
from airbyte_rdstation.pagination.time_windows import Windows
from source_rdstation_crm.factory_crm import StreamFactoryCrm
from source_rdstation_crm.streams.deal_children import SharedDeals
from source_rdstation_crm.streams.last_page_first_stream import LastPageFirstCursor, LastPageFirstPartitions
from source_rdstation_crm.streams.substream import DealCursor, PipelinePartitions, ReadDeal
from source_rdstation_crm.streams.time_window_stream import (
    DealPartitionsV1,
    TimeWindowPartitions,
    read_contacts,
)
from source_rdstation_crm.v1.list_v1 import (
    ListV1,
    StageFilter,
    read_account,
    read_record,
    sees_only_own_deals,
)
from source_rdstation_crm.v1.table_v1 import DEAL_PIPELINES, DEALS, STREAMS, USERS, StreamSpec

__all__ = ["StreamFactoryV1"]

_UNSORTED: Final = Query(None)


@dataclass(eq=False)
class StreamFactoryV1(StreamFactoryCrm[StreamSpec]):
    """Builds the streams of one account, as the user of one token sees it."""

    table = STREAMS
    schemas = ("source_rdstation_crm", "schemas/v1")
    probed = ("deal_pipelines", "deals", "contacts", "companies")
    user = "The token's user"

    shared_deals: SharedDeals = field(default_factory=SharedDeals, init=False)

    def check(self) -> str | None:
        """Prove the connection; tell a user who seems to see only a part of the account what that means."""
        user = self.api.get("/token/check", {}, read_account, stream="token")
        super().check()
        try:
            deals = self._first_page(DEALS, Query("created_at", descending=True))
            users = self._first_page(USERS)
        except ConnectorError:
            return None  # the connection works; only the remark needs these
        if sees_only_own_deals(user, deals, users):
            return (
                "The connection works, but the token's user seems to see only a part of the account: every deal shown "
                "belongs to this user, though the account has other active users. API v1 gives what the user may see, "
                "so the other deals, organizations, contacts and tasks would be missing without an error. Use the "
                "token of an administrator to read the whole account."
            )
        return None

    def _probe(self, spec: StreamSpec) -> None:
        self._first_page(spec)

    def _first_page(self, spec: StreamSpec, query: Query = _UNSORTED) -> Page:
        return ListV1(self.api, spec.name, spec).page(query)

    def _pipeline_children(self, spec: StreamSpec, context: StreamContext, _: Mapping[str, Any]) -> BuiltStream:
        cursor = FullRefreshCursor(context)
        partitions = PipelinePartitions(
            context,
            cursor,
            fetch_pipelines=self._fetch_for(spec, cursor, DEAL_PIPELINES),
            pipeline_sort=DEAL_PIPELINES.sort,
            fetch_below=lambda pipeline_id: self._fetch_for(spec, cursor, deal_pipeline_id=pipeline_id),
            sort=spec.sort,
            adopt=StageFilter(spec.name, partial(self._record, spec, cursor)).adopt,
        )
        return partitions, cursor

    def _last_page_first(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        cursor = LastPageFirstCursor(context, cursor_field=spec.cursor, state=state)
        return LastPageFirstPartitions(context, cursor, fetch=self._fetch_for(spec, cursor)), cursor

    def _time_windows(self, spec: StreamSpec, context: StreamContext, _: Mapping[str, Any]) -> BuiltStream:
        cursor = FullRefreshCursor(context)
        return TimeWindowPartitions(context, cursor, windows=self._windows(spec, cursor)), cursor

    def _deal_details(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        cursor = DealCursor(context, cursor_field=spec.cursor, state=state)
        fetch = partial(self._record, spec, cursor)
        return self._below_deals(spec, context, cursor, lambda deal_id, _: [[fetch(deal_id)]]), cursor

    def _deal_contacts(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        cursor = DealCursor(context, cursor_field=spec.cursor, state=state)

        def read(deal_id: str, updated_at: str | None) -> Iterator[list[Row]]:
            fetch = self._fetch_for(spec, cursor, replace(spec, path=spec.path.format(parent_id=deal_id)))
            return read_contacts(context, fetch, deal_id, updated_at)

        return self._below_deals(spec, context, cursor, read), cursor

    def _below_deals(
        self, spec: StreamSpec, context: StreamContext, cursor: DealCursor, read_deal: ReadDeal
    ) -> DealPartitionsV1:
        windows = self._windows(spec, cursor)
        return DealPartitionsV1(context, cursor, shared=self.shared_deals, windows=windows, read_deal=read_deal)

    builders: ClassVar[Builders] = {
        "small_list": StreamFactoryCrm._small_list,
        "pipeline_children": _pipeline_children,
        "last_page_first": _last_page_first,
        "time_windows": _time_windows,
        "deal_details": _deal_details,
        "deal_contacts": _deal_contacts,
    }

    def _windows(self, spec: StreamSpec, cursor: StreamCursor) -> Windows:
        fetch = refusals_named(self._fetch_for(spec, cursor, DEALS))
        return Windows(fetch, partial(self._parts_of_deals, spec, cursor), self._now)

    def _now(self) -> datetime:
        return self.api.server_time(datetime.now(timezone.utc))

    def _fetch_for(
        self, spec: StreamSpec, cursor: StreamCursor, of_list: StreamSpec | None = None, **only: str
    ) -> Fetch:
        return ListV1(self.api, spec.name, of_list or spec, only, cursor.before_request).page

    def _record(self, spec: StreamSpec, cursor: StreamCursor, record_id: str) -> Row:
        path = f"{spec.path}/{record_id}"
        return self.api.get(path, {}, read_record, stream=spec.name, on_request=cursor.before_request)

    def _parts_of_deals(self, spec: StreamSpec, cursor: StreamCursor) -> Iterator[Fetch]:
        """By pipeline, then by stage."""
        try:
            pipelines = [
                row
                for rows in read_small_list(self._fetch_for(spec, cursor, DEAL_PIPELINES), DEAL_PIPELINES.sort)
                for row in rows
            ]
        except ForbiddenError:
            return
        for pipeline in pipelines:
            yield self._fetch_for(spec, cursor, DEALS, deal_pipeline_id=pipeline["id"])
        for pipeline in pipelines:
            for stage in pipeline.get("deal_stages") or ():
                yield self._fetch_for(spec, cursor, DEALS, deal_stage_id=stage.get("_id") or stage["id"])
