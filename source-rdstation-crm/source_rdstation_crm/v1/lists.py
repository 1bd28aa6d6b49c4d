"""How API v1's lists are asked for: page, limit, order and filters as parameters.

Facts: docs/api/crm-v1.md#basics, #paging.

A `created_at` bound becomes a period of whole days, the one form of a date that was seen to work. It is a day wider on
both sides: the zone in which the API reads it is unknown, and so is whether the last day belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Final

from rdstation.envelope import Page, Row
from rdstation.http import Api
from rdstation.walks.listing import Bound, Fetch, Query
from source_rdstation_crm.v1.answers import read_account, read_list, read_record
from source_rdstation_crm.v1.table import StreamSpec

__all__ = ["Lists"]

_WIDER: Final = timedelta(days=1)
# A period needs both ends. Open ones are fixed: a next page must be asked for with unchanged parameters [seen].
_EVER: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NEVER: Final = datetime(2100, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class _List:
    """One list as one stream reads it."""

    stream: str
    spec: StreamSpec
    on_request: Callable[[], None]
    only: Mapping[str, str] = field(default_factory=dict)


class Lists:
    """The lists of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def fetch(
        self,
        stream: str,
        spec: StreamSpec,
        only: Mapping[str, str] | None = None,
        *,
        on_request: Callable[[], None] = lambda: None,
    ) -> Fetch:
        """A function that answers queries for pages of the list; `only` are further parameters that filter it."""
        return partial(self._fetch, _List(stream, spec, on_request, only or {}))

    def record(self, stream: str, path: str, record_id: str, on_request: Callable[[], None] = lambda: None) -> Row:
        """A single record of the list at `path`."""
        return self._api.get(f"{path}/{record_id}", {}, read_record, stream=stream, on_request=on_request)

    def user(self) -> Row:
        """`email`, `name` and `organization` of the token's user."""
        return self._api.get("/token/check", {}, read_account, stream="token")

    def _fetch(self, list_: _List, query: Query) -> Page:
        spec = list_.spec
        params = dict(list_.only)
        for bound in query.bounds:
            params |= _period(bound)
        if query.sort:
            params["order"] = query.sort
            if spec.sort is None:
                params["direction"] = "desc" if query.descending else "asc"
        if spec.paging == "limit":
            params |= {"page": str(query.page), "limit": str(spec.limit)}
        elif spec.paging == "page" and query.page > 1:
            params["page"] = str(query.page)
        if query.cursor:
            params["next_page"] = query.cursor
        limit = spec.limit if spec.paging == "limit" else None
        parse = partial(read_list, rows_key=spec.rows_key, limit=limit if spec.paging != "page" else 1)
        hint = f" The parameters were {', '.join(sorted(params))}." if params else ""
        return self._api.get(spec.path, params, parse, stream=list_.stream, hint=hint, on_request=list_.on_request)


def _period(bound: Bound) -> dict[str, str]:
    return {
        f"{bound.field}_period": "true",
        "start_date": f"{bound.at_least - _WIDER if bound.at_least else _EVER:%Y-%m-%d}",
        "end_date": f"{bound.before + 2 * _WIDER if bound.before else _NEVER:%Y-%m-%d}",  # 2: its midnight, at least
    }
