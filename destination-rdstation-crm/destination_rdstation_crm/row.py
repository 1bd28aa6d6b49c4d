"""What passes between the rooms: a row as it came, the row made ready to write, and why one is refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from airbyte_rdstation.invisible import plain_name

__all__ = ["Prepared", "Row", "RowRejectedError", "StreamKey"]

StreamKey: TypeAlias = "tuple[str, str | None]"
"""A stream's name and namespace."""


@dataclass(frozen=True)
class Row:
    """A RECORD of the platform."""

    stream: str
    number: int
    """From 1, in the order of arrival, counted per stream: what a log line may say of a row."""
    data: Mapping[str, Any] = field(repr=False)

    @cached_property
    def cells(self) -> Mapping[str, Any]:
        """The same by the plain names of columns."""
        return {plain_name(name): cell for name, cell in self.data.items()}

    def cell(self, plain: str) -> Any:
        """A column's cell; RowRejectedError where the row has two of that plain name."""
        if len(self.cells) < len(self.data) and [*map(plain_name, self.data)].count(plain) > 1:
            raise RowRejectedError("the row has two such columns, whose names differ only in invisible characters")
        return self.cells[plain]


@dataclass(frozen=True)
class Prepared:
    """A row whose every value is known to fit its field."""

    row: Row
    id: str | None
    """The record it updates, where the row itself names one."""
    keys: tuple[str, ...] = field(repr=False)
    """The matching key's values, folded for comparison; none if it is empty, is the `_id`, or there is no key."""
    body: Mapping[str, Any] = field(repr=False)
    """Field name on the wire -> value, as a creation wants it; None clears the field. Never holds `_id`."""


class RowRejectedError(Exception):
    """This row cannot be written, whatever the CRM says; the reason names no value of the row."""

    def __init__(self, reason: str, *, column: str | None = None, field_name: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column
        self.field_name = field_name
