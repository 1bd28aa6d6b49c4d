"""Lists that are edited while they are read, drawn by hypothesis, and which of their rows a reader may not miss."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hypothesis import strategies as st
from simulated_list import SimulatedList

__all__ = ["Scenario", "scenarios", "spread_list"]


@dataclass
class Scenario:
    """A list, and what happens to it: one action before each request."""

    crm: SimulatedList
    actions: list[str]
    chance: random.Random
    gone: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.at_start = set(self.crm.created)
        self.crm.before_request = self._disturb

    @property
    def existed_throughout(self) -> set[str]:
        return self.at_start - self.gone

    def _disturb(self, crm: SimulatedList) -> None:
        if not self.actions or not crm.created:
            return
        action, row_id = self.actions.pop(), self.chance.choice(sorted(crm.created))
        if action == "edit":
            crm.edit(row_id)
        elif action == "create":
            crm.create(f"{1_000_000 + crm.now:024x}")
        elif action == "delete":
            crm.delete(row_id)
            self.gone.add(row_id)


@st.composite
def scenarios(draw: st.DrawFn, most_rows: int = 60, deletes: bool = True, ties: bool = True) -> Scenario:
    """Without `ties` each row has a moment of creation of its own: what page numbers can follow."""
    rows = draw(st.integers(0, most_rows))
    span = draw(st.sampled_from([1, 900, 5_000, 400_000]))  # in one millisecond, in one second, in few, spread
    moments = st.integers(0, span if ties else max(span, rows))
    ids = [f"{number:024x}" for number in range(rows)]
    created = dict(zip(ids, draw(st.lists(moments, min_size=rows, max_size=rows, unique=not ties)), strict=True))
    updated = {row_id: created[row_id] + draw(st.sampled_from([0, 0, 500, 90_000])) for row_id in ids}
    crm = SimulatedList(created, updated, page_size=draw(st.integers(3, 12)), seed=draw(st.integers(0, 2**32)))
    crm.links = draw(st.booleans())
    kinds = ["edit", "edit", "create", *(["delete"] if deletes else [])]
    actions = draw(st.lists(st.sampled_from(kinds), max_size=40))
    return Scenario(crm, actions, random.Random(draw(st.integers(0, 2**32))))


def spread_list(rows: int, page_size: int, milliseconds_apart: int = 1_000) -> SimulatedList:
    """Rows at regular distances, never edited."""
    times = {f"{number:024x}": number * milliseconds_apart for number in range(rows)}
    return SimulatedList(dict(times), dict(times), page_size)
