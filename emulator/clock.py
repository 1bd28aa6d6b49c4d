"""The emulator's clock: real time plus what a test added, and the text forms of an instant.

Instants are whole milliseconds since 1970 (UTC) everywhere inside the emulator: they compare and sort as integers.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from email.utils import formatdate

__all__ = ["Clock", "http_date", "instant_text", "parse_instant"]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SAO_PAULO = timezone(timedelta(hours=-3))


class Clock:
    """Real time, moved forward by `advance`."""

    def __init__(self) -> None:
        self._added_ms = 0

    def now(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000 + self._added_ms

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._added_ms += round(seconds * 1000)


def instant_text(instant: int, tz: str = "Z") -> str:
    """ISO 8601 with milliseconds: `Z` [doc], or the `-03:00` one client reports [seen] (crm-v2.md#data-quirks)."""
    # Integer arithmetic: a float timestamp would round some milliseconds down.
    moment = EPOCH + timedelta(milliseconds=instant)
    if tz == "Z":
        return moment.isoformat(timespec="milliseconds")[:-6] + "Z"
    return moment.astimezone(SAO_PAULO).isoformat(timespec="milliseconds")


def parse_instant(text: str) -> int:
    """The instant an ISO 8601 text names, naive meaning UTC; raises ValueError."""
    # Python 3.10 reads neither "Z" nor a fraction that is not of 3 or 6 digits.
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - EPOCH) // timedelta(milliseconds=1)


def http_date(instant: int) -> str:
    """The form of a `Date` or `Retry-After` header."""
    return formatdate(instant / 1000, usegmt=True)
