"""Finds what a body holds: a list, figures, a history page's ciphertext, the messages in a decrypted one. Pure.

Accepts many shapes, as few envelopes are known for sure, but never returns nothing for a body that it cannot read:
that raises a `BadAnswerError`, which names top-level keys and types only.
Facts: docs/api/conversas.md#envelopes, #analytics and #message-history; RFC 7516, section 3.1.
"""

from __future__ import annotations

import json
import math
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from airbyte_rdstation.client.json_text import as_json_text
from airbyte_rdstation.client.responses import BadAnswerError, Row, kind_of, parse_json, shape_of

__all__ = [
    "CONTENT_ENCRYPTIONS",
    "ContactPage",
    "FoundMessages",
    "HistoryAnswer",
    "figures_in",
    "holds_empty_list",
    "jwe_header",
    "list_in",
    "looks_like_jwe",
    "messages_of",
    "read_history",
    "seconds_of",
]

CONTENT_ENCRYPTIONS: Final = ("A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512")
"""The `enc` we read: nobody recorded which one RD Station uses, the vendor's library offers these."""

_LIST_KEYS: Final = ("data", "docs", "items", "results")
_HISTORY_KEYS: Final = ("messages", "data", "payload", "encrypted", "result")
_ERROR_KEYS: Final = ("error", "errors")  # an error's list is no list of records
_RECORD_KEYS: Final = ("_id", "id")  # nor is the one list in a record (of tags, say) that comes in place of a list
_SECONDS: Final = {"min": 60, "h": 3_600}  # by the units that were seen; whether there are others is unknown
_LONGEST_UNIT: Final = 12  # what a log names
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
_AES_BLOCK: Final = 16  # bytes; CBC pads `[]` to one block
_CIPHERTEXT: Final = 3  # which of the five parts


@dataclass(frozen=True)
class HistoryAnswer:
    """Hold what an answer of the history carries: ciphertext, or messages that came plain (`jwe` is None)."""

    jwe: str | None = None
    plain: tuple[Any, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is there; a ciphertext may still hold an empty list."""
        return self.jwe is None and not self.plain


@dataclass(frozen=True)
class FoundMessages:
    """Hold the messages in a decrypted text, and why others (or all) of it are none: types and keys, no value."""

    messages: list[Row]
    fault: str | None = None


@dataclass(frozen=True)
class ContactPage:
    """Hold one page of a contact's history as far as it can be read: decrypted, or still ciphertext."""

    data: str = ""
    """The page as text: JSON, or the ciphertext."""
    rows: tuple[Row, ...] = ()
    """Its messages as they came, newest or oldest first; none where it is still ciphertext."""
    fault: str | None = None
    """Why its messages, or some of them, cannot be read; names no value."""
    is_end: bool = False
    """Whether it is the empty page behind the last one."""
    decrypted: bool = True
    likeness: object = None
    """Equal for two readings of the same page, as far as can be told."""


def list_in(body: object, resource_key: str) -> list[Any]:
    """Return the list that a body is, as `[…]`, or holds, as `{"customers": […]}` or `{"data": {"docs": […]}}`.

    Looks under `resource_key`, then under the usual keys (`data`, `docs`, …), then for the only list that is there;
    at most one level down. Raises BadAnswerError where there is none.
    """
    found = _list_in(body, (resource_key, *_LIST_KEYS))
    if found is None:
        raise BadAnswerError(f"there is no list of {resource_key} here: {shape_of(body)}")
    if found and all(isinstance(item, list) for item in found):  # nested twice [seen]
        return [item for inner in found for item in inner]
    return found


def read_history(content: bytes) -> HistoryAnswer:
    """Find the ciphertext or the plain messages: `{"messages": "eyJ….….….….…"}`, `{"data": [{…}]}`, or elsewhere.

    No `messages`, null, `""` and `[]` all mean an empty page. Raises BadAnswerError where there is neither.
    """
    text = content.decode("utf-8", "replace").strip()
    if looks_like_jwe(text):
        return HistoryAnswer(jwe=text)
    body = parse_json(content)
    page = _page_in(body)
    if page is None and isinstance(body, dict):
        page = _page_under_any_key(body)
    if page is None:
        raise BadAnswerError(f"this is no page of messages: {shape_of(body)}")
    return page


def messages_of(value: object) -> FoundMessages:
    """Return the messages in a decrypted page, `[{…}, …]` or `{"messages": [{…}, …]}`; null and `{}` are empty."""
    if value is None or value == {}:
        return FoundMessages([])
    try:
        items = list_in(value, "messages")
    except BadAnswerError as error:
        return FoundMessages([], str(error))
    messages = [item for item in items if isinstance(item, dict)]
    if len(messages) == len(items):
        return FoundMessages(messages)
    kinds = sorted({kind_of(item) for item in items if not isinstance(item, dict)})
    others = len(items) - len(messages)
    return FoundMessages(messages, f"{others} of {len(items)} messages are no objects but: {', '.join(kinds)}")


def figures_in(stream: str, form: str, content: bytes) -> list[Row]:
    """Read an answer of the analytics; `form` is the column `figures` of the stream's row.

    An `object` is `{"attendancesTotal": 128, …}`, a `value` a mean in any form, `rows` are `{"data": [{"total": 9}]}`.
    Raises BadAnswerError, naming keys and types only, where it is nothing of the kind.
    """
    body = parse_json(content)
    if form == "rows":
        items = list_in(body, stream)
        return [{**(item if isinstance(item, dict) else {}), "data": as_json_text(item)} for item in items]
    inner = body["data"] if isinstance(body, dict) and body.keys() == {"data"} else body
    if form == "value":
        inner = inner[0] if isinstance(inner, list) and len(inner) == 1 else inner
        named = inner if isinstance(inner, dict) else {} if isinstance(inner, list) else {"average": inner}
        return [{**named, "data": as_json_text(body)}]
    if not isinstance(inner, dict):
        raise BadAnswerError(f"figures are a JSON {kind_of(inner)} where an object is expected")
    return [inner]


def seconds_of(time: object) -> float | None:
    """Convert `{"val": 1.4, "unit": "h"}`, or `"val": "1.4"`, to seconds; null is None.

    Raises ValueError that says what it does not know: a unit, or the form.
    """
    if time is None:
        return None
    if not isinstance(time, dict) or not {"val", "unit"} <= time.keys():
        raise ValueError("a time is not told by val and unit")
    if time["val"] is None or time["val"] == "":
        return None
    unit = time["unit"]
    if not isinstance(unit, str) or unit not in _SECONDS:
        plain = isinstance(unit, str) and unit.isalpha() and len(unit) <= _LONGEST_UNIT
        raise ValueError(f"a time has an unknown unit{f' ({unit})' if plain else ''}")
    try:
        value = math.nan if isinstance(time["val"], bool) else float(time["val"])
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("the val of a time is no number")
    return round(value * _SECONDS[unit], 3)


def looks_like_jwe(text: object) -> bool:
    """Tell whether it is `header.key.iv.ciphertext.tag`, each part base64url; white space around is ignored."""
    return isinstance(text, str) and _COMPACT.fullmatch(text.strip()) is not None


def jwe_header(text: str) -> Mapping[str, Any]:
    """Return the header, `{"alg": "RSA-OAEP-256", "enc": "A128GCM", "kid": "…"}`; empty if it cannot be read."""
    try:
        header = json.loads(_decoded(text.strip().partition(".")[0]))
    except (ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}


def holds_empty_list(text: str) -> bool:
    """Tell by its length alone whether a ciphertext must hold `[]`: so a read without a key finds the end.

    No message is shorter than an AES block, so other empty values (`null`, `""`, a nested `"[]"`) are the end as well.
    """
    enc = jwe_header(text).get("enc")
    if not looks_like_jwe(text) or enc not in CONTENT_ENCRYPTIONS:
        return False
    try:
        length = len(_decoded(text.strip().split(".")[_CIPHERTEXT]))
    except ValueError:
        return False
    return length <= _AES_BLOCK if "CBC" in enc else length < _AES_BLOCK


def _list_in(body: object, keys: tuple[str, ...], levels: int = 1) -> list[Any] | None:
    """Return the list that a body is, or holds at most so many levels down; None if there is none, or no telling."""
    if isinstance(body, list):
        return body
    if not isinstance(body, dict) or levels < 0:
        return None
    members = {key: value for key, value in body.items() if key not in _ERROR_KEYS}
    for key in keys:
        found = _list_in(members.get(key), keys, levels - 1)
        if found is not None:
            return found
    if any(key in members for key in _RECORD_KEYS):
        return None
    lists = [value for value in members.values() if isinstance(value, list)]
    if not lists:
        nested = [_list_in(value, keys, levels - 1) for value in members.values()]
        lists = [found for found in nested if found is not None]
    return lists[0] if len(lists) == 1 else None


def _page_in(value: object) -> HistoryAnswer | None:
    """Return the page that a value is; None if it is none."""
    if value is None or value == "" or value == []:
        return HistoryAnswer()
    if isinstance(value, str):
        return HistoryAnswer(jwe=value.strip()) if looks_like_jwe(value) else None
    return HistoryAnswer(plain=tuple(value)) if isinstance(value, list) else None


def _page_under_any_key(body: Mapping[str, Any]) -> HistoryAnswer | None:
    if any(body.get(key) for key in _ERROR_KEYS):
        return None
    named = [body[key] for key in _HISTORY_KEYS if key in body]
    others = [value for key, value in body.items() if key not in _HISTORY_KEYS and looks_like_jwe(value)]
    inner = [value[key] for value in named if isinstance(value, dict) for key in _HISTORY_KEYS if key in value]
    pages = [_page_in(value) for value in (*named, *inner, *others)]
    full = [page for page in pages if page and not page.is_empty]
    if full:
        return full[0]
    if any(pages):
        return HistoryAnswer()
    # No `messages` is the end [seen]; what else could hold messages is not.
    return (
        None if named or any(isinstance(value, (dict, list)) and value for value in body.values()) else HistoryAnswer()
    )


def _decoded(part: str) -> bytes:
    """Decode base64url without its padding. Raises ValueError where it is none."""
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
