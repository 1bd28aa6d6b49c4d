"""One list of the account: its rows, and the views that answer requests for it.

Every change goes through `add`, `change` or `remove`, which keep all views and equality indexes current.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from collections.abc import Collection as Sized
from typing import Any

from .row import Fields, Row
from .view import View

__all__ = ["Collection"]

KEPT_VIEWS = 12  # filters in use at a time; each costs a little on every change
WORTH_KEEPING = 500  # a view of fewer candidates is faster made anew than kept


class Collection:
    """Rows by id, with derived views."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows: dict[str, Row] = {row.id: row for row in rows}
        self.initial_ids = list(self.rows)  # what generators refer to, whatever is deleted later
        self.removed_ids: set[str] = set()  # what was here once
        self._ids = list(self.rows)
        self._place = {id_: at for at, id_ in enumerate(self._ids)}
        self._hidden: dict[str, int] = {}  # id -> when it enters the lists (crm-v2.md#unknowns row 23)
        self._views: OrderedDict[Hashable, View] = OrderedDict()
        self._equal: dict[str, tuple[Callable[[Row], Iterable[str]], dict[str, set[str]]]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    # --- changes

    def add(self, row: Row, visible_at: int | None = None) -> None:
        """Enter a new row; until `visible_at` it answers by id only."""
        self.rows[row.id] = row
        self._place[row.id] = len(self._ids)
        self._ids.append(row.id)
        if visible_at is not None:
            self._hidden[row.id] = visible_at
        self._index(row)

    def change(self, row: Row, fields: Fields | None = None, **times: int | None) -> None:
        """Overwrite fields, `created` or `updated` of a row; called without any, its derived values are read again."""
        self._unindex(row)
        row.pin().update(fields or {})
        for name, value in times.items():
            setattr(row, name, value)
        row.wire = None
        self._index(row)

    def remove(self, row: Row) -> None:
        """Delete a row: it vanishes without a tombstone [seen]."""
        self._unindex(row)
        self._hidden.pop(row.id, None)
        del self.rows[row.id]
        self.removed_ids.add(row.id)
        # The last id takes the gap, so that a random row stays a matter of one index.
        at, last = self._place.pop(row.id), self._ids.pop()
        if last != row.id:
            self._ids[at] = last
            self._place[last] = at

    def publish(self, now: int) -> None:
        """Let rows whose lag has passed into the lists."""
        for id_ in [id_ for id_, due in self._hidden.items() if due <= now]:
            del self._hidden[id_]
            for view in self._views.values():
                view.take(self.rows[id_])

    def forget_wire(self) -> None:
        """Drop serialised forms, after a setting changed how records look."""
        for row in self.rows.values():
            row.wire = None

    # --- look-ups

    def id_at(self, position: int) -> str:
        """The id at a position of no meaning, for random choice."""
        return self._ids[position]

    def shown(self) -> Sized[Row]:
        """Rows that lists may show."""
        if not self._hidden:
            return self.rows.values()
        return [row for row in self.rows.values() if self.is_shown(row)]

    def is_shown(self, row: Row) -> bool:
        """Whether lists may show the row already."""
        return row.id not in self._hidden

    def equal(self, name: str, values: Callable[[Row], Iterable[str]], wanted: str) -> list[Row]:
        """Rows, hidden ones too, among whose `values` is `wanted`; the index is made once for each `name`."""
        if name not in self._equal:
            index: dict[str, set[str]] = {}
            for row in self.rows.values():
                for value in values(row):
                    index.setdefault(value, set()).add(row.id)
            self._equal[name] = (values, index)
        return [self.rows[id_] for id_ in self._equal[name][1].get(wanted, ())]

    def view(
        self,
        name: Hashable,
        key: Callable[[Row], Any],
        keep: Callable[[Row], bool],
        candidates: Callable[[], Sized[Row]],
    ) -> View:
        """The view called `name`, made when it is not at hand; equal names must mean equal key and filter."""
        view = self._views.get(name)
        if view is not None:
            self._views.move_to_end(name)
            return view
        rows = candidates()
        view = View(rows, key, keep)
        if len(rows) >= WORTH_KEEPING:
            self._views[name] = view
            if len(self._views) > KEPT_VIEWS:
                self._views.popitem(last=False)
        return view

    # --- upkeep

    def _index(self, row: Row) -> None:
        if self.is_shown(row):
            for view in self._views.values():
                view.take(row)
        for values, index in self._equal.values():
            for value in values(row):
                index.setdefault(value, set()).add(row.id)

    def _unindex(self, row: Row) -> None:
        for view in self._views.values():
            view.drop(row)
        for values, index in self._equal.values():
            for value in values(row):
                index[value].discard(row.id)
