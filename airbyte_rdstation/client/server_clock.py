"""RD Station's clock, by the `Date` header of its first answer."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Final

import requests

from airbyte_rdstation.dates import FIRST_YEAR

__all__ = ["ServerClock"]

_DOUBT: Final = timedelta(minutes=10)  # how far a local clock may run ahead of RD Station's
_FARTHEST_AHEAD: Final = timedelta(days=1)


class ServerClock:
    """How far RD Station's clock is ahead of this machine's."""

    def __init__(self) -> None:
        self._ahead: timedelta | None = None

    def at(self, local: datetime) -> datetime:
        """Tell RD Station's time at a local moment, or a little earlier."""
        return local + (-_DOUBT if self._ahead is None else self._ahead)

    def note(self, response: requests.Response) -> None:
        """Set the clock by the first answer that tells the time.

        What is far ahead of our own clock is not believed: a moment too early only has records read again, one too late
        may hide some.
        """
        if self._ahead is not None:
            return
        now = datetime.now(timezone.utc)
        try:
            moment = parsedate_to_datetime(response.headers.get("Date", ""))
            ahead = moment - now
        except (IndexError, OverflowError, TypeError, ValueError):
            return
        if moment.year >= FIRST_YEAR and ahead <= _FARTHEST_AHEAD:
            self._ahead = ahead
