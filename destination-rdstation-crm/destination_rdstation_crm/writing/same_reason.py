"""When every one of the first hundred rows fails for the same reason, it is not the rows."""

from __future__ import annotations

from typing import Final

from airbyte_rdstation.client.errors import ConnectorError, config_error
from airbyte_rdstation.invisible import shown
from destination_rdstation_crm.row import Outcome, Reject, Skipped

__all__ = ["FIRST_ROWS", "SameReason"]

FIRST_ROWS: Final = 100


class SameReason:
    """Watches the first rows of a stream."""

    def __init__(self) -> None:
        self._seen = 0
        self._reason: str | None = None

    def verdict(self, outcome: Outcome) -> ConnectorError | None:
        """The error that ends the sync, once it is certain."""
        if self._seen >= FIRST_ROWS or isinstance(outcome, Skipped):
            return None
        if not isinstance(outcome, Reject) or self._reason not in (None, outcome.reason):
            self._seen = FIRST_ROWS
            return None
        self._reason = outcome.reason
        self._seen += 1
        if self._seen < FIRST_ROWS:
            return None
        return config_error(
            f"{shown(outcome.row.stream)}: each of the first {FIRST_ROWS} rows is rejected for the same reason: "
            f"{self._reason}. Nothing of them was written. Check the column mapping, and what the columns hold."
        )
