"""The pages of every contact's history as text, decrypted where a key allows it. Read whole each time.

A page number is no stable key over time: what arrives pushes the rest to later pages.
Facts: docs/api/conversas.md#message-history.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from airbyte_rdstation.airbyte.cursor import FullRefreshCursor, StreamContext
from airbyte_rdstation.airbyte.partitions import Slice
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import parse_instant
from source_rdstation_conversas.streams.contact_progress import ContactProgress, Histories, listed_contacts

__all__ = ["MessagesHistory"]

_logger = logging.getLogger("airbyte.rdstation")


class MessagesHistory:
    """One such stream: its slices, and the mark that it has no state."""

    def __init__(
        self,
        context: StreamContext,
        histories: Histories,
    ) -> None:
        self.cursor = FullRefreshCursor(context)
        self._context = context
        self._fetch_contacts = histories.fetch_contacts
        self._history = histories.history
        self._decryptor = histories.decryptor
        self._visits = ContactProgress(context, read=self._read, explain_401=histories.explain_401)
        self.give_up = self._visits.give_up

    def slices(self) -> Iterator[Slice]:
        """A slice for each contact."""
        if not self._decryptor.has_keys:
            _logger.info("%s: without private_key_jwk, `data` holds encrypted pages.", self._context.name)
        contacts = listed_contacts(self._context, self._fetch_contacts, self.cursor.request_answered)
        yield from self._visits.slices(contacts)
        if self._decryptor.encrypted:
            self._context.report_incomplete(
                f"{self._decryptor.encrypted:,} pages could not be decrypted and stay encrypted in `data`. If they "
                "were encrypted for a key that has been replaced, add that key to private_key_jwk (a JWKS holds "
                "several)."
            )
        self.cursor.checkpoint()
        self._visits.raise_failures()

    def _read(self, customer_id: str) -> Iterator[Row]:
        since = parse_instant(self._context.start_date or "")
        for number, seen in enumerate(self._history.pages(customer_id, since), start=1):
            self._decryptor.count(seen.page)
            yield self._context.normalize({"customer_id": customer_id, "page": number, "data": seen.page.data})
            self.cursor.request_answered()
