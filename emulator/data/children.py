"""Lists below a record: notes and product lines of a deal, stages of a pipeline. Made when first asked for."""

from __future__ import annotations

from collections.abc import Callable

from .collection import Collection
from .row import Row

__all__ = ["Children"]


class Children:
    """One collection for each parent."""

    def __init__(self, make: Callable[[Row], list[Row]], expected: Callable[[Row], bool]) -> None:
        self._make = make
        self._expected = expected  # whether `make` would give any, without making them
        self._lists: dict[str, Collection] = {}

    def of(self, parent: Row) -> Collection:
        """The parent's list."""
        if parent.id not in self._lists:
            self._lists[parent.id] = Collection(self._make(parent))
        return self._lists[parent.id]

    def any_of(self, parent: Row) -> bool:
        """Whether the parent has children."""
        made = self._lists.get(parent.id)
        return self._expected(parent) if made is None else len(made) > 0

    def forget(self, parent: Row) -> None:
        """Delete the list together with its parent."""
        self._lists.pop(parent.id, None)

    def made(self) -> list[Collection]:
        """Lists that exist so far."""
        return list(self._lists.values())
