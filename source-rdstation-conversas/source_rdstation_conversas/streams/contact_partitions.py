"""Reads the histories of contacts, several at once, and decides what the failure of one means for the others.

The stream `messages_history`, pages as text, is here too. It is read whole each time: a page number is no stable key,
as each new message pushes older ones to later pages. Facts: docs/api/conversas.md#message-history.
"""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from airbyte_cdk.models import FailureType

from airbyte_rdstation.airbyte.partitions import Counted, VisitPartitions, read_small_list
from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.state import StreamCursor
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import (
    ConnectorError,
    ForbiddenError,
    NotFoundError,
    UnauthorizedError,
    config_error,
)
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import parse_instant
from airbyte_rdstation.pagination.listing import Fetch
from airbyte_rdstation.pagination.page_numbers import RestlessError
from source_rdstation_conversas.history.contact_messages import pages_of
from source_rdstation_conversas.history.history_client import HistoryClient
from source_rdstation_conversas.streams.rounds import VisitEnd

__all__ = ["ContactPartitions", "Histories", "MessagesHistoryPartitions"]

_MOST_FAILURES_IN_A_ROW: Final = 50  # from here on, the fault lies not with the contacts
_ALL_GONE: Final = 5  # or more contacts, all of them without a history: the base URL is wrong
_MOST_REASONS: Final = 3  # of failures, in the final sentence

_logger = logging.getLogger("airbyte.rdstation")


@dataclass(frozen=True)
class Histories:
    """Hold what reads the histories of an account's contacts."""

    fetch_contacts: Fetch
    client: HistoryClient
    explain_401: Callable[[UnauthorizedError], ConnectorError]
    """Returns the error that a 401 of the history stands for: its cause may be the plan."""


class ContactPartitions(VisitPartitions):
    """Generates a partition for each contact; subclasses read one contact's records."""

    def __init__(self, context: StreamContext, histories: Histories, cursor: StreamCursor) -> None:
        super().__init__(context, 2 * context.requests_at_once)
        self._fetch_contacts = histories.fetch_contacts
        self._client = histories.client
        self._decryptor = histories.client.decryptor
        self._explain_401 = histories.explain_401
        self._cursor = cursor
        self._counts = threading.Lock()
        self._visited = self._gone = self._in_a_row = 0
        self._failures: list[ConnectorError] = []

    def generate(self) -> Iterator[RecordPartition]:
        """Yield a partition for each contact, and end once all are read, or once an error ends the read for all.

        Raises one error for all contacts that could not be read, if any.
        """
        contacts, hidden = self._list_contacts()
        due = self._plan_visits(contacts, hidden=hidden)
        # How many pages a history has is not told: those visited first may be shorter than the others.
        self._context.progress.expect_visits(len(due), "contacts to visit", at_least=True)
        yield from self._visits(({}, partial(self._read_contact, *each)) for each in due.items())
        if self._gone:
            _logger.info("%s: %s contacts are gone (404) and are skipped.", self._context.name, self._gone)
        if not self._given_up:
            self._report_unread()
            self._cursor.checkpoint()
            self._raise_failures()

    @abstractmethod
    def _plan_visits(self, contacts: Sequence[str], *, hidden: int | None) -> Mapping[str, datetime]:
        """Return whom to visit, and since when the messages of each are due; parameters: see `_list_contacts`."""

    @abstractmethod
    def _read(self, contact: str, since: datetime) -> Iterator[list[Row]]:
        """Yield a contact's records."""

    def _end_visit(self, contact: str, end: VisitEnd) -> None:
        """Note how the visit of a contact ended."""

    @abstractmethod
    def _report_unread(self) -> None:
        """Report pages that could not be read, if any; called once all contacts are."""

    def _list_contacts(self) -> tuple[list[str], int | None]:
        """Return the contacts' ids, ascending, and how many others RD Station counts, None if nobody can tell.

        Report it if there are any.
        """
        ids: list[str] = []
        counted = Counted(self._fetch_contacts)
        hidden: int | None = None
        try:
            for rows in read_small_list(counted):
                ids += [row["id"] for row in rows]
                self._cursor.records_emitted()
        except RestlessError:
            self._context.report_incomplete(
                "The list of contacts grew all the time while it was read. The next sync reads the rest."
            )
        else:
            hidden = max(0, (counted.total or 0) - len(ids))
            if hidden:
                self._context.report_incomplete(
                    f"RD Station counts {counted.total:,} contacts and showed {len(ids):,} of them; the messages of "
                    "the others are missing. They were deleted meanwhile, or the user whose credentials these are may "
                    "not see them: connect with a user who sees everything, and the next sync reads the rest."
                )
        return sorted(ids), hidden

    def _read_contact(self, contact: str, since: datetime) -> Iterator[list[Row]]:
        try:
            yield from self._read(contact, since)
        except NotFoundError:
            self._count_visit(gone=True)
            self._end_visit(contact, "gone")
        except UnauthorizedError as error:
            raise self._explain_401(error) from None
        except ForbiddenError:
            raise
        except ConnectorError as error:
            self._end_visit(contact, "failed")
            self._count_visit(error)
        else:
            self._count_visit()
            self._end_visit(contact, "read")

    def _count_visit(self, failure: ConnectorError | None = None, *, gone: bool = False) -> None:
        with self._counts:
            self._visited += 1
            self._gone += gone
            if failure:
                self._failures.append(failure)
                self._in_a_row += 1
            else:
                self._in_a_row = 0
        if failure and self._in_a_row >= _MOST_FAILURES_IN_A_ROW:
            raise failure

    def _raise_failures(self) -> None:
        if self._gone >= _ALL_GONE and self._gone == self._visited:
            raise config_error(
                f"{self._context.name}: RD Station knows the history of none of the {self._gone:,} contacts that it "
                "lists (404). Check the API base URL."
            )
        if not self._failures:
            return
        lasting = [error for error in self._failures if error.failure_type != FailureType.transient_error]
        failure_type = (lasting[0].failure_type if lasting else None) or FailureType.transient_error
        reasons = list(dict.fromkeys(error.message or "" for error in self._failures))[:_MOST_REASONS]
        sentence = (
            f"{self._context.name}: the history of {len(self._failures):,} of {self._visited:,} contacts could not be "
            f"read; that of the others was. It will be read again. {' '.join(reasons)}"
        )
        raise ConnectorError(self._failures[0].internal_message, sentence, failure_type)


class MessagesHistoryPartitions(ContactPartitions):
    """Reads pages as text, decrypted where a key fits: `{"customer_id": "9f…", "page": 1, "data": "[{…}]"}`."""

    def generate(self) -> Iterator[RecordPartition]:
        """Yield a partition for each contact; see ContactPartitions."""
        if not self._decryptor.has_keys:
            _logger.info("%s: without private_key_jwk, `data` holds encrypted pages.", self._context.name)
        yield from super().generate()

    def _plan_visits(self, contacts: Sequence[str], *, hidden: int | None) -> Mapping[str, datetime]:
        return dict.fromkeys(contacts, parse_instant(self._context.start_date or ""))

    def _read(self, contact: str, since: datetime) -> Iterator[list[Row]]:
        pages = self._client.read(contact, since, pages_of, begin=since)
        for number, (_, page) in enumerate(pages, start=1):  # counted on from window to window
            self._decryptor.count(page)
            yield [{"customer_id": contact, "page": number, "data": page.data}]
            self._cursor.records_emitted()

    def _report_unread(self) -> None:
        if self._decryptor.encrypted:
            self._context.report_incomplete(
                f"{self._decryptor.encrypted:,} pages could not be decrypted and stay encrypted in `data`. If they "
                "were encrypted for a key that has been replaced, add that key to private_key_jwk (a JWKS holds "
                "several)."
            )
