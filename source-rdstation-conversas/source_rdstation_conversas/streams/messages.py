"""Reads the messages that are due, of the contacts that are due: streams/messages_cursor.py says whose and since when.

Facts: docs/api/conversas.md#message-history, #message-fields and #dates.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant, is_older, parse_instant
from source_rdstation_conversas.history.contact_messages import PAGE_SIZE, ContactMessages
from source_rdstation_conversas.streams.contact_partitions import ContactPartitions, Histories
from source_rdstation_conversas.streams.messages_cursor import MessagesCursor
from source_rdstation_conversas.streams.reports import Attendances
from source_rdstation_conversas.streams.rounds import VisitEnd

__all__ = ["MessagesPartitions"]

_NO_CHANCE: Final = 5  # messages of a page, all of them older than a full page before
_ONE_DAY: Final = timedelta(days=1)  # in doubt: the zone of the history's days, and how strictly its pages are in order


class MessagesPartitions(ContactPartitions):
    """Reads the messages that are due: `{"id": "8786ef…", "customer_id": "9f…", "content": …, …}`."""

    _cursor: MessagesCursor

    def __init__(
        self, context: StreamContext, histories: Histories, cursor: MessagesCursor, attendances: Attendances
    ) -> None:
        super().__init__(context, histories, cursor)
        self._attendances = attendances
        self._newest_first = False
        """Whether a history was seen to go on with older messages."""

    def _plan_visits(self, contacts: Sequence[str], *, hidden: int | None) -> Mapping[str, datetime]:
        customers_since = self._attendances.customers_since
        return self._cursor.plan_visits(contacts, hidden=hidden, customers_since=customers_since)

    def _read(self, contact: str, since: datetime) -> Iterator[list[Row]]:
        """Yield the messages that are due.

        The whole history is asked for: its first page mostly shows a message from before what is due, so that no empty
        one is needed to prove the end. Where a page cannot be read, what is due alone: the page may hold older ones. A
        full page proves it once some history of this read was seen to go on with older messages: that the newest come
        first is not promised.
        """
        start = parse_instant(self._context.start_date or "")
        read: set[str] = set()
        if not (yield from self._read_from(start, contact, since, read)):
            yield from self._read_from(since, contact, since, read)

    def _read_from(
        self, begin: datetime, contact: str, since: datetime, read: set[str]
    ) -> Generator[list[Row], None, bool]:
        """Yield what is due of the history from `begin` on, and not `read`; return False to have a later one tried."""
        due, known = format_instant(since), format_instant(since - _ONE_DAY)
        pages = self._client.read(contact, since, ContactMessages(contact).read, begin=begin)
        oldest = ""
        for page, records in pages:
            if page.fault is not None and begin < since:
                return False
            self._decryptor.count(page)
            if page.fault is not None:
                self._cursor.keep_back(contact)
            wanted = [row for row in records if not is_older(row["created_at"], due) and row["id"] not in read]
            read.update(row["id"] for row in wanted)
            yield wanted
            self._cursor.records_emitted()
            # A message without a date says nothing of the order, nor do those of one moment; a few may be chance.
            dates = [date for record in records if (date := record["created_at"])]
            self._newest_first |= len(dates) >= _NO_CHANCE and max(dates) < oldest
            oldest = min(dates, default=oldest)
            if any(is_older(date, known) for date in dates) and (self._newest_first or len(page.rows) < PAGE_SIZE):
                break
        return True

    def _end_visit(self, contact: str, end: VisitEnd) -> None:
        self._cursor.end_visit(contact, end)

    def _report_unread(self) -> None:
        if unread := self._decryptor.encrypted + self._decryptor.faulty:
            self._context.report_incomplete(
                f"{unread:,} pages could not be decrypted or read, and their messages are missing; the cursor stays "
                "where it was, so that they come once they can be. If they were encrypted for a key that has been "
                "replaced, add that key to private_key_jwk (a JWKS holds several), or set a later start_date."
            )
