"""What pagination asks for, a `Query`, and what it yields, a `Batch`. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from airbyte_rdstation.client import rdql
from airbyte_rdstation.client.responses import Page, Row
from airbyte_rdstation.dates import parse_instant

__all__ = ["WALL", "Batch", "Bound", "Fetch", "PageRefusedError", "PaginationError", "Query", "instant_of"]

WALL: Final = 10_000  # rows of one filter that the API can reach, of deals, contacts and organizations [doc]


@dataclass(frozen=True)
class Bound:
    """`at_least <= field < before` in whole seconds; either side is open where None."""

    field: str
    at_least: datetime | None = None
    before: datetime | None = None

    def rdql(self) -> str:
        """Return the conditions of a filter: `updated_at:>="2026-01-31 23:00:59"`; empty where both sides are open."""
        lower = rdql.at_least(self.field, self.at_least) if self.at_least else ""
        upper = rdql.before(self.field, self.before) if self.before else ""
        return rdql.all_of(lower, upper)


@dataclass(frozen=True)
class Query:
    """One request for a page: the rows within `bounds`, in the order of `sort` (None: the list has no sort)."""

    sort: str | None
    bounds: tuple[Bound, ...] = ()
    page: int = 1
    descending: bool = False
    cursor: str | None = None
    """Go on after the rows of the page that gave this, instead of at `page`."""

    def at_page(self, number: int) -> Query:
        """Return the query for another page of the same list."""
        return replace(self, page=number)


@dataclass(frozen=True)
class Batch:
    """What one request brought."""

    rows: list[Row]
    """The rows that this read has not yielded before."""
    reached: datetime | None = None
    """Once `rows` are emitted: every row whose key lies before this second has been emitted, or has moved ahead."""
    pages_left: int | None = None
    """How many pages of the range still follow, as far as the answer tells."""


Fetch = Callable[[Query], Page]


class PageRefusedError(Exception):
    """Says that the API refuses a page; its cause says how."""


class PaginationError(Exception):
    """Says that a list does not behave as a read needs: going on would loop or lose rows. Its text holds no record."""


def instant_of(row: Row, key: str) -> datetime | None:
    """Return the instant of a row's key; None where it is null, empty, or no date that can be calculated with."""
    try:
        return parse_instant(row[key]) if row.get(key) else None
    except ValueError:
        return None
