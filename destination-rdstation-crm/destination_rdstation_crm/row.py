"""What passes between the rooms: a row as it came, why one is refused, and what became of it and of its batch. Pure."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any, ClassVar, Literal, TypeAlias

from airbyte_rdstation.invisible import plain_name, shown

__all__ = [
    "Action",
    "BatchResult",
    "LeftOut",
    "Outcome",
    "Reject",
    "Row",
    "RowRejectedError",
    "Skipped",
    "StreamKey",
    "Written",
    "named",
    "quoted",
]

StreamKey: TypeAlias = "tuple[str, str | None]"
"""A stream's name and namespace."""


@dataclass(frozen=True)
class Row:
    """A RECORD of the platform."""

    stream: StreamKey
    number: int
    """From 1, in the order of arrival, counted per stream: what a log line may say of a row."""
    data: Mapping[str, Any] = field(repr=False)

    @cached_property
    def cells(self) -> Mapping[str, Any]:
        """The cells by the plain names of their columns."""
        return {plain_name(name): cell for name, cell in self.data.items()}

    def cell(self, plain: str) -> Any:
        """Give a column's cell; RowRejectedError where the row has two of that plain name."""
        if len(self.cells) < len(self.data) and [*map(plain_name, self.data)].count(plain) > 1:
            raise RowRejectedError("the row has two such columns, whose names differ only in invisible characters")
        return self.cells[plain]


class RowRejectedError(Exception):
    """This row cannot be written, whatever the CRM says; the reason names no value of the row."""

    def __init__(
        self,
        reason: str,
        *,
        column: str | None = None,
        field_name: str | None = None,
        aside: str = "",
        others: Sequence[LeftOut] = (),
    ) -> None:
        """`aside` and `others`: as a Reject has them."""
        super().__init__(reason)
        self.reason = reason
        self.column = column
        self.field_name = field_name
        self.aside = aside
        self.others = tuple(others)

    @classmethod
    def of(cls, first: LeftOut, *others: LeftOut) -> RowRejectedError:
        """Reject a row for values that must not be left out of it."""
        return cls(first.reason, column=first.column, field_name=first.field_name, aside=first.aside, others=others)


Action: TypeAlias = Literal["created", "updated", "unchanged"]
"""What was done for a row that the CRM now holds."""


@dataclass(frozen=True)
class LeftOut:
    """A field whose value was not written: it keeps what the CRM holds. The reason names no value of the row."""

    reason: str
    column: str | None
    field_name: str
    said: str = field(default="", repr=False)
    """RD Station's own words, which may quote values."""
    aside: str = field(default="", repr=False)
    """What completes the reason in the user's files, and not in a log: a field's options may be people's names."""


@dataclass(frozen=True)
class Written:
    """The CRM holds what the row says, but for the fields that were left out."""

    row: Row
    action: Action
    id: str
    """`PLANNED_ID` where a dry run would have created the record."""
    left_out: tuple[LeftOut, ...] = ()


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
    aside: str = field(default="", repr=False)
    """As a LeftOut has it."""
    others: tuple[LeftOut, ...] = ()
    """What else does not fit, as far as it is known without asking RD Station."""
    action: ClassVar = "rejected"

    @property
    def reasons(self) -> list[tuple[str | None, str]]:
        """Give column and reason of each value that does not fit, fit for a log; once where two fields share both."""
        pairs = [(self.column, self.reason), *((each.column, each.reason) for each in self.others)]
        return list(dict.fromkeys(pairs))

    @property
    def kind(self) -> str:
        """The reason without RD Station's own words: they are left out of some rows, whose values they may quote."""
        return self.reason.removesuffix(quoted(self.said))

    @property
    def sentence(self) -> str:
        """Say where and why, fit for a log: `row 3, column email: the matching key is empty`."""
        return "; ".join(f"row {self.row.number}{named(column)}: {reason}" for column, reason in self.reasons)


def quoted(said: str) -> str:
    """Write RD Station's own words as the end of a reason: `: name can't be blank`."""
    return f": {shown(said.rstrip('.'))}"


def named(column: str | None) -> str:
    """Name the column that a sentence is about: `, column email`; nothing where it is about the whole row."""
    return f", column {shown(column)}" if column else ""


Outcome: TypeAlias = "Written | Skipped | Reject"


class BatchResult:
    """What became of each row of a batch, as many threads record it, and whether the sync can go on.

    Rows of several streams stand in the order of their arrival. Each ends as written, skipped, rejected or without an
    outcome: the four sum up to the rows received.
    """

    def __init__(self, rows: Sequence[Row], *, go_on: bool = True) -> None:
        """`go_on`: a rejected row does not end the sync."""
        self._place = {id(row): place for place, row in enumerate(rows)}
        self._outcomes: list[Outcome | None] = [None] * len(rows)
        self._go_on = go_on
        self._end = len(rows)  # no state may cover a row from this place on
        self._lock = threading.Lock()
        self.fatal: Reject | None = None
        """The first row that ends the sync."""
        self.failure: Exception | None = None
        """Why the sync cannot go on."""

    def put(self, outcome: Outcome) -> None:
        """Record what became of a row."""
        place = self._place[id(outcome.row)]
        with self._lock:
            self._outcomes[place] = outcome
            if isinstance(outcome, Reject) and not self._go_on and place < self._end:
                self._end, self.fatal = place, outcome

    def is_due(self, row: Row) -> bool:
        """Whether the row may still be written: rows behind one that ends the sync are not."""
        return self._place[id(row)] < self._end

    def cover_until(self, row: Row) -> None:
        """Let no state cover the row or one behind it: they have to come again."""
        self._end = min(self._end, self._place[id(row)])

    @property
    def covered(self) -> list[Outcome]:
        """Outcomes of the rows from the first on, up to one that has none or ends the sync: what states may cover."""
        return [each for each in takewhile(bool, self._outcomes[: self._end]) if each]

    @property
    def outcomes(self) -> list[Outcome]:
        """Outcomes of all rows that have one, in the order of the rows; those that no state may cover, too."""
        return [each for each in self._outcomes if each]
