"""Whose token it is, and which rows that user sees (crm-v1.md#basics, crm-v1.md#unknowns row 12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from ..data.account import Account
from ..data.row import Row
from ..rng import share
from .filters import Filter

__all__ = ["Visibility"]

CONTACTS_WITH_OWNER = 0.7  # v1 shows no owner of a contact, yet its visibility is by owner [doc]
ENOUGH_TO_COUNT = 500


class Visibility:
    """The token's user: of the active ones, the one with most deals among the first few hundred."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._user: str | None = None
        self._owners: dict[str, Callable[[Row], Iterable[Any]]] = {
            "deals": lambda row: [row.fields.get("owner_id")],
            "organizations": lambda row: [row.fields.get("owner_id")],
            "tasks": lambda row: row.fields.get("owner_ids") or [],
            "contacts": self._contact_owner,
        }

    @property
    def user(self) -> str:
        """The user's id; empty in an account without users."""
        if self._user is None:
            rows = self._account.lists["users"].rows.values()
            deals = islice(self._account.lists["deals"].rows.values(), ENOUGH_TO_COUNT)
            owned = Counter(row.fields.get("owner_id") for row in deals)
            active = [row.id for row in rows if row.fields.get("_active")]
            self._user = max(active, key=lambda id_: owned[id_], default="")
        return self._user

    def filter(self, name: str) -> Filter | None:
        """The rows of the account's list `name` that the user sees; None when that is all of them."""
        if name not in self._owners:
            return None
        return Filter("visible to", self.user, lambda row: self.sees(name, row))

    def sees(self, name: str, row: Row) -> bool:
        """A row that nobody owns is everybody's."""
        if name not in self._owners:
            return True
        owners = [id_ for id_ in self._owners[name](row) if id_]
        return not owners or self.user in owners

    def _contact_owner(self, row: Row) -> list[str]:
        users = self._account.lists["users"].initial_ids
        if not users or share(row.id, "has owner") >= CONTACTS_WITH_OWNER:
            return []
        return [users[int(share(row.id, "owner") * len(users))]]
