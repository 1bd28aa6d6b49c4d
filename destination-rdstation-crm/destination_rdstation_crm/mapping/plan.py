"""All that is known of one stream before its first row, and what a row becomes by it: ready to write, or refused."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from airbyte_cdk.models import DestinationSyncMode

from airbyte_rdstation.invisible import plain_name, shown, without_invisible
from destination_rdstation_crm.mapping.custom_fields import CustomField
from destination_rdstation_crm.mapping.record_type import Body, Key, RecordType
from destination_rdstation_crm.objects.crm_object import RECORD_ID, Field
from destination_rdstation_crm.objects.values import begins_nested, blank, fold, truth
from destination_rdstation_crm.row import Row, RowRejectedError

__all__ = ["Column", "Prepared", "StreamPlan", "deletion_mark", "is_added", "label_of"]

_CONTROLS: Final = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))  # a filter with one of them may be refused
_DELETION_MARKS: Final = (
    "_ab_cdc_deleted_at",  # Airbyte: the time of the deletion
    "_sdc_deleted_at",  # Singer's targets: likewise
    "_fivetran_deleted",  # a flag
    "__deleted",  # Debezium: "true" or "false"
)
_ADDED_BY_AIRBYTE: Final = ("_ab_", "_airbyte_")


class Column(NamedTuple):
    """A column of the table and the field it fills."""

    name: str
    plain: str
    """The name by which rows have it."""
    field: Field


@dataclass(frozen=True)
class Prepared:
    """A row whose every value is known to fit its field."""

    row: Row
    id: str | None
    """The record it updates, where the row itself names one."""
    key: Key
    """Empty where the row has none, where the key is the `_id`, and in `append`."""
    body: Body = field(repr=False)
    """Field name on the wire -> value, as a creation wants it; None clears the field. Never holds `_id`."""


@dataclass(frozen=True, eq=False)
class StreamPlan:
    """What happens to a stream's rows."""

    name: str
    namespace: str | None
    """Only where another stream of the sync has the same name."""
    record_type: RecordType
    columns: tuple[Column, ...]
    """All that are sent."""
    key_field: str | None
    """The field that tells which record a row is about; None in `append`."""
    key_column: str | None
    """The plain name of the column that fills it; in `append`, of the one that fills `_id`."""
    sync_mode: DestinationSyncMode
    send_nulls: bool

    @property
    def label(self) -> str:
        """The stream's name as messages show it."""
        return label_of(self.name, self.namespace)

    def column_of(self, field_name: str | None) -> str | None:
        """Find the column of the table that fills a field."""
        return next((each.name for each in self.columns if each.field.name == field_name), None)

    def prepare(self, row: Row) -> Prepared:
        """Put the row into the CRM's terms; raises RowRejectedError with the column and the field."""
        body: dict[str, Any] = {}
        for column in self.columns:
            if column.plain not in row.cells:
                continue  # says nothing: not even a null that clears
            try:
                self._put(body, column.field, row.cell(column.plain))
            except (RowRejectedError, RecursionError) as error:
                too_deep = "its lists and objects are nested too deeply"
                reason = error.reason if isinstance(error, RowRejectedError) else too_deep
                raise RowRejectedError(reason, column=column.name, field_name=column.field.name) from None
        id_ = body.pop(RECORD_ID.key, None)
        implied = self.record_type.crm_object.implied
        body = {key: value for key, value in body.items() if implied.get(key) not in body}
        key = self.record_type.identity(self.key_field, body)
        # The CRM may hold characters that nobody sees: a key with some is sought as its cell spells it, too.
        cell = row.cells.get(self.key_column) if self.key_column and key.texts else None
        if isinstance(cell, str) and without_invisible(cell) != cell and _CONTROLS.isdisjoint(cell):
            one_text = not begins_nested(cell) and fold(cell) in key.folded
            key = replace(key, spelled=cell.strip() if one_text else None)
        return Prepared(row, id_, key, body)

    def creation(self, body: Body) -> dict[str, Any]:
        """Make the body of a POST; raises RowRejectedError where RD Station would refuse it."""
        try:
            return self.record_type.crm_object.creation(body)
        except RowRejectedError as error:
            column = self.column_of(error.field_name)
            raise RowRejectedError(error.reason, column=column, field_name=error.field_name) from None

    def _put(self, body: dict[str, Any], field: Field, cell: Any) -> None:
        meant = field.read(cell)
        if not blank(meant):
            value = field.encode(meant)
        elif self.send_nulls and field.clearable:
            value = field.clear()
        else:
            return
        if isinstance(field, CustomField):
            body.setdefault(field.key, {})[field.slug] = value
        elif isinstance(value, list):
            body[field.key] = [*body.get(field.key, ()), *value]  # two profiles share their list
        else:
            body[field.key] = value


def label_of(name: str, namespace: str | None) -> str:
    """Write a stream's name for messages: `people`, or `sales.people` with a namespace."""
    return shown(f"{namespace}.{name}" if namespace else name)


def is_added(column: str) -> bool:
    """Whether a tool has added the column, and no user chose it; a warehouse may spell it in capitals."""
    name = plain_name(column).casefold()
    return name.startswith(_ADDED_BY_AIRBYTE) or name in _DELETION_MARKS


def deletion_mark(row: Row) -> str | None:
    """Find the column that says that the row is deleted at its source; None if none does."""
    for column, cell in row.cells.items():
        if column[:1] == "_" and column.casefold() in _DELETION_MARKS and not blank(cell) and truth(cell) is not False:
            return column
    return None
