"""One invented account: its lists, made from a size and a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

from ..rng import Rng, rng
from . import catalogue, custom_fields, extras, people, sales
from .children import Children
from .collection import Collection
from .lookup import Lookup
from .row import Fields, Row
from .times import object_id, timeline

__all__ = ["Account", "AccountSize"]


@dataclass(frozen=True)
class AccountSize:
    """Rows of each list to begin with; notes, product lines and files follow from their deals."""

    contacts: int = 500
    deals: int = 300
    organizations: int = 80
    tasks: int = 200
    campaigns: int = 6
    lost_reasons: int = 8
    pipelines: int = 3
    products: int = 15
    segments: int = 9
    sources: int = 8
    teams: int = 3
    users: int = 12
    meetings: int = 9
    stages: int = 0  # of each pipeline; 0: between three and six

    @classmethod
    def choices(cls) -> list[str]:
        """Everything whose number can be chosen."""
        return [item.name for item in fields(cls)]

    @classmethod
    def lists(cls) -> list[str]:
        """The lists whose length can be chosen."""
        return [name for name in cls.choices() if name != "stages"]


GENERATORS: dict[str, Callable[[Lookup, Row], Fields]] = {
    "contacts": people.contact,
    "deals": sales.deal,
    "organizations": people.organization,
    "tasks": sales.task,
    "campaigns": catalogue.campaign,
    "lost_reasons": catalogue.lost_reason,
    "pipelines": catalogue.pipeline,
    "products": catalogue.product,
    "segments": catalogue.segment,
    "sources": catalogue.source,
    "teams": people.team,
    "users": people.user,
    "meetings": extras.meeting,
}
ID_PARTS = {  # what tells an id's list: a further list takes the next number, and no list another's
    "contacts": 1,
    "deals": 2,
    "organizations": 3,
    "tasks": 4,
    "campaigns": 5,
    "lost_reasons": 6,
    "pipelines": 7,
    "products": 8,
    "segments": 9,
    "sources": 10,
    "teams": 11,
    "users": 12,
    "custom_fields": 13,
    "deal_notes": 14,
    "deal_products": 15,
    "stages": 16,
    "meetings": 17,
    "deal_files": 18,
}
CREATED_LATER = 1 << 32  # numbers of rows that were not there at the start


class Account:
    """All lists by name; `children` holds those that lie below a deal or pipeline."""

    def __init__(self, size: AccountSize, seed: int, until: int) -> None:
        self.seed = seed
        self.stages_each = size.stages
        self._created = CREATED_LATER
        self._until = until
        self.lists: dict[str, Collection] = {
            name: Collection(self._generated(name, getattr(size, name))) for name in size.lists()
        }
        self.children: dict[str, Children] = {
            "deal_notes": Children(partial(sales.notes, self), sales.has_notes),
            "deal_products": Children(partial(sales.lines, self), sales.has_lines),
            "deal_files": Children(partial(extras.files, self), extras.has_files),
            "stages": Children(partial(catalogue.stages, self), lambda _: True),
        }
        self.parents: dict[str, str] = {
            **dict.fromkeys(("deal_notes", "deal_products", "deal_files"), "deals"),
            "stages": "pipelines",
        }
        self.lists["custom_fields"] = Collection(self._custom_fields())

    def collection(self, name: str, parent_id: str = "") -> Collection:
        """The list of that name; raises KeyError when it or the parent is unknown."""
        if name in self.lists:
            return self.lists[name]
        return self.children[name].of(self.lists[self.parents[name]].rows[parent_id])

    def collections(self) -> list[Collection]:
        """Every list that exists so far, the made child lists included."""
        return [*self.lists.values(), *(rows for children in self.children.values() for rows in children.made())]

    def new_row(self, name: str, fields: Fields, created: int | None, updated: int | None, parent_id: str = "") -> Row:
        """A row with a new id, not entered anywhere yet."""
        self._created += 1
        return Row(
            object_id(created or self._until, ID_PARTS[name], self.seed, self._created),
            created,
            updated,
            fields,
            self._created,
            parent_id,
        )

    def generated_fields(self, name: str, created: int | None, updated: int | None) -> Fields:
        """Invented fields for one more row; none for lists below a record."""
        self._created += 1
        if name == "custom_fields":
            return custom_fields.one_more(self._created)
        return GENERATORS[name](self, Row("", created, updated, {}, self._created)) if name in GENERATORS else {}

    # --- what generators refer to

    def some_id(self, name: str, dice: Rng) -> str | None:
        """The id of a random row of the account as it began, None of an empty list."""
        ids = self.lists[name].initial_ids
        return ids[int(dice.random() * len(ids))] if ids else None

    def some_ids(self, name: str, dice: Rng, most: int, least: int = 0) -> list[str]:
        """Up to `most` different ids; at least `least`, if there are so many."""
        ids = self.lists[name].initial_ids
        return dice.sample(ids, min(len(ids), dice.randrange(least, most + 1)))

    def stage_ids(self, pipeline_id: str | None) -> list[str | None]:
        """The stages of a pipeline, in order; [None] when there are none."""
        parent = self.lists["pipelines"].rows.get(pipeline_id or "")
        return list(self.children["stages"].of(parent).rows) if parent else [None]

    # --- the beginning

    def _generated(self, name: str, count: int) -> list[Row]:
        make = partial(GENERATORS[name], self)
        moments = timeline(count, rng(self.seed, name), self._until)
        return [
            Row(object_id(created, ID_PARTS[name], self.seed, index), created, updated, make, index)
            for index, (created, updated) in enumerate(moments)
        ]

    def _custom_fields(self) -> list[Row]:
        first = next(iter(self.lists["pipelines"].rows), None)
        stage = self.stage_ids(first)[0] or ""
        entries = custom_fields.definitions(stage)
        moments = timeline(len(entries), rng(self.seed, "custom_fields"), self._until)
        return [
            Row(object_id(created, ID_PARTS["custom_fields"], self.seed, index), created, updated, entry, index)
            for index, ((created, updated), entry) in enumerate(zip(moments, entries, strict=True))
        ]
