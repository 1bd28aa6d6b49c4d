"""One account over API v2: its connection, and how each of its streams is read."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, MutableMapping
from functools import cached_property, partial
from typing import Any

from airbyte_cdk.sources.message import MessageRepository

from airbyte_rdstation.airbyte.cursor import FullRefreshCursor, StreamCursor
from airbyte_rdstation.airbyte.partitions import SmallListPartitions, read_small_list
from airbyte_rdstation.airbyte.state import read_state
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.airbyte.stream_factory import Builder, BuiltStream, tell_rate_limited
from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import ForbiddenError
from airbyte_rdstation.client.oauth import authorized_session
from airbyte_rdstation.client.responses import Row, read_page
from airbyte_rdstation.client.retry import RetryPolicy
from airbyte_rdstation.pagination.listing import Fetch
from source_rdstation_crm.config import Settings
from source_rdstation_crm.factory_crm import StreamFactoryCrm
from source_rdstation_crm.streams.deal_children import ALL_DEALS, DealChildrenCursor, DealChildrenPartitions
from source_rdstation_crm.streams.keyset_stream import KeysetCursor, KeysetPartitions, KeysetState
from source_rdstation_crm.streams.newest_first_stream import NewestFirstCursor, NewestFirstPartitions, NewestFirstState
from source_rdstation_crm.streams.substream import DealState, PipelinePartitions
from source_rdstation_crm.v2.list_v2 import ListV2, PageSize
from source_rdstation_crm.v2.table_v2 import CUSTOM_FIELDS, DEALS, PIPELINES, STREAMS, StreamSpec

__all__ = ["StreamFactoryV2", "with_custom_fields"]

_logger = logging.getLogger("airbyte.rdstation")


class StreamFactoryV2(StreamFactoryCrm[StreamSpec]):
    """Builds the streams of one account. The token owner keeps the newest tokens in `config`, the user's own."""

    table = STREAMS
    schemas = ("source_rdstation_crm", "schemas/v2")
    probed = ("pipelines", "deals", "contacts", "organizations")
    user = "The user who authorized the connection"

    def __init__(
        self,
        config: MutableMapping[str, Any],
        settings: Settings,
        messages: MessageRepository,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        session = authorized_session(config, settings, retry_policy)
        url = f"{settings.api_base_url}/crm/v2"
        api = Api(url, session, retry_policy, on_rate_limit_wait=tell_rate_limited)
        super().__init__(settings, messages, api)
        self._page_size = PageSize()

    def _probe(self, spec: StreamSpec) -> None:
        self._api.get(spec.path, {"page[number]": "1", "page[size]": "1"}, read_page, stream=spec.name)

    def _described(self, spec: StreamSpec, schema: dict[str, Any]) -> dict[str, Any]:
        if spec.custom_fields_of:
            return with_custom_fields(schema, spec.custom_fields_of, self._custom_fields)
        return schema

    @property
    def builders(self) -> Mapping[str, Builder[StreamSpec]]:
        """Return a builder for each kind of stream."""
        return {
            "small_list": self._small_list,
            "pipeline_children": self._pipeline_children,
            "keyset": self._keyset,
            "newest_first": self._newest_first,
            "deal_children": self._deal_children,
        }

    def _small_list(self, spec: StreamSpec, context: StreamContext, _: Mapping[str, Any]) -> BuiltStream:
        cursor = FullRefreshCursor(context)
        return SmallListPartitions(context, cursor, fetch=self._list(spec, cursor), sort=spec.sort_field), cursor

    def _pipeline_children(self, spec: StreamSpec, context: StreamContext, _: Mapping[str, Any]) -> BuiltStream:
        cursor = FullRefreshCursor(context)
        partitions = PipelinePartitions(
            context,
            cursor,
            fetch_pipelines=self._list(spec, cursor, PIPELINES),
            pipeline_sort=PIPELINES.sort_field,
            fetch_below=partial(self._list_below, spec, cursor),
            sort=spec.sort_field,
            adopt=lambda row, pipeline_id: {**row, "pipeline_id": pipeline_id},  # the record does not name it
        )
        return partitions, cursor

    def _keyset(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        saved = read_state(spec.name, spec.cursor, state, KeysetState)
        cursor = KeysetCursor(context, cursor_field=spec.cursor, key=spec.sort[0], state=saved)
        partitions = KeysetPartitions(
            context, cursor, fetch=self._list(spec, cursor), keys=spec.sort, tie_sort=spec.tie_sort
        )
        return partitions, cursor

    def _newest_first(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        saved = read_state(spec.name, spec.cursor, state, NewestFirstState)
        cursor = NewestFirstCursor(context, cursor_field=spec.cursor, state=saved)
        return NewestFirstPartitions(context, cursor, fetch=self._list(spec, cursor), other_key=spec.sort[1]), cursor

    def _deal_children(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        saved = read_state(spec.name, spec.cursor, state, DealState)
        cursor = DealChildrenCursor(context, cursor_field=spec.cursor, state=saved)
        filters = (*spec.parent_filters, ALL_DEALS)
        partitions = DealChildrenPartitions(
            context,
            cursor,
            fetch_deals={only: self._list(spec, cursor, DEALS, only=only) for only in filters},
            deal_keys=DEALS.sort,
            deal_tie_sort=DEALS.tie_sort,
            fetch_below=partial(self._list_below, spec, cursor),
            sort=spec.sort[0],
        )
        return partitions, cursor

    def _list(
        self, spec: StreamSpec, cursor: StreamCursor, of: StreamSpec | None = None, path: str = "", only: str = ""
    ) -> Fetch:
        """The stream's list, or another `of` which it needs to know."""
        return ListV2(self._api, self._page_size, spec.name, of or spec, path, only, cursor.before_request).page

    def _list_below(self, spec: StreamSpec, cursor: StreamCursor, parent_id: str) -> Fetch:
        return self._list(spec, cursor, path=spec.path.format(parent_id=parent_id))

    @cached_property
    def _custom_fields(self) -> list[Row]:
        """The rows of /custom_fields; none where the account may not read them (records pass all the same)."""
        try:
            fetch = ListV2(self._api, self._page_size, CUSTOM_FIELDS.name, CUSTOM_FIELDS).page
            return [row for rows in read_small_list(fetch, CUSTOM_FIELDS.sort_field) for row in rows]
        except ForbiddenError as error:
            _logger.warning("Custom fields are not described in the schemas. %s", error.message)
            return []


def with_custom_fields(schema: dict[str, Any], entity: str, definitions: Iterable[Row]) -> dict[str, Any]:
    """Return the schema with a property for each custom field of `entity`; slugs that are not listed still pass.

    `definitions` are the rows of /custom_fields: `{"entity": "deal", "slug": "erp-id", "name": "ERP", "type": "text"}`.
    """
    properties = {
        definition["slug"]: {"title": definition.get("name") or definition["slug"], **_type_of(definition.get("type"))}
        for definition in definitions
        if definition.get("entity") == entity and definition.get("slug")
    }
    schema["properties"]["custom_fields"]["properties"] = properties
    return schema


def _type_of(kind: object) -> dict[str, Any]:
    if kind == "multiple_choice":
        return {"type": ["array", "string", "null"], "items": {"type": ["string", "null"]}}
    # A date, too, is a plain string: DD/MM/YYYY is no JSON-schema date [doc v1].
    return {"type": ["string", "null"]}
