"""A visit to each contact: a slice each, several at once, and what the failure of one means for the others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from airbyte_cdk.models import FailureType

from airbyte_rdstation.airbyte.cursor import StreamContext
from airbyte_rdstation.airbyte.partitions import Places, Slice
from airbyte_rdstation.airbyte.small_list import read_small_list
from airbyte_rdstation.client.errors import (
    ConnectorError,
    ForbiddenError,
    NotFoundError,
    UnauthorizedError,
    config_error,
)
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.pagination.listing import Fetch
from airbyte_rdstation.pagination.sweep import RestlessError
from source_rdstation_conversas.history.pages import PageDecryptor
from source_rdstation_conversas.history.requests import History

__all__ = ["ContactProgress", "Histories", "listed_contacts"]

_MOST_FAILURES_IN_A_ROW: Final = 50  # then it is no longer the contacts'
_ALL_GONE: Final = 5  # contacts that are all gone at once: their address is
_MOST_REASONS: Final = 3  # that the final sentence names

_logger = logging.getLogger("airbyte.rdstation")


def listed_contacts(context: StreamContext, fetch: Fetch, answered: Callable[[], None]) -> list[str]:
    """The ids of all contacts, in ascending order."""
    ids: list[str] = []
    try:
        for rows in read_small_list(fetch, None):
            ids += [row["id"] for row in rows]
            answered()
    except RestlessError:
        context.report_incomplete(
            "The list of contacts grew all the time while it was read. The next sync reads the rest."
        )
    return sorted(ids)


@dataclass(frozen=True)
class Histories:
    """What reads the histories of an account's contacts."""

    fetch_contacts: Fetch
    history: History
    decryptor: PageDecryptor
    explain_401: Callable[[UnauthorizedError], ConnectorError]
    """What a 401 of the history means."""


class ContactProgress:
    """The visits of one sync to the contacts of one stream."""

    def __init__(
        self,
        context: StreamContext,
        *,
        read: Callable[[str], Iterator[Row]],
        done: Callable[[str], None] = lambda _: None,
        gone: Callable[[str], None] = lambda _: None,
        explain_401: Callable[[UnauthorizedError], ConnectorError],
    ) -> None:
        """`read` gives a contact's records; `done` is told of each contact that needs no further visit.

        `gone` is told before that of a contact that is listed and has no history: 404.
        """
        self._context = context
        self._read = read
        self._done = done
        self._gone_contact = gone
        self._explain_401 = explain_401
        # No more slices are under way than can be read: the state stays close behind.
        self._places = Places(2 * context.readers)
        self.give_up = self._places.give_up
        self._lock = threading.Lock()
        self._visited = self._gone = self._in_a_row = 0
        self._failures: list[ConnectorError] = []

    @property
    def broken_off(self) -> bool:
        """Whether an error ended the stream: that of one contact has been raised, and stands for all."""
        return self._places.given_up

    @property
    def failed(self) -> int:
        """How many contacts could not be read."""
        return len(self._failures)

    def slices(self, contacts: Sequence[str]) -> Iterator[Slice]:
        """A slice for each contact; ends once all have been read, or early once an error stands for all."""
        for contact in contacts:
            if not self._places.take():
                break
            yield Slice(self._context.name, {}, partial(self._visit, contact))
        self._places.wait_for_all()
        if self._gone:
            _logger.info("%s: %s contacts are gone (404) and are skipped.", self._context.name, self._gone)

    def raise_failures(self) -> None:
        """Raises what stands for the contacts that could not be read, if any."""
        if self._places.given_up:
            return
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

    def _visit(self, contact: str) -> Iterator[Row]:
        try:
            if self._places.given_up:
                return
            yield from self._read(contact)
        except NotFoundError:
            self._count(gone=True)
            self._gone_contact(contact)
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
        with self._lock:
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
