"""Requests the pages of a contact's history and decrypts them as far as the account's keys allow.

They come in one window of days without an end, or in several where RD Station refuses that one as too long.
Facts: docs/api/conversas.md#message-history.
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
from source_rdstation_conversas.envelopes import ContactPage, HistoryAnswer, holds_empty_list, messages_of, read_history
from source_rdstation_conversas.history.contact_messages import PAGE_SIZE, ReadPage, RepeatedPageError
from source_rdstation_conversas.history.plaintext import decode
from source_rdstation_conversas.history.private_keys import PrivateKeys, UndecryptableError
from source_rdstation_conversas.list_conversas import day_windows

__all__ = ["HistoryClient", "PageDecryptor"]

_PATH: Final = "/v2/messages/history"
_ONE_DAY: Final = timedelta(days=1)
_KID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what a log line may show of a header

T = TypeVar("T")
_Window: TypeAlias = "tuple[date, date | None]"
"""First and last day; no end where the last one is None."""

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
        self._chosen: dict[str, list[str]] = {
            "channel": list(settings.channels),
            "sent_by": list(settings.senders),
            "type": list(settings.message_types),
        }
        self._split = False
        """Whether RD Station has refused a window as too long."""

    def read(
        self, customer_id: str, since: datetime, reader: Callable[[ReadPage], Iterator[T]], *, begin: datetime
    ) -> Iterator[T]:
        """Yield what `reader` makes of the contact's pages; it is called once for each window of days, latest first.

        The window without an end holds all from `begin` on, and others what is wanted: from `since` on. Each
        begins a day earlier, as the time zone of the API's days is unknown.
        Raises what `Api.get` does; a system error where the API answers with the same page again and again.
        """
        if not self._split:
            try:
                yield from self._read_window(customer_id, (begin.date() - _ONE_DAY, None), reader)
            except _TooLongError:
                self._split = True
            else:
                return
        last = datetime.now(timezone.utc).date() + _ONE_DAY
        for window in reversed(list(day_windows(since.date() - _ONE_DAY, last))):
            yield from self._read_window(customer_id, window, reader)

    def _read_window(self, customer_id: str, window: _Window, reader: Callable[[ReadPage], Iterator[T]]) -> Iterator[T]:
        try:
            yield from reader(partial(self._page, customer_id, window))
        except RepeatedPageError:
            raise system_error(
                f"{self._stream}: RD Station answers with the same page of a contact's history again and again; older "
                "messages of the contact cannot be read."
            ) from None

    def _page(self, customer_id: str, window: _Window, number: int) -> ContactPage:
        first, last = window
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
    """Says that RD Station refuses the window without an end; shorter ones may do."""


class PageDecryptor:
    """Decrypts the pages of one stream, counts those that cannot be read, and warns once of each reason."""

    def __init__(self, stream: str, keys: PrivateKeys | None) -> None:
        self._stream = stream
        self._keys = keys
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self.encrypted = 0
        """Pages that stayed ciphertext though there is a key."""
        self.faulty = 0
        """Pages that were decrypted and hold something that is not a message."""

    @property
    def has_keys(self) -> bool:
        """Tell whether anything can be decrypted."""
        return self._keys is not None

    def open(self, answer: HistoryAnswer) -> ContactPage:
        """Return the page as far as it can be read; nothing is counted."""
        if answer.is_empty:
            return _END
        if answer.jwe is None:
            return _readable(list(answer.plain), as_json_text(list(answer.plain)))
        if self._keys is None:
            return _encrypted(answer.jwe, "there is no key")
        try:
            decoded = decode(self._keys.decrypt(answer.jwe))
        except UndecryptableError as error:
            kid = f"kid {error.kid}" if error.kid and _KID.fullmatch(error.kid) else "no name"
            return _encrypted(answer.jwe, f"{error.reason} (the page asks for a key with {kid})")
        if decoded.text is None:
            return _readable(decoded.value, decoded.data)
        if not decoded.text.strip():
            return _END
        return ContactPage(decoded.text, fault="its text is no JSON", likeness=_digest(decoded.text))

    def count(self, page: ContactPage) -> None:
        """Count a page if it, or a part of it, cannot be read though there is a key; warn of a new reason."""
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


_END: Final = ContactPage(is_end=True)


def _encrypted(jwe: str, fault: str) -> ContactPage:
    if holds_empty_list(jwe):
        return _END
    return ContactPage(jwe, fault=fault, decrypted=False, likeness=len(jwe))


def _readable(value: Any, data: str) -> ContactPage:
    found = messages_of(value)
    if not found.messages and found.fault is None:
        return _END
    return ContactPage(data, tuple(found.messages), found.fault, likeness=_digest(data))


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
