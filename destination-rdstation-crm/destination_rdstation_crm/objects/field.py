"""A destination field: its name, its place and form on the wire, and how a held value meets it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from destination_rdstation_crm.objects.equality import Same, same_fold, same_text
from destination_rdstation_crm.objects.identities import identifier
from destination_rdstation_crm.objects.merging import Join, replace
from destination_rdstation_crm.objects.texts import text

__all__ = ["DATE", "ID", "IDS", "TEXT", "Field", "Schema", "as_it_is", "reference"]

Schema: TypeAlias = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
DATE: Final[Schema] = {"type": "string", "format": "date"}
ID: Final[Schema] = {"type": "string", "description": "An id of RD Station."}
IDS: Final[Schema] = {
    "type": ["string", "array"],
    "items": {"type": "string"},
    "description": "Ids of RD Station: one, a list, or a text with commas between them.",
}


def as_it_is(cell: Any) -> Any:
    """The cell."""
    return cell


@dataclass(frozen=True, eq=False)
class Field:
    """One row of an object's table."""

    name: str
    """As the contract names it, and `column_mapping` does."""
    title: str
    wire: str = ""
    """Its key in a body; the name itself if not given."""
    encode: Callable[[Any], Any] = text
    """A cell that is not blank -> the value in a body; raises RowRejectedError."""
    schema: Schema = field(default_factory=lambda: TEXT)
    """What the platform's mapping screen shows: JSON schema."""
    same: Same = same_text
    join: Join = replace
    clear: Callable[[], Any] = lambda: None
    """What stands in a body to empty the field."""
    clearable: bool = True
    shown: bool = True
    """Whether the API's records are known to show it; one they do not show costs no write of its own."""
    read: Callable[[Any], Any] = as_it_is
    """A cell as the table holds it -> the cell that is meant: a list or object that it holds as text, say."""

    @property
    def key(self) -> str:
        """Its key in a body."""
        return self.wire or self.name


def reference(name: str, title: str, *, clearable: bool = True) -> Field:
    """A field that holds the id of another record."""
    return Field(name, title, encode=identifier, schema=ID, same=same_fold, clearable=clearable)
