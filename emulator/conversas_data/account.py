"""One invented account of Conversas: its lists, and a talk with each contact."""

from __future__ import annotations

from collections.abc import Callable

from ..data.collection import Collection
from ..data.row import Fields, Row
from ..data.times import object_id, timeline
from ..rng import Rng, invented_id, rng
from . import reports, short_lists
from .campaigns import campaign
from .lookup import CREATED_LATER, Lookup
from .people import customer, employee
from .size import ConversasSize
from .talks import Talks

__all__ = ["ConversasAccount"]

# list -> (its number in ConversasSize, what invents its rows); later lists refer to earlier ones
GENERATORS: dict[str, tuple[str, Callable[[Lookup, Row], Fields]]] = {
    "employees": ("employees", employee),
    "custom_fields": ("custom_fields", short_lists.custom_field),
    "flows": ("flows", short_lists.flow),
    "wallets": ("wallets", short_lists.wallet),
    "workflows": ("workflows", short_lists.workflow),
    "templates": ("templates", short_lists.template),
    "whatsapp_integrations": ("integrations", short_lists.integration),
    "whatsapp_official_integrations": ("official_integrations", short_lists.official_integration),
    "customers": ("contacts", customer),
    "reports": ("reports", reports.report),
    "campaigns": ("campaigns", campaign),  # last: the place in this table is part of the ids
}
FIRST_KIND = 0x40  # in ids: apart from those of the CRM's account


class ConversasAccount:
    """Lists by name, oldest rows first."""

    def __init__(self, size: ConversasSize, seed: int, until: int) -> None:
        self.seed = seed
        self.company = invented_id(str(seed), "company")
        self.lists: dict[str, Collection] = {}
        self._first: dict[str, list[Row]] = {}  # what generators refer to, whatever is deleted later
        self._until = until
        self._created = CREATED_LATER
        for name, (number, _) in GENERATORS.items():
            moments = timeline(getattr(size, number), rng(seed, "account", name), self._until)
            self._first[name] = [
                self._row(name, created, updated, index) for index, (created, updated) in enumerate(moments)
            ]
            self.lists[name] = Collection(self._first[name])
        self.talks = Talks(self, size.messages_per_contact, self._until)

    def some_row(self, name: str, dice: Rng) -> Row | None:
        """A random row of a list as it began, None of an empty list."""
        rows = self._first[name]
        return rows[int(dice.random() * len(rows))] if rows else None

    def create(self, name: str, fields: Fields, at: int) -> Row:
        """One more row: the given fields over invented ones."""
        self._created += 1
        row = self._row(name, at, at, self._created)
        row.pin().update(fields)
        self.lists[name].add(row)
        return row

    def _row(self, name: str, created: int, updated: int, index: int) -> Row:
        invented = GENERATORS[name][1]
        id_ = object_id(created, FIRST_KIND + list(GENERATORS).index(name), self.seed, index)
        return Row(id_, created, updated, lambda row: invented(self, row), index)
