"""The account's custom fields of one entity: what an `@slug` takes, and which values a record holds.

Facts: docs/api/crm-v2.md#small-lists and #writes. A record's values are keyed by slug [doc][seen], or by the field's id
[guess].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.invisible import shown
from destination_rdstation_crm.mapping.options import Options
from destination_rdstation_crm.mapping.suggestions import suggestion
from destination_rdstation_crm.objects.crm_object import TEXT, Schema, as_it_is
from destination_rdstation_crm.objects.existing_values import Same, same_day, same_fold, same_set, same_untyped
from destination_rdstation_crm.objects.values import blank, brazilian_day, text
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["CustomField", "CustomFields"]

Kind = Literal["text", "date", "option", "multiple_choice"]
_SAME: Final[Mapping[Kind, Same]] = {
    "text": same_untyped,
    "date": same_day,
    "option": same_fold,
    "multiple_choice": same_set,
}


@dataclass(frozen=True, eq=False)
class CustomField:
    """One custom field."""

    id: str
    slug: str
    title: str
    kind: Kind = "text"
    options: tuple[str, ...] = ()
    allow_new_option: bool = False
    required: bool = False
    """Whether every record must have it; a field that only some stages demand is not."""
    encode: Callable[[Any], Any] = field(init=False)
    """A cell that is not blank -> the value in a body; raises RowRejectedError."""
    read: Callable[[Any], Any] = field(init=False)
    """A cell as the table holds it -> the cell that is meant."""

    def __post_init__(self) -> None:
        options = Options(self.options, open_ended=self.allow_new_option)
        encoders: Mapping[Kind, Callable[[Any], Any]] = {
            "text": text,
            "date": brazilian_day,
            "option": options.one,
            "multiple_choice": options.several,
        }
        object.__setattr__(self, "encode", encoders[self.kind])
        object.__setattr__(self, "read", options.read if self.kind == "multiple_choice" else as_it_is)

    def same(self, held: Any, sent: Any) -> bool:
        """Whether a held value is what a row says."""
        return _SAME[self.kind](self.resent(held), sent)

    @property
    def schema(self) -> Schema:
        """What the platform's mapping screen shows."""
        if self.kind == "date":
            return {"type": "string", "format": "date"}
        choice: Schema = TEXT if self.allow_new_option or not self.options else {**TEXT, "enum": list(self.options)}
        if self.kind == "option":
            return choice
        return {"type": ["array", "string"], "items": choice} if self.kind == "multiple_choice" else TEXT

    def clear(self) -> Any:
        """What stands in a body to empty the field."""
        return [] if self.kind == "multiple_choice" else None

    def resent(self, held: Any) -> Any:
        """A held value in the form that a write takes; as it is, where it has none."""
        try:
            return self.encode(held)
        except RowRejectedError:
            return held


class CustomFields:
    """All of them for one entity, by slug."""

    def __init__(self, entity: str, fields: Iterable[CustomField] = ()) -> None:
        self.entity = entity
        self._by_slug: dict[str, CustomField] = {}
        for each in fields:
            self._by_slug.setdefault(each.slug, each)
        self._slug_of_id = {each.id: slug for slug, each in self._by_slug.items() if each.id}

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], entity: str) -> CustomFields:
        """From the rows of `GET /custom_fields`, whatever else they are for. A row without a slug cannot be named."""
        mine = (row for row in rows if str(row.get("entity") or entity).casefold() == entity)
        return cls(entity, (_custom_field(row) for row in mine if not blank(row.get("slug"))))

    def __iter__(self) -> Iterator[CustomField]:
        return iter(self._by_slug.values())

    def field(self, slug: str) -> CustomField:
        """The field of that slug; a config error names near misses."""
        if slug not in self._by_slug:
            raise config_error(
                f"The account has no custom field `@{shown(slug)}` for {self.entity}s. "
                f"{suggestion('@' + slug, ('@' + known for known in self._by_slug))} "
                "Use the slug as RD Station has it, or create the field there."
            )
        return self._by_slug[slug]

    def held(self, values: Any) -> dict[str, Any]:
        """A record's values by slug, without empty ones and those of fields that the account no longer has."""
        if not isinstance(values, Mapping):
            return {}
        by_slug = {self._slug_of_id.get(key, key): value for key, value in values.items()}
        return {slug: value for slug, value in by_slug.items() if slug in self._by_slug and not blank(value)}


def _custom_field(row: Mapping[str, Any]) -> CustomField:
    kind = str(row.get("type") or "").casefold()
    options = row.get("options")
    rules = row.get("required_rules")
    return CustomField(
        id=str(row.get("id") or ""),
        slug=str(row["slug"]),
        title=str(row.get("name") or row["slug"]),
        kind=next((known for known in _SAME if known == kind), "text"),
        options=tuple(str(option) for option in options if not blank(option)) if isinstance(options, list) else (),
        allow_new_option=row.get("allow_new_option") is True,
        required=isinstance(rules, list) and any(isinstance(rule, Mapping) and rule.get("always") for rule in rules),
    )
