"""All that is known of one stream before its first row, and what a row becomes by it: ready to write, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from airbyte_cdk.models import DestinationSyncMode

from airbyte_rdstation.client.errors import ConnectorError, config_error
from airbyte_rdstation.invisible import plain_name, shown, without_invisible
from destination_rdstation_crm.mapping.custom_fields import CustomField, suggestion
from destination_rdstation_crm.mapping.record_type import Body, Key, RecordType
from destination_rdstation_crm.objects.crm_object import CUSTOM_FIELDS, CUSTOM_PREFIX, ID_FIELD, RECORD_ID, Field
from destination_rdstation_crm.objects.key_forms import FORMS, Match, insist_on_digits
from destination_rdstation_crm.objects.values import begins_nested, blank, fold, truth
from destination_rdstation_crm.row import LeftOut, Row, RowRejectedError

__all__ = [
    "CellRules",
    "Column",
    "Entry",
    "Prepared",
    "StreamPlan",
    "columns_of",
    "deletion_mark",
    "is_added",
    "matches_of",
    "missing_fields",
]

_CONTROLS: Final = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))  # a filter with one of them may be refused
_DELETION_MARKS: Final = (
    "_ab_cdc_deleted_at",  # Airbyte: the time of the deletion
    "_sdc_deleted_at",  # Singer's targets: likewise
    "_fivetran_deleted",  # a flag
    "__deleted",  # Debezium: "true" or "false"
)
_TOO_DEEP: Final = "its lists and objects are nested too deeply"
_ADDED_BY_AIRBYTE: Final = ("_ab_", "_airbyte_")


class Entry(NamedTuple):
    """A line of `column_mapping`."""

    column: str
    """As the table or the user spells it; compared by its plain name."""
    field: str
    match: Match | None = None


class Column(NamedTuple):
    """A column of the table and the field it fills."""

    name: str
    plain: str
    """The name by which rows have it."""
    field: Field


class CellRules(NamedTuple):
    """What the user has chosen for cells."""

    send_nulls: bool = False
    """An empty cell empties its field."""
    empty_values: frozenset[str] = frozenset()
    """Texts that count as empty: "NULL", say; without spaces around them."""
    leave_out: bool = False
    """A value that does not fit its field is left out, and the rest of its row is written."""

    def meant(self, cell: Any) -> Any:
        """Make null of a cell, or of what a list or object holds, that counts as empty."""
        if not self.empty_values:
            return cell
        if isinstance(cell, list):
            return [self.meant(item) for item in cell]
        if isinstance(cell, dict):
            return {name: self.meant(item) for name, item in cell.items()}
        counts = isinstance(cell, (str, float)) and without_invisible(str(cell)).strip() in self.empty_values
        return None if counts else cell


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
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, eq=False)
class StreamPlan:
    """What happens to a stream's rows."""

    name: str
    namespace: str | None
    """Only where another stream of the sync has the same name."""
    label: str
    """Both, as messages show them: `people`, or `sales.people`."""
    record_type: RecordType
    columns: tuple[Column, ...]
    """All that are sent."""
    key_field: str | None
    """The field that tells which record a row is about; None in `append`."""
    identifying_column: str | None
    """The plain name of the column that fills it; in `append`, of the one that fills `_id`; None without one."""
    sync_mode: DestinationSyncMode
    cells: CellRules

    def column_of(self, field_name: str | None) -> str | None:
        """Find the column of the table that fills a field."""
        return next((each.name for each in self.columns if each.field.name == field_name), None)

    def unseen_key(self) -> ConnectorError:
        """Make the error of a matching key that RD Station takes, and does not show again."""
        crm_object = self.record_type.crm_object
        return config_error(
            f"{self.label}: RD Station shows no `{self.key_field}` of its {crm_object.mode}, so that no row finds its "
            f"{crm_object.name} by it. Choose a primary key that is mapped to another field."
        )

    def prepare(self, row: Row) -> Prepared:
        """Put the row into the CRM's terms; raises RowRejectedError with each column that does not fit its field."""
        body: dict[str, Any] = {}
        left_out: list[LeftOut] = []
        wrong: list[LeftOut] = []
        for column in self.columns:
            if column.plain not in row.cells:
                continue  # says nothing: not even a null that clears
            try:
                self._put(body, column.field, row.cell(column.plain))
            except (RowRejectedError, RecursionError) as error:
                known = error if isinstance(error, RowRejectedError) else RowRejectedError(_TOO_DEEP)
                flaw = LeftOut(known.reason, column.name, column.field.name, aside=known.aside)
                (left_out if self._may_leave_out(column.field) else wrong).append(flaw)
        if wrong:
            raise RowRejectedError.of(*wrong)
        id_ = body.pop(RECORD_ID.key, None)
        implied = self.record_type.crm_object.implied
        body = {key: value for key, value in body.items() if implied.get(key) not in body}
        key = self.record_type.identity(self.key_field, body)
        # The CRM may hold characters that nobody sees: a key with some is sought as its cell spells it, too.
        cell = row.cells.get(self.identifying_column) if self.identifying_column and key.texts else None
        if isinstance(cell, str) and without_invisible(cell) != cell and _CONTROLS.isdisjoint(cell):
            one_text = not begins_nested(cell) and fold(cell) in key.folded
            key = replace(key, spelled=cell.strip() if one_text else None)
        return Prepared(row, id_, key, body, tuple(left_out))

    def creation(self, body: Body, left_out: Iterable[LeftOut] = ()) -> dict[str, Any]:
        """Make the body of a POST; raises RowRejectedError where RD Station would refuse it."""
        try:
            return self.record_type.creation(body)
        except RowRejectedError as error:
            if flaw := next((each for each in left_out if each.field_name == error.field_name), None):
                raise RowRejectedError.of(flaw) from None
            column = self.column_of(error.field_name)
            raise RowRejectedError(error.reason, column=column, field_name=error.field_name) from None

    def without(self, prepared: Prepared, refused: LeftOut, *, creates: bool) -> Prepared | None:
        """Take out a field that RD Station refuses; None where it must not be left out, or shares its key."""
        field = self.record_type.by_name.get(refused.field_name)
        if field is None or not self._may_leave_out(field):
            return None
        if creates and field.name in self.record_type.crm_object.required:
            return None
        if creates and isinstance(field, CustomField) and field.unique:
            return None  # another record has the value: this one would be its double
        if isinstance(field, CustomField):
            customs = {slug: value for slug, value in prepared.body[CUSTOM_FIELDS].items() if slug != field.slug}
            others = {key: value for key, value in prepared.body.items() if key != CUSTOM_FIELDS}
            body = {**others, CUSTOM_FIELDS: customs} if customs else others
        elif sum(each.field.key == field.key for each in self.columns) == 1:
            body = {key: value for key, value in prepared.body.items() if key != field.key}
        else:
            return None
        return replace(prepared, body=body, left_out=(*prepared.left_out, refused))

    def _may_leave_out(self, field: Field) -> bool:
        """Never what tells which record a row is about, or what each record must have."""
        demanded = isinstance(field, CustomField) and field.required
        return self.cells.leave_out and field.name not in (self.key_field, RECORD_ID.name) and not demanded

    def _put(self, body: dict[str, Any], field: Field, cell: Any) -> None:
        meant = self.cells.meant(cell)
        if field.read:
            meant = self.cells.meant(field.read(meant))
        if not blank(meant):
            value = field.encode(meant)
            if not field.form.exact:
                insist_on_digits(field.key_values(value))
        elif self.cells.send_nulls and field.clearable:
            value = field.clear()
        else:
            return
        if isinstance(field, CustomField):
            body.setdefault(field.key, {})[field.slug] = value
        elif isinstance(value, list):
            body[field.key] = [*body.get(field.key, ()), *value]  # two profiles share their list
        else:
            body[field.key] = value


def columns_of(entries: Sequence[Entry], record_type: RecordType) -> tuple[Column, ...]:
    """Make the columns that a mapping describes, or raise a config error."""
    columns = tuple(_column(entry, record_type) for entry in entries)
    _insist_one_column_a_field(entries)
    return columns


def _column(entry: Entry, record_type: RecordType) -> Column:
    """The column that a line of the mapping describes; a config error if there is no such field."""
    name, field_name, match = entry
    if field_name.startswith(CUSTOM_PREFIX):
        custom = record_type.custom_fields.field(field_name.removeprefix(CUSTOM_PREFIX))
        if match and custom.kind != "text":
            raise _no_match(entry)
        return Column(name, plain_name(name), custom)
    if field_name not in record_type.by_name:
        crm_object = record_type.crm_object
        raise config_error(
            f"`column_mapping` maps the column `{shown(name)}` to `{shown(field_name)}`, which is no field of a "
            f"{crm_object.name}. {suggestion(field_name, (*crm_object.by_name, ID_FIELD))} "
            "A custom field is written `@slug`."
        )
    field = record_type.by_name[field_name]
    if match and field.form is not FORMS[match]:
        raise _no_match(entry)
    return Column(name, plain_name(name), field)


def _no_match(entry: Entry) -> ConnectorError:
    return config_error(
        f"`column_mapping` gives the column `{shown(entry.column)}` a `match` of `{entry.match}`, which the field "
        f"`{shown(entry.field)}` cannot have: `phone` may have `phone`, and a custom field of texts either. Remove it."
    )


def _insist_one_column_a_field(entries: Sequence[Entry]) -> None:
    filled: dict[str, str] = {}
    for column, field_name, _ in entries:
        if field_name in filled:
            raise config_error(
                f"`column_mapping` maps two columns, `{shown(filled[field_name])}` and `{shown(column)}`, to the field "
                f"`{field_name}`. Remove one of them."
            )
        filled[field_name] = column


def matches_of(entries: Iterable[Entry]) -> dict[str, Match]:
    """Give how custom fields are compared, by slug, where the mapping says so."""
    return {
        each.field.removeprefix(CUSTOM_PREFIX): each.match
        for each in entries
        if each.match and each.field.startswith(CUSTOM_PREFIX)
    }


def missing_fields(entries: Sequence[Entry], record_type: RecordType) -> str:
    """Say which custom fields a new record needs that no column fills, or that this is not known; empty: none."""
    unread = record_type.custom_fields.unread
    if unread:
        return (
            f"it is not known which custom fields the account requires of each new {record_type.crm_object.name}: RD "
            f"Station itself will refuse a row that lacks one. {unread.message}"
        )
    filled = {entry.field for entry in entries}
    missing = [each for each in record_type.custom_fields.required if each.name not in filled]
    if not missing:
        return ""
    named = ", ".join(f"`{shown(each.name)}` ({shown(each.title)})" for each in missing)
    return (
        f"the account requires {named} of each new {record_type.crm_object.name}, and no column fills it: a row that "
        "would create one will be rejected. Map a column to it, or do not require it in RD Station."
    )


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
