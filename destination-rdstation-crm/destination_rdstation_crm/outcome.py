"""What became of a row: written, or not and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from destination_rdstation_crm.row import Row, RowRejectedError

__all__ = ["Action", "Outcome", "Reject", "Written"]

Action: TypeAlias = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True)
class Written:
    """The CRM holds what the row says."""

    row: Row
    action: Action
    id: str


@dataclass(frozen=True)
class Reject:
    """The row is not in the CRM; the reason names no value of it."""

    row: Row
    reason: str
    column: str | None = None
    field_name: str | None = None
    said: str = field(default="", repr=False)
    """RD Station's own words, which may quote values."""

    @staticmethod
    def of(row: Row, error: RowRejectedError) -> Reject:
        """The reject that the error stands for."""
        return Reject(row, error.reason, error.column, error.field_name)

    @property
    def sentence(self) -> str:
        """Fit for a log: where, and why."""
        where = f", column {self.column}" if self.column else ""
        return f"{self.row.stream}: row {self.row.number}{where}: {self.reason}"


Outcome: TypeAlias = "Written | Reject"
