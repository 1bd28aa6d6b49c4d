"""One account over API v2: its connection, its streams, what `check` asks of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from functools import cached_property, partial
from typing import Any, Final, TypeAlias

from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from typing_extensions import assert_never

from rdstation.envelope import Row
from rdstation.errors import ForbiddenError, config_error
from rdstation.http import Api
from rdstation.oauth import TokenOwner
from rdstation.pace import Pace
from rdstation.patience import Patience
from rdstation.session import Session
from source_rdstation_crm.catalog import schema_of, with_custom_fields
from source_rdstation_crm.config import Settings
from source_rdstation_crm.cursor import StreamContext
from source_rdstation_crm.records import Normalizer
from source_rdstation_crm.slices import Slice, Slices
from source_rdstation_crm.state import ChildState, NewestFirstState, SpanState, read_state
from source_rdstation_crm.streams.deal_children import ALL_DEALS, DealChildren
from source_rdstation_crm.streams.newest_first import NewestFirst
from source_rdstation_crm.streams.pipeline_children import PipelineChildren
from source_rdstation_crm.streams.small_list import SmallList, read_small_list
from source_rdstation_crm.streams.walked import WalkedStream
from source_rdstation_crm.v2.lists import Lists
from source_rdstation_crm.v2.table import DEALS, STREAMS, StreamSpec
from source_rdstation_crm.walks.listing import Fetch

__all__ = ["AccountV2"]

_PROBED: Final = ("pipelines", "deals", "contacts", "organizations")
_Shaped: TypeAlias = "tuple[Callable[[], Iterable[Slice]], Cursor]"

_logger = logging.getLogger("airbyte.rdstation")


class AccountV2:
    """The streams of one account. `config` is the user's own, in which the token owner keeps the newest tokens."""

    def __init__(
        self,
        config: MutableMapping[str, Any],
        settings: Settings,
        messages: MessageRepository,
        patience: Patience | None = None,
    ) -> None:
        self._settings = settings
        self._messages = messages
        credentials = config["credentials"]
        # Pasted values come with line ends; the token owner reads and publishes them where the user's own stand.
        credentials.update({name: value.strip() for name, value in credentials.items() if isinstance(value, str)})
        pace = Pace(settings.requests_per_minute, patience)
        tokens = TokenOwner(config, f"{settings.api_base_url}/oauth2/token", pace, patience)
        self._api = Api(f"{settings.api_base_url}/crm/v2", Session(pace, settings.num_workers, tokens), patience)
        self._lists = Lists(self._api)

    @property
    def stream_names(self) -> list[str]:
        """Every stream, in alphabetical order."""
        return [spec.name for spec in STREAMS]

    def check(self) -> None:
        """Proves token and permissions with a few cheap requests; raises the error that says what to do."""
        refused: list[str] = []
        for spec in STREAMS:
            if spec.name in _PROBED:
                try:
                    self._lists.probe(spec.name, spec.path)
                except ForbiddenError:
                    refused.append(spec.name)
        if len(refused) == len(_PROBED):
            raise config_error(
                "RD Station refuses every list (403): the account's plan does not include the API (Basic, Pro and "
                "Advanced do), or the user who authorized the connection may see nothing. Ask the account's "
                "administrator."
            )
        if refused:
            raise config_error(
                f"The user who authorized the connection may not read {', '.join(refused)} (403). Grant the permission "
                "in RD Station, or authorize with a user who has it."
            )

    def streams(
        self, states: Callable[[str], Mapping[str, Any]], *, describe_custom_fields: bool = False
    ) -> list[DefaultStream]:
        """Every stream; `states` gives the incoming state of a stream by its name."""
        return [self._stream(spec, states(spec.name), describe_custom_fields) for spec in STREAMS]

    def _stream(self, spec: StreamSpec, state: Mapping[str, Any], describe_custom_fields: bool) -> DefaultStream:
        slices, cursor = self._shape(spec, state)
        schema = schema_of("v2", spec.name)
        if describe_custom_fields and spec.custom_fields_of:
            schema = with_custom_fields(schema, spec.custom_fields_of, self._custom_fields)
        return DefaultStream(
            partition_generator=Slices(spec.name, slices),
            name=spec.name,
            json_schema=schema,
            primary_key=["id"],
            cursor_field=CursorField(spec.cursor) if spec.cursor else None,
            logger=_logger,
            cursor=cursor,
        )

    def _shape(self, spec: StreamSpec, raw: Mapping[str, Any]) -> _Shaped:
        context = StreamContext(
            spec.name,
            self._messages,
            normalize=Normalizer(spec.name, schema_of("v2", spec.name)),
            start_date=self._settings.start_date,
            server_time=self._api.server_time,
            readers=self._settings.num_workers,
        )
        if spec.shape == "small_list":
            small = SmallList(context, fetch=self._list(context, spec.path, spec.id_field), sort=spec.sort_field)
            return small.slices, small.cursor
        if spec.shape == "pipeline_children":
            stages = PipelineChildren(
                context,
                fetch_pipelines=self._list(context, "/pipelines"),
                fetch_below=partial(self._list_below, context, spec),
                sort=spec.sort_field,
            )
            return stages.slices, stages.cursor
        if spec.shape == "walked":
            walked = WalkedStream(
                context,
                fetch=self._list(context, spec.path),
                keys=spec.sort,
                tie_sort=spec.tie_sort,
                cursor_field=spec.cursor,
                state=read_state(spec.name, spec.cursor, raw, SpanState),
            )
            return walked.slices, walked
        if spec.shape == "newest_first":
            newest_first = NewestFirst(
                context,
                fetch=self._list(context, spec.path),
                cursor_field=spec.cursor,
                state=read_state(spec.name, spec.cursor, raw, NewestFirstState),
            )
            return newest_first.slices, newest_first
        if spec.shape == "deal_children":
            children = DealChildren(
                context,
                fetch_deals={
                    only: self._list(context, DEALS.path, only=only) for only in (*spec.parent_filters, ALL_DEALS)
                },
                deal_keys=DEALS.sort,
                deal_tie_sort=DEALS.tie_sort,
                fetch_below=partial(self._list_below, context, spec),
                sort=spec.sort[0],
                cursor_field=spec.cursor,
                state=read_state(spec.name, spec.cursor, raw, ChildState),
            )
            return children.slices, children
        assert_never(spec.shape)

    def _list(self, context: StreamContext, path: str, id_field: str = "id", only: str = "") -> Fetch:
        return self._lists.fetch(context.name, path, id_field=id_field, only=only, on_request=context.request_sent)

    def _list_below(self, context: StreamContext, spec: StreamSpec, parent_id: str) -> Fetch:
        return self._list(context, spec.path.format(parent_id=parent_id))

    @cached_property
    def _custom_fields(self) -> list[Row]:
        """The rows of /custom_fields; none where the account may not read them (records pass all the same)."""
        try:
            fetch = self._lists.fetch("custom_fields", "/custom_fields")
            return [row for rows in read_small_list(fetch, "order") for row in rows]
        except ForbiddenError as error:
            _logger.warning("Custom fields are not described in the schemas. %s", error.message)
            return []
