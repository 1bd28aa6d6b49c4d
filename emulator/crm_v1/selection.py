"""Order and filters -> the view of a list and the range of it that a request means; views are kept while in use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Collection as Sized
from typing import Any

from ..data.collection import Collection
from ..data.row import Row
from ..data.view import Span, View, empty_key
from .filters import Filter, Range
from .parameters import Order

__all__ = ["select"]


def _key(order: Order, empty: int) -> Callable[[Row], Any]:
    """What a list is sorted by; `empty` stands for a date that is null."""
    keys: dict[str, Callable[[Row], Any]] = {
        "": lambda _: 0,  # all rows equal: the view's random order of ties is the list's lack of order
        "created_at": lambda row: empty if row.created is None else row.created,
        "updated_at": lambda row: empty if row.updated is None else row.updated,
        "name": lambda row: row.fields.get("name") or "",
    }
    return keys[order.by]


def select(rows: Collection, order: Order, filters: Sequence[Filter | Range], nulls_sort: str) -> tuple[View, Span]:
    """A range of the sort property is found by bisection, all else selects the view."""
    empty = empty_key(nulls_sort, descending=order.descending)
    bounds = [part for part in filters if isinstance(part, Range) and part.name == order.by]
    rest = [part for part in filters if part not in bounds]
    view = rows.view(
        ("v1", order.by, empty, *rest),
        _key(order, empty),
        lambda row: all(part.test(row) for part in rest),
        lambda: _candidates(rows, rest),
    )
    start, stop = 0, len(view)
    for bound in bounds:
        # Rows without a value lie below zero, or above all that a range may name.
        start, stop = max(start, view.first_at(max(0, bound.low))), min(stop, view.first_at(bound.high))
    return view, (start, max(start, stop))


def _candidates(rows: Collection, filters: Sequence[Filter | Range]) -> Sized[Row]:
    """Rows that can pass, by the cheapest way there is."""
    for part in filters:
        if isinstance(part, Filter) and part.values is not None:
            found = rows.equal(f"v1 {part.name}", part.values, str(part.value))
            return [row for row in found if rows.is_shown(row)]
    for part in filters:
        if isinstance(part, Range):
            return _inside(rows, part)
    return rows.shown()


def _inside(rows: Collection, bound: Range) -> list[Row]:
    view = rows.view(("v1 range", bound.name), bound.read, lambda row: bound.read(row) is not None, rows.shown)
    return [rows.rows[id_] for id_ in view.ids((view.first_at(bound.low), view.first_at(bound.high)))]
