"""What became of a batch, and whether the sync can go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airbyte_rdstation.client.errors import ConnectorError
from destination_rdstation_crm.outcome import Outcome

__all__ = ["BatchResult"]


@dataclass(frozen=True)
class BatchResult:
    """Of one batch."""

    outcomes: Sequence[Outcome]
    """Of its rows from the first on, as far as all are decided."""
    after_gap: Sequence[Outcome]
    """Of later rows, which no state may cover."""
    failure: ConnectorError | None
    """Why the sync cannot go on."""
