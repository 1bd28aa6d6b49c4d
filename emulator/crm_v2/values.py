"""What a filter or sort property of a row is: mostly a field of that name, sometimes derived from others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data.account import Account
from ..data.collection import Collection
from ..data.row import Row
from ..data.view import BEFORE_ALL
from ..settings import Settings
from .resources import Kind, Resource

__all__ = ["Reader", "flag_reader", "lacks", "look_up", "reader", "sort_key", "texts"]

Reader = Callable[[Row], Any]
WITHOUT_UPDATED = ("contacts", "deals", "organizations", "tasks")
WITHOUT_CREATED = ("contacts", "deals", "organizations", "deal_notes", "campaigns", "lost_reasons")


def lacks(resource: Resource, name: str, settings: Settings) -> Callable[[Row], bool] | None:
    """Tells rows of which a date is null by switch; None: no rows (crm-v2.md#unknowns rows 32, 33, 38)."""
    every = 0
    if name == "updated_at" and resource.name in WITHOUT_UPDATED:
        every = settings.null_updated_at
    elif name == resource.created_key and resource.name in WITHOUT_CREATED:
        every = settings.null_created_at
    elif name == "closed_at" and resource.name == "deals":
        every = settings.null_closed_at
    return (lambda row: row.index % every == every - 1) if every else None


def reader(account: Account, resource: Resource, name: str, settings: Settings) -> Reader:
    """Reads property `name` of a row; the value may be None or a list."""
    null = lacks(resource, name, settings)
    if null is not None:
        kept = _kept_reader(account, resource, name)
        return lambda row: None if null(row) else kept(row)
    return _kept_reader(account, resource, name)


def _kept_reader(account: Account, resource: Resource, name: str) -> Reader:
    """The same without the nulls that switches make."""
    if name == "id":
        return lambda row: row.id
    if name == resource.created_key:
        return lambda row: row.created
    if name == "updated_at":
        return lambda row: row.updated
    if name.startswith("@"):
        slug = name[1:]
        return lambda row: (row.fields.get("custom_fields") or {}).get(slug)
    if name == "product_ids":
        lines = account.children["deal_products"]
        return lambda row: [line.fields.get("product_id") for line in lines.of(row).rows.values()]
    if name == "email":
        return lambda row: [entry.get("email") for entry in row.fields.get("emails") or ()]
    if name == "phone":
        return lambda row: [entry.get("phone") for entry in row.fields.get("phones") or ()]
    if name == "contact_id":
        return lambda row: row.fields.get("contact_ids")
    return lambda row: row.fields.get(name)


def flag_reader(account: Account, name: str) -> Callable[[Row], bool]:
    """Reads a pseudo-field."""
    if name == "has:product":
        return account.children["deal_products"].any_of
    if name == "is:pinned":
        return lambda row: row.fields.get("pinned_at") is not None
    field = name.removeprefix("is:")
    # Flags that the record itself does not show carry an underscore.
    return lambda row: bool(row.fields.get(field, row.fields.get(f"_{field}")))


def texts(value: Any) -> list[str]:
    """The value as a list of texts: what `:` and `:~` look at. None counts as the empty text."""
    if isinstance(value, list):
        return [str(item) for item in value if item is not None]
    return [""] if value is None else [str(value)]


def look_up(
    account: Account, resource: Resource, rows: Collection, name: str, wanted: str, settings: Settings
) -> list[Row]:
    """Rows whose property `name` is `wanted` or contains it as an item, found through an index."""
    read = reader(account, resource, name, settings)
    return rows.equal(name, lambda row: texts(read(row)), wanted)


def sort_key(read: Reader, kind: Kind, empty: int = BEFORE_ALL) -> Reader:
    """A key without None; `empty` stands for a date or number that is null. Empty texts come first."""
    if kind == "text":
        return lambda row: read(row) or ""
    return lambda row: empty if read(row) is None else read(row)
