"""Reads one contact's pages into records, one a message, each once, with an id that stays. Pure.

Page numbers count from the newest message. A message that arrives during the read pushes the others to later pages, so
a page may begin with messages that were read already: its first ones equal the last ones read. Such a repetition is
certain where it holds two moments, as pages are sorted by them. Within one moment (mostly one message) it is in doubt:
is it one message seen twice, or are there two equal ones, on either side of the border? To find out, the page before is
read again: if it is unmoved, nothing moved while the doubtful page was read, either. Where more messages arrive than a
page holds, a page may begin with messages newer than the first one read.

Limits: a whole page of equal messages hides a shift; nothing is known of a page that could not be read; and a doubt
that remains counts as a repetition, which is far more frequent. Facts: docs/api/conversas.md#message-history and
#message-fields.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, TypeAlias
from urllib.parse import unquote_to_bytes

from airbyte_rdstation.client.json_text import as_json_text, as_text, parse
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import normalize_instant
from source_rdstation_conversas.envelopes import ContactPage

__all__ = ["PAGE_SIZE", "ContactMessages", "ReadPage", "RepeatedPageError", "pages_of"]

PAGE_SIZE: Final = 100  # messages, the most [doc2][seen]
_MOST_PAGES: Final = 10_000  # of one contact and window: a million messages
_REPEATS: Final = 3  # the same page so often in a row: the API ignores the page number
_REPEATS_ENCRYPTED: Final = 12  # ciphertexts of the same length may be chance
_MOST_DOUBTS: Final = 4  # readings of a page that keeps moving
_MEDIA: Final = ("file_name", "file_path", "file_extension", "mimetype")
_UNKNOWN: Final = dict.fromkeys(("type", "channel", "status", "is_template_message", "is_reply"))
_ENCODED_OBJECT: Final = "%7b"

Key: TypeAlias = tuple[str, bytes]
"""The moment of a message, and what tells it from the others of that moment (equal messages share it)."""


class RepeatedPageError(Exception):
    """The API answers with the same page again and again."""


ReadPage: TypeAlias = Callable[[int], ContactPage]
"""Reads the page of this number as it is now; page 1 has the newest messages."""


def pages_of(read_page: ReadPage) -> Iterator[tuple[int, ContactPage]]:
    """Yield each page and its number, newest first, up to the empty page that ends the list.

    A page shorter than asked for is no proof of the end: filters may thin it. Stops where the API ignores the page
    number and page 1 holds the whole history. Raises RepeatedPageError where it ignores it and there may be more.
    """
    last_seen: object = None
    repeats = 0
    for number in range(1, _MOST_PAGES + 1):
        page = read_page(number)
        if page.is_end:
            return
        repeats = repeats + 1 if page.likeness == last_seen else 1
        last_seen = page.likeness
        if repeats >= (_REPEATS if page.decrypted else _REPEATS_ENCRYPTED):
            if page.decrypted and len(page.rows) < PAGE_SIZE:
                return
            break
        yield number, page
    raise RepeatedPageError


class ContactMessages:
    """Makes records of the messages of one contact, over all windows of days in which they are read."""

    def __init__(self, customer_id: str, *, most_doubts: int = _MOST_DOUBTS) -> None:
        """`most_doubts` is how often a page is read again while it is in doubt which of its messages are new."""
        self._customer_id = customer_id
        self._most_doubts = most_doubts
        self._pages = _PageDeduplicator()
        self._ordinals: Counter[Key] = Counter()

    def read(self, read_page: ReadPage) -> Iterator[tuple[ContactPage, list[Row]]]:
        """Yield each page with the records of the messages that no earlier page had. Raises RepeatedPageError.

        A page without a new message is not the end: all of it may be repetition.
        """
        for number, page in pages_of(read_page):
            messages = _newest_first(page)
            for _ in range(self._most_doubts if number > 1 else 0):
                if not self._pages.in_doubt(_keys(messages)):
                    break
                if self._pages.take_reread(_keys(_newest_first(read_page(number - 1)))):
                    break
                page = read_page(number)
                messages = _newest_first(page)
            yield page, [self._record(messages[new]) for new in self._pages.add(_keys(messages))]

    def _record(self, message: _Message) -> Row:
        """Return `{"id": "8786ef…", "customer_id": "c1", "sent_by": "bot", "content": "Olá", "created_at": …, …}`.

        Messages come without an id. Ours is a hash of contact, moment, sender, content and the ordinal among messages
        that share all of these, counted over one read, newest first. It changes if RD Station writes the content in
        another way.
        """
        self._ordinals[message.key] += 1
        identity = [self._customer_id, *message.identity, self._ordinals[message.key]]
        _, sender, content = message.identity
        media = _media(message.content)
        return {
            **_UNKNOWN,
            **message.row,
            **{name: media.get(name, message.row.get(name)) for name in _MEDIA},
            "id": sha256(as_json_text(identity).encode()).hexdigest(),
            "customer_id": self._customer_id,
            "sent_by": sender,
            "content": content,
            "created_at": message.moment,
        }


class _Message:
    """One message: `{"sent_by": "bot", "content": "Olá", "created_at": "2026-08-01T12:00:00.000Z", …}`."""

    def __init__(self, row: Row) -> None:
        self.row = row
        content, written = row.get("content"), row.get("created_at")
        self.content = row.get("message") if content is None else content  # one client reads `message` [seen]
        self.moment = _instant(written)
        # A moment that cannot be parsed is identified by its text.
        self.identity = (self.moment or _text(written), _text(row.get("sent_by")), _text(self.content))
        # A digest: the contents of a whole history may be large.
        self.key: Key = (self.moment or "", sha256(as_json_text(self.identity).encode()).digest())


def _newest_first(page: ContactPage) -> list[_Message]:
    """Return a page's messages, the newest first, as the pages come; their order within one is not documented."""
    messages = [_Message(row) for row in page.rows]
    return messages[::-1] if messages and messages[0].key[0] < messages[-1].key[0] else messages


def _keys(messages: Sequence[_Message]) -> list[Key]:
    return [message.key for message in messages]


def _instant(value: object) -> str | None:
    try:
        return normalize_instant(value)
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return None if value is None else as_text(value)


def _media(content: object) -> Mapping[str, Any]:
    """Return the object that describes a file, from `%7B%22file_name%22%3A…` (URL-encoded) or from the object itself.

    Empty where the content is a text, even one that begins with `%`.
    """
    if isinstance(content, str):
        if content[: len(_ENCODED_OBJECT)].lower() != _ENCODED_OBJECT:
            return {}
        try:
            content = parse(unquote_to_bytes(content).decode("utf-8"))
        except ValueError:
            return {}
    return content if isinstance(content, dict) and any(name in content for name in _MEDIA) else {}


class _PageDeduplicator:
    """Tells which messages of a page are new, by the keys of those read before. Keys are in order, newest first.

    Example, two messages a page, each with its second. Page 1 was `a9 ok8`, page 2 is `ok8 b7`:
    - The distance is how many messages before the end of what is read a page begins. At 1, this `ok8` is the one that
      is read, pushed on by an arrival; at 0 it is a second one. One second proves neither, so the page is in doubt.
    - Page 1 is read again. Still `a9 ok8`, it is unmoved: nothing arrived, the distance is 0, and `ok8` is new.
    - If it is `n10 a9`, it moved by 1: so 1 message read, `ok8`, is behind its end. Page 2, then page 1 are read anew.
    - Were page 2 `a9 ok8`, two seconds would agree, which is certain: the distance is 2 and nothing is new.
    - Messages newer than the first one read, as `n10` is, are no part of the order; they are counted apart.
    """

    def __init__(self) -> None:
        self._read: list[Key] = []
        self._places: defaultdict[Key, list[int]] = defaultdict(list)
        self._newer: Counter[Key] = Counter()
        """Messages newer than the first one read: how many of each one page has shown at once."""
        self._last_page: Sequence[Key] = ()
        self._behind = 0
        """How many messages that are read lie behind the end of `_last_page`."""
        self._unmoved = False
        """Whether `_last_page` was read twice, and was the same."""

    def in_doubt(self, page: Sequence[Key]) -> bool:
        """Tell whether the page may repeat messages of its first moment, or hold their equals."""
        return self._certain_distance(page) is None

    def take_reread(self, page_before: Sequence[Key]) -> bool:
        """Take the page before, read again after the doubtful one; return True if it is unmoved: no doubt is left.

        Otherwise messages have arrived, and the doubtful page is to be read anew.
        """
        shift = _shift(self._last_page, page_before)
        if shift is None:
            distance = self._certain_distance(page_before)
            if not distance:
                return False
            self._behind = max(0, distance - len(self._without_newer(page_before)))
        else:
            self._behind += shift
        self._last_page = page_before
        self._unmoved = shift == 0
        return self._unmoved

    def add(self, page: Sequence[Key]) -> list[int]:
        """Return the places of the page's new messages; all of the page counts as read now."""
        ordered = self._without_newer(page)
        distance = self._certain_distance(page)
        if distance is None:  # a doubt that is left: a repetition, as far as one is possible
            distance = max(self._distances(ordered))
        self._last_page = page
        self._behind = max(0, distance - len(ordered))
        self._unmoved = False
        newer = len(page) - len(ordered)
        new = self._add_newer(page[:newer]) + list(range(newer + min(distance, len(ordered)), len(page)))
        for key in ordered[distance:]:
            self._places[key].append(len(self._read))
            self._read.append(key)
        return new

    def _certain_distance(self, page: Sequence[Key]) -> int | None:
        """Return the page's distance, its newer messages aside; None while in doubt."""
        ordered = self._without_newer(page)
        found = self._distances(ordered)
        if len(ordered) < len(page) and (not ordered or len(self._read) in found):
            return len(self._read)  # newer messages alone, or right before the first one read
        if self._unmoved and (self._behind in found or self._behind == 0):
            return self._behind
        certain = [distance for distance in found if self._read[-distance][0] != self._read[-1][0]]
        if certain:
            return max(certain)
        return None if found else 0

    def _distances(self, page: Sequence[Key]) -> list[int]:
        """Return every distance above 0 at which the page agrees with the messages read."""
        if not page:
            return []
        return [
            len(self._read) - start
            for start in self._places.get(page[0], ())
            if all(mine == read for mine, read in zip(page, self._read[start : start + len(page)], strict=False))
        ]

    def _without_newer(self, page: Sequence[Key]) -> Sequence[Key]:
        """Return the page from its first message on that is not newer than the first one read."""
        for position, (moment, _) in enumerate(page):
            if not self._read or moment <= self._read[0][0]:
                return page[position:]
        return ()

    def _add_newer(self, keys: Sequence[Key]) -> list[int]:
        """Return the places of those that no page has shown so often."""
        shown: Counter[Key] = Counter()
        new = []
        for position, key in enumerate(keys):
            shown[key] += 1
            if shown[key] > self._newer[key]:
                self._newer[key] = shown[key]
                new.append(position)
        return new


def _shift(before: Sequence[Key], after: Sequence[Key]) -> int | None:
    """Return by how many places the messages of a page have moved; None if none of them is left in it."""
    for shift in range(len(after)):
        length = min(len(after) - shift, len(before))
        if length and after[shift : shift + length] == before[:length]:
            return shift
    return None
