"""Every way a record comes, changes or goes, with what else that moves; and the log of it, for assertions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from ..clock import Clock
from ..settings import Settings
from .account import Account
from .row import Fields, Row

__all__ = ["Changes", "Watcher"]

Watcher = Callable[[str, Row], None]
"""Called with the list's name and the row before and after each change of it."""

# The field that an edit of nobody's choice changes; names of organizations are unique, product lines have none.
EDITED_FIELD = {
    "contacts": "job_title",
    "organizations": "description",
    "tasks": "description",
    "deal_notes": "description",
    "deal_products": "billing_frequency",
}


class Changes:
    """The account's only editor; the API's writes, churn and the control plane all come through here."""

    def __init__(self, account: Account, clock: Clock, settings: Settings) -> None:
        self.account = account
        self._clock = clock
        self._settings = settings
        self._edits = 0
        self._watchers: list[Watcher] = []
        self.log: dict[str, dict[str, list[str]]] = {}
        self.clear_log()

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` about changes from now on: for what is derived from several rows and kept."""
        self._watchers.append(watcher)

    def clear_log(self) -> None:
        """Forget what was logged."""
        self.log = {kind: defaultdict(list) for kind in ("created", "edited", "deleted")}

    def create(self, name: str, row: Row) -> Row:
        """Enter a row; it is listed after `index_lag_s` (crm-v2.md#unknowns row 23)."""
        lag = round(self._settings.index_lag_s * 1000)
        self.account.collection(name, row.parent).add(row, self._clock.now() + lag if lag else None)
        self._tell(name, row)
        self.log["created"][name].append(row.id)
        self._touch_parent(name, row)
        return row

    def edit(self, name: str, row: Row, fields: Fields | None = None, **times: int | None) -> Row:
        """Change the given fields, or one of the editor's choice; `updated` is now unless given."""
        if fields is None:
            self._edits += 1
            field = EDITED_FIELD.get(name, "name")
            frequency = "monthly" if self._edits % 2 else "annually"
            fields = {field: frequency if field == "billing_frequency" else f"Editado {self._edits}"}
        self._tell(name, row)
        self.account.collection(name, row.parent).change(row, fields, **{"updated": self._clock.now(), **times})
        self._tell(name, row)
        self.log["edited"][name].append(row.id)
        self._touch_parent(name, row)
        return row

    def delete(self, name: str, row: Row) -> None:
        """Delete a row and what belongs to it: tasks, notes and product lines go with their deal.

        Facts: crm-v2.md#tasks-by-page.
        """
        self._tell(name, row)
        self.account.collection(name, row.parent).remove(row)
        self.log["deleted"][name].append(row.id)
        self._touch_parent(name, row)
        for child, parent in self.account.parents.items():
            if parent == name:
                self.account.children[child].forget(row)
        if name == "deals":
            tasks = self.account.lists["tasks"]
            for task in tasks.equal("deal_id", lambda task: [task.fields.get("deal_id") or ""], row.id):
                self.delete("tasks", task)

    def _touch_parent(self, name: str, row: Row) -> None:
        """Whether a changed note or product moves the deal's `updated_at` is unknown (crm-v2.md#unknowns row 20)."""
        parents = self.account.parents.get(name)
        if parents is None:
            return
        parent = self.account.lists[parents].rows[row.parent]
        moves = parents == "deals" and self._settings.child_touches_deal
        self.account.lists[parents].change(parent, updated=self._clock.now() if moves else parent.updated)
        self._tell(parents, parent)

    def _tell(self, name: str, row: Row) -> None:
        for watcher in self._watchers:
            watcher(name, row)
