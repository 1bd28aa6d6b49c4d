"""A list request: parameters checked, the wall of crm-v1.md#paging, one page in the list's own envelope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from ..data.account import Account
from ..data.collection import Collection
from ..data.view import Span, View
from ..exchange import Answer
from ..rng import Rng
from ..settings import Settings
from .cursor import Cursor, written
from .errors import bad_cursor, bad_request, outage
from .filters import Filter, Range, chosen
from .parameters import Order, Place, order_of, place_of
from .render import Renderer
from .resources import Resource
from .selection import select
from .visibility import Visibility

__all__ = ["Lister"]


@dataclass
class Page:
    """What goes into an answer, before it has a form."""

    ids: Sequence[str]
    total: int
    has_more: bool
    end: Cursor | None  # the place behind its last row; None of an empty page


class Lister:
    """Answers list requests of one account."""

    def __init__(
        self, account: Account, renderer: Renderer, visibility: Visibility, settings: Settings, dice: Rng
    ) -> None:
        self._account = account
        self._renderer = renderer
        self._visibility = visibility
        self._settings = settings
        self._dice = dice
        self._given: set[str] = set()  # every `next_page` so far

    def answer(self, resource: Resource, rows: Collection, query: Mapping[str, str]) -> Answer:
        """One page; raises WrongParameterError or Refusal."""
        settings = self._settings
        self._check_cursor(resource, query)
        order, place = order_of(resource, query, settings), place_of(resource, query, settings)
        filters = chosen(resource.name, query, self._account, settings)
        seen = self._visibility.filter(resource.rows) if settings.v1_visibility == "own" else None
        view, span = select(rows, order, [*filters, seen] if seen else filters, settings.nulls_sort)

        rest = _behind(view, span, order, place.after)
        first = span[1] - span[0] - (rest[1] - rest[0]) + place.offset  # its number from the list's beginning
        wall = settings.wall_rows if resource.name in settings.v1_walled_lists else 0
        if place.after is not None and settings.v1_cursor_past_wall:
            wall = 0
        if wall and first >= wall and settings.v1_wall != "empty":
            return (
                bad_request(f"Only the first {wall} records can be listed") if settings.v1_wall == "400" else outage()
            )
        # A page across the wall ends there, one behind it is empty.
        take = min(place.limit, max(0, wall - first)) if wall else place.limit
        ids, end = self._cut(view, rest, order, Place(place.offset, take), exact=self._exact(resource, place))
        more = bool(ids) and first + len(ids) < span[1] - span[0]
        total = self._total(rows, order, filters, span)
        return self._enveloped(resource, rows, Page(ids, total, more, end))

    def _check_cursor(self, resource: Resource, query: Mapping[str, str]) -> None:
        text = query.get("next_page", "")
        if resource.name == "deals" and text and self._settings.v1_next_page != "absent" and text not in self._given:
            raise bad_cursor()

    def _exact(self, resource: Resource, place: Place) -> bool:
        """Whether rows with equal sort values come by id: where the same page is to come again, and for cursors.

        A cursor names a place in one order. It begins with the first page: were that shuffled, it would lose rows.
        """
        if place.ignores_page:
            return True
        by_cursor = resource.name == "deals" and self._settings.v1_next_page != "absent"
        return self._settings.unsorted == "stable" or (by_cursor and (place.after is not None or not place.offset))

    def _cut(
        self, view: View, span: Span, order: Order, place: Place, *, exact: bool
    ) -> tuple[list[str], Cursor | None]:
        ids = view.page(span, place.offset, place.limit, order.descending, None if exact else self._dice)
        if not ids:
            return ids, None
        at = span[1] - place.offset - len(ids) if order.descending else span[0] + place.offset + len(ids) - 1
        return ids, view.entry(at)

    def _total(self, rows: Collection, order: Order, filters: Sequence[Filter | Range], span: Span) -> int:
        if self._settings.v1_total_counts == "all" and self._settings.v1_visibility == "own":
            span = select(rows, order, filters, self._settings.nulls_sort)[1]
        return span[1] - span[0]

    def _cursor(self, end: Cursor) -> str:
        text = written(end)
        self._given.add(text)
        return text

    def _enveloped(self, resource: Resource, rows: Collection, page: Page) -> Answer:
        settings = self._settings
        records = b"[" + b",".join(self._renderer.wire(resource, rows.rows[id_]) for id_ in page.ids) + b"]"
        if resource.bare:
            return Answer(200, records, rows=len(page.ids))
        rest: dict[str, object] = {}
        if resource.counted:
            repeated = resource.name == "teams" and settings.v1_ignore_page
            rest = {"has_more": page.has_more or repeated or settings.v1_has_more == "always", "total": page.total}
        if resource.name == "deals" and settings.v1_next_page != "absent":
            rest["next_page"] = self._cursor(page.end) if page.end else None
        tail = b"," + orjson.dumps(rest)[1:] if rest else b"}"
        return Answer(200, b'{"%s":' % resource.envelope.encode() + records + tail, rows=len(page.ids))


def _behind(view: View, span: Span, order: Order, cursor: Cursor | None) -> Span:
    """The part of `span` that comes after the cursor, in the direction asked."""
    if cursor is None:
        return span
    start, stop = span
    try:
        if order.descending:
            return start, max(start, min(stop, view.before(*cursor)))
        return min(stop, max(start, view.up_to(*cursor))), stop
    except TypeError as error:  # a cursor of another order: its value does not compare
        raise bad_cursor() from error
