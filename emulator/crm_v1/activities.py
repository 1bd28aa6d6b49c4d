"""Activities: the notes of all deals as one list (crm-v1.md#activities)."""

from __future__ import annotations

from ..data.changes import Changes
from ..data.collection import Collection
from ..data.row import Row

__all__ = ["Activities"]


class Activities:
    """Made from the deals' notes when asked for, again after one of these came or went."""

    def __init__(self, changes: Changes) -> None:
        self._account = changes.account
        self._list: Collection | None = None
        changes.watch(self._changed)

    def list(self) -> Collection:
        """All of them; its rows are those of the deals' own lists."""
        if self._list is None:
            notes = self._account.children["deal_notes"]
            deals = self._account.lists["deals"].rows.values()
            self._list = Collection(
                note for deal in deals if notes.any_of(deal) for note in notes.of(deal).rows.values()
            )
        return self._list

    def _changed(self, name: str, _row: Row) -> None:
        if name in ("deals", "deal_notes"):
            self._list = None
