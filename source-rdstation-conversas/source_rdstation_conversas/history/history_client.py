"""Asks for the history of a contact, and opens its pages as far as the account's keys do.

One span of time, or windows where RD Station refuses it as too long. Facts: docs/api/conversas.md#message-history.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from functools import partial
from hashlib import sha256
from typing import Any, Final, TypeAlias, TypeVar

from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import RequestRefusedError, system_error
from airbyte_rdstation.client.json_text import as_json_text
from source_rdstation_conversas.config import Settings
from source_rdstation_conversas.envelopes import HistoryPage, holds_empty_list, messages_of, read_history
from source_rdstation_conversas.history.contact_messages import PAGE_SIZE, OpenedPage, ReadPage, RepeatedPageError
from source_rdstation_conversas.history.plaintext import decode
from source_rdstation_conversas.history.private_keys import PrivateKeys, UndecryptableError
from source_rdstation_conversas.list_conversas import day_windows

__all__ = ["HistoryClient", "PageDecryptor"]

_PATH: Final = "/v2/messages/history"
_ONE_DAY: Final = timedelta(days=1)
_KID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what a log line may show of a header

T = TypeVar("T")
_Span: TypeAlias = "tuple[date, date | None]"
"""First and last day, the last one open where None."""

_logger = logging.getLogger("airbyte.rdstation")


class HistoryClient:
    """Reads the history of one account's contacts, for one stream."""

    def __init__(self, api: Api, settings: Settings, *, stream: str, on_request: Callable[[], None]) -> None:
        """`on_request` is called before each request."""
        self.decryptor = PageDecryptor(stream, settings.private_key_jwk)
        self._api = api
        self._stream = stream
        self._on_request = on_request
        # Repeated parameters: a comma-joined list answers 200 with zero messages [seen]; without them the API's own
        # defaults hide messages [seen].
        self._chosen = {
            "channel": list(settings.channels),
            "sent_by": list(settings.senders),
            "type": list(settings.message_types),
        }
        self._split = False

    def read(self, customer_id: str, since: datetime, reader: Callable[[ReadPage], Iterator[T]]) -> Iterator[T]:
        """Yield what `reader` makes of the contact's pages, called once for each span of time, the latest first.

        Days are taken from one day before `since` on, as nobody knows in which zone the API takes them.
        Raises what `Api.get` does; a system error where the API answers with the same page again and again.
        """
        first = since.date() - _ONE_DAY
        if not self._split:
            try:
                yield from self._read_span(customer_id, (first, None), reader)
            except _TooLongError:
                self._split = True
            else:
                return
        last = datetime.now(timezone.utc).date() + _ONE_DAY
        for window in reversed(list(day_windows(first, last))):
            yield from self._read_span(customer_id, window, reader)

    def _read_span(self, customer_id: str, span: _Span, reader: Callable[[ReadPage], Iterator[T]]) -> Iterator[T]:
        try:
            yield from reader(partial(self._page, customer_id, span))
        except RepeatedPageError:
            raise system_error(
                f"{self._stream}: RD Station answers with the same page of a contact's history again and again; older "
                "messages of the contact cannot be read."
            ) from None

    def _page(self, customer_id: str, span: _Span, number: int) -> OpenedPage:
        first, last = span
        params: dict[str, str | list[str]] = {
            "customer_id": customer_id,
            "page": str(number),
            "limit": str(PAGE_SIZE),
            **self._chosen,
            "start_date": first.isoformat(),
        }
        if last:
            params["end_date"] = last.isoformat()
        try:
            answer = self._api.get(
                _PATH,
                params,
                read_history,
                stream=self._stream,
                hint=f" The parameters were {', '.join(sorted(params))}.",
                on_request=self._on_request,
            )
        except RequestRefusedError:
            if last is None and number == 1:
                raise _TooLongError from None
            raise
        return self.decryptor.open(answer)


class _TooLongError(Exception):
    """RD Station refuses the span; shorter ones may do."""


class PageDecryptor:
    """Opens the pages of one stream; warns once of each key and each fault, and counts the pages."""

    def __init__(self, stream: str, keys: PrivateKeys | None) -> None:
        self._stream = stream
        self._keys = keys
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self.encrypted = 0
        """Pages that stayed ciphertext though there is a key."""
        self.faulty = 0
        """Pages that were decrypted and hold what is no message."""

    @property
    def has_keys(self) -> bool:
        """Tell whether anything can be decrypted."""
        return self._keys is not None

    def open(self, page: HistoryPage) -> OpenedPage:
        """Return the page as far as it can be read; nothing is counted."""
        if page.is_empty:
            return _END
        if page.jwe is None:
            return _plain(list(page.plain), as_json_text(list(page.plain)))
        if self._keys is None:
            return _closed(page.jwe, "there is no key")
        try:
            decoded = decode(self._keys.decrypt(page.jwe))
        except UndecryptableError as error:
            kid = f"kid {error.kid}" if error.kid and _KID.fullmatch(error.kid) else "no name"
            return _closed(page.jwe, f"{error.reason} (the page asks for a key with {kid})")
        if decoded.text is None:
            return _plain(decoded.value, decoded.data)
        if not decoded.text.strip():
            return _END
        return OpenedPage(decoded.text, fault="its text is no JSON", likeness=_digest(decoded.text))

    def count(self, page: OpenedPage) -> None:
        """Take note of a page that is taken: warn of what is wrong with it, and count it."""
        if page.fault is None or (self._keys is None and not page.decrypted):
            return
        with self._lock:
            if page.decrypted:
                self.faulty += 1
            else:
                self.encrypted += 1
            new = page.fault not in self._warned
            self._warned.add(page.fault)
        if new:
            what = "read in full" if page.decrypted else "decrypted"
            _logger.warning("%s: a page of messages cannot be %s: %s.", self._stream, what, page.fault)


_END: Final = OpenedPage(is_end=True)


def _closed(jwe: str, fault: str) -> OpenedPage:
    if holds_empty_list(jwe):
        return _END
    return OpenedPage(jwe, fault=fault, decrypted=False, likeness=len(jwe))


def _plain(value: Any, data: str) -> OpenedPage:
    found = messages_of(value)
    if not found.messages and found.fault is None:
        return _END
    return OpenedPage(data, tuple(found.messages), found.fault, likeness=_digest(data))


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
