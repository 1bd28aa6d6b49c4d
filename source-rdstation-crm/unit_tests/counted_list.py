"""A moving list as docs/api/crm-v1.md describes it: page numbers, `total`, a wall, perhaps a cursor."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulated_list import SimulatedList

from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.pagination.listing import Query

__all__ = ["CountedList", "counted"]


@dataclass
class CountedList(SimulatedList):
    """As its parent, with the row count in each answer."""

    has_cursor: bool = False
    past_wall: bool = False
    """The cursor goes on beyond the wall."""
    hidden: int = 0
    """Rows that are counted and not shown."""

    def _matching(self, query: Query) -> list[str]:
        return sorted(super()._matching(query))

    def _among_equals(self) -> float:
        # A cursor names a value and an id, so rows that share their value have an order.
        return 0.0 if self.has_cursor else super()._among_equals()

    def fetch(self, query: Query) -> Page:
        """Answers as the API does; `has_more` is a hint only, so that a page may be the last or not."""
        if query.cursor:
            return self._after(query)
        page = super().fetch(query)
        cursor = f"{(query.page - 1) * self.page_size + len(page.rows)}" if self.has_cursor and page.rows else None
        return replace(page, has_next=_hinted(page), total=self._count(query) + self.hidden, cursor=cursor)

    def _after(self, query: Query) -> Page:
        """The rows after a number of rows (the real cursor is a value and an id; here nothing moves between them)."""
        after = int(query.cursor or 0)
        within = after < self.wall or self.past_wall
        wall, self.wall = self.wall, max(self.wall, after + self.page_size)
        page = Page([], More.UNKNOWN)
        if within:
            page = super().fetch(replace(query, cursor=None, page=after // self.page_size + 1))
        self.wall = wall
        reached = after + len(page.rows)
        return Page(
            page.rows, More.UNKNOWN if page.has_next is More.YES else More.NO, None, self._count(query), f"{reached}"
        )

    def _count(self, query: Query) -> int:
        return len(self._matching(query))


def counted(crm: SimulatedList) -> CountedList:
    """The same list, and what happens to it, with counts."""
    return CountedList(crm.created, crm.updated, crm.page_size, crm.seed, before_request=crm.before_request)


def _hinted(page: Page) -> More:
    return More.UNKNOWN if page.has_next is More.YES else More.NO
