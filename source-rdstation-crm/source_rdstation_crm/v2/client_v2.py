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
from airbyte_rdstation.pagination.listing import Fetch, Query

__all__ = ["ListClientV2"]

_LARGEST_PAGE: Final = 200  # above it: 400 [seen]


@dataclass(frozen=True)
class _List:
    """One list as one stream reads it."""

    stream: str
    path: str
    id_field: str
    only: str
    on_request: Callable[[], None]


class ListClientV2:
    """The lists of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._page_size = _LARGEST_PAGE

    def fetch(
        self,
        stream: str,
        path: str,
        *,
        id_field: str = "id",
        only: str = "",
        on_request: Callable[[], None] = lambda: None,
    ) -> Fetch:
        """A function that answers queries for pages of the list at `path`; `only` is a further filter condition."""
        return partial(self._fetch, _List(stream, path, id_field, only, on_request))

    def probe(self, stream: str, path: str) -> None:
        """The cheapest request that shows whether the list may be read."""
        self._api.get(path, {"page[number]": "1", "page[size]": "1"}, read_page, stream=stream)

    def _fetch(self, list_: _List, query: Query) -> Page:
        try:
            return self._ask(list_, query, self._page_size)
        except RequestRefusedError:
            # Perhaps the largest page size has shrunk (9): halve it once, at the beginning of a list only, since a page
            # number counts pages of one size.
            if self._page_size < _LARGEST_PAGE or query.page > 1 or list_.only:
                raise
            page = self._ask(list_, query, _LARGEST_PAGE // 2)
            self._page_size = _LARGEST_PAGE // 2
            return page

    def _ask(self, list_: _List, query: Query, size: int) -> Page:
        params = {"page[number]": str(query.page), "page[size]": str(size)}
        if query.sort:
            params[f"sort[{query.sort}]"] = "desc" if query.descending else "asc"
        condition = rdql.all_of(list_.only, *(bound.rdql() for bound in query.bounds))
        hint = ""
        if condition:
            params["filter"] = condition
            hint = f" The filter was {rdql.outline(condition)}."
        # The published samples of /custom_fields give one object in the place of the list [doc].
        parse = partial(read_page, id_field=list_.id_field, single=list_.path == "/custom_fields")
        return self._api.get(list_.path, params, parse, stream=list_.stream, hint=hint, on_request=list_.on_request)
