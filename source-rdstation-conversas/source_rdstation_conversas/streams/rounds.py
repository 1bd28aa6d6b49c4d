"""Groups of contacts that are read in turn: whose turn it is, and how far a group is read. Pure.

A group is read in ascending order of ids, so that a contact that appears, vanishes or changes its place in the list
moves no other past the position: all up to the id `after` are read. Whoever reads it later goes on behind that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from typing import Any, Final

__all__ = ["ContactGroup", "contacts_behind", "contacts_in_turn"]

_LEAST_TURN: Final = 40  # contacts, about a minute: an account with no more is read whole in each sync
_EARLY: Final = timedelta(hours=2)  # that a round is planned to end: the syncs of a schedule do not begin to the minute


def contacts_behind(contacts: Sequence[str], after: str) -> Sequence[str]:
    """Return those of the contacts, in ascending order, whose ids sort behind `after`."""
    return contacts[bisect_right(contacts, after) :]


def contacts_in_turn(contacts: Sequence[str], after: str, *, passed: timedelta, full_round: timedelta) -> Sequence[str]:
    """Return the contacts behind `after` whose turn has come `passed` after the round began; some at least.

    `contacts` are all of them, in ascending order. The turn is what brings the round to where it should be by now: it
    grows after days without a sync, and with a shorter round.
    """
    planned = ceil(len(contacts) * (passed / (full_round - _EARLY)))
    done = bisect_right(contacts, after)
    return contacts[done : max(planned, done + _LEAST_TURN)]


class ContactGroup:
    """Follows the contacts of a group, in ascending order, while they are read in any order."""

    def __init__(
        self, started: str, after: str, *, unread: bool, due: Sequence[str] = (), to_end: bool = False
    ) -> None:
        """`started`, `after` and `unread` are its position; `to_end` is whether it ends with those that are due."""
        self.started = started
        self.after = after
        self.unread = unread
        self.due = due
        self._members = frozenset(due)
        self._to_end = to_end
        self._finished: set[str] = set()
        self._prefix = 0
        """How many of the contacts that are due are finished without a gap, from the first on."""

    def __contains__(self, contact: str) -> bool:
        return contact in self._members

    @property
    def over(self) -> bool:
        """Whether all of the group is read, as far as it can be."""
        return self._to_end and self._prefix == len(self.due)

    @property
    def complete(self) -> bool:
        """Whether all of the group is read."""
        return self.over and not self.unread

    @property
    def under_way(self) -> bool:
        """Whether there is something to remember of the read so far."""
        return not self.over and bool(self.after or self.unread)

    @property
    def position(self) -> dict[str, Any]:
        """Return `{"started": "2026-08-01T12:00:00.000Z", "after": "8e…"}`, with `unread` if it is."""
        position = {"started": self.started, "after": self.after}
        return {**position, "unread": True} if self.unread else position

    def finish(self, contact: str) -> None:
        """Note that a contact is read to its end, or gone."""
        self._finished.add(contact)
        while self._prefix < len(self.due) and self.due[self._prefix] in self._finished:
            self.after = self.due[self._prefix]
            self._finished.discard(self.after)
            self._prefix += 1

    def fail(self, contact: str) -> None:
        """Note that a contact could not be read: it holds the position before it, and is due again.

        If it is the first one due, as it then is, it is passed, and the group is not complete at its end.
        """
        if contact == self.due[0]:
            self.unread = True
            self.finish(contact)
