"""Where the next sync begins: a record may show in lists some time after it was written. Pure.

Facts: docs/api/crm-v2.md#keyset and unknown 23.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from airbyte_rdstation.dates import parse_instant

__all__ = ["LOOKBACK", "is_settled", "lookback_start"]

LOOKBACK: Final = timedelta(minutes=5)  # clients use minutes to hours [seen]; the search index's lag is unknown


def is_settled(cursor: str, started: str) -> bool:
    """Whether a sync that began at `started` has seen all that will ever show up to `cursor`."""
    return parse_instant(cursor) <= parse_instant(started) - LOOKBACK


def lookback_start(cursor: str, settled: bool) -> datetime:
    """From when on to read after a sync that left `cursor`."""
    return parse_instant(cursor) - (timedelta(0) if settled else LOOKBACK)
