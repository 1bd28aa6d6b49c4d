"""Requests the pages of the lists of Conversas, makes rows of their items, and finds where a list ends.

Facts: docs/api/conversas.md#basics to #reports and #campaigns.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from airbyte_cdk.models import FailureType

from airbyte_rdstation.airbyte.stream_factory import StreamList
from airbyte_rdstation.client.errors import STATUSES, Statuses, final
from airbyte_rdstation.client.json_text import as_json_text, as_text
from airbyte_rdstation.client.responses import BadAnswerError, More, Page, Row, keys_of, kind_of, parse_json
from airbyte_rdstation.pagination.listing import Query
from source_rdstation_conversas.envelopes import list_in
from source_rdstation_conversas.table_conversas import StreamSpec

__all__ = ["A_YEAR", "STATUSES_CONVERSAS", "ListConversas", "a_year_before", "day_windows", "row_of"]

A_YEAR: Final = timedelta(days=365)

_PLAN: Final = (
    "The account's RD Station Conversas plan does not include this data, or the token's user may not see it ({status})."
    " Upgrade the plan, grant the permission, or deselect the stream."
)

STATUSES_CONVERSAS: Final[Statuses] = {
    **STATUSES,
    401: final(
        FailureType.config_error,
        "RD Station Conversas does not accept the token (401): it is mistyped, cut off or was replaced. Copy it again, "
        "whole, in RD Station Conversas under Apps e Integrações > API.",
    ),
    402: final(FailureType.config_error, _PLAN.format(status=402)),
    403: final(FailureType.config_error, _PLAN.format(status=403)),
    404: final(  # plain text `Not Found`: no such route [seen]
        FailureType.config_error,
        "RD Station Conversas knows no such address (404). If other streams are read, the account lacks this one: "
        "deselect it. If none is, check the API base URL; leave it empty for RD Station itself.",
    ),
}

_logger = logging.getLogger("airbyte.rdstation")

_COUNTS: Final = frozenset({"pages", "total", "has_more"})
_LONGEST_WINDOW_DAYS: Final = 89  # three months at their shortest, both days counted [doc2]


class ListConversas(StreamList[StreamSpec]):
    """Reads the pages of one list of Conversas."""

    def page(self, query: Query) -> Page:
        """Ask for one page. Raises what `Api.get` does."""
        spec = self.spec
        params = dict(self.only)
        if spec.page_size:
            params |= {"page": str(query.page), "limit": str(spec.page_size)}
        elif query.page > 1:  # page 1 goes without, as a client asks whose answers are [seen]
            params["page"] = str(query.page)
        headers: list[Mapping[str, str]] = []
        rows, counts = self.api.get(
            spec.path,
            params,
            partial(_read, spec),
            stream=self.stream,
            hint=f" The parameters were {', '.join(sorted(params))}." if params else "",
            on_request=self.on_request,
            on_headers=headers.append,
        )
        if spec.counts_in == "headers":
            counts = {name: headers[0].get(f"X-{name}") for name in ("pages", "total")}
        total = _number(counts.get("total"))
        if spec.counts_in == "has_more":
            more = counts.get("has_more")
            return Page(rows, More.of(more) if isinstance(more, bool) else More.UNKNOWN, total=total)
        if spec.page_size is None:
            return Page(rows, has_next=More.NO)
        pages = _number(counts.get("pages"))
        # The counts are believed only where they end the list: one that ignores `page` would promise more for ever.
        # Even then, `sweep` reads a list of several pages again while it has shown fewer rows than the total.
        ends = pages is not None and query.page >= pages
        return Page(rows, has_next=More.NO if ends else More.UNKNOWN, total=total)


def row_of(spec: StreamSpec, item: Any, place: int) -> Row:
    """Return one item of a list as a row with an `id`: `{"_id": "9f…", "name": "Ana"}` gets `"id": "9f…"`.

    An item that nothing identifies gets its `place` in the answer as `id`, a number, which is left out of the record.
    Raises BadAnswerError, naming keys and types only, where an item lacks the id or name that it must have.
    """
    if spec.items == "opaque":
        return {"data": as_json_text(item), "id": place}
    name = str(spec.primary_key) if spec.items == "named" else ""
    if name and isinstance(item, str):
        item = {name: item}
    if not isinstance(item, dict):
        raise BadAnswerError(f"a record of {spec.name} is a JSON {kind_of(item)} where an object is expected")
    row = {**item, **{field: _first(item, names) for field, names in spec.aliases.items()}}
    found = item.get("_id") if item.get("id") in (None, "") else item["id"]
    if name and row.get(name) in (None, ""):
        raise BadAnswerError(f"a record of {spec.name} has no `{name}`, only {keys_of(item)}")
    if not name and found in (None, ""):
        raise BadAnswerError(f"a record of {spec.name} has neither `id` nor `_id`, only {keys_of(item)}")
    row["id"] = place if found in (None, "") else as_text(found)
    if spec.primary_key == "_id":
        row["_id"] = row["id"]
    return row


def day_windows(first: date, last: date, days: int = _LONGEST_WINDOW_DAYS) -> Iterator[tuple[date, date]]:
    """Yield first and last days of windows that the API accepts, oldest first.

    Each begins on the last day of the one before, so that border days are read twice: the time zone of the API's days
    is unknown, and so is whether it counts the last one.
    Facts: docs/api/conversas.md#reports and #dates.
    """
    while True:
        end = min(last, first + timedelta(days=days - 1))
        yield first, end
        if end >= last:
            return
        first = end


def a_year_before(now: datetime, stream: str) -> datetime:
    """Return from when on a stream is read that has no start date and no state, and say so."""
    _logger.info("%s: without start_date, the last %s days are read.", stream, A_YEAR.days)
    return now - A_YEAR


def _read(spec: StreamSpec, content: bytes) -> tuple[list[Row], Mapping[str, Any]]:
    """Return the rows of an answer, and what it says of the list: `{"pages": 3, "total": 120}`, say."""
    body = parse_json(content)
    items = list_in(body, spec.rows_key or spec.name)
    return [row_of(spec, item, place) for place, item in enumerate(items)], _counts(body)


def _counts(body: object) -> Mapping[str, Any]:
    """Return the object that holds the list's `pages` or `total`: the body, or what it wraps."""
    if not isinstance(body, dict):
        return {}
    holders = [body, *(value for value in body.values() if isinstance(value, dict))]
    return next((holder for holder in holders if holder.keys() & _COUNTS), {})


def _first(item: Row, names: tuple[str, ...]) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)


def _number(value: object) -> int | None:
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() else None
