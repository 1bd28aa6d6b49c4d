"""One stream's columns and the fields they fill: a row in, a row ready to write or the reason why not out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.invisible import plain_name, shown
from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.mapping.match import fold, key_texts
from destination_rdstation_crm.mapping.suggestions import suggestion
from destination_rdstation_crm.objects.crm_object import CUSTOM_FIELDS, ID_FIELD, CrmObject, as_it_is
from destination_rdstation_crm.objects.values import blank, identifier
from destination_rdstation_crm.row import Prepared, Row, RowRejectedError

__all__ = ["CUSTOM_PREFIX", "Column", "ColumnMapping", "Entry", "column_of"]

CUSTOM_PREFIX: Final = "@"


class Entry(NamedTuple):
    """A line of `column_mapping`."""

    column: str
    """As the table or the user spells it; compared by its plain name."""
    field: str


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the table and the field it fills."""

    name: str
    field_name: str
    read: Callable[[Any], Any]
    encode: Callable[[Any], Any]
    clear: Callable[[], Any] | None
    """What empties the field; None: it is never emptied."""
    key: str
    """Where the value goes in the body; below `custom_fields`, the slug says where."""
    slug: str | None = None

    @property
    def plain(self) -> str:
        """The name by which rows have it."""
        return plain_name(self.name)


@dataclass(frozen=True, eq=False)
class ColumnMapping:
    """All the columns of a stream that are sent."""

    columns: tuple[Column, ...]
    key_field: str | None
    send_nulls: bool

    def column_of(self, field_name: str) -> str | None:
        """The column of the table that fills a field."""
        return next((each.name for each in self.columns if each.field_name == field_name), None)

    def prepare(self, row: Row) -> Prepared:
        """The row in the CRM's terms; raises RowRejectedError with the column and the field."""
        body: dict[str, Any] = {}
        for column in self.columns:
            if column.plain not in row.cells:
                continue  # says nothing: not even a null that clears
            try:
                self._put(body, column, row.cell(column.plain))
            except RowRejectedError as error:
                raise RowRejectedError(error.reason, column=column.name, field_name=column.field_name) from None
            except RecursionError:
                reason = "its lists and objects are nested too deeply"
                raise RowRejectedError(reason, column=column.name, field_name=column.field_name) from None
        id_ = body.pop(ID_FIELD, None)
        keys = key_texts(self.key_field, body) if self.key_field else []
        return Prepared(row, id_, tuple(map(fold, keys)), body)

    def _put(self, body: dict[str, Any], column: Column, cell: Any) -> None:
        meant = column.read(cell)
        if not blank(meant):
            value = column.encode(meant)
        elif self.send_nulls and column.clear is not None:
            value = column.clear()
        else:
            return
        if column.slug is not None:
            body.setdefault(column.key, {})[column.slug] = value
        elif isinstance(value, list):
            body[column.key] = [*body.get(column.key, ()), *value]  # two profiles share their list
        else:
            body[column.key] = value


def column_of(entry: Entry, crm_object: CrmObject, custom_fields: CustomFields) -> Column:
    """The column that a line of the mapping describes; a config error if there is no such field."""
    name, field_name = entry
    if field_name == ID_FIELD:
        return Column(name, field_name, as_it_is, identifier, None, field_name)
    if field_name.startswith(CUSTOM_PREFIX):
        custom = custom_fields.field(field_name.removeprefix(CUSTOM_PREFIX))
        return Column(name, field_name, custom.read, custom.encode, custom.clear, CUSTOM_FIELDS, custom.slug)
    if field_name not in crm_object.by_name:
        raise config_error(
            f"`column_mapping` maps the column `{shown(name)}` to `{shown(field_name)}`, which is no field of a "
            f"{crm_object.name}. {suggestion(field_name, (*crm_object.by_name, ID_FIELD))} "
            "A custom field is written `@slug`."
        )
    field = crm_object.by_name[field_name]
    return Column(name, field_name, field.read, field.encode, field.clear if field.clearable else None, field.key)
