"""Slices under way: no more at once than can be read, and nobody waits for one that has ended badly."""

from __future__ import annotations

import threading

__all__ = ["Places"]


class Places:
    """A bounded number of places; who makes slices takes one for each, who reads a slice leaves it."""

    def __init__(self, number: int) -> None:
        self._number = self._free = number
        self._changed = threading.Condition()
        self._given_up = False

    @property
    def given_up(self) -> bool:
        """Whether an error has ended the stream: no further slice is to be read."""
        return self._given_up

    def take(self) -> bool:
        """Wait for a free place and take it; False once the stream is given up."""
        with self._changed:
            self._changed.wait_for(lambda: self._free or self._given_up)
            if self._given_up:
                return False
            self._free -= 1
            return True

    def leave(self) -> None:
        """The slice is read, or has failed."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def wait_for_all(self) -> None:
        """Wait until every place is free, or the stream is given up."""
        with self._changed:
            self._changed.wait_for(lambda: self._free == self._number or self._given_up)

    def give_up(self) -> bool:
        """An error stands for the whole stream. True for the first one; the others would only repeat it."""
        with self._changed:
            first, self._given_up = not self._given_up, True
            self._changed.notify_all()
            return first
