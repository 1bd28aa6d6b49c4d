"""A stop that was asked for from outside: nothing new begins, what is under way ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from airbyte_cdk.models import FailureType

from airbyte_rdstation.client.errors import ConnectorError

__all__ = ["Stop", "StoppedError"]

_GRACE_SECONDS: Final = 5.0


class StoppedError(ConnectorError):
    """Says that a signal has ended the command."""

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}", f"Stopped by a signal ({number}).", FailureType.transient_error)
        self.number = number


class Stop:
    """Knows whether a command has been asked to end. Safe to share among threads."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._number = 0
        self._latest = 0.0
        self._listeners: list[Callable[[], None]] = []

    def request(self, number: int) -> None:
        """Ask for the end, on behalf of a signal."""
        self._number = number
        self._latest = time.monotonic() + _GRACE_SECONDS
        self._event.set()
        for listener in self._listeners:
            listener()

    def tell(self, listener: Callable[[], None]) -> None:
        """Call `listener` once the end is asked for, perhaps more than once."""
        self._listeners.append(listener)
        if self._event.is_set():
            listener()

    def check(self) -> None:
        """Raise StoppedError where the end has been asked for."""
        if self._event.is_set():
            raise StoppedError(self._number)

    def check_deadline(self) -> None:
        """Raise StoppedError where the end was asked for so long ago that nothing may be waited for any more."""
        if self._event.is_set() and time.monotonic() > self._latest:
            raise StoppedError(self._number)

    def sleep(self, seconds: float) -> None:
        """Wait. Raises StoppedError as soon as the end is asked for."""
        self._event.wait(seconds)
        self.check()
