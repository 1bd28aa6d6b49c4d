"""The outcomes of a batch, put down by many threads; written + rejected + undecided == received."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from destination_rdstation_crm.outcome import Outcome, Reject
from destination_rdstation_crm.row import Row

__all__ = ["Ledger"]


class Ledger:
    """Each row's outcome once it is known; rows of several streams, in the order of their arrival."""

    def __init__(self, rows: Sequence[Row], *, go_on: bool) -> None:
        """`go_on`: a reject does not end the sync."""
        self._place = {id(row): place for place, row in enumerate(rows)}
        self._rows = rows
        self._outcomes: list[Outcome | None] = [None] * len(rows)
        self._go_on = go_on
        self._first_reject = len(rows)
        self._lock = threading.Lock()

    def put(self, outcome: Outcome) -> None:
        """Puts down what became of a row."""
        place = self._place[id(outcome.row)]
        with self._lock:
            self._outcomes[place] = outcome
            if isinstance(outcome, Reject):
                self._first_reject = min(self._first_reject, place)

    def is_due(self, row: Row) -> bool:
        """Whether the row may still be written: rows behind one that fails the sync are not."""
        return self._go_on or self._place[id(row)] < self._first_reject

    @property
    def fatal(self) -> Reject | None:
        """The first row that fails the sync."""
        if self._go_on or self._first_reject == len(self._rows):
            return None
        outcome = self._outcomes[self._first_reject]
        return outcome if isinstance(outcome, Reject) else None

    @property
    def settled(self) -> int:
        """How many rows from the first on are decided, up to the one that fails the sync."""
        end = len(self._rows) if self._go_on else self._first_reject
        return next((place for place in range(end) if self._outcomes[place] is None), end)

    def outcomes(self) -> Iterator[Outcome | None]:
        """One for each row, in their order; None where it is not known."""
        return iter(self._outcomes)
