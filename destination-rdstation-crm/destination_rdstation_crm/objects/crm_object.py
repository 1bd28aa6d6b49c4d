"""An object of the CRM and its fields: names, form on the wire, what a creation demands. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias

from destination_rdstation_crm.objects.existing_values import Join, Same, same_fold, same_text
from destination_rdstation_crm.objects.key_forms import TEXT_KEY, KeyForm
from destination_rdstation_crm.objects.values import blank, identifier, text
from destination_rdstation_crm.row import RowRejectedError

__all__ = [
    "CUSTOM_FIELDS",
    "CUSTOM_PREFIX",
    "DATE",
    "IDS",
    "ID_FIELD",
    "RECORD_ID",
    "TEXT",
    "CrmObject",
    "Field",
    "Schema",
    "reference",
]

Schema: TypeAlias = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
DATE: Final[Schema] = {"type": "string", "format": "date"}
ID: Final[Schema] = {"type": "string", "description": "An id of RD Station."}
IDS: Final[Schema] = {
    "type": ["string", "array"],
    "items": {"type": "string"},
    "description": "Ids of RD Station: one, a list, or a text with commas between them.",
}

CUSTOM_FIELDS: Final = "custom_fields"
"""The key in bodies and records below which custom fields lie, slug -> value."""

CUSTOM_PREFIX: Final = "@"
"""What the name of a custom field begins with, before its slug."""

ID_FIELD: Final = "_id"
"""Names the record a row updates; never in a body."""


def as_list(existing: Any) -> list[Any]:
    """Make a list of the one value."""
    return [existing]


@dataclass(frozen=True, eq=False)
class Field:
    """One row of an object's table."""

    name: str
    """As the contract names it, and `column_mapping` does."""
    title: str
    key: str = ""
    """Its key in a body; the name itself if not given."""
    encode: Callable[[Any], Any] = text
    """A cell that is not blank -> the value in a body; raises RowRejectedError."""
    schema: Schema = field(default_factory=lambda: TEXT)
    """What the platform's mapping screen shows: JSON schema."""
    same: Same = same_text
    join: Join | None = None
    """How its value joins an existing one; None: it takes its place. So do lists of ids, or no contact left a deal."""
    clear: Callable[[], Any] = lambda: None
    """What stands in a body to empty the field."""
    clearable: bool = True
    shown: bool = True
    """Whether the API's records are known to show it; one they do not show costs no write of its own."""
    read: Callable[[Any], Any] | None = None
    """A cell as the table holds it -> the cell that is meant, where it may be another: a list that it holds as text."""
    key_values: Callable[[Any], list[Any]] = as_list
    """Its value in a record or body -> the values by which the record can be found, where it is the matching key."""
    form: KeyForm = TEXT_KEY
    """Which spellings of it are one value, as a matching key and where a row is compared with a record."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.key or self.name)

    def holds(self, existing: Any, sent: Any) -> bool:
        """Whether an existing value says what would be sent, be it the same number in another spelling."""
        alike = existing == sent or self.same(existing, sent)
        return alike or (not self.form.exact and self.form.alike(existing, sent))


def reference(name: str, title: str, *, clearable: bool = True) -> Field:
    """Describe a field that holds the id of another record."""
    return Field(name, title, encode=identifier, schema=ID, same=same_fold, clearable=clearable)


RECORD_ID: Final = Field(ID_FIELD, "RD Station id", "id", identifier, ID, clearable=False)
"""Which record a row updates: of every object."""


@dataclass(frozen=True, eq=False)
class CrmObject:
    """One of the three tables: names, fields, and what RD Station demands."""

    name: str
    mode: str
    path: str
    fields: tuple[Field, ...]
    matching_keys: tuple[str, ...]
    """Fields besides custom ones that can tell a record from all others."""
    required: tuple[str, ...] = ("name",)
    """Of a creation; the names are the same on the wire."""
    creation_defaults: Mapping[str, Any] = field(default_factory=dict)
    creation_only: Mapping[str, Any] = field(default_factory=dict)
    """The one value of a field that a creation may carry."""
    unique_name: bool = False
    """Whether no two of them in an account may have the same name."""
    listed_by_id: bool = False
    """Whether its list can be filtered by id [doc]."""
    together: tuple[frozenset[str], ...] = ()
    """Keys on the wire that go out together, where the row states them, as soon as one of them changes."""
    implied: Mapping[str, str] = field(default_factory=dict)
    """Keys on the wire, each with one that implies it, and beside which it is not sent: it may be refused [guess]."""

    @property
    def entity(self) -> str:
        """Its name in `/custom_fields`."""
        return self.name

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by their names."""
        return {each.name: each for each in self.fields}

    def creation(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make the body of a POST: with defaults, without what only an update can clear.

        Raises RowRejectedError where RD Station would refuse to create this.
        """
        for name in self.required:
            if blank(body.get(name)):
                raise RowRejectedError(f"a new {self.name} needs a {name}", field_name=name)
        for name, only in self.creation_only.items():
            if body.get(name, only) != only:
                raise RowRejectedError(
                    f"a {self.name} is created with {name} {only} only; "
                    "send it so, and any other one afterwards in a row with its _id",
                    field_name=name,
                )
        return {**self.creation_defaults, **_stated(body)}


def _stated(body: Mapping[str, Any]) -> dict[str, Any]:
    stated = {key: _without_cleared(value) for key, value in body.items()}
    return {key: value for key, value in stated.items() if not blank(value)}


def _without_cleared(value: Any) -> Any:
    """The same without custom fields that are to be emptied, and profiles that are to be taken away."""
    if isinstance(value, dict):
        return {key: part for key, part in value.items() if not blank(part)}
    if isinstance(value, list):
        return [item for item in value if not (isinstance(item, dict) and blank(item.get("username", "…")))]
    return value
