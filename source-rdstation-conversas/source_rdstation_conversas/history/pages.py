"""What a history page holds, as far as the keys open it: text for `messages_history`, messages for `messages`."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from airbyte_rdstation.client.json_text import as_json_text
from source_rdstation_conversas.envelopes import HistoryPage
from source_rdstation_conversas.history.contact_messages import messages_of
from source_rdstation_conversas.jwe.compact_jwe import holds_empty_list
from source_rdstation_conversas.jwe.plaintext import decode
from source_rdstation_conversas.jwe.private_keys import PrivateKeys, UndecryptableError

__all__ = ["OpenedPage", "PageDecryptor"]

_KID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what a log line may show of a header

_logger = logging.getLogger("airbyte.rdstation")


@dataclass(frozen=True)
class OpenedPage:
    """One page, opened or not."""

    data: str = ""
    """The page as text: JSON, or the ciphertext."""
    messages: tuple[Mapping[str, Any], ...] = ()
    fault: str | None = None
    """Why (some of) its messages cannot be told; names no value."""
    is_end: bool = False
    decrypted: bool = True
    likeness: object = None
    """Equal for two sightings of the same page, as far as can be told."""


_END: Final = OpenedPage(is_end=True)


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
        """Whether anything can be decrypted."""
        return self._keys is not None

    def open(self, page: HistoryPage) -> OpenedPage:
        """The page; nothing is counted."""
        if page.is_empty:
            return _END
        if page.jwe is None:
            return _plain(list(page.plain), as_json_text(list(page.plain)))
        if self._keys is None:
            return self._closed(page.jwe, "there is no key")
        try:
            decoded = decode(self._keys.decrypt(page.jwe))
        except UndecryptableError as error:
            kid = f"kid {error.kid}" if error.kid and _KID.fullmatch(error.kid) else "no name"
            return self._closed(page.jwe, f"{error.reason} (the page asks for a key with {kid})")
        if decoded.text is None:
            return _plain(decoded.value, decoded.data)
        if not decoded.text.strip():
            return _END
        return OpenedPage(decoded.text, fault="its text is no JSON", likeness=_digest(decoded.text))

    def count(self, page: OpenedPage) -> None:
        """Told each page that is taken: warns of what is wrong with it, and counts it."""
        if page.fault is None or (self._keys is None and not page.decrypted):
            return
        with self._lock:
            if page.decrypted:
                self.faulty += 1
            else:
                self.encrypted += 1
            new = page.fault not in self._warned
            self._warned.add(page.fault)
        if new and page.decrypted:
            _logger.warning("%s: a page of messages cannot be read in full: %s.", self._stream, page.fault)
        elif new:
            _logger.warning("%s: a page of messages cannot be decrypted: %s.", self._stream, page.fault)

    def _closed(self, jwe: str, fault: str) -> OpenedPage:
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
