"""One account over API v2: how its lists are asked for, and how each of its streams is read."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, ClassVar, Final

from airbyte_rdstation.airbyte.partitions import read_small_list
from airbyte_rdstation.airbyte.state import FullRefreshCursor, StreamCursor
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.airbyte.stream_factory import Builders, BuiltStream, StreamList
from airbyte_rdstation.client import rdql
from airbyte_rdstation.client.errors import ForbiddenError, RequestRefusedError
from airbyte_rdstation.client.responses import Page, Row, read_page
from airbyte_rdstation.pagination.listing import Fetch, Query
from source_rdstation_crm.factory_crm import StreamFactoryCrm
from source_rdstation_crm.streams.deal_children import (
    ALL_DEALS,
    DealChildrenCursor,
    DealChildrenPartitions,
    SharedDeals,
)
from source_rdstation_crm.streams.keyset_stream import KeysetCursor, KeysetPartitions
from source_rdstation_crm.streams.newest_first_stream import NewestFirstCursor, NewestFirstPartitions
from source_rdstation_crm.streams.substream import PipelinePartitions
from source_rdstation_crm.v2.table_v2 import CUSTOM_FIELDS, DEALS, PIPELINES, STREAMS, StreamSpec

__all__ = ["StreamFactoryV2", "with_custom_fields"]

_logger = logging.getLogger("airbyte.rdstation")


_LARGEST_PAGE: Final = 200  # above it: 400 [seen]


@dataclass
class PageSize:
    """How many rows a page of the account's lists may have, as far as answers have shown."""

    rows: int = _LARGEST_PAGE


@dataclass(frozen=True)
class ListV2(StreamList[StreamSpec]):
    """Reads the pages of one list of API v2: page size, page number, sort and filter are parameters."""

    page_size: PageSize = field(default_factory=PageSize)

    def page(self, query: Query) -> Page:
        """Ask for one page. Raises what `Api.get` does."""
        size = self.page_size.rows
        params = {"page[number]": str(query.page), "page[size]": str(size)}
        if query.sort:
            params[f"sort[{query.sort}]"] = "desc" if query.descending else "asc"
        only = self.only.get("filter", "")
        condition = rdql.all_of(only, *(bound.rdql() for bound in query.bounds))
        hint = ""
        if condition:
            params["filter"] = condition
            hint = f" The filter was {rdql.outline(condition)}."
        parse = partial(read_page, id_field=self.spec.id_field, single=self.spec.may_be_single)
        ask = partial(
            self.api.get, self.spec.path, parse=parse, stream=self.stream, hint=hint, on_request=self.on_request
        )
        try:
            return ask(params)
        except RequestRefusedError:
            # Perhaps the largest page size has shrunk (row 8): halve it, at the beginning of a list only, since a page
            # number counts pages of one size; and not for a filter of the stream, which is more likely what is refused.
            if size < _LARGEST_PAGE or query.page > 1 or only:
                raise
            page = ask({**params, "page[size]": str(_LARGEST_PAGE // 2)})
            self.page_size.rows = _LARGEST_PAGE // 2
            return page


@dataclass(eq=False)
class StreamFactoryV2(StreamFactoryCrm[StreamSpec]):
    """Builds the streams of one account."""

    table = STREAMS
    schemas = ("source_rdstation_crm", "schemas/v2")
    probed = ("pipelines", "deals", "contacts", "organizations")
    user = "The user who authorized the connection"

    page_size: PageSize = field(default_factory=PageSize, init=False)
    shared_deals: Mapping[str, SharedDeals] = field(default_factory=lambda: defaultdict(SharedDeals), init=False)
    """The deals that streams visit, by the filter that lists them."""

    def _probe(self, spec: StreamSpec) -> None:
        self.api.get(spec.path, {"page[number]": "1", "page[size]": "1"}, read_page, stream=spec.name)

    def _described(self, spec: StreamSpec, schema: dict[str, Any]) -> dict[str, Any]:
        if spec.custom_fields_of:
            return with_custom_fields(schema, spec.custom_fields_of, self._custom_fields)
        return schema

    def _pipeline_children(self, spec: StreamSpec, context: StreamContext, _: Mapping[str, Any]) -> BuiltStream:
        cursor = FullRefreshCursor(context)
        partitions = PipelinePartitions(
            context,
            cursor,
            fetch_pipelines=self._fetch_for(spec, cursor, PIPELINES),
            pipeline_sort=PIPELINES.sort,
            fetch_below=partial(self._fetch_below, spec, cursor),
            sort=spec.sort,
            adopt=lambda row, pipeline_id: {**row, "pipeline_id": pipeline_id},  # the record does not name it
        )
        return partitions, cursor

    def _keyset(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        cursor = KeysetCursor(context, cursor_field=spec.cursor, keys=(spec.sort, *spec.then_by), state=state)
        return KeysetPartitions(context, cursor, fetch=self._fetch_for(spec, cursor), tie_sort=spec.tie_sort), cursor

    def _newest_first(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        cursor = NewestFirstCursor(context, cursor_field=spec.cursor, state=state)
        return NewestFirstPartitions(
            context, cursor, fetch=self._fetch_for(spec, cursor), other_key=spec.then_by[0]
        ), cursor

    def _deal_children(self, spec: StreamSpec, context: StreamContext, state: Mapping[str, Any]) -> BuiltStream:
        cursor = DealChildrenCursor(context, cursor_field=spec.cursor, state=state)
        filters = (*spec.parent_filters, ALL_DEALS)
        partitions = DealChildrenPartitions(
            context,
            cursor,
            shared=self.shared_deals,
            fetch_deals={only: self._fetch_for(spec, cursor, DEALS, filter=only) for only in filters},
            deal_keys=("updated_at", "created_at"),
            deal_tie_sort=DEALS.tie_sort,
            fetch_below=partial(self._fetch_below, spec, cursor),
            sort=spec.sort,
            by_key=spec.by_key,
        )
        return partitions, cursor

    builders: ClassVar[Builders] = {
        "small_list": StreamFactoryCrm._small_list,
        "pipeline_children": _pipeline_children,
        "keyset": _keyset,
        "newest_first": _newest_first,
        "deal_children": _deal_children,
    }

    def _fetch_for(
        self, spec: StreamSpec, cursor: StreamCursor, of_list: StreamSpec | None = None, **only: str
    ) -> Fetch:
        return ListV2(self.api, spec.name, of_list or spec, only, cursor.before_request, self.page_size).page

    def _fetch_below(self, spec: StreamSpec, cursor: StreamCursor, parent_id: str) -> Fetch:
        return self._fetch_for(spec, cursor, replace(spec, path=spec.path.format(parent_id=parent_id)))

    @cached_property
    def _custom_fields(self) -> list[Row]:
        """The rows of /custom_fields; none where the account may not read them (records pass all the same)."""
        try:
            fetch = ListV2(self.api, CUSTOM_FIELDS.name, CUSTOM_FIELDS, page_size=self.page_size).page
            return [row for rows in read_small_list(fetch, CUSTOM_FIELDS.sort) for row in rows]
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
