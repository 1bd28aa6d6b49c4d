"""Every message as a record of its own; incremental by `created_at`.

Facts: docs/api/conversas.md#message-fields and #dates.

The history has no order over the contacts, so the cursor moves only once all contacts were read; until then the state
says up to which contact they are. Contacts that failed or were skipped keep the cursor where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any, Final

from airbyte_rdstation.airbyte.cursor import CheckpointCursor, StreamContext
from airbyte_rdstation.airbyte.partitions import Slice
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant, is_older, parse_instant
from source_rdstation_conversas.conversas_state import MessagesState
from source_rdstation_conversas.history.contact_messages import ContactMessages
from source_rdstation_conversas.history.pages import OpenedPage
from source_rdstation_conversas.history.requests import Sighting
from source_rdstation_conversas.streams.contact_progress import ContactProgress, Histories, listed_contacts

__all__ = ["Messages"]

_LATE: Final = timedelta(minutes=5)  # a message may show in the history some time after its own moment [guess]
_MOST_DOUBTS: Final = 4  # readings of a page that keeps moving
_MOST_GONE: Final = 1_000  # contacts remembered in the state; more keep the cursor back


class Messages(CheckpointCursor):
    """The stream: its slices, and its state."""

    def __init__(
        self,
        context: StreamContext,
        histories: Histories,
        *,
        cursor_field: str,
        state: MessagesState,
    ) -> None:
        super().__init__(context)
        self._begun = datetime.now(timezone.utc)
        self._cursor_field = cursor_field
        self._incoming = state
        self._fetch_contacts = histories.fetch_contacts
        self._history = histories.history
        self._decryptor = histories.decryptor
        self._visits = ContactProgress(
            context, read=self._read, done=self._done, gone=self._gone_contact, explain_401=histories.explain_401
        )
        self.give_up = self._visits.give_up
        self._due: list[str] = []
        self._finished: set[str] = set()
        self._prefix = 0
        self._after = state.position.after if state.position else None
        self._unread = bool(state.position and state.position.unread)
        self._gone: set[str] = set()
        self._ended = False

    def slices(self) -> Iterator[Slice]:
        """Yield a partition for each contact that is not read yet."""
        contacts = listed_contacts(self._context, self._fetch_contacts, self.request_answered)
        self._due = [contact for contact in contacts if self._after is None or contact > self._after]
        self._gone = set(self._incoming.gone) & set(contacts)
        yield from self._visits.slices(self._due)
        if self._visits.broken_off:
            return
        unread = self._decryptor.encrypted + self._decryptor.faulty
        if unread:
            self._context.report_incomplete(
                f"{unread:,} pages could not be decrypted or read, and their messages are missing; the cursor stays "
                "where it was, so that they come once they can be. If they were encrypted for a key that has been "
                "replaced, add that key to private_key_jwk (a JWKS holds several), or set a later start_date."
            )
        with self._lock:
            self._ended = True
            self.checkpoint()
        self._visits.raise_failures()

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The cursor, and beside it the read's position while it is under way."""
        cursor = self._incoming.cursor or self._context.start_date
        moves = self._ended and not (self._unread or self._visits.failed)
        cursor = max(self._started, cursor or "") if moves else cursor
        state: dict[str, Any] = {self._cursor_field: cursor} if cursor else {}
        if gone := sorted(self._gone)[:_MOST_GONE]:
            state["gone"] = gone
        if self._after is not None and not self._ended:
            position = {"started": self._started, "after": self._after}
            state["position"] = {**position, "unread": True} if self._unread else position
        return state

    @cached_property
    def _started(self) -> str:
        """When the read was first begun; asked for only after the first answer set the clock."""
        position = self._incoming.position
        return position.started if position else format_instant(self._context.server_time(self._begun))

    def _bound(self, contact: str) -> datetime:
        """Older messages of the contact are not due."""
        start = parse_instant(self._context.start_date or "")
        if not self._incoming.cursor or contact in self._incoming.gone:
            return start
        return max(start, parse_instant(self._incoming.cursor) - _LATE)

    def _gone_contact(self, contact: str) -> None:
        with self._lock:
            self._gone.add(contact)
            if contact not in self._incoming.gone:
                self._unread = True

    def _done(self, contact: str) -> None:
        with self._lock:
            self._finished.add(contact)
            while self._prefix < len(self._due) and self._due[self._prefix] in self._finished:
                self._after = self._due[self._prefix]
                self._finished.discard(self._after)
                self._prefix += 1
            self.request_answered()

    def _read(self, customer_id: str) -> Iterator[Row]:
        contact = ContactMessages(customer_id)
        bound = self._bound(customer_id)
        since = format_instant(bound)
        for seen in self._history.pages(customer_id, bound):
            page = self._settled(contact, seen)
            self._decryptor.count(page)
            if page.fault is not None:
                self._unread = True
            for record in contact.feed(page.messages):
                if not is_older(record["created_at"], since):
                    yield self._context.normalize(record)
            self.request_answered()
        with self._lock:
            self._gone.discard(customer_id)

    def _settled(self, contact: ContactMessages, seen: Sighting) -> OpenedPage:
        """The page, read anew while it cannot be told what of it is new."""
        page = seen.page
        for _ in range(_MOST_DOUBTS):
            if seen.before is None or not contact.in_doubt(page.messages):
                break
            if contact.confirm(seen.before().messages):
                break
            page = seen.again()
        return page
