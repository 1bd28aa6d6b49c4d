"""From a row to the rows it is shown with, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..data.account import Account
from ..data.collection import Collection
from ..data.row import Row
from ..rng import invented_id

__all__ = ["Relations"]


class Relations:
    """Look-ups in one account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.instance_id = invented_id(str(account.seed), "instance")  # the account's own id
        self._definitions: dict[str, dict[str, Row]] = {}

    def row(self, name: str, id_: str | None) -> Row | None:
        """A row of a top-level list; None when there is none (any more)."""
        return self.account.lists[name].rows.get(id_ or "")

    def rows(self, name: str, ids: Iterable[str] | None) -> list[Row]:
        """Those that are there, in the order of `ids`."""
        known = self.account.lists[name].rows
        return [known[id_] for id_ in ids or () if id_ in known]

    # --- forwards

    def stages(self, pipeline_id: str | None) -> Collection:
        """A pipeline's stages; an empty list for no pipeline."""
        pipeline = self.row("pipelines", pipeline_id)
        return self.account.children["stages"].of(pipeline) if pipeline else Collection()

    def stages_in_order(self, pipeline_id: str | None) -> list[Row]:
        """The same, first to last."""
        return sorted(self.stages(pipeline_id).rows.values(), key=lambda stage: stage.fields.get("order") or 0)

    def default_pipeline(self) -> Row | None:
        """The first by `order`."""
        rows = self.account.lists["pipelines"].rows.values()
        return min(rows, key=lambda row: row.fields.get("order") or 0, default=None)

    def children(self, name: str, deal: Row) -> list[Row]:
        """A deal's notes or product lines."""
        below = self.account.children[name]
        return list(below.of(deal).rows.values()) if below.any_of(deal) else []

    def definitions(self, entity: str) -> Mapping[str, Row]:
        """Custom fields by slug."""
        if not self._definitions:
            for row in self.account.lists["custom_fields"].rows.values():
                self._definitions.setdefault(row.fields["entity"], {})[row.fields["slug"]] = row
        return self._definitions.get(entity, {})

    def forget_definitions(self) -> None:
        """After a change of custom fields."""
        self._definitions = {}

    # --- backwards

    def deals_of_contact(self, id_: str) -> list[Row]:
        """Deals that name the contact."""
        return self._pointing("deals", "contact_ids", id_)

    def deals_of_organization(self, id_: str) -> list[Row]:
        """Deals that name the organization."""
        return self._pointing("deals", "organization_id", id_)

    def contacts_of_organization(self, id_: str) -> list[Row]:
        """Contacts that name the organization."""
        return self._pointing("contacts", "organization_id", id_)

    def tasks_of_deal(self, id_: str) -> list[Row]:
        """Tasks of the deal."""
        return self._pointing("tasks", "deal_id", id_)

    def _pointing(self, name: str, field: str, id_: str) -> list[Row]:
        def values(row: Row) -> list[str]:
            value = row.fields.get(field)
            return value if isinstance(value, list) else [value or ""]

        found = self.account.lists[name].equal(f"v1 -> {field}", values, id_)
        return sorted(found, key=lambda row: row.id)
