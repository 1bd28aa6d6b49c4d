"""Edits while a list is read: every n-th list request changes a row of that list first."""

from __future__ import annotations

from .data.changes import Changes
from .data.collection import Collection
from .rng import rng
from .settings import Settings

__all__ = ["ConcurrentEdits"]


class ConcurrentEdits:
    """One API's count of list requests, and the changes that `edit_during_walk` asks for."""

    def __init__(self, changes: Changes, settings: Settings) -> None:
        self._changes = changes
        self._settings = settings
        self._dice = rng(changes.account.seed, "edit_during_walk")
        self._lists_asked = 0

    def list_asked(self, name: str, rows: Collection) -> None:
        """Edit or delete a random row of the list, if it is this request's turn."""
        self._lists_asked += 1
        every = self._settings.edit_during_walk
        if every and self._lists_asked % every == 0 and len(rows):
            row = rows.rows[rows.id_at(self._dice.randrange(len(rows)))]
            if self._settings.edit_during_walk_deletes:
                self._changes.delete(name, row)
            else:
                self._changes.edit(name, row)
