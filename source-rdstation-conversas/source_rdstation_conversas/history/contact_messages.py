"""Decrypted pages become records, one a message, each once, with an id that stays. Pure.

No message has an id of its own: ours is a hash over contact, moment, sender, content and the ordinal among messages
that share all of these, counted over one read from the newest message on. It changes if RD Station changes how it
writes the content. Facts: docs/api/conversas.md#message-history and #message-fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from airbyte_rdstation.airbyte.normalizer import as_text
from airbyte_rdstation.client.json_text import as_json_text, parse
from airbyte_rdstation.client.responses import BadAnswerError, Row, kind_of
from airbyte_rdstation.dates import normalize_instant
from source_rdstation_conversas.envelopes import list_in
from source_rdstation_conversas.history.page_deduplicator import Key, PageDeduplicator

__all__ = ["ContactMessages", "MessagePage", "messages_of"]

Message = Mapping[str, Any]

_MEDIA: Final = ("file_name", "file_path", "file_extension", "mimetype")
_UNKNOWN: Final = dict.fromkeys(("type", "channel", "status", "is_template_message", "is_reply"))
_ENCODED_OBJECT: Final = "%7b"


@dataclass(frozen=True)
class MessagePage:
    """The messages of a page, and why others (or all) of it are none; the reason names types and keys only."""

    messages: list[Row]
    fault: str | None = None


def messages_of(value: object) -> MessagePage:
    """The messages in the JSON of a page: a list, or an object with a list. Null and `{}` are an empty page."""
    if value is None or value == {}:
        return MessagePage([])
    try:
        items = list_in(value, "messages")
    except BadAnswerError as error:
        return MessagePage([], str(error))
    messages = [item for item in items if isinstance(item, dict)]
    if len(messages) == len(items):
        return MessagePage(messages)
    kinds = sorted({kind_of(item) for item in items if not isinstance(item, dict)})
    others = len(items) - len(messages)
    return MessagePage(messages, f"{others} of {len(items)} messages are no objects but: {', '.join(kinds)}")


class ContactMessages:
    """The read over one contact's pages, newest first, from page 1 on: fed page after page, it gives each message once.

    Per page: `while in_doubt(page)`, read the page before again and `confirm` it; if that is False, read the page anew
    (a few times at most). Then `feed` it. A page that brings nothing new is not the end: it may repeat others whole.
    """

    def __init__(self, customer_id: str) -> None:
        self._customer_id = customer_id
        self._pages = PageDeduplicator()
        self._ordinals: Counter[Key] = Counter()

    def in_doubt(self, page: Sequence[Message]) -> bool:
        """Whether the page before must tell repeated messages from equal ones."""
        return self._pages.in_doubt(_keys(page))

    def confirm(self, page_before: Sequence[Message]) -> bool:
        """Told the page before, read again: whether it settles the doubt."""
        return self._pages.confirm(_keys(page_before))

    def feed(self, page: Sequence[Message]) -> list[Row]:
        """The records of the messages that no earlier page had."""
        page = _newest_first(page)
        keys = _keys(page)
        records = []
        for new in self._pages.add(keys):
            self._ordinals[keys[new]] += 1
            records.append(_record(self._customer_id, page[new], self._ordinals[keys[new]]))
        return records


def _record(customer_id: str, message: Message, ordinal: int) -> Row:
    moment, sender, content = _identity(message)
    record: Row = {
        **_UNKNOWN,
        **message,
        "id": sha256(as_json_text([customer_id, moment, sender, content, ordinal]).encode()).hexdigest(),
        "customer_id": customer_id,
        "sent_by": sender,
        "content": content,
        "created_at": _instant(message.get("created_at")),
    }
    media = _media(_content(message))
    record |= {name: media.get(name, message.get(name)) for name in _MEDIA}
    return record


def _keys(page: Sequence[Message]) -> list[Key]:
    # Digests: the contents of a whole history may be large.
    return [
        (_moment(message), sha256(as_json_text(_identity(message)).encode()).digest())
        for message in _newest_first(page)
    ]


def _newest_first(page: Sequence[Message]) -> Sequence[Message]:
    """Pages go from the newest to the oldest; how the rows of one lie is not recorded."""
    return page[::-1] if page and _moment(page[0]) < _moment(page[-1]) else page


def _moment(message: Message) -> str:
    return _instant(message.get("created_at")) or ""


def _identity(message: Message) -> tuple[str | None, str | None, str | None]:
    """Moment, sender and content; a moment that cannot be read counts as it is written."""
    moment = message.get("created_at")
    return _instant(moment) or _text(moment), _text(message.get("sent_by")), _text(_content(message))


def _content(message: Message) -> object:
    content = message.get("content")
    return message.get("message") if content is None else content  # one client reads `message` [seen]


def _instant(value: object) -> str | None:
    try:
        return normalize_instant(value)
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return None if value is None else as_text(value)


def _media(content: object) -> Mapping[str, Any]:
    """What a content says of a file: a URL-encoded JSON object. Empty for a text, even one that begins with `%`."""
    if isinstance(content, str):
        if content[: len(_ENCODED_OBJECT)].lower() != _ENCODED_OBJECT:
            return {}
        try:
            content = parse(unquote_to_bytes(content).decode("utf-8"))
        except ValueError:
            return {}
    if not isinstance(content, dict) or not any(name in content for name in _MEDIA):
        return {}
    return content
