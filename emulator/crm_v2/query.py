"""Filter and sort of a list request -> a view and the range of it that the request means.

Conditions on the sort property become a range found by bisection; the rest selects a view, which is kept while it is
in use. A keyset walk moves only the range from request to request, hence costs the same at its start and its end.
"""

from __future__ import annotations

from collections.abc import Collection as Sized
from dataclasses import dataclass

from ..data.account import Account
from ..data.collection import Collection
from ..data.row import Row
from ..data.view import AFTER_ALL, BEFORE_ALL, Span, View, empty_key
from ..settings import Settings
from . import literals
from .conditions import kind_of, test_of
from .rdql import And, Condition, Expression
from .resources import Resource
from .values import look_up, reader, sort_key

__all__ = ["Query", "select"]

RANGES = (">", ">=", "<", "<=", "=")
INDEXED = (
    "id",
    "name",
    "email",
    "phone",
    "deal_id",
    "organization_id",
    "slug",
)  # and every @slug: what look-ups ask for


@dataclass(frozen=True)
class Query:
    """What a list is asked for, checked against crm-v2.md#listing."""

    tree: Expression | None
    sort: str  # empty: unsorted
    descending: bool


def select(
    query: Query, account: Account, resource: Resource, rows: Collection, settings: Settings
) -> tuple[View, Span]:
    """The view and range to take a page from; raises UnlistedPropertyError or LiteralError."""
    conjuncts = query.tree.parts if isinstance(query.tree, And) else () if query.tree is None else (query.tree,)
    bounds = [part for part in conjuncts if _bounds(part, query.sort, account, resource)]
    rest = tuple(part for part in conjuncts if part not in bounds)
    empty = empty_key(settings.nulls_sort, descending=query.descending)
    view = _view(query.sort, rest, account, resource, rows, settings, empty)
    start, stop = 0, len(view)
    for bound in bounds:
        low, high = _span(view, bound)
        start, stop = max(start, low), min(stop, high)
    return view, (start, max(start, stop))


def _bounds(part: Expression, name: str, account: Account, resource: Resource) -> bool:
    """Whether a condition is a range of the instant `name`."""
    return (
        isinstance(part, Condition)
        and part.name == name != ""
        and part.operator in RANGES
        and not part.negated
        and kind_of(name, account, resource) == "instant"
    )


def _span(view: View, bound: Expression) -> Span:
    """Positions that a condition admits in a view sorted by an instant; rows without one lie at either end."""
    if not isinstance(bound, Condition):
        raise TypeError(bound)
    moment = literals.instant(bound.values[0])
    first, after = view.first_at(moment), view.first_after(moment)
    filled, end = view.first_at(BEFORE_ALL + 1), view.first_at(AFTER_ALL)
    spans = {
        ">": (after, end),
        ">=": (first, end),
        "<": (filled, first),
        "<=": (filled, after),
        "=": (first, after),
    }
    return spans[bound.operator]


def _view(
    sort: str,
    rest: tuple[Expression, ...],
    account: Account,
    resource: Resource,
    rows: Collection,
    settings: Settings,
    empty: int = BEFORE_ALL,
) -> View:
    test = test_of(And(rest), account, resource, settings)
    # Unsorted, all rows are equal: the view's random order of ties is the API's lack of order (crm-v2.md#listing).
    key = sort_key(reader(account, resource, sort, settings), resource.sorts[sort], empty) if sort else lambda _: 0
    name = (sort, rest, settings.text_match, empty, *_nulls(settings))
    return rows.view(name, key, test, lambda: _candidates(rest, account, resource, rows, settings))


def _candidates(
    rest: tuple[Expression, ...], account: Account, resource: Resource, rows: Collection, settings: Settings
) -> Sized[Row]:
    """Rows that can pass `rest`, by the cheapest way there is."""
    for part in rest:
        if _looks_up(part) and settings.text_match == "exact" and isinstance(part, Condition):
            found = look_up(account, resource, rows, part.name, part.values[0].text, settings)
            return [row for row in found if rows.is_shown(row)]
    for name in ("updated_at", "created_at"):
        bounds = tuple(part for part in rest if name in resource.filters and _bounds(part, name, account, resource))
        if bounds:
            view = (
                _view(name, (), account, resource, rows, settings)
                if name in resource.sorts
                else _by_time(name, account, resource, rows, settings)
            )
            spans = [_span(view, bound) for bound in bounds]
            span = max(low for low, _ in spans), min(high for _, high in spans)
            return [rows.rows[id_] for id_ in view.ids(span)] if span[0] < span[1] else []
    return rows.shown()


def _by_time(name: str, account: Account, resource: Resource, rows: Collection, settings: Settings) -> View:
    """Order by a time that the API itself does not sort this list by."""
    key = sort_key(reader(account, resource, name, settings), "instant")
    return rows.view((name, "time", *_nulls(settings)), key, lambda _: True, rows.shown)


def _nulls(settings: Settings) -> tuple[int, ...]:
    """What a view's name must tell: kept views go on with the nulls of their beginning."""
    return settings.null_created_at, settings.null_updated_at, settings.null_closed_at


def _looks_up(part: Expression) -> bool:
    return (
        isinstance(part, Condition)
        and part.operator == "="
        and not part.negated
        and (part.name in INDEXED or part.name.startswith("@"))
    )
