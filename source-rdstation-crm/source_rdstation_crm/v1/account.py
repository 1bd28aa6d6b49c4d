"""One account over API v1: its connection, and which shape reads each of its streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from typing import Any

from airbyte_cdk.sources.message import MessageRepository
from typing_extensions import assert_never

from rdstation.envelope import Page, Row
from rdstation.errors import ConnectorError, ForbiddenError
from rdstation.http import Api
from rdstation.patience import Patience
from rdstation.query_token import QueryToken
from rdstation.rate_limit import RateLimit
from rdstation.session import Session
from rdstation.source.account import Shaped
from rdstation.source.cursor import StreamContext
from rdstation.source.slices import refusals_named
from rdstation.source.small_list import SmallList, read_small_list
from rdstation.source.state import read_state
from rdstation.walks.listing import Fetch, Query
from source_rdstation_crm.account import CrmAccount
from source_rdstation_crm.config import Settings, V1Credentials
from source_rdstation_crm.state import ChildState, NumberedState
from source_rdstation_crm.streams.deal_details import DealDetails
from source_rdstation_crm.streams.numbered import Numbered
from source_rdstation_crm.streams.pipeline_children import PipelineChildren
from source_rdstation_crm.streams.windowed import Windowed
from source_rdstation_crm.v1.errors import STATUSES_V1
from source_rdstation_crm.v1.lists import Lists
from source_rdstation_crm.v1.records import without_empty_birthdays
from source_rdstation_crm.v1.stages import StageDesk
from source_rdstation_crm.v1.table import DEAL_PIPELINES, DEALS, STREAMS, USERS, StreamSpec
from source_rdstation_crm.v1.visibility import sees_only_own_deals
from source_rdstation_crm.walks.windows import Windows

__all__ = ["AccountV1"]


class AccountV1(CrmAccount[StreamSpec]):
    """The streams of one account, as the user of one token sees it."""

    table = STREAMS
    schemas = ("source_rdstation_crm.schemas", "v1")
    probed = ("deal_pipelines", "deals", "contacts", "companies")
    user = "The token's user"

    def __init__(
        self,
        credentials: V1Credentials,
        settings: Settings,
        messages: MessageRepository,
        patience: Patience | None = None,
    ) -> None:
        rate_limit = RateLimit(settings.requests_per_minute, patience)
        session = Session(rate_limit, settings.num_workers, QueryToken(credentials.access_token))
        super().__init__(settings, messages, Api(f"{settings.api_base_url}/api/v1", session, patience, STATUSES_V1))
        self._lists = Lists(self._api)

    def check(self) -> str | None:
        """As its parent's; a user who seems to see only a part of the account is told what that means."""
        user = self._lists.user()
        super().check()
        try:
            deals = self._lists.fetch(DEALS.name, DEALS)(Query("created_at", descending=True))
            users = self._lists.fetch(USERS.name, USERS)(Query(None))
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
        self._lists.fetch(spec.name, spec)(Query(None))

    def _normalize(self, spec: StreamSpec) -> Callable[[Row], Row]:
        normalize = super()._normalize(spec)
        return lambda row: normalize(without_empty_birthdays(row))

    def _shape(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> Shaped:
        fetch = self._list(context, spec)
        if spec.shape == "small_list":
            small = SmallList(context, fetch=fetch, sort=spec.sort)
            return small.slices, small.cursor
        if spec.shape == "pipeline_children":
            desk = StageDesk(spec.name, partial(self._record, context, spec))
            stages = PipelineChildren(
                context,
                fetch_pipelines=self._list(context, DEAL_PIPELINES),
                pipeline_sort=None,
                fetch_below=lambda pipeline_id: self._list(context, spec, deal_pipeline_id=pipeline_id),
                sort=None,
                adopt=desk.adopt,
            )
            return stages.slices, stages.cursor
        if spec.shape == "numbered":
            segments: set[str] = set()
            numbered = Numbered(
                context,
                fetch=_noting_segments(fetch, segments),
                parts=partial(self._parts_of_companies, context, spec, segments) if spec.name == "companies" else tuple,
                cursor_field=spec.cursor,
                state=read_state(spec.name, spec.cursor, state, NumberedState),
            )
            return numbered.slices, numbered
        windows = Windows(refusals_named(fetch), partial(self._parts_of_deals, context, spec), self._now)
        if spec.shape == "windowed":
            windowed = Windowed(context, windows=windows)
            return windowed.slices, windowed.cursor
        if spec.shape == "deal_details":
            details = DealDetails(
                context,
                windows=windows,
                fetch_deal=partial(self._record, context, spec),
                cursor_field=spec.cursor,
                state=read_state(spec.name, spec.cursor, state, ChildState),
            )
            return details.slices, details
        assert_never(spec.shape)

    def _now(self) -> datetime:
        return self._api.server_time(datetime.now(timezone.utc))

    def _list(self, context: StreamContext, spec: StreamSpec, **only: str) -> Fetch:
        return self._lists.fetch(context.name, spec, only, on_request=context.request_sent)

    def _record(self, context: StreamContext, spec: StreamSpec, record_id: str) -> Row:
        return self._lists.record(context.name, spec.path, record_id, context.request_sent)

    def _parts_of_companies(self, context: StreamContext, spec: StreamSpec, segments: set[str]) -> Iterator[Fetch]:
        """By responsible user, and by the segments that occur (API v1 has no list of them)."""
        with suppress(ForbiddenError):  # then only the segments are left
            for users in read_small_list(self._list(context, USERS), None):
                for user in users:
                    yield self._list(context, spec, user_id=user["id"])
        for segment_id in sorted(segments):
            yield self._list(context, spec, organization_segment=segment_id)

    def _parts_of_deals(self, context: StreamContext, spec: StreamSpec) -> Iterator[Fetch]:
        """By pipeline, then by stage."""
        try:
            pipelines = [row for rows in read_small_list(self._list(context, DEAL_PIPELINES), None) for row in rows]
        except ForbiddenError:
            return
        for pipeline in pipelines:
            yield self._list(context, spec, deal_pipeline_id=pipeline["id"])
        for pipeline in pipelines:
            for stage in pipeline.get("deal_stages") or ():
                yield self._list(context, spec, deal_stage_id=stage.get("_id") or stage["id"])


def _noting_segments(fetch: Fetch, segments: set[str]) -> Fetch:
    def fetch_noting(query: Query) -> Page:
        page = fetch(query)
        for row in page.rows:
            named = row.get("organization_segments")
            for segment in named if isinstance(named, list) else ():
                if isinstance(segment, dict) and (id_ := segment.get("id") or segment.get("_id")):
                    segments.add(id_)
        return page

    return fetch_noting
