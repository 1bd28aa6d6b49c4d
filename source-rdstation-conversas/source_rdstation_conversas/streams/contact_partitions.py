"""Reads the histories of contacts, several at once, and decides what the failure of one means for the others.

The stream `messages_history`, pages as text, is here too. It is read whole each time: a page number is no stable key,
as each new message pushes older ones to later pages. Facts: docs/api/conversas.md#message-history.
"""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from airbyte_cdk.models import FailureType

from airbyte_rdstation.airbyte.partitions import Counted, VisitPartitions, read_small_list
from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.state import FullRefreshCursor, StreamCursor
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
        self._answered = cursor.records_emitted
        self._counts = threading.Lock()
        self._visited = self._gone = self._in_a_row = 0
        self._failures: list[ConnectorError] = []

    def generate(self) -> Iterator[RecordPartition]:
        """Yield a partition for each contact, and end once all are read, or once an error ends the read for all.

        Raises one error for all contacts that could not be read, if any.
        """
        contacts, hidden = self._list_contacts()
        due = self._select_due(contacts, hidden=hidden)
        self._context.progress.expect_visits(len(due), "contacts to visit")
        yield from self._visits(({}, partial(self._read_contact, contact)) for contact in due)
        if self._gone:
            _logger.info("%s: %s contacts are gone (404) and are skipped.", self._context.name, self._gone)
        self._emit_last_state(broken_off=self._given_up)
        if not self._given_up:
            self._raise_failures()

    def _select_due(self, contacts: Sequence[str], *, hidden: int | None) -> Sequence[str]:
        """Return those of the contacts, in ascending order, that are to be read; `hidden`: see `_list_contacts`."""
        return contacts

    @abstractmethod
    def _read(self, contact: str) -> Iterator[list[Row]]:
        """Yield a contact's records."""

    def _note_gone(self, contact: str) -> None:
        """Note that a listed contact has no history (404); `_note_finished` follows."""

    def _note_finished(self, contact: str) -> None:
        """Note that a contact is read to its end, or gone."""

    def _note_failed(self, contact: str) -> None:
        """Note that a contact could not be read."""

    @abstractmethod
    def _emit_last_state(self, *, broken_off: bool) -> None:
        """Emit the last state, and report what cannot be read; `broken_off`: an error has ended the read for all."""

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
                self._answered()
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

    def _read_contact(self, contact: str) -> Iterator[list[Row]]:
        try:
            yield from self._read(contact)
        except NotFoundError:
            self._count_visit(gone=True)
            self._note_gone(contact)
            self._note_finished(contact)
        except UnauthorizedError as error:
            raise self._explain_401(error) from None
        except ForbiddenError:
            raise
        except ConnectorError as error:
            self._note_failed(contact)
            self._count_visit(error)
        else:
            self._count_visit()
            self._note_finished(contact)

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

    def __init__(self, context: StreamContext, histories: Histories, cursor: FullRefreshCursor) -> None:
        super().__init__(context, histories, cursor)
        self._cursor = cursor

    def generate(self) -> Iterator[RecordPartition]:
        """Yield a partition for each contact; see ContactPartitions."""
        if not self._decryptor.has_keys:
            _logger.info("%s: without private_key_jwk, `data` holds encrypted pages.", self._context.name)
        yield from super().generate()

    def _read(self, contact: str) -> Iterator[list[Row]]:
        since = parse_instant(self._context.start_date or "")
        pages = self._client.read(contact, since, pages_of, begin=since)
        for number, (_, page) in enumerate(pages, start=1):  # counted on from window to window
            self._decryptor.count(page)
            yield [{"customer_id": contact, "page": number, "data": page.data}]
            self._answered()

    def _emit_last_state(self, *, broken_off: bool) -> None:
        if self._decryptor.encrypted:
            self._context.report_incomplete(
                f"{self._decryptor.encrypted:,} pages could not be decrypted and stay encrypted in `data`. If they "
                "were encrypted for a key that has been replaced, add that key to private_key_jwk (a JWKS holds "
                "several)."
            )
        self._cursor.checkpoint()
