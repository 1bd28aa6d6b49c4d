"""Every message as a record of its own; incremental by `created_at`.

Facts: docs/api/conversas.md#message-fields and #dates.

The history has no order over the contacts, so the cursor moves only once all contacts were read; until then the state
says up to which contact they are. Contacts that failed or were skipped keep the cursor where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any, Final

from airbyte_rdstation.airbyte.cursor import CheckpointCursor
from airbyte_rdstation.airbyte.state import ReadPosition, StreamState
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant, is_older, parse_instant
from source_rdstation_conversas.history.contact_messages import ContactMessages
from source_rdstation_conversas.streams.contact_partitions import ContactPartitions, Histories

__all__ = ["MessagesCursor", "MessagesPartitions", "MessagesState"]

_LATE: Final = timedelta(minutes=5)  # a message may show in the history some time after its own moment [guess]
_MOST_GONE: Final = 1_000  # contacts remembered in the state; more keep the cursor back


class _ContactPosition(ReadPosition):
    after: str
    unread: bool = False


class MessagesState(StreamState):
    """Hold beside the cursor the last contact of a read under way up to which all are read, in the order of their ids.

    `unread`: some of their messages could not be read, so the read's end must not move the cursor.
    `gone`: contacts that are listed and have no history (404). One that was gone already keeps nothing back; should
    its history return, it is read from the start.
    """

    gone: tuple[str, ...] = ()
    position: _ContactPosition | None = None


class MessagesCursor(CheckpointCursor):
    """Keeps `{"created_at": "2026-08-01T12:00:00.000Z", "gone": ["9f…"], "position": {"started": …, "after": "8e…"}}`.

    `gone` is there where there are any, `position` while a read is under way.
    """

    def __init__(self, context: StreamContext, *, cursor_field: str, state: MessagesState) -> None:
        super().__init__(context)
        self._begun = datetime.now(timezone.utc)
        self._cursor_field = cursor_field
        self._incoming = state
        self._due: Sequence[str] = ()
        self._finished: set[str] = set()
        self._prefix = 0
        """How many of those due are finished, from the first on."""
        self._after = state.position.after if state.position else None
        self._incomplete = bool(state.position and state.position.unread)
        self._gone: set[str] = set()
        self._ended = self._moves = False

    @property
    def state(self) -> MutableMapping[str, Any]:
        """Return the cursor, and beside it the read's position while it is under way."""
        cursor = self._incoming.cursor or self._context.start_date
        cursor = max(self._started, cursor or "") if self._moves else cursor
        state: dict[str, Any] = {self._cursor_field: cursor} if cursor else {}
        if gone := sorted(self._gone)[:_MOST_GONE]:
            state["gone"] = gone
        if self._after is not None and not self._ended:
            position = {"started": self._started, "after": self._after}
            state["position"] = {**position, "unread": True} if self._incomplete else position
        return state

    def begin(self, contacts: Sequence[str]) -> Sequence[str]:
        """Return those of the contacts, in ascending order, that are not read yet."""
        self._due = [contact for contact in contacts if self._after is None or contact > self._after]
        self._gone = set(self._incoming.gone) & set(contacts)
        return self._due

    def since(self, contact: str) -> datetime:
        """Return the moment before which messages of the contact are not due."""
        start = parse_instant(self._context.start_date or "")
        if not self._incoming.cursor or contact in self._incoming.gone:
            return start
        return max(start, parse_instant(self._incoming.cursor) - _LATE)

    def keep_back(self) -> None:
        """Take note that a message could not be read: the end of this read must not move the cursor."""
        self._incomplete = True

    def note_gone(self, contact: str) -> None:
        """Take note of a contact that has no history."""
        with self._lock:
            self._gone.add(contact)
            if contact not in self._incoming.gone:
                self.keep_back()

    def note_there(self, contact: str) -> None:
        """Take note of a contact that has a history, perhaps again."""
        with self._lock:
            self._gone.discard(contact)

    def finish(self, contact: str) -> None:
        """Take note of a contact that needs no further visit."""
        with self._lock:
            self._finished.add(contact)
            while self._prefix < len(self._due) and self._due[self._prefix] in self._finished:
                self._after = self._due[self._prefix]
                self._finished.discard(self._after)
                self._prefix += 1
            self.records_emitted()

    def end(self, *, failed: int) -> None:
        """Emit the last state; the cursor moves unless something could not be read, or contacts have failed."""
        with self._lock:
            self._ended, self._moves = True, not (self._incomplete or failed)
            self.checkpoint()

    @cached_property
    def _started(self) -> str:
        """When the read was first begun; asked for only after the first answer set the clock."""
        position = self._incoming.position
        return position.started if position else format_instant(self._context.server_time(self._begun))


class MessagesPartitions(ContactPartitions):
    """Reads the messages of each contact that are due: `{"id": "8786ef…", "customer_id": "9f…", "content": …, …}`."""

    def __init__(self, context: StreamContext, histories: Histories, cursor: MessagesCursor) -> None:
        super().__init__(context, histories, cursor)
        self._cursor = cursor

    def _begin(self, contacts: Sequence[str]) -> Sequence[str]:
        return self._cursor.begin(contacts)

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

    def _done(self, contact: str) -> None:
        self._cursor.finish(contact)

    def _is_gone(self, contact: str) -> None:
        self._cursor.note_gone(contact)

    def _end(self, *, broken_off: bool, failed: int) -> None:
        if broken_off:
            return
        if unread := self._decryptor.encrypted + self._decryptor.faulty:
            self._context.report_incomplete(
                f"{unread:,} pages could not be decrypted or read, and their messages are missing; the cursor stays "
                "where it was, so that they come once they can be. If they were encrypted for a key that has been "
                "replaced, add that key to private_key_jwk (a JWKS holds several), or set a later start_date."
            )
        self._cursor.end(failed=failed)
