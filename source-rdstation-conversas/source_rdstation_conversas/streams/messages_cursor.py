"""Decides whose messages a sync reads, and from when on, and keeps the state that says so; incremental by `created_at`.

**Who is due.** A visit costs a request or more, so a sync does not visit every contact. First come those with an
attendance since the last sync, or one that is open still, and those that are new; of all others a part, in turn: one
round through the list in `messages_full_round_days`. Every contact is visited in the first sync, in a full refresh,
where the option is 0, where attendances cannot be read, and where the turn covers all.

**From when on.** There are two groups, each with an instant up to which it is complete:

- Everyone: `created_at`. A visit in turn reads from it on, whatever else was read of the contact since. It moves at the
  end of a round, to the round's beginning (`position.started`): the last sync of the round before.
- Contacts with an attendance, and new ones: `attended.until`. It moves once a sync has read them, to its beginning.

What attendances do not tell (messages outside of them, one without a customer, one listed late) is found in turn, and
that alone moves `created_at`.

**What is remembered.** A group has a position while it is being read. After a kill a sync goes on behind the positions,
and claims the beginning of its first attempt: what was written since then to those before them comes with the next one.
An instant stays where it was if some of the group's contacts fail again and again, are not listed, or have pages that
cannot be decrypted.

Facts: docs/api/conversas.md#message-fields, #dates and #reports.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, Final

from airbyte_rdstation.airbyte.state import LOOKBACK, IncrementalCursor, Instant, StateModel, StreamState
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.dates import EPOCH, format_instant, parse_instant
from source_rdstation_conversas.streams.rounds import ContactGroup, ContactPosition, VisitEnd, contacts_in_turn

__all__ = ["MessagesCursor", "MessagesState"]

_MOST_GONE: Final = 1_000  # contacts remembered in the state; more keep the cursor back
_LATE: Final = timedelta(hours=1)  # [guess] for attendances that show late, and what is written right after their end

_logger = logging.getLogger("airbyte.rdstation")


class _Attended(StateModel):
    until: Instant
    position: ContactPosition | None = None


class MessagesState(StreamState):
    """Hold how far everyone is complete (the cursor), how far those with attendances, and positions under way.

    `gone`: contacts that are listed and have no history (404). Each holds the instant back only in the read that finds
    it gone; should its history return, it is read from the start date on.
    `hidden`: how many contacts RD Station counted and did not show. More than the last time hold the instants back;
    should RD Station always count too many, they move from the second sync on.
    `attended`: absent where the last sync visited everyone; a position beside none is no round's.
    """

    hidden: int = 0
    gone: tuple[str, ...] = ()
    position: ContactPosition | None = None
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
        attended = self.incoming.attended
        self._until = max(attended.until if attended else "", self.incoming.cursor or format_instant(EPOCH))
        self._everyone = ContactGroup(self.incoming.position)
        self._attended = ContactGroup(attended.position) if attended else None
        """None where everyone is visited."""
        self._gone = set(self.incoming.gone)
        self._hidden = self.incoming.hidden

    def plan_visits(
        self,
        contacts: Sequence[str],
        *,
        hidden: int | None,
        customers_since: Callable[[datetime, Collection[str]], Collection[str] | None],
    ) -> dict[str, datetime]:
        """Return whom to visit, in this order, and from when on the messages of each are due.

        `contacts`: all that are listed, in ascending order.
        `hidden`: how many others RD Station counts, None if nobody can tell. All their messages are still due, so no
        instant moves, and contacts known to be gone stay known.
        `customers_since`: returns which contacts had an attendance since a moment; None where nobody can tell.
        """
        incoming, known = self.incoming, self.incoming.attended
        recently = parse_instant(self._last_sync) - _LATE
        turn = self._turn(contacts)
        attended = None if turn is None else customers_since(recently, contacts)

        unlisted = hidden is None or hidden > incoming.hidden
        group = partial(ContactGroup, started=self._sync_began, unread=unlisted)
        if turn is None or attended is None:
            # A round's position says nothing of how far everyone is read since the last sync.
            self._everyone = group(None if known else incoming.position, contacts, to_end=True)
            self._attended = None
        else:
            self._everyone = group(self._round, turn, to_end=turn[-1:] in ([], contacts[-1:]))
            # An id begins with the second in which it was made [guess]; other ids are new, or never are.
            new = f"{int(recently.timestamp()):08x}"
            recent = [contact for contact in contacts if contact in attended or contact >= new]
            self._attended = group(known.position if known else None, recent, to_end=True)
        self._hidden = incoming.hidden if hidden is None else hidden
        if hidden == 0:
            self._gone &= set(contacts)
        due = self._due_since(recently)
        self._log_shares(len(contacts), len(due))
        return due

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
        if position := self._everyone.position:
            state["position"] = position
        if self._attended:
            until = self._attended.started if self._attended.complete else self._until
            state["attended"] = {"until": max(until, cursor)}
            if position := self._attended.position:
                state["attended"]["position"] = position
        return state

    def keep_back(self, contact: str) -> None:
        """Note that something of a contact could not be read: the end of the read must not move its instants."""
        with self._lock:
            for group in self._groups_of(contact):
                group.unread = True

    def end_visit(self, contact: str, end: VisitEnd) -> None:
        """Note how the visit of a contact ended, once its records are emitted."""
        with self._lock:
            groups = self._groups_of(contact)
            if end == "failed":
                for group in groups:
                    group.fail(contact)
                return
            if end == "gone":
                self._gone.add(contact)
                if contact not in self.incoming.gone:
                    self.keep_back(contact)
            else:
                self._gone.discard(contact)
            for group in groups:
                group.finish(contact)
            self.records_emitted()

    def _turn(self, contacts: Sequence[str]) -> Sequence[str] | None:
        """Return the contacts whose turn it is; None where everyone is due."""
        cursor = self.incoming.cursor
        if not self._full_round or not cursor or cursor <= (self._context.start_date or ""):
            return None
        passed = parse_instant(self._sync_began) - parse_instant(self._round.started)
        turn = contacts_in_turn(contacts, self._round.after, passed=passed, full_round=self._full_round)
        return turn if len(turn) < len(contacts) else None

    def _due_since(self, recently: datetime) -> dict[str, datetime]:
        """Return since when the contacts of both groups are due: first those with an attendance, `recently`."""
        start = parse_instant(self._context.start_date or "")
        cursor = parse_instant(self.incoming.cursor) - LOOKBACK if self.incoming.cursor else start
        due = dict.fromkeys(self._attended.due if self._attended else (), max(start, recently))
        due |= dict.fromkeys(self._everyone.due, max(start, cursor))
        return due | dict.fromkeys(due.keys() & self.incoming.gone, start)

    def _log_shares(self, listed: int, due: int) -> None:
        if self._attended:
            first = len(self._attended.due)
            _logger.info(
                "%s: %s contacts are visited for an attendance, or because they are new; of all %s, %s in turn.",
                self._context.name,
                *(f"{count:,}" for count in (first, listed, due - first)),
            )

    def _groups_of(self, contact: str) -> list[ContactGroup]:
        return [group for group in (self._attended, self._everyone) if group and contact in group]

    @cached_property
    def _round(self) -> ContactPosition:
        """Return the position of the round; a new one begins where the one before ended, in the last sync."""
        return self.incoming.position or ContactPosition(started=self._last_sync)

    @cached_property
    def _last_sync(self) -> str:
        """Return when the last sync began that has read all with an attendance."""
        # A state may lie in the future, where a clock was wrong.
        return min(self._until, self._sync_began)
