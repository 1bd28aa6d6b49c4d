"""A list request.

Parameters checked against crm-v2.md#listing, the wall of crm-v2.md#the-wall, one page of the right view.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import orjson

from ..data.account import Account
from ..data.collection import Collection
from ..data.view import Span, View
from ..exchange import Answer
from ..rng import Rng
from ..settings import Settings
from . import rdql
from .conditions import UnlistedPropertyError
from .errors import problem, refusal
from .filter_forms import FormRefusedError, obeyed
from .links import Place, links
from .literals import LiteralError
from .query import Query, select
from .render import wire
from .resources import Resource

__all__ = ["Lister"]

_SORT = re.compile(r"sort\[(.*)\]")


class Lister:
    """Answers list requests of one account."""

    def __init__(self, account: Account, settings: Settings, dice: Rng) -> None:
        self._account = account
        self._settings = settings
        self._dice = dice

    def answer(self, resource: Resource, rows: Collection, base: str, path: str, query: Mapping[str, str]) -> Answer:
        """One page; raises Refusal."""
        settings = self._settings
        number, size = self._page(query)
        wanted = Query(self._tree(resource, query), *self._sort(resource, query))
        view, span = self._selected(wanted, resource, rows)
        wall = settings.wall_rows if resource.name in settings.walled_lists else 0
        place = Place(number, size, span[1] - span[0], wall)
        offset = (number - 1) * size
        if wall and offset >= wall:
            if settings.wall in ("400", "422", "500"):
                return problem(settings, int(settings.wall), f"only the first {wall} records can be listed")
            place.cut_off = settings.wall == "empty"
            offset = place.total if place.cut_off else max(0, wall - size)
        # "The first 10,000 records of the given filter" [doc]: a page across the wall ends there.
        take = min(size, wall - offset) if wall and offset < wall else size
        shuffled = bool(wanted.sort) or settings.unsorted == "shuffle"
        ids = view.page(span, offset, take, wanted.descending, self._dice if shuffled else None)
        wires = [wire(self._account, resource, rows.rows[id_], settings) for id_ in ids]
        return Answer(200, _body(resource, wires, links(base, path, query, place, settings), settings), rows=len(wires))

    def _selected(self, wanted: Query, resource: Resource, rows: Collection) -> tuple[View, Span]:
        settings = self._settings
        try:
            return select(wanted, self._account, resource, rows, settings)
        except UnlistedPropertyError as error:
            if settings.bad_filter == "ignore":  # every row, 200: a client of the docs warns of it [used]
                return select(replace(wanted, tree=None), self._account, resource, rows, settings)
            raise refusal(settings, int(settings.bad_filter), f"cannot filter {resource.name} by {error}") from error
        except LiteralError as error:
            raise refusal(settings, 500, f"unreadable literal: {error}") from error

    def _page(self, query: Mapping[str, str]) -> tuple[int, int]:
        try:
            number = int(query.get("page[number]", "1"))
            size = int(query.get("page[size]", self._settings.default_size))
        except ValueError as error:
            raise refusal(self._settings, 400, "page[number] and page[size] are integers") from error
        largest = self._settings.largest_size
        if number < 1 or not 1 <= size <= largest:
            raise refusal(self._settings, 400, f"page[number] from 1, page[size] from 1 to {largest}")
        return number, min(size, self._settings.cap_size or size)

    def _sort(self, resource: Resource, query: Mapping[str, str]) -> tuple[str, bool]:
        """(property, descending); `sort=-field` has no visible effect [seen], hence is not looked at."""
        asked = [(match[1], value) for name, value in query.items() if (match := _SORT.fullmatch(name))]
        if not asked:
            return "", False
        name, direction = asked[0]
        if resource.name == "meetings" and self._settings.meetings_sort != "honoured":
            if self._settings.meetings_sort == "ignored":
                return "", False
            raise refusal(self._settings, 400, f"cannot sort meetings by {name}")
        # Several sort properties are not documented: treated like an unlisted one.
        if len(asked) == 1 and name in resource.sorts and direction in ("asc", "desc"):
            return name, direction == "desc"
        if self._settings.bad_sort == "ignore":
            return "", False
        raise refusal(
            self._settings, int(self._settings.bad_sort), f"cannot sort {resource.name} by {name} {direction}"
        )

    def _tree(self, resource: Resource, query: Mapping[str, str]) -> rdql.Expression | None:
        text = query.get("filter", "")
        if not text.strip():
            return None
        if resource.name == "meetings":  # 500 whatever it says (crm-v2.md#meetings)
            raise refusal(self._settings, 500, "cannot filter meetings")
        try:
            return obeyed(rdql.parse(text), self._settings)
        except FormRefusedError as error:
            raise refusal(self._settings, error.status, f"cannot filter by {error}") from error
        except rdql.RdqlSyntaxError as error:
            raise refusal(self._settings, 500, f"unreadable filter: {error}") from error


def _body(resource: Resource, wires: list[bytes], named: object | None, settings: Settings) -> bytes:
    data = b"[" + b",".join(wires) + b"]"
    if resource.name == "custom_fields" and settings.custom_fields_swapped and len(wires) == 1:
        data = wires[0]  # the published sample of the list shows one object (crm-v2.md#small-lists)
    return b'{"data":' + data + (b"}" if named is None else b',"links":' + orjson.dumps(named) + b"}")
