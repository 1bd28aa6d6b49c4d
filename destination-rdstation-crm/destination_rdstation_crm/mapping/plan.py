"""All that is known of one stream before its first row: object, columns, sync mode and matching key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from airbyte_cdk.models import DestinationSyncMode

from airbyte_rdstation.invisible import plain_name, shown, without_invisible
from destination_rdstation_crm.mapping import match, merge
from destination_rdstation_crm.mapping.column_mapping import ColumnMapping
from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.objects.crm_object import CrmObject
from destination_rdstation_crm.objects.values import begins_nested, fold
from destination_rdstation_crm.row import Prepared, Row, RowRejectedError

__all__ = ["Body", "StreamPlan"]

_CONTROLS: Final = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))  # a filter with one of them may be refused

Body: TypeAlias = Mapping[str, Any]
"""A row in the CRM's terms."""


@dataclass(frozen=True, eq=False)
class StreamPlan:
    """What happens to a stream's rows."""

    name: str
    namespace: str | None
    crm_object: CrmObject
    mapping: ColumnMapping
    sync_mode: DestinationSyncMode
    custom_fields: CustomFields
    """Of the object, if the stream fills any; else none."""

    @property
    def label(self) -> str:
        """Its name as messages show it."""
        return shown(self.name)

    @property
    def key_field(self) -> str | None:
        """The field that tells which record a row is about; None in `append`."""
        return self.mapping.key_field

    def prepare(self, row: Row) -> Prepared:
        """The row in the CRM's terms; raises RowRejectedError."""
        prepared = self.mapping.prepare(row)
        return replace(prepared, body=self.crm_object.without_implied(prepared.body))

    def creation(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a POST; raises RowRejectedError where RD Station would refuse it."""
        try:
            return self.crm_object.creation(body)
        except RowRejectedError as error:
            column = self.mapping.column_of(error.field_name or "")
            raise RowRejectedError(error.reason, column=column, field_name=error.field_name) from None

    def difference(self, held: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a PUT that makes the record equal to the row; empty if it is."""
        return merge.difference(self.crm_object, held, body, self.custom_fields)

    def merged(self, held: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a PUT for a row that is written in any case."""
        return merge.merged(self.crm_object, held, body, self.custom_fields)

    def changed(self, held: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
        """Whether the row says anything that the record does not hold."""
        return merge.changed(self.crm_object, held, body, self.custom_fields)

    def not_taken(self, answer: Mapping[str, Any], sent: Mapping[str, Any]) -> list[str]:
        """The fields that a write sent and that its answer holds otherwise."""
        return merge.not_taken(self.crm_object, answer, sent, self.custom_fields)

    def match_values(self, record: Mapping[str, Any]) -> frozenset[str]:
        """The folded values of the matching key that a held record has; none in `append`."""
        return match.match_values(self.key_field, record, self.custom_fields) if self.key_field else frozenset()

    def as_spelled(self, prepared: Prepared) -> list[Body]:
        """A body with the key as the row spells it, if what nobody sees was left out of it: the CRM may hold that."""
        column = self.mapping.column_of(self.key_field or "")
        cell = prepared.row.cells.get(plain_name(column)) if column else None
        if not isinstance(cell, str) or begins_nested(cell) or fold(cell) not in prepared.keys:
            return []
        if without_invisible(cell) == cell or not _CONTROLS.isdisjoint(cell):
            return []
        return [match.body_of_key(self.key_field or "", cell.strip())]

    def lookup_filter(self, bodies: Iterable[Mapping[str, Any]]) -> str:
        """Finds the records that prepared rows may be about; the rows must have a key."""
        return match.lookup_filter(self.key_field or "", self._keys(bodies))

    def contains_filter(self, bodies: Iterable[Mapping[str, Any]]) -> str:
        """As `lookup_filter`, and finds other spellings of case too, at the price of longer answers."""
        return match.contains_filter(self.key_field or "", self._keys(bodies))

    def single_filters(self, body: Body) -> list[str]:
        """As `lookup_filter` for one row, with a filter for each spelling of its key."""
        return [filter_ for key in self._keys([body]) for filter_ in match.single_filters(self.key_field or "", key)]

    def control_filter(self, form: str) -> str:
        """Finds nothing: shows whether RD Station takes a `list` of keys, a `single` one, or what `contains` one."""
        key_field = self.key_field or ""
        texts = match.control_texts(key_field)
        if form == "contains":
            return match.contains_filter(key_field, texts)
        return match.lookup_filter(key_field, texts if form == "list" else texts[:1])

    def second_key_filter(self, record: Mapping[str, Any]) -> str:
        """Finds a held record by the second key of a list, behind one that nobody has; empty if it has no key."""
        key_field = self.key_field or ""
        keys = self._keys([record])
        return match.lookup_filter(key_field, [*match.control_texts(key_field)[:1], *keys]) if keys else ""

    def _keys(self, bodies: Iterable[Mapping[str, Any]]) -> list[str]:
        return [key for body in bodies for key in match.key_texts(self.key_field or "", body)]
