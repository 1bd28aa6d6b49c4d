"""What became of a row: written, or not and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from airbyte_rdstation.invisible import shown
from destination_rdstation_crm.row import Row, RowRejectedError

__all__ = ["Action", "Outcome", "Reject", "Skipped", "Written"]

Action: TypeAlias = Literal["created", "updated", "unchanged"]
"""Of a row that is written."""


@dataclass(frozen=True)
class Written:
    """The CRM holds what the row says."""

    row: Row
    action: Action
    id: str


@dataclass(frozen=True)
class Skipped:
    """The row is deleted at its source: it is neither created nor updated, and nothing is deleted."""

    row: Row
    action: ClassVar = "skipped"


@dataclass(frozen=True)
class Reject:
    """The row is not in the CRM; the reason names no value of it."""

    row: Row
    reason: str
    column: str | None = None
    field_name: str | None = None
    said: str = field(default="", repr=False)
    """RD Station's own words, which may quote values."""
    action: ClassVar = "rejected"

    @staticmethod
    def of(row: Row, error: RowRejectedError) -> Reject:
        """The reject that the error stands for."""
        return Reject(row, error.reason, error.column, error.field_name)

    @property
    def sentence(self) -> str:
        """Fit for a log: where, and why."""
        where = f", column {shown(self.column)}" if self.column else ""
        return f"{shown(self.row.stream)}: row {self.row.number}{where}: {self.reason}"


Outcome: TypeAlias = "Written | Skipped | Reject"
