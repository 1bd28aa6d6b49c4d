"""Groups of contacts that are read in turn: whose turn it is, and how far a group is read.

A group is read in ascending order of ids, so that a contact that appears, vanishes or changes its place in the list
moves no other past the position: all up to the id `after` are read. Whoever reads it later goes on behind that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from typing import Any, Final, Literal, TypeAlias

from airbyte_rdstation.airbyte.state import ReadPosition

__all__ = ["ContactGroup", "ContactPosition", "VisitEnd", "contacts_in_turn"]

_LEAST_TURN: Final = 40  # contacts, about a minute: an account with no more is read whole in each sync
_EARLY: Final = timedelta(hours=2)  # that a round is planned to end: the syncs of a schedule do not begin to the minute

VisitEnd: TypeAlias = Literal["read", "gone", "failed"]
"""How the visit of a contact ends: read; without a history (404), though it is listed; or not read."""


class ContactPosition(ReadPosition):
    """How far a group is read.

    `after`: all contacts of the group whose ids sort up to this one are read.
    `unread`: something could not be read, so the end of the read must not move the group's instant.
    """

    after: str = ""
    unread: bool = False


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
        self,
        incoming: ContactPosition | None,
        contacts: Sequence[str] = (),
        *,
        started: str = "",
        unread: bool = False,
        to_end: bool = False,
    ) -> None:
        """Take what is to be read: of the contacts, in ascending order, those behind the position.

        `incoming`: how far a sync before has come; without it, the read of the group begins now, at `started`.
        `unread`: some contacts are known to be missing. `to_end`: whether the group ends with these contacts.
        """
        self._incoming = incoming
        self.started = incoming.started if incoming else started
        self._after = incoming.after if incoming else ""
        self.unread = unread or (incoming is not None and incoming.unread)
        self.due = contacts[bisect_right(contacts, self._after) :]
        self._members = frozenset(self.due)
        self._to_end = to_end
        self._finished: set[str] = set()
        self._prefix = 0
        """How many of the contacts that are due are finished without a gap, from the first on."""

    def __contains__(self, contact: str) -> bool:
        return contact in self._members

    @property
    def complete(self) -> bool:
        """Whether all of the group is read."""
        return self._over and not self.unread

    @property
    def position(self) -> dict[str, Any] | None:
        """Return `{"started": "2026-08-01T12:00:00.000Z", "after": "8e…"}`, with `unread` if it is.

        None where there is nothing to remember: the read is over, or has only just begun.
        """
        if self._over or not (self._incoming or self._after or self.unread):
            return None
        position = {"started": self.started, "after": self._after}
        return {**position, "unread": True} if self.unread else position

    def finish(self, contact: str) -> None:
        """Note that a contact is read to its end, or gone."""
        self._finished.add(contact)
        while self._prefix < len(self.due) and self.due[self._prefix] in self._finished:
            self._after = self.due[self._prefix]
            self._finished.discard(self._after)
            self._prefix += 1

    def fail(self, contact: str) -> None:
        """Note that a contact could not be read: it holds the position before it, and is due again.

        If it is the first one due, as it then is, it is passed, and the group is not complete at its end.
        """
        if contact == self.due[0]:
            self.unread = True
            self.finish(contact)

    @property
    def _over(self) -> bool:
        """Whether all of the group is read, as far as it can be."""
        return self._to_end and self._prefix == len(self.due)
