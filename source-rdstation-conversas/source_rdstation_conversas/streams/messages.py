"""Every message as a record of its own; incremental by `created_at`.

Facts: docs/api/conversas.md#message-fields and #dates.

Contacts are read in the order of their ids, not of their messages, so the cursor moves only once all of them are read;
until then the state says up to which contact they are. Contacts that failed, were skipped or were missing from the list
keep the cursor where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, Final

from airbyte_rdstation.airbyte.state import LOOKBACK, CheckpointCursor, ReadPosition, StreamState
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant, is_older, parse_instant
from source_rdstation_conversas.history.contact_messages import ContactMessages
from source_rdstation_conversas.streams.contact_partitions import ContactPartitions, Histories

__all__ = ["MessagesCursor", "MessagesPartitions", "MessagesState"]

_MOST_GONE: Final = 1_000  # contacts remembered in the state; more keep the cursor back


class _ContactPosition(ReadPosition):
    after: str
    unread: bool = False


class MessagesState(StreamState):
    """Hold the cursor and, while a read is under way, its position.

    `after`: all contacts whose ids sort up to this one are read.
    `unread`: something could not be read, so the end of the read must not move the cursor.
    `gone`: contacts that are listed and have no history (404). Each holds the cursor back only in the read that finds
    it gone; should its history return, it is read from the start date on.
    `hidden`: how many contacts RD Station counted and did not show. More than the last time hold the cursor back;
    should RD Station always count too many, it moves from the second sync on.
    """

    hidden: int = 0
    gone: tuple[str, ...] = ()
    position: _ContactPosition | None = None


class MessagesCursor(CheckpointCursor):
    """Keeps `{"created_at": "2026-08-01T12:00:00.000Z", "gone": ["9f…"], "position": {"started": …, "after": "8e…"}}`.

    It has `gone` and `hidden` if there are any, and `position` while a read is under way.
    """

    def __init__(self, context: StreamContext, *, cursor_field: str, state: MessagesState) -> None:
        super().__init__(context)
        self._begun = datetime.now(timezone.utc)
        self._cursor_field = cursor_field
        self._incoming = state
        self._due: Sequence[str] = ()
        self._finished: set[str] = set()
        self._prefix = 0
        """How many of the contacts that are due are finished without a gap, from the first on."""
        self._after = state.position.after if state.position else None
        self._incomplete = bool(state.position and state.position.unread)
        self._gone = set(state.gone)
        self._hidden = state.hidden
        self._ended = self._moves = False

    @property
    def state(self) -> MutableMapping[str, Any]:
        """Return the cursor, and beside it the read's position while it is under way."""
        cursor = self._incoming.cursor or self._context.start_date
        cursor = max(self._started, cursor or "") if self._moves else cursor
        state: dict[str, Any] = {self._cursor_field: cursor} if cursor else {}
        if gone := sorted(self._gone)[:_MOST_GONE]:
            state["gone"] = gone
        if self._hidden:
            state["hidden"] = self._hidden
        if self._after is not None and not self._ended:
            position = {"started": self._started, "after": self._after}
            state["position"] = {**position, "unread": True} if self._incomplete else position
        return state

    def select_due(self, contacts: Sequence[str], *, hidden: int | None) -> Sequence[str]:
        """Return those of the contacts, in ascending order, that are not read yet.

        `hidden`: how many others RD Station counts, None if nobody can tell. All their messages are still due, so the
        cursor stays, and contacts known to be gone stay known.
        """
        self._due = [contact for contact in contacts if self._after is None or contact > self._after]
        if hidden == 0:
            self._gone &= set(contacts)
        elif hidden is None or hidden > self._incoming.hidden:
            self.keep_back()
        self._hidden = self._incoming.hidden if hidden is None else hidden
        return self._due

    def since(self, contact: str) -> datetime:
        """Return the moment from which on messages of the contact are due."""
        start = parse_instant(self._context.start_date or "")
        if not self._incoming.cursor or contact in self._incoming.gone:
            return start
        return max(start, parse_instant(self._incoming.cursor) - LOOKBACK)

    def keep_back(self) -> None:
        """Note that something could not be read: the end of this read must not move the cursor."""
        self._incomplete = True

    def note_gone(self, contact: str) -> None:
        """Note that a contact has no history (404)."""
        with self._lock:
            self._gone.add(contact)
            if contact not in self._incoming.gone:
                self.keep_back()

    def note_there(self, contact: str) -> None:
        """Note that a contact has a history, perhaps again."""
        with self._lock:
            self._gone.discard(contact)

    def note_finished(self, contact: str) -> None:
        """Note that a contact is read to its end, or gone."""
        with self._lock:
            self._finished.add(contact)
            while self._prefix < len(self._due) and self._due[self._prefix] in self._finished:
                self._after = self._due[self._prefix]
                self._finished.discard(self._after)
                self._prefix += 1
            self.records_emitted()

    def emit_last_state(self, *, failed: int) -> None:
        """Emit the last state; the cursor moves unless something, or one of the contacts, could not be read."""
        with self._lock:
            self._ended, self._moves = True, not (self._incomplete or failed)
            self.checkpoint()

    @cached_property
    def _started(self) -> str:
        """Return when the read first began. Not to be used before the first answer: it tells RD Station's clock."""
        position = self._incoming.position
        return position.started if position else format_instant(self._context.server_time(self._begun))


class MessagesPartitions(ContactPartitions):
    """Reads the messages of each contact that are due: `{"id": "8786ef…", "customer_id": "9f…", "content": …, …}`."""

    def __init__(self, context: StreamContext, histories: Histories, cursor: MessagesCursor) -> None:
        super().__init__(context, histories, cursor)
        self._cursor = cursor

    def _select_due(self, contacts: Sequence[str], *, hidden: int | None) -> Sequence[str]:
        return self._cursor.select_due(contacts, hidden=hidden)

    def _read(self, contact: str) -> Iterator[list[Row]]:
        since = self._cursor.since(contact)
        earliest = format_instant(since)
        for page, records in self._client.read(contact, since, ContactMessages(contact).read):
            self._decryptor.count(page)
            if page.fault is not None:
                self._cursor.keep_back()
            yield [record for record in records if not is_older(record["created_at"], earliest)]
            self._answered()
        self._cursor.note_there(contact)

    def _note_gone(self, contact: str) -> None:
        self._cursor.note_gone(contact)

    def _note_finished(self, contact: str) -> None:
        self._cursor.note_finished(contact)

    def _emit_last_state(self, *, broken_off: bool, failed: int) -> None:
        if broken_off:
            return
        if unread := self._decryptor.encrypted + self._decryptor.faulty:
            self._context.report_incomplete(
                f"{unread:,} pages could not be decrypted or read, and their messages are missing; the cursor stays "
                "where it was, so that they come once they can be. If they were encrypted for a key that has been "
                "replaced, add that key to private_key_jwk (a JWKS holds several), or set a later start_date."
            )
        self._cursor.emit_last_state(failed=failed)
