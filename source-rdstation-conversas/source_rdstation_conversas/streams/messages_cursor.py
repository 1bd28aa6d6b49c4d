"""Whose messages are due in a sync, from when on, and the state that says so; incremental by `created_at`.

A visit costs a request or more, so a sync does not visit every contact. First come those with an attendance since the
last sync, or one that is open still, and those that are new; of all others a part, in turn: one round through the list
in `messages_full_round_days`. Every contact is visited in the first sync, in a full refresh, where the option is 0,
where attendances cannot be read, and where the turn covers all.

There are two groups, each with an instant up to which it is complete, and a position while it is being read:

- Everyone: `created_at`. A visit in turn reads from it on, whatever else was read of the contact since. It moves at the
  end of a round, to the round's beginning (`position.started`): the last sync of the round before.
- Contacts with an attendance, and new ones: `attended.until`. It moves once a sync has read them, to its beginning.

What attendances do not tell (messages outside of them, one without a customer, one listed late) is found in turn, and
that alone moves `created_at`. After a kill a sync goes on behind the positions, and claims the beginning of its first
attempt: what was written since then to those before them comes with the next one. An instant stays where it was if
some of the group's contacts fail again and again, are not listed, or have pages that cannot be decrypted.

Facts: docs/api/conversas.md#message-fields, #dates and #reports.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from airbyte_rdstation.airbyte.state import LOOKBACK, IncrementalCursor, Instant, ReadPosition, StateModel, StreamState
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.dates import EPOCH, format_instant, parse_instant
from source_rdstation_conversas.streams.rounds import ContactGroup, contacts_behind, contacts_in_turn

__all__ = ["MessagesCursor", "MessagesState"]

_MOST_GONE: Final = 1_000  # contacts remembered in the state; more keep the cursor back
_LATE: Final = timedelta(hours=1)  # [guess] for attendances that show late, and what is written right after their end

_logger = logging.getLogger("airbyte.rdstation")


class _ContactPosition(ReadPosition):
    after: str = ""
    unread: bool = False


class _Attended(StateModel):
    until: Instant
    position: _ContactPosition | None = None


class MessagesState(StreamState):
    """Hold how far everyone is complete (the cursor), how far those with attendances, and positions under way.

    `after`: all contacts of the group whose ids sort up to this one are read.
    `unread`: something could not be read, so the end of the read must not move the group's instant.
    `gone`: contacts that are listed and have no history (404). Each holds the instant back only in the read that finds
    it gone; should its history return, it is read from the start date on.
    `hidden`: how many contacts RD Station counted and did not show. More than the last time hold the instants back;
    should RD Station always count too many, they move from the second sync on.
    `attended`: absent where the last sync visited everyone; a position beside none is no round's.
    """

    hidden: int = 0
    gone: tuple[str, ...] = ()
    position: _ContactPosition | None = None
    attended: _Attended | None = None


class MessagesCursor(IncrementalCursor[MessagesState]):
    """Keeps `{"created_at": "2026-08-01T…Z", "position": {…}, "attended": {"until": "2026-08-05T…Z", …}, "gone": […]}`.

    A group has a `position` while it is being read: `{"started": "2026-08-02T…Z", "after": "8e…"}`. `attended` is
    absent where everyone was read in the last sync, `gone` and `hidden` where there are none.
    """

    model = MessagesState

    def __init__(
        self, context: StreamContext, *, cursor_field: str, state: Mapping[str, Any], full_round: timedelta
    ) -> None:
        """`full_round`: within which every contact is visited; 0 for everyone in each sync."""
        super().__init__(context, cursor_field=cursor_field, state=state)
        self._full_round = full_round
        incoming = self.incoming
        attended = incoming.attended
        self._until = max(attended.until if attended else "", incoming.cursor or format_instant(EPOCH))
        self._rounds = attended is not None
        """Whether only a part of the contacts is visited."""
        self._everyone = _group(incoming.position or _ContactPosition(started=self._until))
        self._attended = _group((attended and attended.position) or _ContactPosition(started=self._until))
        self._contacts: Sequence[str] = ()
        self._unlisted = False
        self._gone = set(incoming.gone)
        self._hidden = self._counted = incoming.hidden

    @property
    def state(self) -> MutableMapping[str, Any]:
        """Return up to when each group is complete, and the positions of those that are being read."""
        cursor = self.incoming.cursor or self._context.start_date or ""
        if self._everyone.complete:
            cursor = max(self._everyone.started, cursor)
        state: dict[str, Any] = {self.cursor_field: cursor} if cursor else {}
        if gone := sorted(self._gone)[:_MOST_GONE]:
            state["gone"] = gone
        if self._hidden:
            state["hidden"] = self._hidden
        if self._everyone.under_way or (self._rounds and not self._everyone.over):
            state["position"] = self._everyone.position
        if self._rounds:
            until = self._attended.started if self._attended.complete else self._until
            state["attended"] = {"until": max(until, cursor)}
            if self._attended.under_way:
                state["attended"]["position"] = self._attended.position
        return state

    def take_contacts(self, contacts: Sequence[str], *, hidden: int | None) -> datetime | None:
        """Take the list, in ascending order; return since when attendances count, None where everyone is due anyway.

        `hidden`: how many others RD Station counts, None if nobody can tell. All their messages are still due, so no
        instant moves, and contacts known to be gone stay known.
        """
        self._contacts = contacts
        self._unlisted = hidden is None or hidden > self.incoming.hidden
        if hidden == 0:
            self._gone &= set(contacts)
        self._counted = self.incoming.hidden if hidden is None else hidden
        cursor = self.incoming.cursor
        if not self._full_round or not cursor or cursor <= (self._context.start_date or ""):
            return None
        return None if len(self._turn) == len(contacts) else self._attended_since

    def select_due(self, attended: Collection[str] | None) -> Sequence[str]:
        """Return the contacts to visit: those with an attendance and new ones, then those whose turn it is.

        `attended`: who has or had an attendance; None for everyone.
        """
        now, known = self._started, self.incoming.attended
        if attended is None:
            # A round's position says nothing of how far everyone is read since the last sync.
            position = None if known else self.incoming.position
            due = contacts_behind(self._contacts, position.after if position else "")
            first: Sequence[str] = ()
        else:
            position = self._round
            due = self._turn
            # An id begins with the second in which it was made [guess]; other ids are new, or never are.
            new = f"{int(self._attended_since.timestamp()):08x}"
            first = [contact for contact in self._contacts if contact in attended or contact >= new]
        self._rounds, self._hidden = attended is not None, self._counted
        fresh = _ContactPosition(started=now)
        self._everyone = _group(position or fresh, due, to_end=due[-1:] in ([], self._contacts[-1:]))
        position = (known and known.position) or fresh
        self._attended = _group(position, contacts_behind(first, position.after), to_end=True)
        if self._unlisted:
            self._everyone.unread = self._attended.unread = True
        others = [contact for contact in due if contact not in self._attended]
        if self._rounds:
            _logger.info(
                "%s: %s contacts are visited for an attendance, or because they are new; of all %s, %s in turn.",
                self._context.name,
                *(f"{len(each):,}" for each in (self._attended.due, self._contacts, others)),
            )
        return [*self._attended.due, *others]

    def since(self, contact: str) -> datetime:
        """Return the moment from which on messages of the contact are due."""
        start = parse_instant(self._context.start_date or "")
        if not self.incoming.cursor or contact in self.incoming.gone:
            return start
        in_turn = contact in self._everyone
        return max(start, parse_instant(self.incoming.cursor) - LOOKBACK if in_turn else self._attended_since)

    def keep_back(self, contact: str) -> None:
        """Note that something of a contact could not be read: the end of the read must not move its instants."""
        with self._lock:
            for group in self._groups_of(contact):
                group.unread = True

    def note_gone(self, contact: str) -> None:
        """Note that a contact has no history (404)."""
        with self._lock:
            self._gone.add(contact)
            if contact not in self.incoming.gone:
                self.keep_back(contact)

    def note_there(self, contact: str) -> None:
        """Note that a contact has a history, perhaps again."""
        with self._lock:
            self._gone.discard(contact)

    def note_finished(self, contact: str) -> None:
        """Note that a contact is read to its end, or gone."""
        with self._lock:
            for group in self._groups_of(contact):
                group.finish(contact)
            self.records_emitted()

    def note_failed(self, contact: str) -> None:
        """Note that a contact could not be read."""
        with self._lock:
            for group in self._groups_of(contact):
                group.fail(contact)

    def _groups_of(self, contact: str) -> list[ContactGroup]:
        return [group for group in (self._attended, self._everyone) if contact in group]

    @cached_property
    def _round(self) -> _ContactPosition:
        """Return the position of the round; a new one begins where the one before ended, in the last sync."""
        return self.incoming.position or _ContactPosition(started=min(self._until, self._started))

    @cached_property
    def _turn(self) -> Sequence[str]:
        passed = parse_instant(self._started) - parse_instant(self._round.started)
        return contacts_in_turn(self._contacts, self._round.after, passed=passed, full_round=self._full_round)

    @cached_property
    def _attended_since(self) -> datetime:
        """Return from when on those with an attendance are read: an hour earlier than they are complete."""
        # A state may lie in the future, where a clock was wrong.
        return parse_instant(min(self._until, self._started)) - _LATE


def _group(position: _ContactPosition, due: Sequence[str] = (), *, to_end: bool = False) -> ContactGroup:
    return ContactGroup(position.started, position.after, unread=position.unread, due=due, to_end=to_end)
