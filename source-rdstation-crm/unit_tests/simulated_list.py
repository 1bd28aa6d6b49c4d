"""A list that moves while it is read, as docs/api/crm-v2.md describes it: the opponent of pagination in unit tests.

Times are whole milliseconds after `DAWN`; rows with equal sort keys come in a random order at each request.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import format_instant, parse_instant
from airbyte_rdstation.pagination.listing import Query

DAWN = datetime(2026, 1, 1, tzinfo=timezone.utc)
WALL_ROWS = 10_000


@dataclass
class SimulatedList:
    """Rows with `created_at` and `updated_at` (milliseconds after DAWN), and what happens before each request."""

    created: dict[str, int]
    updated: dict[str, int]
    page_size: int
    seed: int = 0
    before_request: Callable[[SimulatedList], None] = lambda _: None
    links: bool = True
    last_link: bool = True
    wall: int = WALL_ROWS
    now: int = 0
    requests: int = 0
    sort_honoured: bool = True
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.now = max([*self.created.values(), *self.updated.values(), 0]) + 1

    def edit(self, row_id: str) -> None:
        """The row's updated_at becomes now, later than all others."""
        self.now += 1
        self.updated[row_id] = self.now

    def create(self, row_id: str) -> None:
        """A new row, created and updated now."""
        self.now += 1
        self.created[row_id] = self.updated[row_id] = self.now

    def delete(self, row_id: str) -> None:
        """The row is gone."""
        del self.created[row_id], self.updated[row_id]

    def fetch(self, query: Query) -> Page:
        """Answers as the API does, and refuses to be asked beyond the wall."""
        assert (query.page - 1) * self.page_size < self.wall, "asked beyond the wall"
        self.before_request(self)
        self.requests += 1
        ids = self._matching(query)
        values = self._values(query.sort) if query.sort and self.sort_honoured else dict.fromkeys(ids, 0)
        ids.sort(key=lambda row_id: values[row_id] + self._among_equals(), reverse=query.descending)
        start = (query.page - 1) * self.page_size
        rows = [self._row(row_id) for row_id in ids[start : start + self.page_size]]
        pages = max(1, -(-len(ids) // self.page_size))
        if not self.links and query.page >= pages:
            return Page(rows, More.UNKNOWN)
        last = min(pages, self.wall // self.page_size) if self.last_link else None
        return Page(rows, More.of(query.page < pages), last)

    def _among_equals(self) -> float:
        """Where a row comes among those with its sort key: a number in [0, 1)."""
        return self._random.random()

    def _matching(self, query: Query) -> list[str]:
        ids = list(self.created)
        for bound in query.bounds:
            values = self._values(bound.field)
            least, before = _milliseconds(bound.at_least, -math.inf), _milliseconds(bound.before, math.inf)
            ids = [row_id for row_id in ids if least <= values[row_id] < before]
        return ids

    def _values(self, name: str) -> Mapping[str, int]:
        if name == "name":
            return {row_id: int(row_id, 16) for row_id in self.created}
        return {"created_at": self.created, "updated_at": self.updated}[name]

    def _row(self, row_id: str) -> Row:
        created, updated = (
            format_instant(DAWN + timedelta(milliseconds=moments[row_id])) for moments in (self.created, self.updated)
        )
        return {"id": row_id, "created_at": created, "updated_at": updated}


def _milliseconds(literal: datetime | None, otherwise: float) -> float:
    assert literal is None or literal.microsecond == 0, "filter literals have whole seconds"
    return otherwise if literal is None else (literal - DAWN) / timedelta(milliseconds=1)


def moment(milliseconds: int) -> datetime:
    """The instant of a simulated time."""
    return parse_instant(format_instant(DAWN + timedelta(milliseconds=milliseconds)))
