"""How API v2's lists are asked for: page size, page number, sort and filter as parameters; rows with an `id` back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from airbyte_rdstation.client import rdql
from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import RequestRefusedError
from airbyte_rdstation.client.responses import Page, read_page
from airbyte_rdstation.pagination.listing import Query
from source_rdstation_crm.v2.table_v2 import StreamSpec

__all__ = ["ListV2", "PageSize"]

_LARGEST_PAGE: Final = 200  # above it: 400 [seen]


@dataclass
class PageSize:
    """How many rows a page of the account's lists may have, as far as answers have shown."""

    rows: int = _LARGEST_PAGE


@dataclass(frozen=True)
class ListV2:
    """A list as one stream reads it."""

    api: Api
    page_size: PageSize
    stream: str
    """Who reads it, for errors."""
    spec: StreamSpec
    path: str = ""
    """Where it lies, if not at the path of `spec`: below a parent."""
    only: str = ""
    """A further filter condition."""
    on_request: Callable[[], None] = lambda: None
    """Called before each request."""

    def page(self, query: Query) -> Page:
        """Ask for one page. Raises what `Api.get` does."""
        try:
            return self._ask(query, self.page_size.rows)
        except RequestRefusedError:
            # Perhaps the largest page size has shrunk (9): halve it once, at the beginning of a list only, since a page
            # number counts pages of one size; and not for a filter `only`, which is more likely what is refused.
            if self.page_size.rows < _LARGEST_PAGE or query.page > 1 or self.only:
                raise
            page = self._ask(query, _LARGEST_PAGE // 2)
            self.page_size.rows = _LARGEST_PAGE // 2
            return page

    def _ask(self, query: Query, size: int) -> Page:
        params = {"page[number]": str(query.page), "page[size]": str(size)}
        if query.sort:
            params[f"sort[{query.sort}]"] = "desc" if query.descending else "asc"
        condition = rdql.all_of(self.only, *(bound.rdql() for bound in query.bounds))
        hint = ""
        if condition:
            params["filter"] = condition
            hint = f" The filter was {rdql.outline(condition)}."
        parse = partial(read_page, id_field=self.spec.id_field, single=self.spec.may_be_single)
        path = self.path or self.spec.path
        return self.api.get(path, params, parse, stream=self.stream, hint=hint, on_request=self.on_request)
