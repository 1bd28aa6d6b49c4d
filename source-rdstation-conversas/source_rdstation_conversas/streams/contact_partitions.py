"""Reads the histories of all contacts, several at once, and says what the failure of one means for the others.

`messages_history`, the pages as text, is here too: it is read whole each time, as a page number is no stable key over
time: what arrives pushes the rest to later pages. Facts: docs/api/conversas.md#message-history.
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

from airbyte_rdstation.airbyte.cursor import CheckpointCursor, FullRefreshCursor
from airbyte_rdstation.airbyte.partitions import Places, RecordPartition, StreamPartitions, read_small_list
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

_MOST_FAILURES_IN_A_ROW: Final = 50  # then it is no longer the contacts'
_ALL_GONE: Final = 5  # contacts that are all gone at once: their address is
_MOST_REASONS: Final = 3  # that the final sentence names

_logger = logging.getLogger("airbyte.rdstation")


@dataclass(frozen=True)
class Histories:
    """Hold what reads the histories of an account's contacts."""

    fetch_contacts: Fetch
    client: HistoryClient
    explain_401: Callable[[UnauthorizedError], ConnectorError]
    """What a 401 of the history means."""


class ContactPartitions(StreamPartitions):
    """Generates a partition for each contact; subclasses say what is read of one."""

    def __init__(
        self, context: StreamContext, histories: Histories, cursor: CheckpointCursor | FullRefreshCursor
    ) -> None:
        self._context = context
        self._fetch_contacts = histories.fetch_contacts
        self._client = histories.client
        self._decryptor = histories.client.decryptor
        self._explain_401 = histories.explain_401
        self._answered = cursor.records_emitted
        # No more partitions are under way than can be read: the state stays close behind.
        self._places = Places(2 * context.requests_at_once)
        self._counts = threading.Lock()
        self._visited = self._gone = self._in_a_row = 0
        self._failures: list[ConnectorError] = []

    def generate(self) -> Iterator[RecordPartition]:
        """Yield a partition for each contact; end once all have been read, or early once an error stands for all.

        Raises what stands for the contacts that could not be read, if any.
        """
        for contact in self._begin(self._listed_contacts()):
            if not self._places.take():
                break
            yield RecordPartition(self._context, {}, partial(self._visit, contact))
        self._places.wait_for_all()
        if self._gone:
            _logger.info("%s: %s contacts are gone (404) and are skipped.", self._context.name, self._gone)
        self._end(broken_off=self._places.given_up, failed=len(self._failures))
        if not self._places.given_up:
            self._raise_failures()

    def give_up(self) -> bool:
        """Visit no further contact, and wait for none."""
        return self._places.give_up()

    def _begin(self, contacts: Sequence[str]) -> Sequence[str]:
        """Return those of the contacts, in ascending order, that are to be read."""
        return contacts

    @abstractmethod
    def _read(self, contact: str) -> Iterator[list[Row]]:
        """Yield a contact's records."""

    def _done(self, contact: str) -> None:
        """Take note of a contact that needs no further visit."""

    def _is_gone(self, contact: str) -> None:
        """Take note, before that, of a contact that is listed and has no history: 404."""

    @abstractmethod
    def _end(self, *, broken_off: bool, failed: int) -> None:
        """Emit the last state: of a read that an error ended for all contacts, or that `failed` for some."""

    def _listed_contacts(self) -> list[str]:
        ids: list[str] = []
        try:
            for rows in read_small_list(self._fetch_contacts, None):
                ids += [row["id"] for row in rows]
                self._answered()
        except RestlessError:
            self._context.report_incomplete(
                "The list of contacts grew all the time while it was read. The next sync reads the rest."
            )
        return sorted(ids)

    def _visit(self, contact: str) -> Iterator[list[Row]]:
        try:
            if self._places.given_up:
                return
            yield from self._read(contact)
        except NotFoundError:
            self._count(gone=True)
            self._is_gone(contact)
            self._done(contact)
        except (ForbiddenError, UnauthorizedError) as error:
            self._break_off(self._explain_401(error) if isinstance(error, UnauthorizedError) else error)
        except ConnectorError as error:
            self._count(error)
        except BaseException:
            self._places.give_up()
            raise
        else:
            self._count()
            self._done(contact)
        finally:
            self._places.leave()

    def _count(self, failure: ConnectorError | None = None, *, gone: bool = False) -> None:
        with self._counts:
            self._visited += 1
            self._gone += gone
            if failure:
                self._failures.append(failure)
                self._in_a_row += 1
            else:
                self._in_a_row = 0
        if failure and self._in_a_row >= _MOST_FAILURES_IN_A_ROW:
            self._break_off(failure)

    def _break_off(self, error: ConnectorError) -> None:
        if self._places.give_up():
            raise error  # the others' errors would only repeat it

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
            f"read; that of the others was. The next sync reads it again. {' '.join(reasons)}"
        )
        raise ConnectorError(self._failures[0].internal_message, sentence, failure_type)


class MessagesHistoryPartitions(ContactPartitions):
    """Reads `{"customer_id": "9f…", "page": 1, "data": "[{…}]"}`: pages as text, decrypted where a key allows it."""

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
        pages = self._client.read(contact, since, pages_of)
        for number, (_, page) in enumerate(pages, start=1):  # counted on over the spans of time
            self._decryptor.count(page)
            yield [{"customer_id": contact, "page": number, "data": page.data}]
            self._answered()

    def _end(self, *, broken_off: bool, failed: int) -> None:
        if self._decryptor.encrypted:
            self._context.report_incomplete(
                f"{self._decryptor.encrypted:,} pages could not be decrypted and stay encrypted in `data`. If they "
                "were encrypted for a key that has been replaced, add that key to private_key_jwk (a JWKS holds "
                "several)."
            )
        self._cursor.checkpoint()
