"""Columns that no user chose: what Airbyte adds to a table, and what marks a row as deleted at its source. Pure."""

from __future__ import annotations

from typing import Any, Final

from airbyte_rdstation.invisible import plain_name
from destination_rdstation_crm.objects.values import blank, truth
from destination_rdstation_crm.row import Row

__all__ = ["deletion_mark", "is_added"]

_DELETION_MARKS: Final = (
    "_ab_cdc_deleted_at",  # Airbyte: the time of the deletion
    "_sdc_deleted_at",  # Singer's targets: likewise
    "_fivetran_deleted",  # a flag
    "__deleted",  # Debezium: "true" or "false"
)
_ADDED_BY_AIRBYTE: Final = ("_ab_", "_airbyte_")


def is_added(column: str) -> bool:
    """Whether a tool has added the column; a warehouse may spell it in capitals."""
    name = plain_name(column).casefold()
    return name.startswith(_ADDED_BY_AIRBYTE) or name in _DELETION_MARKS


def deletion_mark(row: Row) -> str | None:
    """The column that says that the row is deleted at its source; None if none does."""
    for column, cell in row.cells.items():
        if column[:1] == "_" and column.casefold() in _DELETION_MARKS and _says_yes(cell):
            return column
    return None


def _says_yes(cell: Any) -> bool:
    return not blank(cell) and truth(cell) is not False
